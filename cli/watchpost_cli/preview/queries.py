"""The queries of GetMetricData for the widgets of dashboards, and what is worked out here from their answers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from watchpost_cli.preview import arithmetic
from watchpost_cli.preview.model import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from watchpost_cli.preview.model import Place

MOST_POINTS = 200  # of one line: more are not seen, and 500 lines of 201 points are all that one call returns

_ID = re.compile(r"\b[a-z][A-Za-z0-9_]*\b")
_QUOTED = re.compile(r"""("[^"]*"|'[^']*')""")
# Expressions over all metrics of a widget are worked out here: in a call that many widgets share they would be about
# the metrics of all of them.
_SUM = re.compile(r'SUM\(METRICS\((?:"([^"]*)")?\)\)')
_SORT = re.compile(r"SORT\(METRICS\(\), (MAX|SUM|AVG|MIN), (DESC|ASC), (\d+)\)")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a metric widget needs: queries, each with the place in the widget of what it is for."""

    place: Place
    region: str
    period: int
    start: datetime
    end: datetime
    entries: tuple[Entry, ...] = ()

    @property
    def queries(self) -> list[dict[str, Any]]:
        return [entry.query for entry in self.entries if entry.query]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a widget's `metrics`."""

    id: str  # within the widget; made up where it has none
    label: str
    visible: bool
    query: dict[str, Any] = field(default_factory=dict)  # empty for what is worked out here
    expression: str = ""  # of what is worked out here
    metric: dict[str, Any] = field(default_factory=dict)  # namespace, name and dimensions; empty for an expression
    statistic: str = ""


def asked(place: Place, number: int, properties: Mapping[str, Any], start: datetime, end: datetime) -> Asked:
    """The queries of a widget. number: a different one for each widget, which makes the ids of a call unique."""
    seconds = int((end - start).total_seconds())
    period = max(int(properties.get("period", 300)), -(-seconds // MOST_POINTS // 60) * 60)
    metrics = properties.get("metrics", ())
    given = [_options(entry).get("id") for entry in metrics]
    ids = [name or f"q{index}" for index, name in enumerate(given)]
    names = {name: f"w{number}_{name}" for name in ids}
    entries = tuple(_entry(entry, name, names, period) for entry, name in zip(metrics, ids, strict=True))
    return Asked(place, str(properties.get("region", "")), period, start, end, entries)


def _options(entry: Sequence[Any]) -> dict[str, Any]:
    return entry[-1] if entry and isinstance(entry[-1], dict) else {}


def _entry(entry: Sequence[Any], name: str, names: Mapping[str, str], period: int) -> Entry:
    options = _options(entry)
    label, visible = str(options.get("label", "")), options.get("visible", True) is not False
    expression = str(options.get("expression", ""))
    if expression and (arithmetic.is_here(expression) or _SORT.fullmatch(expression)):
        return Entry(name, label, visible, expression=expression)
    query: dict[str, Any] = {"Id": names[name], "ReturnData": True}
    if label:
        query["Label"] = label
    if expression:
        return Entry(name, label, visible, {**query, "Expression": _renamed(expression, names), "Period": period})
    namespace, metric, *pairs = [part for part in entry if isinstance(part, str)]
    dimensions = [{"Name": key, "Value": value} for key, value in zip(pairs[::2], pairs[1::2], strict=True)]
    about = {"Namespace": namespace, "MetricName": metric, "Dimensions": dimensions}
    statistic = str(options.get("stat", "Average"))
    query["MetricStat"] = {"Metric": about, "Period": period, "Stat": statistic}
    return Entry(name, label, visible, query, metric=about, statistic=statistic)


def _renamed(expression: str, names: Mapping[str, str]) -> str:
    """The expression with the ids that the call has. What is quoted, as in SEARCH, stays."""
    parts = _QUOTED.split(expression)
    replaced = [_ID.sub(lambda match: names.get(match[0], match[0]), part) for part in parts[::2]]
    parts[::2] = replaced
    return "".join(parts)


def lines(wanted: Asked, answers: Mapping[str, Sequence[Line]]) -> tuple[Line, ...]:
    """The lines that a widget shows. answers: by the id of the query; an expression may have several lines."""
    found = {entry.id: list(answers.get(str(entry.query.get("Id")), ())) for entry in wanted.entries}
    metrics = {entry.id: found[entry.id] for entry in wanted.entries if entry.metric}
    found |= _worked_out(wanted, metrics)
    shown: list[Line] = []
    for entry in wanted.entries:
        if entry.visible:
            sort = _SORT.fullmatch(entry.expression)
            shown += _sorted(sort, metrics) if sort else found[entry.id]
    return tuple(shown)


def _worked_out(wanted: Asked, metrics: Mapping[str, Sequence[Line]]) -> dict[str, list[Line]]:
    """The lines of the expressions that are worked out here. One that cannot be has no line, as with CloudWatch."""
    known = {name: dict(line.points) for name, lines in metrics.items() for line in lines}
    series = {name: known.get(name, {}) for name in metrics}
    values: dict[str, arithmetic.Value] = {}
    widget = arithmetic.Widget(wanted.start, wanted.end, wanted.period, series, values)
    found: dict[str, list[Line]] = {}
    # Hidden ones first: what is shown is made of them.
    for entry in sorted(wanted.entries, key=lambda entry: entry.visible):
        if not arithmetic.is_here(entry.expression):
            continue
        try:
            values[entry.id] = points = arithmetic.worked_out(entry.expression, widget)
        except arithmetic.UnknownMathError:
            continue
        unit = _unit(entry, metrics)
        found[entry.id] = [Line(entry.label or entry.expression, tuple(sorted(points.items())), unit)]
    return found


def _unit(entry: Entry, metrics: Mapping[str, Sequence[Line]]) -> str:
    """That of the metrics, where an expression does nothing but add them up."""
    total = _SUM.fullmatch(entry.expression)
    units = {line.unit for name, lines in metrics.items() if total and (total[1] or "") in name for line in lines}
    return units.pop() if len(units) == 1 else ""


def _sorted(sort: re.Match[str], metrics: Mapping[str, Sequence[Line]]) -> list[Line]:
    by = _MEASURES[sort[1]]
    filled = [line for lines in metrics.values() for line in lines if line.points]
    ranked = sorted(filled, key=lambda line: by([value for _, value in line.points]), reverse=sort[2] == "DESC")
    return ranked[: int(sort[3])]


_MEASURES: Mapping[str, Callable[[list[float]], float]] = {
    "MAX": max,
    "MIN": min,
    "SUM": sum,
    "AVG": lambda values: sum(values) / len(values),
}
