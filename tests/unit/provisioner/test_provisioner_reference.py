"""Every metric in the definitions exists: CloudWatch takes an alarm on one that does not, and never rings it."""

from __future__ import annotations

import importlib.resources
import json
import re
from pathlib import Path
from typing import Any

import pytest
from provisioner import loader

REFERENCE: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "data" / "cloudwatch-metrics.json").read_text(encoding="utf-8")
)
# Metrics that the reference does not know, with the reason.
OWN = {
    # The shipper counts the lines of each service.
    ("{metric_namespace}", "LogErrors"): {"unit": "Count", "statistics": "Sum", "dimensions": {"Service"}},
    ("{metric_namespace}", "LogLines"): {"unit": "Count", "statistics": "Sum", "dimensions": {"Service"}},
}
# Dimensions of namespaces: the reference has them for recommended alarms only.
DIMENSIONS = {"AWS/Lambda": {"FunctionName"}}

USES = [
    pytest.param(kind, metric, id=f"{kind.kind}-{metric.name}-{metric.statistic}")
    for kind in loader.load(importlib.resources.files("dashboards") / "services")
    for owner in (*kind.alarms, *kind.widgets)
    for metric in owner.metrics
    if metric.name
]


def _known(namespace: str, metric: str) -> dict[str, Any]:
    if (namespace, metric) in OWN:
        return OWN[(namespace, metric)]
    [found] = [item for item in REFERENCE if (item["namespace"], item["metric"]) == (namespace, metric)]
    return {**found, "dimensions": DIMENSIONS[namespace]}


@pytest.mark.parametrize(("kind", "metric"), USES)
def test_a_metric_exists_with_its_dimensions_and_statistic(kind: Any, metric: Any) -> None:
    known = _known(kind.namespace, metric.name)
    assert {name for name, _ in kind.dimensions} == known["dimensions"]
    statistics = {part.strip() for part in known["statistics"].split(",")}
    wanted = "Percentiles" if re.fullmatch(r"p[\d.]+", metric.statistic) else metric.statistic
    assert wanted in statistics


def test_the_dimensions_are_those_of_the_recommended_alarms() -> None:
    recommended = [
        set(alarm["dimensions"])
        for item in REFERENCE
        if item["namespace"] == "AWS/Lambda"
        for alarm in item.get("recommended_alarms", [])
    ]
    assert DIMENSIONS["AWS/Lambda"] in recommended
    assert [names for names in recommended if names and names != DIMENSIONS["AWS/Lambda"]] == []


def test_thresholds_in_milliseconds_stand_on_metrics_in_milliseconds() -> None:
    """A threshold in another unit than its metric never rings, or always."""
    kinds = loader.load(importlib.resources.files("dashboards") / "services")
    uses = [(kind, alarm) for kind in kinds for alarm in kind.alarms if len(alarm.metrics) == 1]
    in_milliseconds = {
        alarm.id for kind, alarm in uses if _known(kind.namespace, alarm.metrics[0].name)["unit"] == "Milliseconds"
    }
    computed = {alarm.id for _, alarm in uses if any(name.endswith("_ms") for name in alarm.threshold.names)}
    assert computed == {"duration", "event-age"}
    assert in_milliseconds == computed | {"iterator-age"}
    [iterator_age] = [alarm for _, alarm in uses if alarm.id == "iterator-age"]
    assert iterator_age.threshold.value({}) == 60 * 1000
