"""`watchpost replay`: has the stack's replay function work until it is through, and shows what it did."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from watchpost_cli.common import TIMES, add_json, add_stack, moment, print_json
from watchpost_cli.stack import CALL_SECONDS, Stack
from watchpost_cli.terminal import console, harmless

if TYPE_CHECKING:
    import argparse

DESCRIPTION = """\
Deliver again what could not be delivered: the dead letters in the stack's bucket. The work is done by the stack's
replay function, which does the same by itself every 15 minutes when Elasticsearch answers. It is safe to run this at
the same time as that, or as somebody else."""
EPILOG = """\
examples:
  watchpost replay --dry-run                    what is there, and why
  watchpost replay --reason mapping             only letters whose reason holds this text
  watchpost replay --since 2h                   only what failed first in the last two hours
  watchpost replay --rejected                   what was given up, after its cause was mended

exit codes: 0 all was delivered (or a dry run was made), 1 something is left, 2 it could not be done

--json prints one object. Of a dry run, all letters are counted as left.
  stack, dryRun, allDelivered, stopped (why it did, or null), objects {done, waiting, busy, broken, unreadable},
  counts {delivered, failed, rejected, left}, rows [{kind, reason, delivered, failed, rejected, left}],
  otherFunctions {name: objects of failed invocations that are not the shipper's}

needs: cloudformation:DescribeStacks on the stack and lambda:InvokeFunction on its replay function"""

COLUMNS = (("delivered", "delivered"), ("failed", "failed again"), ("rejected", "rejected"), ("left", "left"))


@dataclass(slots=True)
class Session:
    """What all invocations of a session did together."""

    rows: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    objects: int = 0
    waiting: int = 0
    busy: int = 0
    broken: int = 0
    unreadable: int = 0
    foreign: dict[str, int] = field(default_factory=dict)
    stopped: str = ""

    def add(self, answer: dict[str, Any]) -> None:
        """Add an answer of the function."""
        for row in answer.get("rows", []):
            counts = self.rows.setdefault((row["kind"], row["reason"]), Counter())
            counts.update({name: row.get(name, 0) for name, _ in COLUMNS})
        for name in ("objects", "busy", "broken", "unreadable"):
            setattr(self, name, getattr(self, name) + answer.get(name, 0))
        for function, number in answer.get("foreign", {}).items():
            # Those with a name in their keys are listed anew by each invocation, from its cursor on.
            self.foreign[function] = max(self.foreign.get(function, 0), number)
        self.waiting, self.stopped = answer.get("waiting", 0), answer.get("stopped", "")

    def total(self, column: str) -> int:
        """Letters in a column."""
        return sum(counts[column] for counts in self.rows.values())

    @property
    def is_all_delivered(self) -> bool:
        """Whether nothing of what was asked for is left."""
        letters = self.total("failed") + self.total("rejected") + self.total("left")
        return not (letters or self.waiting or self.busy or self.broken or self.unreadable)

    def as_json(self, stack: str, *, dry_run: bool) -> dict[str, Any]:
        """For machines. Field names are promised in --help."""
        return {
            "stack": stack,
            "dryRun": dry_run,
            "allDelivered": self.is_all_delivered,
            "stopped": self.stopped or None,
            "objects": {
                "done": self.objects,
                "waiting": self.waiting,
                "busy": self.busy,
                "broken": self.broken,
                "unreadable": self.unreadable,
            },
            "counts": {name: self.total(name) for name, _ in COLUMNS},
            "rows": [
                {"kind": kind, "reason": reason, **{name: counts[name] for name, _ in COLUMNS}}
                for (kind, reason), counts in sorted(self.rows.items())
            ],
            "otherFunctions": dict(sorted(self.foreign.items())),
        }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--dry-run", action="store_true", help="only count what is there, by kind and reason")
    parser.add_argument(
        "--reason", metavar="TEXT", default="", help="only letters whose reason holds TEXT, in any case"
    )
    parser.add_argument("--since", metavar="WHEN", help=f"only letters that failed first since WHEN: {TIMES}")
    parser.add_argument("--rejected", action="store_true", help="replay what was rejected, instead of what waits")
    add_json(parser)
    add_stack(parser)


def run(options: argparse.Namespace) -> int:
    """Replay. Raises CliError for what cannot be done."""
    event: dict[str, Any] = {"dryRun": options.dry_run, "rejected": options.rejected, "maxSeconds": CALL_SECONDS}
    if options.reason:
        event["reason"] = options.reason
    if options.since:
        event["since"] = moment(options.since, datetime.now(UTC)).isoformat()
    session = replay(Stack(options.stack), event)
    if options.json:
        print_json(session.as_json(options.stack, dry_run=options.dry_run))
    else:
        show(session, dry_run=options.dry_run)
    return 0 if options.dry_run or session.is_all_delivered else 1


def replay(stack: Stack, event: dict[str, Any]) -> Session:
    """Invoke the function until it is through, and show progress on standard error."""
    session = Session()
    errors = console(sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task("asking …", total=None)
        while True:
            answer = stack.invoke(event)
            session.add(answer)
            counted = ", ".join(f"{session.total(name)} {title}" for name, title in COLUMNS if session.total(name))
            total = session.objects + session.waiting
            progress.update(task, completed=session.objects, total=total, description=counted or "objects")
            if not errors.is_terminal:
                errors.print(Text(f"{session.objects} of {total} objects: {counted or 'nothing yet'}"))
            if answer.get("state") != "more":
                return session
            event = event | {name: answer.get(name) for name in ("cursor", "again")}
            event.setdefault("before", answer.get("started"))


def show(session: Session, *, dry_run: bool) -> None:
    """Print the table and what there is to say beside it."""
    output = console()
    columns = (("left", "letters"),) if dry_run else COLUMNS
    if session.rows:
        table = Table(show_footer=True)
        table.add_column("kind", footer="all")
        table.add_column("reason", overflow="fold")
        for name, title in columns:
            table.add_column(title, justify="right", footer=f"{session.total(name)}")
        for (kind, reason), counts in sorted(session.rows.items(), key=lambda item: (-item[1].total(), item[0])):
            numbers = [Text(f"{counts[name]}") for name, _ in columns]
            table.add_row(Text(harmless(kind)), Text(harmless(reason)), *numbers)
        output.print(table, soft_wrap=False)
    for sentence in sentences(session, dry_run=dry_run):
        output.print(Text(sentence))


def sentences(session: Session, *, dry_run: bool) -> list[str]:
    """What the table does not tell."""
    said = []
    if session.stopped:
        said.append(f"It stopped: {harmless(session.stopped, 400)}. {session.waiting} objects were not looked at.")
    if session.busy:
        said.append(f"{session.busy} objects are being replayed by somebody else just now.")
    if session.broken:
        said.append(f"{session.broken} objects could not be read or written; the function's log says why.")
    if session.unreadable:
        where = "will go to rejected/" if dry_run else "are in rejected/ as they are"
        said.append(f"{session.unreadable} objects cannot be read in full and {where}.")
    if session.foreign:
        named = ", ".join(f"{harmless(name, 80)} ({number})" for name, number in sorted(session.foreign.items()))
        said.append(f"Failed invocations of other functions are left where they are, in aws/lambda/: {named}.")
    if not session.rows and not said:
        said.append("There are no dead letters." if dry_run else "There was nothing to replay.")
    elif session.is_all_delivered and not dry_run:
        said.append("All was delivered.")
    return said
