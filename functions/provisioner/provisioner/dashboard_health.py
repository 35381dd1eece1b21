"""The four signals of a service: errors, latency, saturation and traffic, over all of its resources."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from provisioner.dashboard_graphs import ADDS_UP, Line, line, marks, shown
from provisioner.dashboard_widgets import graph
from provisioner.layout import MAX_WIDGET_METRICS, even
from provisioner.placeholders import PlaceholderError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.dashboard_model import Context, ServicePage, Widget
    from provisioner.definitions import KindDefinition, Metric, WidgetDefinition
    from provisioner.inventory import Resource

MAX_LINES = 20  # that can be told apart; with more, those with the highest values are shown
HEIGHT = 6

Signal = Literal["Errors", "Latency", "Saturation", "Traffic"]
SIGNALS: tuple[Signal, ...] = ("Errors", "Latency", "Saturation", "Traffic")
# By the widget's title, so that a new kind needs no code: what is neither of the others is traffic.
_WORDS: tuple[tuple[Signal, re.Pattern[str]], ...] = (
    ("Errors", re.compile(r"error|fail|fault|lost|dropped|dead.letter", re.IGNORECASE)),
    ("Latency", re.compile(r"latency|duration|\bage\b|response time|delay", re.IGNORECASE)),
    ("Saturation", re.compile(r"throttl|concurren|cpu|memory|capacity|storage|connections|waiting", re.IGNORECASE)),
)
_PERCENTILE = re.compile(r"p(\d+(\.\d+)?)")


def signal(widget: WidgetDefinition) -> Signal:
    """Which of the four signals a health widget is about."""
    return next((name for name, words in _WORDS if words.search(widget.title)), "Traffic")


@dataclass(slots=True)
class Group:
    """The lines of one graph: one signal in one unit."""

    signal: Signal
    title: str
    period: int
    order: int  # of the kind
    detail: str  # title of the widget, where the kind has several of the signal
    of_service: bool  # whether its lines are of the service and not of a resource
    lines: list[Line] = field(default_factory=list)


def groups(page: ServicePage, context: Context) -> list[Group]:
    """The graphs of a page's first rows, in the order of the signals.

    Counts of all kinds are in one graph. Other values are not of one unit (a duration in milliseconds, an age in
    seconds), so each kind has its own, and so have counts that are of the service and not of a resource.
    """
    found: dict[tuple[str, ...], Group] = {}
    for kind, resource in page.sorted_resources():
        for widget in shown(kind, resource):
            if widget.health:
                _add(found, kind, resource, widget, context.metric_namespace)
    ordered = sorted((group for group in found.values() if group.lines), key=_rank)
    titles = Counter(group.title for group in ordered)
    for group in ordered:
        if titles[group.title] > 1:
            group.title = f"{group.title}, {group.detail}"
    return ordered


def _rank(group: Group) -> tuple[int, bool, int, str]:
    return SIGNALS.index(group.signal), group.of_service, group.order, group.title


def _add(
    found: dict[tuple[str, ...], Group],
    kind: KindDefinition,
    resource: Resource,
    widget: WidgetDefinition,
    metric_namespace: str,
) -> None:
    name = signal(widget)
    metrics = _chosen(name, widget.metrics)
    of_service = kind.source.scope != "resource"
    counts = bool(metrics) and all(metric.statistic in ADDS_UP for metric in metrics)
    if of_service:
        key, title = (name, kind.kind, widget.title), widget.title
    elif counts and name != "Saturation":
        key, title = (name, "", str(widget.period)), name
    else:
        key, title = (name, kind.kind, widget.title), f"{name}{_percentile(metrics)}: {kind.title}"
    group = found.setdefault(key, Group(name, title, widget.period, kind.order, widget.title, of_service))
    for metric in metrics:
        try:
            one = line(kind, resource, widget, metric, metric_namespace)
        except PlaceholderError:
            continue  # the resource's own section says what is missing
        label = metric.label or one.name
        subject = widget.title if of_service else resource.name
        group.lines.append(_labelled(one, subject if len(metrics) == 1 else f"{subject} {label}"))


def _percentile(metrics: Sequence[Metric]) -> str:
    return f" ({metrics[0].statistic})" if len(metrics) == 1 and metrics[0].statistic.startswith("p") else ""


def _labelled(one: Line, label: str) -> Line:
    return Line(one.namespace, one.name, one.statistic, one.dimensions, label, one.period)


def _chosen(name: Signal, metrics: Sequence[Metric]) -> list[Metric]:
    """What stands for a resource: one line of latency and of traffic, all lines of the others."""
    plain = [metric for metric in metrics if not metric.expression]
    if name == "Latency":
        percentiles = [metric for metric in plain if _PERCENTILE.fullmatch(metric.statistic)]
        highest = max(percentiles, key=lambda metric: float(metric.statistic[1:]), default=None)
        return [highest] if highest else plain[:1]
    return plain[:1] if name == "Traffic" else plain


def health(page: ServicePage, context: Context) -> list[Widget]:
    """The graphs of the signals, in full rows."""
    most = MAX_WIDGET_METRICS - 1  # one is the expression that chooses among them
    pieces: list[Group] = []
    for group in groups(page, context):
        count = -(-len(group.lines) // most)
        for number in range(count):
            title = group.title if count == 1 else f"{group.title}, {number + 1} of {count}"
            lines = group.lines[number * most : (number + 1) * most]
            pieces.append(replace(group, title=title, lines=lines))
    return [_graph(piece, width, page, context) for piece, width in zip(pieces, even(len(pieces)), strict=True)]


def _graph(group: Group, width: int, page: ServicePage, context: Context) -> Widget:
    title, lines = group.title, group.lines
    metrics: list[list[Any]] = [one.entry() for one in lines]
    if len(lines) > MAX_LINES:
        # SEARCH would find the resources of other services too; SORT has these only.
        title = f"{title}: the highest {MAX_LINES} of {len(lines)}"
        hidden = [one.entry(id=f"m{number}", visible=False) for number, one in enumerate(lines, start=1)]
        metrics = [[{"expression": f"SORT(METRICS(), MAX, DESC, {MAX_LINES})", "id": "highest"}], *hidden]
    size = (width, HEIGHT)
    return graph(title, metrics, size, period=group.period, region=context.region, annotations=marks(lines, page))
