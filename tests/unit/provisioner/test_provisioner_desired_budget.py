"""The monthly budget is kept by alarms, composite alarms and dashboards together."""

from __future__ import annotations

import importlib.resources
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from provisioner import composites, desired, loader
from provisioner.inventory import Inventory, Resource
from watchpost.configuration import parse
from watchpost.settings import Settings

from tests.unit.provisioner import dashboard_limits
from tests.unit.provisioner.limits import check_alarm, check_composite

KINDS = loader.load(importlib.resources.files("dashboards") / "services")
LAMBDA_FACTS: dict[str, Any] = {"timeout_ms": 30_000, "maximum_event_age_ms": 21_600_000}
UNHEALTHY = "wp/orders/service/unhealthy"


def _function(name: str = "api", service: str = "orders", **fields: Any) -> Resource:
    return Resource("lambda", name, service, LAMBDA_FACTS, **fields)


def _queue(name: str = "jobs", service: str = "orders") -> Resource:
    facts = {"retention_s": 345_600, "fifo": False, "dead_letter_queue": False, "in_flight_quota": 120_000}
    return Resource("sqs", name, service, facts)


def _logs(service: str = "orders") -> Resource:
    return Resource("logs", "logs", service, {})


def _build(settings: Settings, resources: list[Resource], **document: Any) -> desired.Desired:
    """What is desired, every request checked and the cost counted once more."""
    configuration = parse(json.dumps(document))
    desired.check_overrides(KINDS, configuration.alarms)
    state = desired.build(KINDS, Inventory(resources), configuration, settings)
    for alarm in state.alarms.values():
        check_alarm({**alarm.request, "Tags": _tags(alarm.tags)})
    for composite in state.composites.values():
        check_composite({**composite.request, "Tags": _tags(composite.tags)})
    for name, body in state.dashboards.items():
        dashboard_limits.check(name, body)
    whole = sum(alarm.cost for alarm in state.alarms.values()) + 0.5 * len(state.composites)
    assert state.cost.total == pytest.approx(whole + 3 * max(0, len(state.dashboards) - 3))
    return state


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def test_a_budget_leaves_out_the_least_severe_and_names_them(settings: Settings) -> None:
    """The function's six and the logs' one cost 0.80 with the composite alarm's 0.50; the error rate counts twice."""
    resources = [_function(), _logs()]
    asked = {"lambda.usage-stopped": {"enabled": True}}
    whole = _build(settings, resources, alarms=asked)
    assert whole.cost.total == pytest.approx(1.3)
    assert whole.left_out == []

    state = _build(settings, resources, alarms={**asked, "monthly_budget": 1.15})

    assert state.cost.total == pytest.approx(1.1)
    assert state.left_out == [
        {"name": "wp/orders/api/usage-stopped", "reason": "over the monthly budget of 1.15 USD"},
        {"name": "wp/orders/api/duration", "reason": "over the monthly budget of 1.15 USD"},
    ]
    assert set(state.alarms) == set(whole.alarms) - {entry["name"] for entry in state.left_out}
    assert not any("usage-stopped" in json.dumps(body) for body in state.dashboards.values())


@pytest.mark.parametrize(("budget", "left"), [(1.2, 0), (1.19, 1)])
def test_a_budget_may_be_used_up(settings: Settings, budget: float, left: int) -> None:
    state = _build(settings, [_function(), _logs()], alarms={"monthly_budget": budget})

    assert len(state.left_out) == left


def test_a_budget_that_takes_all_critical_alarms_takes_the_composite_alarm_too(settings: Settings) -> None:
    state = _build(settings, [_logs()], alarms={"monthly_budget": 0.5})

    assert (state.alarms, state.composites, state.cost.total) == ({}, {}, 0)


def test_people_are_told_when_the_dashboards_alone_are_over_the_budget(settings: Settings) -> None:
    state = _build(settings, [_logs(f"s{number}") for number in range(4)], alarms={"monthly_budget": 5})

    assert state.alarms == {}
    assert state.warnings == ["5 dashboards alone cost 6.00 USD a month, more than the budget of 5: no alarm fits"]


KINDS_OF_RESOURCES = st.sampled_from([_function, _queue])
RESOURCES = st.lists(
    st.builds(
        lambda make, name, service: make(name, service),
        KINDS_OF_RESOURCES,
        st.text("abc", min_size=1, max_size=2),
        st.sampled_from(["orders", "mailing", "bücher"]),
    ),
    max_size=6,
    unique_by=lambda one: (one.kind, one.service, one.name),
)


@hypothesis_settings(max_examples=40)
@given(RESOURCES, st.integers(1, 600), st.booleans())
def test_a_budget_is_kept_by_all_that_is_desired(
    resources: list[Resource],
    cents: int,
    composite: bool,
) -> None:
    settings = _settings()
    on = [{"alarm": "usage-stopped", "enabled": True}]
    section = {"overrides": on, "composite": composite}

    whole = _build(settings, resources, alarms=section)
    state = _build(settings, resources, alarms={**section, "monthly_budget": cents / 100})

    assert state.cost.total <= cents / 100 or not state.alarms
    assert {entry["name"] for entry in state.left_out} == whole.alarms.keys() - state.alarms.keys()
    # every critical alarm pages, by itself or with its service, and nothing watches what is not there
    watched = composites.watched(state.composites)
    assert watched <= state.alarms.keys()
    for name, alarm in state.alarms.items():
        assert bool(alarm.request["AlarmActions"]) != (name in watched)


def _settings() -> Settings:
    """The fixture cannot be used beside generated values."""
    values = dict.fromkeys(Settings.__slots__, "x") | {"stack": "wp", "aws_region": "eu-west-1"}
    topics = {f"{one}_topic": f"arn:aws:sns:eu-west-1:123456789012:{one}" for one in ("critical", "warning")}
    return Settings(**values | topics)
