"""`watchpost tail`: shows log lines as they come."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from watchpost_cli import reach
from watchpost_cli.common import TIMES, add_stack, moment, since
from watchpost_cli.errors import CliError
from watchpost_cli.logs import asking, shown
from watchpost_cli.logs.following import KEPT, OVERLAP, Follower
from watchpost_cli.terminal import console, counted, harmless

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from watchpost.search.documents import Document

_BACK = int(OVERLAP.total_seconds())
DESCRIPTION = """\
Show log lines as they come, until Ctrl-C. Lines that arrive late are shown too, when they arrive; they stand out by
their own time. While Elasticsearch is away it says so, and goes on where it was as soon as Elasticsearch is back."""
EPILOG = f"""\
examples:
  watchpost tail --service orders-api
  watchpost tail --level warn
  watchpost tail 'correlation.id: "c-4711"' --since 10m
  watchpost tail --level error --count 1 --for 30m --json      wait for the next error

exit codes:
  0 it was ended by Ctrl-C, by --for, or by --count lines
  1 --for was over before --count lines had come
  2 it could not be done

--json prints one object for each line, as `watchpost search --json` has them in `lines`. Notices go to standard error.

How nothing is missed: lines are asked for by when the shipper handled them (event.ingested), beginning {_BACK} s before
the newest that was seen, without those that were shown. Where more than {KEPT:,} lines come in that time, it reaches
less far back, and says so. Lines that are replayed from the dead letters after an outage keep the time at which they
were first handled: use `watchpost search` for these.

{reach.NEEDS}"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "query", nargs="?", default="", metavar="KQL", help="only these lines; as of `watchpost search`"
    )
    parser.add_argument(
        "--since", metavar="WHEN", default="10s", help=f"first show what came from {TIMES} on (default: %(default)s)"
    )
    asking.add_filters(parser)
    parser.add_argument("--for", dest="span", metavar="SPAN", default="", help="end after so long: 30s, 10m, 1h")
    parser.add_argument("--count", type=int, metavar="N", default=0, help="end after so many lines")
    parser.add_argument("--every", metavar="SPAN", default="2s", help="ask so often (default: %(default)s)")
    parser.add_argument("--full", action="store_true", help="long messages in full, and stack traces")
    parser.add_argument("--json", action="store_true", help="one JSON object for each line, for machines; see below")
    reach.add_arguments(parser)
    add_stack(parser)


def run(options: argparse.Namespace) -> int:
    """Follow until told to end. Raises CliError for what cannot be done."""
    every, length = _span("--every", options.every), _span("--for", options.span) if options.span else None
    if options.count < 0:
        raise CliError(f"--count {options.count} is no number of lines.")
    asked = asking.asked(options.query, options.service, options.level)
    start = moment(options.since, datetime.now(UTC))
    reached = reach.reached(options)
    follower = Follower(reached.lines, asked.filters, start, _tell)
    show = _json if options.json else _printer(full=options.full)
    try:
        with reach.told():
            number = follower.run(show, every=every, length=length, count=options.count)
    except KeyboardInterrupt:  # how it is meant to be ended
        return 0
    if options.count and number < options.count:
        _tell(f"{counted(number, 'line')} came in {options.span}, not {options.count:,}.")
        return 1
    return 0


def _span(option: str, text: str) -> timedelta:
    found = since(text)
    if not isinstance(found, timedelta) or found <= timedelta():
        raise CliError(f"{option} {text} is no span of time. Write 30s, 10m or 1h.")
    return found


def _tell(sentence: str) -> None:
    print(f"watchpost: {harmless(sentence, 600)}", file=sys.stderr, flush=True)


def _json(document: Document) -> None:
    sys.stdout.write(json.dumps(shown.record(document), ensure_ascii=True) + "\n")
    sys.stdout.flush()


def _printer(*, full: bool) -> Callable[[Document], None]:
    output = console()

    def show(document: Document) -> None:
        output.print(shown.line(document, full=full))
        for extra in shown.stack_of(document) if full else ():
            output.print(extra)
        output.file.flush()

    return show
