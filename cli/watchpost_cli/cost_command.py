"""`watchpost cost`: what shipping costs a month, by service, and what of it is no service's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from provisioner import prices, shipping
from rich.table import Table
from rich.text import Text

from watchpost_cli import cost_reading
from watchpost_cli.common import TIMES, add_json, add_stack, moment, print_json
from watchpost_cli.stack import deployed
from watchpost_cli.terminal import console, harmless

if TYPE_CHECKING:
    import argparse

    from rich.console import Console

DESCRIPTION = f"""\
Estimate what the shipping of log lines costs a month, by service: as if a whole month were like the time since --since.
The work of the shipper is shared out by lines. Each service has its lines, the bytes that came into its log groups, the
invocations with lines of it (about: one that spans two minutes counts twice), and the custom metrics of its lines.

By {prices.SOURCE}. Not counted: {shipping.NOT_COUNTED}."""
EPILOG = """\
examples:
  watchpost cost
  watchpost cost --since 7d
  watchpost cost --json | jq -r '.services[] | [.service, .usd.total] | @tsv'

exit codes:
  0 it was shown
  2 it could not be done

--json prints one object. Costs are US dollars a month; counts are those of the time.
  stack, since, until, hours, currency, source,
  services [{service, lines, bytes, invocations, share, metrics, usd {shipper, metrics, total}}],
  rest [{what, usd}], total, paidAnyway {logIngestion}

needs: cloudformation:DescribeStacks on the stack; dynamodb:GetItem and dynamodb:Scan on its ledger (output
LedgerTable); lambda:GetFunctionConfiguration on its functions; cloudwatch:ListMetrics, cloudwatch:GetMetricData (0.01
USD for a thousand metrics: one for each log group, two for each service), cloudwatch:DescribeAlarms,
cloudwatch:ListDashboards"""

_NUMBERS = ("lines", "GB", "invocations", "share", "metrics", "USD shipper", "USD metrics", "USD a month")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--since", metavar="TIME", default="30d", help=f"the time that is looked at: {TIMES} (default: 30d)"
    )
    add_json(parser)
    add_stack(parser)


def run(options: argparse.Namespace) -> int:
    """Show the estimate. Raises CliError for what cannot be done."""
    now = datetime.now(UTC)
    time = cost_reading.span(moment(options.since, now), now)
    found = shipping.bill(cost_reading.measure(deployed(options.stack), time))
    if options.json:
        print_json(
            {
                "stack": options.stack,
                "since": time.start.isoformat(),
                "until": time.end.isoformat(),
                "hours": time.hours,
                "currency": "USD",
                "source": prices.SOURCE,
                "services": [row.as_dict() for row in found.rows],
                "rest": [{"what": what, "usd": usd} for what, usd in found.rest],
                "total": found.total,
                "paidAnyway": {"logIngestion": found.ingestion},
            }
        )
    else:
        _print(console(), found, time)
    return 0


def _print(output: Console, found: shipping.Bill, time: cost_reading.Span) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold underline")
    table.add_column("service", overflow="fold")
    for title in _NUMBERS:
        table.add_column(title, justify="right", no_wrap=True)
    for row in found.rows:
        table.add_row(Text(harmless(row.used.service, 200)), *map(Text, _cells(row)))
    for what, usd in found.rest:
        table.add_row(Text(what, "dim"), *[""] * (len(_NUMBERS) - 1), Text(f"{usd:,.2f}"))
    total = sum(row.used.lines for row in found.rows)
    table.add_row(
        Text("all", "bold"), Text(f"{total:,.0f}"), *[""] * (len(_NUMBERS) - 2), Text(f"{found.total:,.2f}", "bold")
    )
    output.print(table, soft_wrap=False)
    output.print()
    for sentence in _sentences(found, time):
        output.print(Text(sentence), soft_wrap=not output.is_terminal)


def _cells(row: shipping.Row) -> list[str]:
    used = row.used
    return [
        f"{used.lines:,.0f}",
        f"{used.bytes / prices.GIB:,.3f}",
        f"{used.invocations:,.0f}",
        f"{100 * row.share:.1f} %",
        str(used.metrics),
        f"{row.shipper:,.2f}",
        f"{row.metrics:,.2f}",
        f"{row.total:,.2f}",
    ]


def _sentences(found: shipping.Bill, time: cost_reading.Span) -> list[str]:
    """What the figures are, and what they are not."""
    looked = f"{time.start:%Y-%m-%d %H:%M} to {time.end:%Y-%m-%d %H:%M} UTC"
    sentences = [
        f"An estimate: a month like the time from {looked}, by {prices.SOURCE}.",
        f"Paid without Watchpost too, and not in it: the ingestion of logs, {found.ingestion:,.2f} USD a month.",
        f"Not counted: {shipping.NOT_COUNTED}.",
    ]
    metrics = sum(row.used.metrics for row in found.rows)
    if metrics > prices.FIRST_METRICS:
        sentences.append(f"{metrics:,} metrics are more than {prices.FIRST_METRICS:,}: what is beyond costs less.")
    return sentences
