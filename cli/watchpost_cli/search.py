"""`watchpost search`: finds log lines in Elasticsearch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from watchpost.times import iso

from watchpost_cli import reach
from watchpost_cli.common import add_json, add_stack, print_json
from watchpost_cli.errors import CliError
from watchpost_cli.logs import asking, shown
from watchpost_cli.terminal import console, counted, harmless

if TYPE_CHECKING:
    import argparse

    from watchpost.search.documents import Page, Window

    from watchpost_cli.logs.asking import Asked

MOST = 10_000  # lines that can be asked for
DESCRIPTION = """\
Find log lines. The query is in the Kibana Query Language, so that it can be taken to Kibana and back: field: value,
"phrases", wildcards, ranges, and, or, not, parentheses. Words without a field are looked for in `message` and
`error.message`. The newest lines are shown, the newest of them last."""
EPILOG = f"""\
examples:
  watchpost search 'timeout and not "health check"' --since 15m
  watchpost search 'app.order.id: 4711' --since 1d --service orders-api --service payment-worker
  watchpost search --level error --since 2026-11-21T08:00 --until 2026-11-21T08:30
  watchpost search 'aws.lambda.metrics.duration_ms > 3000' --fields @timestamp,service.name,faas.execution
  watchpost search 'card refused' --json | jq -r '.lines[].requestId'
What stands in [brackets] at the end of a line is what `watchpost follow` takes.

exit codes:
  0 lines were found
  1 none were found, or Elasticsearch could answer for a part only
  2 it could not be done

--json prints one object. Times are ISO 8601 in UTC; what there is none of is null.
  query, from, to, total (lines that there are), shown, partial (why the answer is not complete), discover (a link),
  lines [{{at, service, level, kind, action, message, errorType, errorMessage, requestId, correlationId, traceId,
  logGroup, logStream, id, index, document}}], with --fields each line has `at` and these fields

{reach.NEEDS}"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("query", nargs="?", default="", metavar="KQL", help="what to look for; nothing finds all lines")
    asking.add_window(parser, "1h")
    asking.add_filters(parser)
    parser.add_argument(
        "--kind",
        choices=asking.KINDS,
        action="append",
        help="app, platform (START, REPORT …) or line (metric lines), repeatable (default: app and platform)",
    )
    parser.add_argument(
        "--limit", type=int, metavar="N", default=100, help=f"of the newest, 1 to {MOST:,} (default: %(default)s)"
    )
    parser.add_argument("--fields", metavar="A,B", default="", help="show these fields, in columns")
    parser.add_argument("--full", action="store_true", help="long messages in full, and stack traces")
    add_json(parser)
    reach.add_arguments(parser)
    add_stack(parser)


def run(options: argparse.Namespace) -> int:
    """Search. Raises CliError for what cannot be done."""
    if not 1 <= options.limit <= MOST:
        raise CliError(f"--limit {options.limit} is not between 1 and {MOST:,}. Narrow the search instead.")
    fields = shown.fields_of(options.fields)
    window = asking.window(options.since, options.until)
    asked = asking.asked(options.query, options.service, options.level)
    reached = reach.reached(options)
    kinds = options.kind or ("app", "platform")
    with reach.told():
        page = reached.lines.find(
            window, filters=asked.filters, kinds=kinds, newest_first=True, most=options.limit, timeout=60.0
        )
    linked = asking.of_kinds(asked, kinds)
    link = linked.link(reached.kibana, window) if linked else None
    if options.json:
        _print_json(page, window, asked, link, fields)
    else:
        closing = [*sentences(page, window, reached.where), *([f"Kibana: {link}"] if link else [])]
        if reached.kibana and not linked:
            closing.append("Kibana has no data view of metric lines and others together: there is no link.")
        _print(page, fields, closing, full=options.full)
    return 0 if page.documents and not page.partial else 1


def _print_json(page: Page, window: Window, asked: Asked, link: str | None, fields: tuple[str, ...]) -> None:
    lines = [shown.record(one, fields) for one in reversed(page.documents)]
    print_json(
        {
            "query": asked.query,
            "from": iso(window.start),
            "to": iso(window.end),
            "total": page.total,
            "shown": len(lines),
            "partial": page.partial or None,
            "discover": link,
            "lines": lines,
        }
    )


def _print(page: Page, fields: tuple[str, ...], closing: list[str], *, full: bool) -> None:
    output = console()
    oldest_first = page.documents[::-1]
    if fields and oldest_first:
        shown.table(output, oldest_first, fields)
    for one in () if fields else oldest_first:
        output.print(shown.line(one, full=full))
        for extra in shown.stack_of(one) if full else ():
            output.print(extra)
    for sentence in closing:
        output.print(Text(sentence, "dim"))


def sentences(page: Page, window: Window, where: str) -> list[str]:
    """What the lines do not tell."""
    span = f"from {shown.at(window.start)} to {shown.at(window.end)} UTC"
    told = [f"This is not all: {harmless(page.partial, 400)}."] if page.partial else []
    if not page.documents:
        return [*told, f"No lines were found in {harmless(where, 200)} {span}."]
    if page.total > len(page.documents):
        of = counted(page.total, "line")
        return [*told, f"The newest {len(page.documents):,} of {of} {span}; --limit shows more."]
    return [*told, f"{counted(page.total, 'line')} {span}."]
