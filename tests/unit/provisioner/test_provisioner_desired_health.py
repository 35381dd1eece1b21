"""Critical alarms page through the composite alarm of their service, and what was overridden shows."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from provisioner import alarm_request, composites, cost, desired, service_pages
from provisioner.inventory import Inventory, Resource
from provisioner.overrides import Overrides
from watchpost.configuration import Configuration, parse

from tests.unit.provisioner.desired_state import KINDS, UNHEALTHY, build, function, logs, queue

if TYPE_CHECKING:
    from watchpost.settings import Settings


def _telling(state: desired.Desired) -> dict[str, list[str]]:
    return {name: alarm.request["AlarmActions"] for name, alarm in state.alarms.items()}


def test_the_composite_alarm_pages_instead_of_the_critical_alarms(settings: Settings) -> None:
    state = build(settings, [function(), queue(), logs()])

    critical = {"wp/orders/api/error-rate", "wp/orders/jobs/oldest-message", "wp/orders/logs/errors"}
    assert set(state.composites) == {UNHEALTHY}
    assert critical <= set(state.composites[UNHEALTHY].children)
    for name, alarm in state.alarms.items():
        watched = name in state.composites[UNHEALTHY].children
        assert watched == (alarm.severity == "critical")
        topics = [] if watched else [settings.warning_topic]
        assert alarm.request["AlarmActions"] == alarm.request["OKActions"] == topics


def test_a_service_with_warnings_only_has_no_composite_alarm(settings: Settings) -> None:
    down = {"overrides": [{"severity": "warning"} | {"kind": "*"}]}

    state = build(settings, [function()], alarms=down)

    assert state.composites == {}
    assert set(map(tuple, _telling(state).values())) == {(settings.warning_topic,)}


def test_each_service_has_its_own_composite_alarm(settings: Settings) -> None:
    state = build(settings, [logs(), logs("mailing")])

    assert {name: one.children for name, one in state.composites.items()} == {
        UNHEALTHY: ("wp/orders/logs/errors",),
        "wp/mailing/service/unhealthy": ("wp/mailing/logs/errors",),
    }


def test_without_composite_alarms_every_critical_alarm_pages_by_itself(settings: Settings) -> None:
    state = build(settings, [logs()], alarms={"composite": False})

    assert (state.composites, state.health) == ({}, {})
    assert _telling(state) == {"wp/orders/logs/errors": [settings.critical_topic]}


def test_severity_decides_the_topic_and_who_is_watched(settings: Settings) -> None:
    changed = {"lambda.throttles": {"severity": "critical"}, "logs.errors": {"severity": "warning"}}

    state = build(settings, [function(), logs()], alarms=changed)

    assert "wp/orders/api/throttles" in state.composites[UNHEALTHY].children
    assert _telling(state)["wp/orders/logs/errors"] == [settings.warning_topic]


def test_an_alarm_can_page_for_as_long_as_there_is_no_composite_alarm(settings: Settings) -> None:
    silent = build(settings, [logs()]).alarms["wp/orders/logs/errors"]
    alone = build(settings, [logs()], alarms={"composite": False}).alarms["wp/orders/logs/errors"]

    assert silent.request["AlarmActions"] == []
    assert silent.paging(settings) == alone.request


def test_composite_alarms_can_be_made_again_with_other_children(settings: Settings) -> None:
    """Whoever keeps an alarm that is not desired puts it back under the composite alarm."""
    state = build(settings, [logs()], services=[{"log_group": "g", "name": "orders", "owner": "team-shop"}])

    assert composites.build(state.health["orders"], settings) == state.composites
    assert "Owner: team-shop" in state.composites[UNHEALTHY].request["AlarmDescription"]


def test_a_service_whose_critical_alarms_fill_several_composite_alarms_still_pages_once(settings: Settings) -> None:
    state = build(settings, [queue(f"jobs-{number:03}") for number in range(101)])

    assert list(state.composites) == [f"{UNHEALTHY}-1", f"{UNHEALTHY}-2", UNHEALTHY]
    assert state.cost.composites == 3
    assert not any(alarm.request["AlarmActions"] for alarm in state.alarms.values() if alarm.severity == "critical")


def test_a_description_says_which_override_changed_the_alarm(settings: Settings) -> None:
    rules = [{"alarm": "throttles", "threshold": 7, "reason": "known bursts"}]
    tagged = function(tags={"watchpost:duration": "1000"})

    state = build(settings, [tagged], alarms={"overrides": rules})

    throttles, duration = (state.alarms[f"wp/orders/api/{alarm}"].request for alarm in ("throttles", "duration"))
    assert throttles["AlarmDescription"].endswith("\nChanged: threshold 7 by alarms.overrides[0] (known bursts)")
    assert duration["AlarmDescription"].endswith("\nChanged: threshold 1000 by the tag watchpost:duration")
    assert (throttles["Threshold"], duration["Threshold"]) == (7, 1000)
    assert "Changed" not in state.alarms["wp/orders/api/errors"].request["AlarmDescription"]


def test_m_of_n_can_be_overridden(settings: Settings) -> None:
    change = {"datapoints_to_alarm": 2, "evaluation_periods": 3}

    request = build(settings, [function()], alarms={"lambda.throttles": change}).alarms["wp/orders/api/throttles"]

    assert (request.request["DatapointsToAlarm"], request.request["EvaluationPeriods"]) == (2, 3)


def test_a_threshold_of_somebodys_own_needs_no_facts(settings: Settings) -> None:
    unknown = Resource("lambda", "api", "orders", {})

    state = build(settings, [unknown], alarms={"lambda.duration": {"threshold": 5}})

    assert state.alarms["wp/orders/api/duration"].request["Threshold"] == 5


def test_a_resource_can_be_left_alone_by_a_tag_of_its_own(settings: Settings) -> None:
    state = build(settings, [function(tags={"watchpost:alarms": "off"})])

    assert state.alarms == {}
    assert {entry["reason"] for entry in state.without_alarm} == {"off by the tag watchpost:alarms"}


def test_what_people_wrote_in_vain_is_in_the_warnings(settings: Settings) -> None:
    rules = [{"service": "mailing", "enabled": False}]

    state = build(settings, [function(tags={"watchpost:errors": "few"})], alarms={"overrides": rules})

    assert len(state.warnings) == 2
    assert "alarms.overrides[0]" in state.warnings[0]
    assert "watchpost:errors" in state.warnings[1]


def test_the_longest_texts_of_an_alarm_fit_into_its_description() -> None:
    [kind] = [kind for kind in KINDS if kind.kind == "lambda"]
    longest = replace(kind.alarms[0], title="t" * 60, reason="r" * 400, runbook="b" * 300)
    rules = [{"alarm": "*", "threshold": 5, "reason": "w" * 300}]
    resource = Resource("lambda", "n" * 512, "orders", {})
    alarms = parse(json.dumps({"alarms": {"overrides": rules}})).alarms
    effective = Overrides([kind], alarms).of(kind, longest, resource)

    text = alarm_request.description(longest, resource, effective)

    assert len(text) <= 1024
    assert f"\nRunbook: {'b' * 300}\n" in text
    assert "Changed: threshold 5 by alarms.overrides[0]" in text


def test_an_alarm_knows_what_it_is_about_and_what_it_costs(settings: Settings) -> None:
    alarm = build(settings, [function()]).alarms["wp/orders/api/error-rate"]

    assert (alarm.kind, alarm.resource, alarm.service, alarm.severity) == ("lambda", "api", "orders", "critical")
    assert (alarm.title, alarm.cost, alarm.on_demand) == ("Error rate", 0.2, False)


def test_a_services_dashboard_shows_its_alarms_and_whom_it_belongs_to(settings: Settings) -> None:
    rule = {"log_group": "g", "name": "orders", "owner": "team-shop", "runbook": "https://wiki.example/orders"}

    state = build(settings, [function(), logs()], services=[rule])

    shown = json.dumps(state.dashboards["wp-orders"])
    for text in (
        f":alarm:{UNHEALTHY}",
        ":alarm:wp/orders/api/throttles",
        "team-shop",
        "wiki.example",
        "SOURCE '/aws/lambda/api'",
    ):
        assert text in shown
    assert "wp-overview" in state.dashboards


def test_a_services_cost_is_that_of_its_alarms_and_composite_alarms(settings: Settings) -> None:
    """101 queues have two alarms each, one of them critical, so three composite alarms; the logs' service has one."""
    inventory = Inventory([*(queue(f"jobs-{number:03}") for number in range(101)), logs("mailing")])
    state = desired.build(KINDS, inventory, Configuration(), settings)

    pages = service_pages.pages(KINDS, inventory, state, Configuration(), settings)

    costs = {page.service: page.cost.amount for page in pages if page.cost}
    assert costs == {"mailing": pytest.approx(0.6), "orders": pytest.approx(20.2 + 1.5)}
    assert {page.service: page.composite for page in pages}["orders"] == UNHEALTHY


def test_the_same_input_leads_to_the_same_state(settings: Settings) -> None:
    resources = [function(), queue(), logs(), logs("mailing")]
    configuration = Configuration()

    one = desired.build(KINDS, Inventory(resources), configuration, settings)
    other = desired.build(KINDS, Inventory(resources[::-1]), configuration, settings)

    assert (one.alarms, one.composites, one.dashboards) == (other.alarms, other.composites, other.dashboards)
    assert list(one.composites) == list(other.composites)
    assert one.cost == other.cost != cost.Cost()
