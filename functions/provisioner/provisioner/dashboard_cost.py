"""What a service costs a month: its use of the last day at list prices, added up by CloudWatch's metric math.

The dashboard holds prices and metrics, CloudWatch works out the figure whenever somebody looks. It is an estimate: no
free tier, no discount, no tax, and only what is in PRICES, at the prices of provisioner.prices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner import prices
from provisioner.dashboard_graphs import Line
from provisioner.dashboard_widgets import text
from provisioner.layout import MAX_WIDGET_METRICS
from provisioner.markdown import escaped, plain
from provisioner.placeholders import PlaceholderError
from provisioner.places import place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from provisioner.dashboard_model import Context, ServicePage, Widget
    from provisioner.definitions import KindDefinition
    from provisioner.inventory import Facts, Resource

TITLE = "USD a month, estimated"
PERIOD = 900  # seconds. The first and the last one are not whole, which makes the figure a hundredth too low
SECONDS = prices.HOURS * 3600
MOST = MAX_WIDGET_METRICS - 1  # metrics and prices, which are expressions; one more is the sum


@dataclass(frozen=True, slots=True)
class Used:
    """One metric of a service, and USD for one of what it counts."""

    line: Line
    usd: float


def _lambda(facts: Facts) -> Iterator[tuple[str, str, float]]:
    yield "Invocations", "Sum", prices.REQUEST
    memory = facts.get("memory_mb")
    if isinstance(memory, int | float):
        yield "Duration", "Sum", prices.of_function(memory, str(facts.get("architecture")))


def _sqs(facts: Facts) -> Iterator[tuple[str, str, float]]:
    # A message counts as one request of each sort: batches make fewer, more than 64 KB make more.
    request = prices.SQS_FIFO_REQUEST if facts.get("fifo") else prices.SQS_REQUEST
    for name in ("NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted"):
        yield name, "Sum", request
    yield "NumberOfEmptyReceives", "Sum", request


def _dynamodb(facts: Facts) -> Iterator[tuple[str, str, float]]:
    if facts.get("on_demand"):
        yield "ConsumedReadCapacityUnits", "Sum", prices.READ_UNIT
        yield "ConsumedWriteCapacityUnits", "Sum", prices.WRITE_UNIT


def _counted(metric: str, statistic: str, usd: float) -> Callable[[Facts], Iterator[tuple[str, str, float]]]:
    def price(_: Facts) -> Iterator[tuple[str, str, float]]:
        yield metric, statistic, usd

    return price


# By kind: metrics with their statistic, and USD for one. Other kinds are not in the estimate.
PRICES: dict[str, Callable[[Facts], Iterator[tuple[str, str, float]]]] = {
    "lambda": _lambda,
    "apigateway_rest": _counted("Count", "SampleCount", prices.REST_REQUEST),
    "apigateway_http": _counted("Count", "SampleCount", prices.HTTP_REQUEST),
    "sqs": _sqs,
    "sns": _counted("NumberOfMessagesPublished", "Sum", prices.SNS_REQUEST),
    "dynamodb": _dynamodb,
    "dynamodb_index": _dynamodb,
}


def cost_widget(page: ServicePage, context: Context, size: tuple[int, int]) -> Widget:
    """The figure, or the service's alarms alone as text where nothing has a price. size: width and height."""
    used = list(_used(page, context))
    if not used:
        return text(_alarms_only(page), size[1], size[0])
    fixed = (page.cost.amount if page.cost else 0.0) + _shards(page)
    kept, terms = _terms(used)
    properties = {
        "title": TITLE,
        "region": context.region,
        "view": "singleValue",
        "sparkline": False,
        "period": PERIOD,
        "metrics": [_month(terms, fixed, _label(page, len(used) - kept)), *terms],
    }
    return {"type": "metric", "width": size[0], "height": size[1], "properties": properties}


