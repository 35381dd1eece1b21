"""What a file in `dashboards/services/` says, checked: the alarms and widgets of one kind of resource."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

    from provisioner.expressions import Expression


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known about each resource of a kind. Discovery finds the values; None is a value that is not there."""

    type: Literal["number", "boolean", "text"]
    unit: str = ""  # of a number
    description: str = ""
    optional: bool = False  # of a text: dimensions with it are left out for a resource that has none


@dataclass(frozen=True, slots=True)
class Source:
    """Where the resources of a kind come from."""

    scope: Literal["resource", "service", "account"] = "resource"
    types: tuple[str, ...] = ()  # of the Resource Groups Tagging API
    # Matched against the whole ARN: the group `name` is the resource's name, the others are text facts.
    arn: re.Pattern[str] | None = None
    describe: str = ""  # name of the describe call; empty when the ARN says all, or another kind's call finds them
    region: str = ""  # the only region that has the metrics; empty when the resource's own has them


@dataclass(frozen=True, slots=True)
class Condition:
    """A fact that must be truthy, or not truthy when negated, and the reason given when it is otherwise."""

    fact: str
    otherwise: str
    negated: bool = False

    def holds(self, facts: Mapping[str, object]) -> bool:
        """Whether a resource with these facts meets it. A fact that is not there counts as false."""
        return bool(facts.get(self.fact)) is not self.negated


@dataclass(frozen=True, slots=True)
class Metric:
    """One line of an alarm or widget: a metric with a statistic, or an expression over other lines."""

    id: str  # of a metric-math query; empty where there is no expression
    name: str  # of the metric; empty for an expression
    statistic: str  # Sum, Maximum ... or a percentile such as p99; empty for an expression
    expression: str  # metric math; empty for a metric
    label: str  # what a person reads; empty for CloudWatch's own
    returned: bool  # whether the alarm looks at this line
    dimensions: tuple[tuple[str, str], ...] = ()  # besides or instead of the kind's, for this line only


@dataclass(frozen=True, slots=True)
class Anomaly:
    """The band of CloudWatch's anomaly detection, instead of a threshold."""

    band: float  # standard deviations
    side: Literal["upper", "lower", "both"]  # on which the metric must leave the band


@dataclass(frozen=True, slots=True)
class AlarmDefinition:
    """One alarm of every resource of a kind."""

    id: str
    title: str
    metrics: tuple[Metric, ...]  # one metric, or several with expressions of which one is returned
    period: int  # seconds
    threshold: Expression | None  # None for an anomaly
    comparison: str  # CloudWatch's ComparisonOperator
    datapoints_to_alarm: int
    evaluation_periods: int
    treat_missing_data: str
    severity: str  # critical or warning
    reason: str  # why this threshold
    runbook: str  # what to do first
    when: Condition | None
    enabled: bool = True  # False: only where the configuration asks for it
    anomaly: Anomaly | None = None
    dimensions: tuple[tuple[str, str], ...] = ()  # besides or instead of the kind's, for this alarm only


@dataclass(frozen=True, slots=True)
class WidgetDefinition:
    """One graph for every resource of a kind."""

    title: str
    metrics: tuple[Metric, ...]
    period: int  # seconds
    width: int  # of 24 columns
    height: int  # rows
    when: Condition | None
    health: bool = False  # whether it belongs into the top row of a service's dashboard


@dataclass(frozen=True, slots=True)
class KindDefinition:
    """One file: its name without `.yaml` is the kind. Placeholders such as {resource} are filled in for a resource."""

    kind: str
    title: str
    namespace: str
    dimensions: tuple[tuple[str, str], ...]
    alarms: tuple[AlarmDefinition, ...]
    widgets: tuple[WidgetDefinition, ...]
    order: int = 0  # place of the kind on a service's dashboard, the smallest first; below 0 before the four signals
    source: Source = field(default_factory=Source)
    facts: Mapping[str, Fact] = field(default_factory=dict)
