"""Checks what a definition says about metrics: names, statistics, metric math, dimensions and placeholders."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from provisioner import placeholders
from provisioner.definitions import Metric

if TYPE_CHECKING:
    from collections.abc import Mapping

    from provisioner.definitions import Fact
    from provisioner.nodes import Node

STATISTIC = re.compile(r"Sum|Average|Minimum|Maximum|SampleCount|p(\d{1,2}(\.\d{1,10})?|100)")
QUERY_ID = re.compile(r"[a-z][A-Za-z0-9_]{0,254}")
# ASCII, not beginning with a colon (CloudWatch API, Dimension).
DIMENSION = re.compile(r"[!-9;-~][ -~]{0,254}")
MAX_DIMENSIONS = 30  # of one metric (CloudWatch API, Metric)
MATH_METRICS = 10  # of one metric-math alarm (CloudWatch quotas)
WIDGET_METRICS = 500  # of one widget (CloudWatch quotas)
QUERY_REQUIRED = {"id"}
QUERY_OPTIONAL = {"metric", "statistic", "expression", "label", "returned", "dimensions"}
LINE_REQUIRED = {"metric", "statistic"}
LINE_OPTIONAL = {"label"}

_IDENTIFIER = re.compile(r"\b[a-z][A-Za-z0-9_]*\b")


def placed_text(node: Node, facts: Mapping[str, Fact], longest: int, *, optional: bool = False) -> str:
    """A text whose placeholders are known. optional: whether facts that a resource may lack are allowed.

    Raises DefinitionError.
    """
    text = node.string(longest)
    allowed = {*placeholders.BUILT_IN} | {
        name for name, fact in facts.items() if fact.type == "text" and (optional or not fact.optional)
    }
    expected = "placeholders out of " + ", ".join(f"{{{name}}}" for name in sorted(allowed))
    try:
        found = placeholders.names(text)
    except placeholders.PlaceholderError as error:
        raise node.wrong(expected, str(error)) from None
    for name in found:
        if name not in allowed:
            raise node.wrong(expected, f"the unknown placeholder {{{name}}}")
    return text


def dimensions(node: Node, facts: Mapping[str, Fact]) -> tuple[tuple[str, str], ...]:
    """Dimensions, sorted by their names; none when they are not given. Raises DefinitionError."""
    found = []
    for name, child in node.entries(MAX_DIMENSIONS):
        if not DIMENSION.fullmatch(name):
            raise child.wrong("a dimension's name: ASCII, at most 255 characters, no colon first", f"the name {name!r}")
        found.append((name, placed_text(child, facts, 1024, optional=True)))
    return tuple(found)


def alarm_metrics(fields: Mapping[str, Node], facts: Mapping[str, Fact]) -> tuple[Metric, ...]:
    """One metric, or several queries of which one is returned. Raises DefinitionError."""
    if fields["metric"].given == fields["metrics"].given:
        raise fields["metric"].wrong("either metric and statistic, or metrics", "both or neither")
    if fields["metric"].given:
        return (plain(fields, facts),)
    if fields["statistic"].given:
        raise fields["statistic"].wrong("no statistic beside metrics: each has its own")
    nodes = fields["metrics"].items(at_least=2)
    metrics = tuple(_query(node, facts) for node in nodes)
    if len(metrics) > MATH_METRICS:
        raise fields["metrics"].wrong(f"at most {MATH_METRICS} metrics", f"{len(metrics)}")
    if [metric.returned for metric in metrics].count(True) != 1:
        raise fields["metrics"].wrong("exactly one with `returned: true`", "another number of them")
    _check_expressions(nodes, metrics)
    return metrics


def plain(fields: Mapping[str, Node], facts: Mapping[str, Fact]) -> Metric:
    """A metric with its statistic. Raises DefinitionError."""
    label = fields.get("label")
    return Metric(
        id="",
        name=placed_text(fields["metric"], facts, 255),
        statistic=fields["statistic"].matching(STATISTIC, "a statistic such as Sum, or a percentile such as p99"),
        expression="",
        label=label.string(100) if label and label.given else "",
        returned=True,
    )


def _query(node: Node, facts: Mapping[str, Fact]) -> Metric:
    fields = node.object(QUERY_REQUIRED, QUERY_OPTIONAL)
    if fields["metric"].given == fields["expression"].given:
        raise fields["metric"].wrong("either a metric or an expression", "both or neither")
    returned = fields["returned"].boolean()
    query_id = fields["id"].matching(QUERY_ID, "a lower-case letter, then letters, digits and underscores")
    if fields["metric"].given:
        one = plain(fields, facts)
        own = dimensions(fields["dimensions"], facts)
        return Metric(query_id, one.name, one.statistic, "", one.label, returned, own)
    for name in ("statistic", "dimensions"):
        if fields[name].given:
            raise fields[name].wrong(f"no {name} for an expression")
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
        if "ANOMALY_DETECTION_BAND" in metric.expression.upper():
            raise expression.wrong("no band in an expression: an alarm has `anomaly` for it")
        for name in _IDENTIFIER.findall(metric.expression):
            if name not in ids or name == metric.id:
                raise expression.wrong("ids of other metrics of this alarm", f"the unknown id {name}")
