"""`watchpost follow`: one transaction through all services, as a tree with times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rich.text import Text
from shipper.formats.trace import trace_id_of
from watchpost.search import kql
from watchpost.search.documents import Window
from watchpost.times import iso

from watchpost_cli import reach
from watchpost_cli.common import TIMES, add_json, add_stack, print_json
from watchpost_cli.errors import CliError
from watchpost_cli.logs import asking, shown, tree
from watchpost_cli.terminal import console, counted, harmless

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from watchpost.search.lines import Lines
    from watchpost.search.transaction import Transaction

FIRST, THEN = timedelta(hours=24), timedelta(days=14)
_AHEAD = timedelta(minutes=5)  # clocks of services may be ahead of this one
_PADDING = timedelta(seconds=1)  # around the lines, for the link
MOST = 10_000
_LINKED = 20  # ids of a kind in the link: browsers take addresses of some thousand characters
_LONGEST_ID = 1_024  # characters (ignore_above in the index templates)
DESCRIPTION = """\
Show a transaction: every line of every service that belongs to a correlation id, a request id or a trace id, in order,
as a tree. It follows the ids of the lines that it finds: to the other lines of the same invocations, and from a request
id to the correlation id that other services have."""
EPILOG = f"""\
examples:
  watchpost follow c-4711
  watchpost follow 6bc99a8e-1f3c-4a52-9a52-0d8a4b7c5f10
  watchpost follow 1-67891233-abcdef012345678912345678 --since 2d
  watchpost follow c-4711 --json | jq '.invocations[] | {{service, durationMs, errors}}'

how to read it: offsets count from the first line. An invocation stands below the one that was running when it began, or
that call-chain-length names; what began when nothing ran any more stands on the level above, after the time without a
line. Invocations are in the order in which they began: of its START line, or of its REPORT line less the duration, or
of its first line. What START, END and REPORT tell is in the head of each; --full shows these lines too.

exit codes:
  0 it was found
  1 nothing was found, or not all of it could be read
  2 it could not be done

--json prints one object. Times are ISO 8601 in UTC; what there is none of is null.
  identifier, from, to (what was searched), correlationIds [], requestIds [], traceIds [], began, ended, services [],
  total (lines that there are), shown, others (lines of other transactions in these invocations), partial, discover,
  invocations [{{service, function, requestId, attempt, calledBy (place in this list, from 0), logGroup, logStream,
  began, ended, durationMs, coldStart, initMs, memoryUsedMb, memoryMb, status, errors, lines [{{offsetMs, at, level,
  message … as of `watchpost search --json`}}]}}]

{reach.NEEDS}"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("identifier", metavar="ID", help="a correlation id, a request id, or a trace id")
    parser.add_argument(
        "--since", metavar="WHEN", default="", help=f"search from {TIMES} on (default: 24 hours, then 14 days)"
    )
    parser.add_argument("--until", metavar="WHEN", default="", help="search to then (default: now)")
    parser.add_argument(
        "--limit", type=int, metavar="N", default=1_000, help=f"lines, 1 to {MOST:,} (default: %(default)s)"
    )
    parser.add_argument(
        "--full", action="store_true", help="long messages in full, stack traces, and START, END and REPORT lines"
    )
    add_json(parser)
    reach.add_arguments(parser)
    add_stack(parser)


def run(options: argparse.Namespace) -> int:
    """Follow a transaction. Raises CliError for what cannot be done."""
    identifier = options.identifier.strip()
    if not 1 <= len(identifier) <= _LONGEST_ID:
        raise CliError(f"An id has 1 to {_LONGEST_ID:,} characters, this one {len(identifier):,}.")
    if not 1 <= options.limit <= MOST:
        raise CliError(f"--limit {options.limit} is not between 1 and {MOST:,}.")
    windows = windows_of(options.since, options.until, datetime.now(UTC))
    reached = reach.reached(options)
    with reach.told():
        found, window = look(reached.lines, identifier, windows, options.limit)
    link = _asked(found).link(reached.kibana, _around(found, window))
    if options.json:
        print_json({**tree.record(found), "from": iso(window.start), "to": iso(window.end), "discover": link})
    else:
        output = console()
        if found.invocations:
            output.print(tree.tree(found, full=options.full), soft_wrap=False)
        for sentence in sentences(found, window, reached.where):
            output.print(Text(sentence, "dim"))
        if link and found.invocations:
            output.print(Text(f"Kibana: {link}", "dim"))
    return 0 if found.invocations and not found.partial else 1


def windows_of(since: str, until: str, now: datetime) -> tuple[Window, ...]:
    """Where to look, one after the other until something is found. Raises CliError."""
    if since:
        window = asking.window(since, until, now)
        return (window if until else Window(window.start, window.end + _AHEAD),)
    end = asking.window("0s", until, now).end + (timedelta() if until else _AHEAD)
    return Window(end - FIRST, end), Window(end - THEN, end)


def look(lines: Lines, identifier: str, windows: Sequence[Window], most: int) -> tuple[Transaction, Window]:
    """The transaction, and where it was found; of the last window when it was not.

    A trace id may be written as in a header (`Root=1-…;Parent=…`): it is looked for as lines have it.
    """
    trace = trace_id_of(identifier)
    spellings = dict.fromkeys(filter(None, (identifier, trace)))
    for window in windows:
        for one in spellings:
            found = lines.transaction(one, window, most=most, timeout=60.0)
            if found.invocations:
                return found, window
    return found, window


def _asked(found: Transaction) -> asking.Asked:
    """The same lines, as a query for Kibana; of many ids the first ones."""
    whole = _any_of("correlation.id", found.correlation_ids)
    places = " or ".join(
        filter(None, (_any_of("faas.execution", found.request_ids), _any_of("trace.id", found.trace_ids)))
    )
    if whole and places:
        return asking.Asked((), f"{whole} or (({places}) and not correlation.id: *)")
    return asking.Asked((), whole or places or kql.field_equals("correlation.id", found.identifier))


def _any_of(field: str, ids: Sequence[str]) -> str:
    return f"{field}: ({' or '.join(map(kql.quoted, ids[:_LINKED]))})" if ids else ""


def _around(found: Transaction, window: Window) -> Window:
    documents = found.documents
    return Window(documents[0].at - _PADDING, documents[-1].at + _PADDING) if documents else window


def sentences(found: Transaction, window: Window, where: str) -> list[str]:
    """What the tree does not tell."""
    told = [f"This is not all: {harmless(found.partial, 400)}."] if found.partial else []
    if not found.invocations:
        fields = "correlation.id, faas.execution (request id) or trace.id"
        span = f"from {shown.at(window.start)} to {shown.at(window.end)} UTC"
        return [
            *told,
            f"Nothing was found for {harmless(found.identifier, 200)}.",
            f"Searched: {fields} in {harmless(where, 200)}, {span}.",
        ]
    read = len(found.documents)
    if found.total > read:
        told.append(f"These are the first {read:,} of {counted(found.total, 'line')}; --limit shows more.")
    if found.others:
        told.append(f"{counted(found.others, 'line')} of the same invocations belong to other transactions.")
    return told
