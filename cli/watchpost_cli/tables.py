"""Tables of log groups for people: those of the ledger and those of a dry run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from watchpost_cli import times
from watchpost_cli.covered import reason_of
from watchpost_cli.terminal import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console
    from watchpost.ledger import Entry

    from watchpost_cli.plan import Planned

LONGEST = 600  # characters of a cell: more than a log group's name has
NARROW = 140  # columns below which six of them would fold each cell into a heap of syllables
_STYLES = {
    "blocked": "bold red",
    "failed": "red",
    "covered": "green",
    "unsubscribe": "yellow",
    "subscribe": "green",
}


@dataclass(frozen=True, slots=True)
class _Row:
    """One log group, as cells without anything that commands a terminal."""

    name: str
    fixed: tuple[str, ...]  # short cells, which never fold
    others: tuple[tuple[str, str], ...]  # cells with what stands before them where they have no column
    style: str


def of_ledger(output: Console, entries: Iterable[Entry]) -> None:
    """Print the entries of a ledger, in the order given."""
    rows = []
    for entry in entries:
        since = times.minute_of(entry.since)
        others = (("service", entry.service), ("", entry.rule), ("", reason_of(entry)))
        rows.append(_row(entry.log_group, (entry.state, since), others, _STYLES.get(entry.state, "")))
    _print(output, rows, ("state", "since (UTC)"), ("service", "rule", "reason"))


def of_plan(output: Console, planned: Iterable[Planned]) -> None:
    """Print the log groups of a dry run, in the order given."""
    rows = []
    for one in planned:
        decision, first = one.decision, one.changes[0].kind if one.changes else ""
        would = ", ".join(change.text for change in one.changes)
        reason = f"{decision.reason}{_now(one.entry)}"
        others = (("would", would), ("service", decision.service), ("", decision.rule), ("", reason))
        rows.append(_row(one.group.name, (decision.action,), others, _STYLES.get(first, "bold" if first else "")))
    _print(output, rows, ("decision",), ("would", "service", "rule", "reason"))


def _now(entry: Entry | None) -> str:
    """What a person should know of the present, where the plan may fail on it."""
    if entry is None or entry.state not in {"blocked", "failed"}:
        return ""
    return f"; {entry.state} now: {reason_of(entry)}"


def _row(name: str, fixed: Sequence[str], others: Sequence[tuple[str, str]], style: str) -> _Row:
    return _Row(
        harmless(name, LONGEST),
        tuple(harmless(cell, LONGEST) for cell in fixed),
        tuple((title, harmless(cell, LONGEST)) for title, cell in others),
        style,
    )


def _print(output: Console, rows: Sequence[_Row], fixed: Sequence[str], others: Sequence[str]) -> None:
    if not rows:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold underline")
    for title in fixed:
        table.add_column(title, no_wrap=True)
    if output.width < NARROW:
        _fill_narrow(table, rows, others)
    else:
        _fill_wide(table, rows, others, output.width // 3)
    output.print(table, soft_wrap=False)


def _fill_wide(table: Table, rows: Sequence[_Row], others: Sequence[str], most: int) -> None:
    """A column for each cell. Names are not folded where they fit into `most` columns: people search for them."""
    fits = all(len(row.name) <= most for row in rows)
    table.add_column("log group", overflow="fold", no_wrap=fits)
    for title in others:
        table.add_column(title, overflow="fold")
    for row in rows:
        cells = [Text(cell, row.style if title == "would" else "") for title, cell in row.others]
        table.add_row(Text(row.fixed[0], row.style), *map(Text, row.fixed[1:]), Text(row.name), *cells)


def _fill_narrow(table: Table, rows: Sequence[_Row], others: Sequence[str]) -> None:
    """The name on a line of its own, and below it everything that has no column."""
    table.add_column(f"log group: {', '.join(others)}", overflow="fold")
    for row in rows:
        details = "; ".join(f"{title} {cell}".strip() for title, cell in row.others if cell)
        text = Text(row.name)
        text.append(f"\n{details}" if details else "", "dim")
        table.add_row(Text(row.fixed[0], row.style), *map(Text, row.fixed[1:]), text)
