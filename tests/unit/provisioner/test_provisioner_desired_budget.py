"""The monthly budget is kept by alarms, composite alarms and dashboards together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from provisioner import composites
from watchpost.settings import Settings

from tests.unit.provisioner.desired_state import build, function, logs, queue

if TYPE_CHECKING:
    from provisioner.inventory import Resource


def test_a_budget_leaves_out_the_least_severe_and_names_them(settings: Settings) -> None:
    """The function's six and the logs' one cost 0.80 with the composite alarm's 0.50; the error rate counts twice."""
    resources = [function(), logs()]
    asked = {"lambda.usage-stopped": {"enabled": True}}
    whole = build(settings, resources, alarms=asked)
    assert whole.cost.total == pytest.approx(1.3)
    assert whole.left_out == []

    state = build(settings, resources, alarms={**asked, "monthly_budget": 1.15})

    assert state.cost.total == pytest.approx(1.1)
    assert state.left_out == [
        {"name": "wp/orders/api/usage-stopped", "reason": "over the monthly budget of 1.15 USD"},
        {"name": "wp/orders/api/duration", "reason": "over the monthly budget of 1.15 USD"},
    ]
    assert set(state.alarms) == set(whole.alarms) - {entry["name"] for entry in state.left_out}
    assert not any("usage-stopped" in json.dumps(body) for body in state.dashboards.values())


@pytest.mark.parametrize(("budget", "left"), [(1.2, 0), (1.19, 1)])
def test_a_budget_may_be_used_up(settings: Settings, budget: float, left: int) -> None:
    state = build(settings, [function(), logs()], alarms={"monthly_budget": budget})

    assert len(state.left_out) == left


def test_a_budget_that_takes_all_critical_alarms_takes_the_composite_alarm_too(settings: Settings) -> None:
    state = build(settings, [logs()], alarms={"monthly_budget": 0.5})

    assert (state.alarms, state.composites, state.cost.total) == ({}, {}, 0)


def test_people_are_told_when_the_dashboards_alone_are_over_the_budget(settings: Settings) -> None:
    state = build(settings, [logs(f"s{number}") for number in range(4)], alarms={"monthly_budget": 5})

    assert state.alarms == {}
    assert state.warnings == ["5 dashboards alone cost 6.00 USD a month, more than the budget of 5: no alarm fits"]


KINDS_OF_RESOURCES = st.sampled_from([function, queue])
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

    whole = build(settings, resources, alarms=section)
    state = build(settings, resources, alarms={**section, "monthly_budget": cents / 100})

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
