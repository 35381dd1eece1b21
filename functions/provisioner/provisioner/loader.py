"""Reads `dashboards/services/*.yaml`. The first fault stops everything, so no alarm is touched by a wrong file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml
from watchpost.errors import DefinitionError

from provisioner import expressions
from provisioner.definitions import FACTS, AlarmDefinition, Condition, KindDefinition, Metric, WidgetDefinition
from provisioner.nodes import Node

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

COMPARISONS = (
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
)
MISSING = ("breaching", "notBreaching", "ignore", "missing")
SEVERITIES = ("critical", "warning")
MATH_METRICS = 10  # of one metric-math alarm (CloudWatch quotas)
WIDGET_METRICS = 500  # of one widget (CloudWatch quotas)
EVALUATION_SECONDS = 86_400  # periods times evaluation periods (CloudWatch API, PutMetricAlarm)
COLUMNS = 24

_STATISTIC = re.compile(r"Sum|Average|Minimum|Maximum|SampleCount|p(\d{1,2}(\.\d{1,10})?|100)")
_ALARM_ID = re.compile(r"[a-z][a-z0-9-]{0,39}")
_QUERY_ID = re.compile(r"[a-z][A-Za-z0-9_]{0,254}")
_IDENTIFIER = re.compile(r"\b[a-z][A-Za-z0-9_]*\b")
_ALARM_FIELDS = {
    "id",
    "title",
    "period",
    "threshold",
    "comparison",
    "datapoints_to_alarm",
    "evaluation_periods",
    "treat_missing_data",
    "severity",
    "reason",
    "runbook",
}


def load(directory: Traversable) -> tuple[KindDefinition, ...]:
    """Read and check every definition, in the order of their names.

    Raises DefinitionError for the first fault. No file at all is one: without definitions every alarm would go.
    """
    files = sorted((file for file in directory.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    if not files:
        raise DefinitionError("services/", "the folder", "no definition", "at least one .yaml file")
    return tuple(parse(f"services/{file.name}", file.read_text(encoding="utf-8")) for file in files)


def parse(file: str, text: str) -> KindDefinition:
    """Check one document.

    file: relative to `dashboards/`, its stem is the kind. Raises DefinitionError.
    """
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # ValueError: a date or number that YAML's own rules take for one and Python cannot hold.
        raise DefinitionError(file, "the document", f"text that is not YAML ({error})"[:300], "YAML") from None
    kind = file.rpartition("/")[2].removesuffix(".yaml")
    if kind not in FACTS:
        raise DefinitionError(file, "the file's name", repr(kind), "one of " + ", ".join(sorted(FACTS)))
    top = Node(file, "", document).object({"title", "namespace", "dimensions", "alarms"}, {"widgets"})
    alarms = tuple(_alarm(kind, node) for node in top["alarms"].items())
    _unique_ids(top["alarms"], alarms)
    return KindDefinition(
        kind=kind,
        title=top["title"].string(60),
        namespace=top["namespace"].string(255),
        dimensions=_dimensions(top["dimensions"]),
        alarms=alarms,
        widgets=tuple(_widget(kind, node) for node in top["widgets"].items()),
    )


def _unique_ids(node: Node, alarms: tuple[AlarmDefinition, ...]) -> None:
    seen: set[str] = set()
    for index, alarm in enumerate(alarms):
        if alarm.id in seen:
            raise DefinitionError(node.file, f"{node.path}[{index}].id", alarm.id, "an id that no other alarm has")
        seen.add(alarm.id)


def _dimensions(node: Node) -> tuple[tuple[str, str], ...]:
    if not isinstance(node.value, dict) or len(node.value) > 30:
        raise node.wrong("an object with at most 30 dimensions")
    return tuple((str(name), node.child(str(name), value).string(1024)) for name, value in sorted(node.value.items()))


def _alarm(kind: str, node: Node) -> AlarmDefinition:
    fields = node.object(_ALARM_FIELDS, {"metric", "statistic", "metrics", "when", "otherwise"})
    periods = fields["evaluation_periods"].integer(1, 1440)
    period = _period(fields["period"])
    if period * periods > EVALUATION_SECONDS:
        raise fields["evaluation_periods"].wrong(
            f"at most {EVALUATION_SECONDS // period} periods of {period} s (a day)"
        )
    return AlarmDefinition(
        id=fields["id"].matching(_ALARM_ID, "lower-case letters, digits and dashes, at most 40"),
        title=fields["title"].string(60),
        metrics=_alarm_metrics(fields),
        period=period,
        threshold=_threshold(kind, fields["threshold"]),
        comparison=fields["comparison"].choice(COMPARISONS),
        datapoints_to_alarm=fields["datapoints_to_alarm"].integer(1, periods),
        evaluation_periods=periods,
        treat_missing_data=fields["treat_missing_data"].choice(MISSING),
        severity=fields["severity"].choice(SEVERITIES),
        # Together with title and resource these stay below the 1,024 characters of an alarm's description.
        reason=fields["reason"].string(400),
        runbook=fields["runbook"].string(300),
        when=_condition(kind, fields),
    )


def _period(node: Node) -> int:
    period = node.integer(60, 86_400)
    if period % 60:
        raise node.wrong("a multiple of 60 seconds")
    return period


def _threshold(kind: str, node: Node) -> expressions.Expression:
    if isinstance(node.value, bool) or not isinstance(node.value, int | float | str):
        raise node.wrong("a number or an expression")
    try:
        expression = expressions.parse(str(node.value))
        if not expression.names:
            expression.value({})
    except expressions.ExpressionError as error:
        raise node.wrong(f"a number or an expression ({error})") from None
    for name in sorted(expression.names - FACTS[kind]):
        raise node.wrong("facts out of " + ", ".join(sorted(FACTS[kind])), f"the unknown fact {name}")
    return expression


def _condition(kind: str, fields: dict[str, Node]) -> Condition | None:
    if not fields["when"].given and not fields["otherwise"].given:
        return None
    fact = fields["when"].choice(tuple(sorted(FACTS[kind])))
    return Condition(fact, fields["otherwise"].string(200))


def _alarm_metrics(fields: dict[str, Node]) -> tuple[Metric, ...]:
    if fields["metric"].given == fields["metrics"].given:
        raise fields["metric"].wrong("either metric and statistic, or metrics", "both or neither")
    if fields["metric"].given:
        return (_plain(fields),)
    if fields["statistic"].given:
        raise fields["statistic"].wrong("no statistic beside metrics: each has its own")
    nodes = fields["metrics"].items(at_least=2)
    metrics = tuple(_query(node) for node in nodes)
    if len(metrics) > MATH_METRICS:
        raise fields["metrics"].wrong(f"at most {MATH_METRICS} metrics", f"{len(metrics)}")
    if [metric.returned for metric in metrics].count(True) != 1:
        raise fields["metrics"].wrong("exactly one with `returned: true`", "another number of them")
    _check_expressions(nodes, metrics)
    return metrics


def _plain(fields: dict[str, Node]) -> Metric:
    label = fields.get("label")
    return Metric(
        id="",
        name=fields["metric"].string(255),
        statistic=fields["statistic"].matching(_STATISTIC, "a statistic such as Sum, or a percentile such as p99"),
        expression="",
        label=label.string(100) if label and label.given else "",
        returned=True,
    )


def _query(node: Node) -> Metric:
    fields = node.object({"id"}, {"metric", "statistic", "expression", "label", "returned"})
    if fields["metric"].given == fields["expression"].given:
        raise fields["metric"].wrong("either a metric or an expression", "both or neither")
    returned = fields["returned"].boolean()
    query_id = fields["id"].matching(_QUERY_ID, "a lower-case letter, then letters, digits and underscores")
    if fields["metric"].given:
        plain = _plain(fields)
        return Metric(query_id, plain.name, plain.statistic, "", plain.label, returned)
    if fields["statistic"].given:
        raise fields["statistic"].wrong("no statistic for an expression")
    label = fields["label"].string(100) if fields["label"].given else ""
    return Metric(query_id, "", "", fields["expression"].string(1024), label, returned)


def _check_expressions(nodes: list[Node], metrics: tuple[Metric, ...]) -> None:
    ids = [metric.id for metric in metrics]
    for index, (node, metric) in enumerate(zip(nodes, metrics, strict=True)):
        if metric.id in ids[:index]:
            raise node.child("id", metric.id).wrong("an id that no other metric has")
        expression = node.child("expression", metric.expression)
        if "SEARCH" in metric.expression.upper():
            raise expression.wrong("no SEARCH, which CloudWatch does not allow in alarms")
        for name in _IDENTIFIER.findall(metric.expression):
            if name not in ids or name == metric.id:
                raise expression.wrong("ids of other metrics of this alarm", f"the unknown id {name}")


def _widget(kind: str, node: Node) -> WidgetDefinition:
    fields = node.object({"title", "metrics", "period", "width", "height"}, {"when", "otherwise"})
    lines = fields["metrics"].items(at_least=1)
    if len(lines) > WIDGET_METRICS:
        raise fields["metrics"].wrong(f"at most {WIDGET_METRICS} metrics", f"{len(lines)}")
    return WidgetDefinition(
        title=fields["title"].string(60),
        metrics=tuple(_plain(line.object({"metric", "statistic"}, {"label"})) for line in lines),
        period=_period(fields["period"]),
        width=fields["width"].integer(1, COLUMNS),
        height=fields["height"].integer(2, 1000),
        when=_condition(kind, fields),
    )
