"""Every metric in the definitions exists: CloudWatch takes an alarm on one that does not, and never rings it."""

from __future__ import annotations

import importlib.resources
from typing import TYPE_CHECKING

import pytest
from provisioner import loader

from tests.unit.provisioner import reference

if TYPE_CHECKING:
    from provisioner.definitions import KindDefinition

KINDS = loader.load(importlib.resources.files("dashboards") / "services")
USES = {
    (kind.namespace, metric.name) for kind in KINDS for item in (*kind.alarms, *kind.widgets) for metric in item.metrics
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_metrics_dimensions_statistics_and_units_are_those_that_aws_documents(kind: KindDefinition) -> None:
    assert reference.faults(kind) == []


def test_nothing_is_added_to_the_reference_that_the_reference_has() -> None:
    assert reference.ADDITIONS.keys() & reference.METRICS.keys() == set()


def test_every_addition_to_the_reference_is_needed() -> None:
    """Else the list grows until it allows everything."""
    # UnHealthyHostCount is there to show that a load balancer alone is not enough for it.
    assert reference.ADDITIONS.keys() - USES == {("AWS/ApplicationELB", "UnHealthyHostCount")}
    assert set(reference.OF_METRIC) <= USES
    assert set(reference.OF_NAMESPACE) <= {namespace for namespace, _ in USES}


def test_dimensions_that_are_added_are_among_the_recommended_ones_where_there_are_any() -> None:
    for namespace, added in reference.OF_NAMESPACE.items():
        recommended = {
            frozenset(alarm["dimensions"])
            for (where, _), item in reference.METRICS.items()
            if where == namespace
            for alarm in item.get("recommended_alarms", [])
        }
        # AWS recommends alarms on the account's schedules only.
        assert added <= recommended or namespace == "AWS/Scheduler", namespace


@pytest.mark.parametrize(
    ("spelt", "meant"),
    [
        ("Sum, Average", {"Sum", "Average"}),
        ("Min, Max (same as p100), Sample Count", {"Minimum", "Maximum", "SampleCount"}),
        ("Minimum, Samples", {"Minimum", "SampleCount"}),
        ("Sum, any percentile between p0.0 and p100", {"Sum", "Percentiles"}),
        ("Data Samples (displays as Sample Count in the console)", {"SampleCount"}),
    ],
)
def test_statistics_are_read_however_they_are_spelt(spelt: str, meant: set[str]) -> None:
    assert reference._statistics(spelt) == meant
