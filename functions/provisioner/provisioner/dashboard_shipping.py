"""What shipping costs, by service, on Watchpost's own dashboard: the same sums as `watchpost cost`, by metric math.

The shipper's time and calls are shared out by lines, of which each service has its count, and every service has the
metrics that are made of its own lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from watchpost import names

from provisioner import prices
from provisioner.dashboard_cost import PERIOD, SECONDS, cost_widget, decimal
from provisioner.dashboard_graphs import Line
from provisioner.dashboard_health import HEIGHT, MAX_LINES
from provisioner.dashboard_widgets import graph, heading, text
from provisioner.layout import COLUMNS, MAX_WIDGET_METRICS
from provisioner.markdown import plain
from provisioner.placeholders import published

if TYPE_CHECKING:
    from collections.abc import Iterator

    from provisioner.dashboard_model import Context, ServicePage, Shipped, Widget

MAX_FIGURES = 36  # services whose USD are told one by one; `watchpost cost` lists all
IN_A_ROW = 6  # figures
ABOUT = (
    f"Estimates by {prices.SOURCE}: a month like the time that is shown. The shipper's invocations, their duration and "
    "their calls of CloudWatch are shared out by lines; a service's metrics are counted as they were at the last run. "
    "The ingestion of logs is paid for with or without Watchpost, and is not in these figures. `watchpost cost` tells "
    "more."
)


def shipping(page: ServicePage, context: Context) -> list[Widget]:
    """The widgets; none on any other page than Watchpost's own."""
    if page.service != names.OWN_SERVICE:
        return []
    widgets = [heading("What shipping costs"), text(ABOUT, 3, 18), cost_widget(page, context, (6, 3))]
    if page.shipped:
        widgets += [_figures(page, context), _lines(page, context), _bytes(page, context)]
    return widgets


def _lines_of(shipped: Shipped, context: Context, period: int) -> Line:
    dimensions = (("Service", published(shipped.service)),)
    return Line(context.metric_namespace, "LogLines", "Sum", dimensions, shipped.service, period)


def _figures(page: ServicePage, context: Context) -> Widget:
    """USD a month of each service: its share of the shipper, and its metrics."""
    told = page.shipped[:MAX_FIGURES]
    room = MAX_WIDGET_METRICS - 2 * len(told) - 6
    counted = [*told, *page.shipped[MAX_FIGURES : MAX_FIGURES + room]]
    left_out = f", {MAX_FIGURES} of {len(page.shipped)} services" if len(told) < len(page.shipped) else ""
    properties = {
        "title": f"USD a month by service, estimated{left_out}",
        "region": context.region,
        "view": "singleValue",
        "sparkline": False,
        "period": PERIOD,
        "metrics": [
            *([_month(number, one)] for number, one in enumerate(told, start=1)),
            *_shared(page, context),
            *(
                _lines_of(one, context, PERIOD).entry(id=f"each_{at}", visible=False)
                for at, one in enumerate(counted, 1)
            ),
        ],
    }
    return {"type": "metric", "width": COLUMNS, "height": 1 + 2 * -(-len(told) // IN_A_ROW), "properties": properties}


def _month(number: int, shipped: Shipped) -> dict[str, Any]:
    """One figure, the same at every point: see dashboard_cost. One line more keeps a quiet time from no figure."""
    share = f"SUM(FILL(each_{number}, 0)) / (SUM(lines) + 1)"
    metrics = decimal(round(shipped.metrics * prices.CUSTOM_METRIC, 2))
    expression = f"TIME_SERIES({SECONDS} * AVG(shipper) / PERIOD(invocations) * {share} + {metrics})"
    return {"expression": expression, "id": f"usd{number}", "label": plain(shipped.service)}


def _shared(page: ServicePage, context: Context) -> Iterator[list[Any]]:
    """What is shared out, in USD at each point, and all lines that it is shared out by."""
    dimensions = (("FunctionName", f"{context.stack}-shipper"),)
    a_call = decimal(prices.REQUEST + prices.PUT_METRIC_DATA)
    a_millisecond = decimal(_a_millisecond(page, context))
    shipper = f"{_all('invocations')} * {a_call} + {_all('duration')} * {a_millisecond}"
    yield [{"expression": shipper, "id": "shipper", "visible": False}]
    yield [{"expression": 'FILL(SUM(METRICS("each_")), 0)', "id": "lines", "visible": False}]
    for name in ("Invocations", "Duration"):
        one = Line("AWS/Lambda", name, "Sum", dimensions, "", PERIOD)
        yield one.entry(id=name.lower(), visible=False)


def _all(name: str) -> str:
    """A metric by its id, with zeros where it has no value."""
    return f'FILL(SUM(METRICS("{name}")), 0)'


def _a_millisecond(page: ServicePage, context: Context) -> float:
    for kind, resource in page.resources:
        memory = resource.facts.get("memory_mb")
        if kind.kind == "lambda" and resource.name == f"{context.stack}-shipper" and isinstance(memory, int | float):
            return prices.of_function(memory, str(resource.facts.get("architecture")))
    return 0.0


def _lines(page: ServicePage, context: Context) -> Widget:
    entries = [_lines_of(one, context, PERIOD).entry() for one in page.shipped[: MAX_WIDGET_METRICS - 1]]
    title = "Lines by service"
    if len(entries) > MAX_LINES:
        title = f"{title}: the highest {MAX_LINES} of {len(page.shipped)}"
        entries = [[*entry[:-1], {**entry[-1], "id": f"m{at}", "visible": False}] for at, entry in enumerate(entries)]
        entries.insert(0, [{"expression": f"SORT(METRICS(), SUM, DESC, {MAX_LINES})", "id": "highest"}])
    return graph(title, entries, (12, HEIGHT), period=PERIOD, region=context.region)


def _bytes(page: ServicePage, context: Context) -> Widget:
    """What came into the log groups of each service, added up: CloudWatch counts it by group, for nothing."""
    shown: list[list[Any]] = []
    hidden: list[list[Any]] = []
    services = 0
    for number, one in enumerate(page.shipped[:MAX_LINES], start=1):
        if len(shown) + len(hidden) + 1 + len(one.log_groups) > MAX_WIDGET_METRICS:
            continue
        services += 1
        expression = f'SUM(METRICS("b{number}_"))'
        shown.append([{"expression": expression, "id": f"bytes{number}", "label": plain(one.service)}])
        for at, group in enumerate(one.log_groups, start=1):
            line = Line("AWS/Logs", "IncomingBytes", "Sum", (("LogGroupName", group),), "", PERIOD)
            hidden.append(line.entry(id=f"b{number}_{at}", visible=False))
    left_out = f", {services} of {len(page.shipped)} services" if services < len(page.shipped) else ""
    return graph(f"Bytes by service{left_out}", [*shown, *hidden], (12, HEIGHT), period=PERIOD, region=context.region)
