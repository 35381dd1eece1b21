"""Checks what a definition says about alarms and widgets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, cast

from provisioner import expressions, loader_metrics
from provisioner.definitions import AlarmDefinition, Anomaly, Condition, WidgetDefinition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from provisioner.definitions import Fact
    from provisioner.nodes import Node

COMPARISONS = (
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
)
# What leaving a band on a side is called (CloudWatch API, PutMetricAlarm).
BAND_COMPARISONS = {
    "upper": "GreaterThanUpperThreshold",
    "lower": "LessThanLowerThreshold",
    "both": "LessThanLowerOrGreaterThanUpperThreshold",
}
SIDES = tuple(BAND_COMPARISONS)
MAX_BAND = 100.0  # standard deviations; more is no band any more
MISSING = ("breaching", "notBreaching", "ignore", "missing")
SEVERITIES = ("critical", "warning")
EVALUATION_SECONDS = 86_400  # periods times evaluation periods (CloudWatch API, PutMetricAlarm)
COLUMNS = 24
ALARM_ID = re.compile(r"[a-z][a-z0-9-]{0,39}")
CONDITION = re.compile(r"(not )?([a-z][a-z0-9_]{0,39})")
ALARM_REQUIRED = {
    "id",
    "title",
    "period",
    "datapoints_to_alarm",
    "evaluation_periods",
    "treat_missing_data",
    "severity",
    "reason",
    "runbook",
}
ALARM_OPTIONAL = {
    "metric",
    "statistic",
    "metrics",
    "dimensions",
    "threshold",
    "comparison",
    "anomaly",
    "enabled",
    "when",
    "otherwise",
}
ANOMALY_FIELDS = {"band", "side"}
WIDGET_REQUIRED = {"title", "metrics", "period", "width", "height"}
WIDGET_OPTIONAL = {"health", "when", "otherwise"}


def alarms(node: Node, facts: Mapping[str, Fact]) -> tuple[AlarmDefinition, ...]:
    """Every alarm of a kind; their ids differ. Raises DefinitionError."""
    found = tuple(_alarm(child, facts) for child in node.items())
    seen: set[str] = set()
    for child, alarm in zip(node.items(), found, strict=True):
        if alarm.id in seen:
            raise child.child("id", alarm.id).wrong("an id that no other alarm has")
        seen.add(alarm.id)
    return found


def widget(node: Node, facts: Mapping[str, Fact]) -> WidgetDefinition:
    """One graph. Raises DefinitionError."""
    fields = node.object(WIDGET_REQUIRED, WIDGET_OPTIONAL)
    nodes = fields["metrics"].items(at_least=1)
    if len(nodes) > loader_metrics.WIDGET_METRICS:
        raise fields["metrics"].wrong(f"at most {loader_metrics.WIDGET_METRICS} metrics", f"{len(nodes)}")
    lines = [line.object(loader_metrics.LINE_REQUIRED, loader_metrics.LINE_OPTIONAL) for line in nodes]
    return WidgetDefinition(
        title=fields["title"].string(60),
        metrics=tuple(loader_metrics.plain(line, facts) for line in lines),
        period=_period(fields["period"]),
        width=fields["width"].integer(1, COLUMNS),
        height=fields["height"].integer(2, 1000),
        when=_condition(fields, facts),
        health=fields["health"].boolean(),
    )


def _alarm(node: Node, facts: Mapping[str, Fact]) -> AlarmDefinition:
    fields = node.object(ALARM_REQUIRED, ALARM_OPTIONAL)
    periods = fields["evaluation_periods"].integer(1, 1440)
    period = _period(fields["period"])
    if period * periods > EVALUATION_SECONDS:
        raise fields["evaluation_periods"].wrong(
            f"at most {EVALUATION_SECONDS // period} periods of {period} s (a day)"
        )
    anomaly = _anomaly(fields)
    return AlarmDefinition(
        id=fields["id"].matching(ALARM_ID, "lower-case letters, digits and dashes, at most 40"),
        title=fields["title"].string(60),
        metrics=loader_metrics.alarm_metrics(fields, facts),
        period=period,
        threshold=None if anomaly else _threshold(fields["threshold"], facts),
        comparison=BAND_COMPARISONS[anomaly.side] if anomaly else fields["comparison"].choice(COMPARISONS),
        datapoints_to_alarm=fields["datapoints_to_alarm"].integer(1, periods),
        evaluation_periods=periods,
        treat_missing_data=fields["treat_missing_data"].choice(MISSING),
        severity=fields["severity"].choice(SEVERITIES),
        # Together with title and resource these stay below the 1,024 characters of an alarm's description.
        reason=fields["reason"].string(400),
        runbook=fields["runbook"].string(300),
        when=_condition(fields, facts),
        enabled=fields["enabled"].boolean(default=True),
        anomaly=anomaly,
        dimensions=loader_metrics.dimensions(fields["dimensions"], facts),
    )


def _anomaly(fields: Mapping[str, Node]) -> Anomaly | None:
    if not fields["anomaly"].given:
        return None
    for name in ("threshold", "comparison"):
        if fields[name].given:
            raise fields[name].wrong(f"no {name} beside anomaly")
    if not fields["metric"].given:
        raise fields["anomaly"].wrong("one metric with its statistic: a band is about one")
    inner = fields["anomaly"].object(ANOMALY_FIELDS)
    side = cast('Literal["upper", "lower", "both"]', inner["side"].choice(SIDES))
    return Anomaly(inner["band"].number(0, MAX_BAND), side)


def _period(node: Node) -> int:
    period = node.integer(60, 86_400)
    if period % 60:
        raise node.wrong("a multiple of 60 seconds")
    return period


def _threshold(node: Node, facts: Mapping[str, Fact]) -> expressions.Expression:
    if isinstance(node.value, bool) or not isinstance(node.value, int | float | str):
        raise node.wrong("a number or an expression")
    try:
        expression = expressions.parse(str(node.value))
        if not expression.names:
            expression.value({})
    except ValueError as error:  # also of a whole number with so many digits that Python does not write them
        raise node.wrong(f"a number or an expression ({error})") from None
    numbers = sorted(name for name, fact in facts.items() if fact.type == "number")
    for name in sorted(expression.names.difference(numbers)):
        what = f"{name}, which is no number" if name in facts else f"the unknown fact {name}"
        raise node.wrong("facts that are numbers: " + (", ".join(numbers) or "none"), what)
    return expression


def _condition(fields: Mapping[str, Node], facts: Mapping[str, Fact]) -> Condition | None:
    when = fields["when"]
    if not when.given and not fields["otherwise"].given:
        return None
    match = CONDITION.fullmatch(when.value) if when.given and isinstance(when.value, str) else None
    if not match or match[2] not in facts:
        raise when.wrong("a fact, or `not` and a fact, out of " + (", ".join(sorted(facts)) or "none"))
    return Condition(match[2], fields["otherwise"].string(200), bool(match[1]))
