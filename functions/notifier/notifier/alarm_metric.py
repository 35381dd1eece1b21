"""What a metric alarm looks at, as SNS messages and DescribeAlarms say it. Pure, and never raises."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from notifier import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

# Characters kept. Names have at most 255, an expression and a label 2,048 (CloudWatch API, MetricDataQuery).
NAME, PROSE = 255, 1024
DIMENSIONS = 30  # the most that a metric has (CloudWatch API, MetricDatum)
QUERIES = 20  # the most that an alarm has (CloudWatch API, PutMetricAlarm)

_STATISTICS = {
    "average": "Average",
    "sum": "Sum",
    "minimum": "Minimum",
    "maximum": "Maximum",
    "samplecount": "SampleCount",
}
_FIGURE = r"(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)"
# The newest datapoint comes first: "1 datapoint [7.0 (21/11/26 06:00:00)]", in old messages "1 datapoint (7.0)", and
# "Threshold Crossed: Sum 7.0 GreaterThan…" from the emulator of the local account.
_VALUE = re.compile(rf"datapoints? ?[\[(]{_FIGURE}|^Threshold Crossed: [\w.()%:]+ {_FIGURE} ")
# Of an alarm on a band: "was less than the lower thresholds [1.5] or greater than the upper thresholds [9.0]".
_LOWER = re.compile(rf"lower thresholds? \[{_FIGURE}")
_UPPER = re.compile(rf"upper thresholds? \[{_FIGURE}")


@dataclass(frozen=True, slots=True)
class Query:
    """One metric or expression of an alarm, for its graph. The words are CloudWatch's (MetricDataQuery)."""

    id: str
    expression: str | None
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    period: float | None  # seconds
    label: str
    returned: bool


@dataclass(frozen=True, slots=True)
class Metric:
    """What a metric alarm looks at. What the message does not say is empty or None."""

    namespace: str
    name: str  # of metric math: the label or the expression
    statistic: str
    period: float | None  # seconds
    evaluation_periods: float | None
    comparison: str  # CloudWatch's ComparisonOperator
    dimensions: Mapping[str, str]
    expression: str | None  # of metric math
    value: float | None  # the newest datapoint
    band: tuple[float | None, float | None] = (None, None)  # lower and upper end of what was expected
    queries: tuple[Query, ...] = ()

    @property
    def span(self) -> float:
        """Seconds that the alarm looks back, 0 when it does not say."""
        return max((self.period or 0) * max(self.evaluation_periods or 1, 1), 0)


def metric_of(alarm: Mapping[str, Any], reason: str) -> Metric | None:
    """The metric of an alarm; None for a composite one, which looks at other alarms.

    alarm: the `Trigger` of a message or an item of DescribeAlarms, which differ in the spelling of dimensions and
    statistics only. reason: of the alarm's state, already clean.
    """
    listed = alarm.get("Metrics")
    items = [item for item in listed if isinstance(item, dict)][:QUERIES] if isinstance(listed, list) else []
    name = clean.line(alarm.get("MetricName"), NAME)
    if not name and not items:
        return None
    # Of metric math the query that is compared, and the metric that it begins with. A band is compared with a metric.
    compared = [item for item in items if item.get("Id") != alarm.get("ThresholdMetricId") or item.get("Id") is None]
    shown = next((item for item in compared if item.get("ReturnData") is True), object_of(items[0] if items else None))
    stat = next((found for item in [shown, *items] if (found := object_of(item.get("MetricStat")))), {})
    source = object_of(stat.get("Metric")) or alarm
    expression = clean.line(shown.get("Expression"), PROSE) or None
    statistic = _statistic(stat.get("Stat") or alarm.get("ExtendedStatistic") or alarm.get("Statistic"))
    label = clean.line(shown.get("Label"), NAME)
    period = clean.number(alarm.get("Period")) or clean.number(stat.get("Period"))
    dimensions = _dimensions(source.get("Dimensions"))
    plain = Query("", None, clean.line(source.get("Namespace"), NAME), name, dimensions, statistic, period, "", True)
    return Metric(
        namespace=plain.namespace,
        name=name or label or expression or clean.line(source.get("MetricName"), NAME),
        statistic="" if expression else statistic,
        period=period,
        evaluation_periods=clean.number(alarm.get("EvaluationPeriods")),
        comparison=clean.line(alarm.get("ComparisonOperator"), NAME),
        dimensions=dict(dimensions),
        expression=expression,
        value=_first(_VALUE, reason),
        band=(_first(_LOWER, reason), _first(_UPPER, reason)),
        queries=tuple(_query(item) for item in items) or (plain,),
    )


def object_of(value: Any) -> Mapping[str, Any]:
    """The value when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def _query(item: Mapping[str, Any]) -> Query:
    stat = object_of(item.get("MetricStat"))
    metric = object_of(stat.get("Metric"))
    return Query(
        id=clean.line(item.get("Id"), NAME),
        expression=clean.line(item.get("Expression"), PROSE) or None,
        namespace=clean.line(metric.get("Namespace"), NAME),
        name=clean.line(metric.get("MetricName"), NAME),
        dimensions=_dimensions(metric.get("Dimensions")),
        statistic=_statistic(stat.get("Stat")),
        period=clean.number(stat.get("Period")) or clean.number(item.get("Period")),
        label=clean.line(item.get("Label"), NAME),
        returned=item.get("ReturnData") is not False,  # true where it is not said (CloudWatch API, MetricDataQuery)
    )


def _first(pattern: re.Pattern[str], text: str) -> float | None:
    found = pattern.search(text)
    return clean.number(float(next(group for group in found.groups() if group))) if found else None


def _statistic(source: Any) -> str:
    text = clean.line(source, 50)
    return _STATISTICS.get(text.lower().replace("_", ""), text)


def _dimensions(value: Any) -> tuple[tuple[str, str], ...]:
    pairs: dict[str, str] = {}
    for item in value[:DIMENSIONS] if isinstance(value, list) else []:
        if isinstance(item, dict):
            name = clean.line(item.get("name") or item.get("Name"), NAME)
            pairs |= {name: clean.line(item.get("value") or item.get("Value"), PROSE)} if name else {}
    return tuple(pairs.items())
