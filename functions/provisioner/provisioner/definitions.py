"""What a file in `dashboards/services/` says, checked: the alarms and widgets of one kind of resource."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.expressions import Expression

# What is known about each kind of resource, for `when` and thresholds. Discovery finds the values.
FACTS: dict[str, frozenset[str]] = {
    "lambda": frozenset(
        {
            "timeout_ms",  # milliseconds
            "memory_mb",  # MB
            "reserved_concurrency",  # executions; None without a reservation
            "stream_source",  # whether a Kinesis or DynamoDB stream is an event source
            "asynchronous",  # whether it is known to be invoked asynchronously
            "dead_letter_target",  # whether a dead-letter queue or topic is configured
            "destination",  # whether an on-success or on-failure destination is configured
            "maximum_event_age_ms",  # milliseconds that an asynchronous event is kept for retries
        }
    ),
    "logs": frozenset(),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A fact that must be truthy, and the reason given when it is not."""

    fact: str
    otherwise: str


@dataclass(frozen=True, slots=True)
class Metric:
    """One line of an alarm or widget: a metric with a statistic, or an expression over other lines."""

    id: str  # of a metric-math query; empty where there is no expression
    name: str  # of the metric; empty for an expression
    statistic: str  # Sum, Maximum ... or a percentile such as p99; empty for an expression
    expression: str  # metric math; empty for a metric
    label: str  # what a person reads; empty for CloudWatch's own
    returned: bool  # whether the alarm looks at this line


@dataclass(frozen=True, slots=True)
class AlarmDefinition:
    """One alarm of every resource of a kind."""

    id: str
    title: str
    metrics: tuple[Metric, ...]  # one metric, or several with expressions of which one is returned
    period: int  # seconds
    threshold: Expression
    comparison: str  # CloudWatch's ComparisonOperator
    datapoints_to_alarm: int
    evaluation_periods: int
    treat_missing_data: str
    severity: str  # critical or warning
    reason: str  # why this threshold
    runbook: str  # what to do first
    when: Condition | None


@dataclass(frozen=True, slots=True)
class WidgetDefinition:
    """One graph for every resource of a kind."""

    title: str
    metrics: tuple[Metric, ...]
    period: int  # seconds
    width: int  # of 24 columns
    height: int  # rows
    when: Condition | None


@dataclass(frozen=True, slots=True)
class KindDefinition:
    """One file: its name without `.yaml` is the kind. {resource}, {service} and {metric_namespace} are filled in."""

    kind: str
    title: str
    namespace: str
    dimensions: tuple[tuple[str, str], ...]
    alarms: tuple[AlarmDefinition, ...]
    widgets: tuple[WidgetDefinition, ...]