def _alarms_only(page: ServicePage) -> str:
    if page.cost is None:
        return "Not known"
    return f"**{page.cost.amount + _shards(page):,.2f} {escaped(page.cost.currency)}** a month\n\n{_what(page)}"


def _what(page: ServicePage) -> str:
    shards = "its shards and " if _shards(page) else ""
    return f"{shards}{escaped(page.cost.what)}" if page.cost else ""


def _label(page: ServicePage, left_out: int) -> str:
    alarms = f"{page.cost.amount:,.2f} of it alarms" if page.cost else "without alarms"
    return plain(f"{alarms}, {left_out} metrics left out" if left_out else alarms)


def _used(page: ServicePage, context: Context) -> Iterator[Used]:
    for kind, resource in page.sorted_resources():
        if kind.kind in PRICES:
            yield from _of_resource(kind, resource, context)
    for group in sorted(set(page.log_groups)):
        yield Used(_line("AWS/Logs", "IncomingBytes", "Sum", (("LogGroupName", group),)), prices.LOG_BYTE)


def _of_resource(kind: KindDefinition, resource: Resource, context: Context) -> Iterator[Used]:
    try:
        namespace, dimensions = place(kind, resource, context.metric_namespace)
    except PlaceholderError:
        return  # its section on the service's page says what is missing
    for name, statistic, usd in PRICES[kind.kind](resource.facts):
        yield Used(_line(namespace, name, statistic, dimensions), usd)


def _line(namespace: str, name: str, statistic: str, dimensions: tuple[tuple[str, str], ...]) -> Line:
    return Line(namespace, name, statistic, dimensions, "", PERIOD)


def _shards(page: ServicePage) -> float:
    """USD a month of the shards of provisioned streams, which cost the same whether they are used or not."""
    found = 0.0
    for kind, resource in page.resources:
        shards = resource.facts.get("shards")
        if kind.kind == "kinesis" and not resource.facts.get("on_demand") and isinstance(shards, int | float):
            found += shards * prices.SHARD_HOUR * prices.HOURS
    return found


def _terms(used: Sequence[Used]) -> tuple[int, list[list[Any]]]:
    """How many metrics are in it, and the hidden entries: for each price an expression, and the metrics that have it.

    METRICS("p1_") is all metrics with that text in their id (CloudWatch metric math, METRICS).
    """
    by_price: dict[float, list[Line]] = {}
    kept = 0
    for one in used:
        if kept + 1 + len({*by_price, one.usd}) <= MOST:
            by_price.setdefault(one.usd, []).append(one.line)
            kept += 1
    entries: list[list[Any]] = []
    for number, (usd, lines) in enumerate(by_price.items(), start=1):
        # Times without use are filled in: an expression has no value where one of its parts has none.
        sum_of = f'FILL(SUM(METRICS("p{number}_")), 0) * {decimal(usd)}'
        entries.append([{"expression": sum_of, "id": f"usd{number}", "visible": False}])
        entries += [line.entry(id=f"p{number}_{nth}", visible=False) for nth, line in enumerate(lines, start=1)]
    return kept, entries


def decimal(number: float) -> str:
    """A number without an exponent, which metric math is not said to know."""
    return f"{number:.18f}".rstrip("0").rstrip(".")


def _month(terms: Sequence[Sequence[Any]], fixed: float, label: str) -> list[Any]:
    """The sum as one figure: the mean of a second in the time that is shown, times the seconds of a month.

    By the second it is the same for every period and every range of time.
    """
    ids = [entry[-1]["id"] for entry in terms if "expression" in entry[-1]]
    metric = next(entry[-1]["id"] for entry in terms if "expression" not in entry[-1])
    whole = ids[0] if len(ids) == 1 else f"SUM([{', '.join(ids)}])"
    a_second = f"AVG({whole}) / PERIOD({metric})"
    expression = f"TIME_SERIES({SECONDS} * {a_second} + {decimal(round(fixed, 2))})"
    return [{"expression": expression, "id": "month", "label": label}]
