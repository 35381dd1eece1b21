"""The lines of graphs: metrics of resources, and the thresholds of the alarms that look at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner import placeholders
from provisioner.dashboard_widgets import COLOURS, deployed, graph
from provisioner.markdown import plain
from provisioner.places import place, values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from provisioner.dashboard_model import Alarm, Context, ServicePage, Widget
    from provisioner.definitions import KindDefinition, Metric, WidgetDefinition
    from provisioner.inventory import Resource
    from provisioner.places import Dimensions

MAX_THRESHOLDS = 4  # in one graph: more than these hide the lines
ADDS_UP = ("Sum", "SampleCount")  # statistics whose values depend on the period


@dataclass(frozen=True, slots=True)
class Line:
    """One metric of a graph."""

    namespace: str
    name: str
    statistic: str
    dimensions: Dimensions
    label: str
    period: int

    def entry(self, **options: Any) -> list[Any]:
        """The entry of the widget's `metrics`."""
        label = {"label": plain(self.label)} if self.label else {}
        dimensions = [part for pair in self.dimensions for part in pair]
        return [self.namespace, self.name, *dimensions, {"stat": self.statistic, **label, **options}]

    def is_watched_by(self, request: Mapping[str, Any]) -> bool:
        """Whether an alarm's threshold can be read off this line.

        That of another statistic cannot, nor that of a sum over another period.
        """
        statistic = request.get("Statistic") or request.get("ExtendedStatistic")
        dimensions = {item["Name"]: item["Value"] for item in request.get("Dimensions", ())}
        return (
            "Threshold" in request
            and (request.get("Namespace"), request.get("MetricName")) == (self.namespace, self.name)
            and statistic == self.statistic
            and dimensions == dict(self.dimensions)
            and (self.statistic not in ADDS_UP or request.get("Period") == self.period)
        )


def shown(kind: KindDefinition, resource: Resource) -> list[WidgetDefinition]:
    """The widgets that a resource has."""
    return [widget for widget in kind.widgets if not widget.when or widget.when.holds(resource.facts)]


def line(
    kind: KindDefinition, resource: Resource, widget: WidgetDefinition, metric: Metric, metric_namespace: str
) -> Line:
    """A metric of a resource. Raises PlaceholderError when the resource has no value for a placeholder."""
    namespace, dimensions = place(kind, resource, metric_namespace, metric.dimensions)
    name = placeholders.fill(metric.name, values(kind, resource, metric_namespace))
    return Line(namespace, name, metric.statistic, dimensions, metric.label, widget.period)


def resource_graph(
    kind: KindDefinition, resource: Resource, widget: WidgetDefinition, page: ServicePage, context: Context
) -> Widget:
    """A widget of a resource, as its definition has it.

    Raises PlaceholderError when the resource has no value for a placeholder.
    """
    metrics: list[list[Any]] = []
    lines = []
    for metric in widget.metrics:
        if metric.expression:
            label = {"label": plain(metric.label)} if metric.label else {}
            metrics.append([{"expression": metric.expression, "id": metric.id, **label}])
            continue
        one = line(kind, resource, widget, metric, context.metric_namespace)
        named = {"id": metric.id} if metric.id else {}
        metrics.append(one.entry(**named, **({} if metric.returned else {"visible": False})))
        lines.append(one)
    size = (widget.width, widget.height)
    return graph(
        widget.title, metrics, size, period=widget.period, region=context.region, annotations=marks(lines, page)
    )


def marks(lines: Sequence[Line], page: ServicePage) -> dict[str, Any]:
    """Thresholds and deployments; empty for none. Where there are too many thresholds none is shown."""
    found: dict[str, list[dict[str, Any]]] = {}
    thresholds = _thresholds(lines, page.alarms)
    if 0 < len(thresholds) <= MAX_THRESHOLDS:
        found["horizontal"] = thresholds
    deployments = deployed(page)
    if deployments:
        found["vertical"] = deployments
    return found


def _thresholds(lines: Sequence[Line], alarms: Iterable[Alarm]) -> list[dict[str, Any]]:
    """Each value and label once: many functions with the same limit have one line."""
    by_metric: dict[tuple[str, str], list[Line]] = {}
    for one in lines:
        by_metric.setdefault((one.namespace, one.name), []).append(one)
    found: dict[tuple[float, str], dict[str, Any]] = {}
    for alarm in alarms:
        request = alarm.request
        candidates = by_metric.get((request.get("Namespace", ""), request.get("MetricName", "")), ())
        if any(one.is_watched_by(request) for one in candidates):
            below = str(request.get("ComparisonOperator", "")).startswith("Less")
            found[request["Threshold"], alarm.title] = {
                "value": request["Threshold"],
                "label": plain(alarm.title),
                "color": COLOURS.get(alarm.severity, COLOURS["warning"]),
                "fill": "below" if below else "above",
            }
    return [found[key] for key in sorted(found)]
