"""Watchpost as a service: nothing is told twice, nothing left out without a reason, and the notifier is gone past."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from notifier.result import Result as NotifierResult
from provisioner import own
from provisioner.dashboard import all_dashboards
from provisioner.inventory import Resource
from replay.result import Result as ReplayResult
from shipper.counts import Counts
from subscriber.result import emf
from watchpost import names

from tests.unit.provisioner.desired_state import KINDS, build, function
from tests.unit.provisioner.pages import CONTEXT, of_type, service_page
from tests.unit.template import TEMPLATE as TEMPLATE_TEXT
from tests.unit.test_repository import RESOURCES

if TYPE_CHECKING:
    from provisioner.desired import Desired
    from watchpost.settings import Settings

RUNBOOK = (Path(__file__).parents[3] / "docs" / "runbook.md").read_text(encoding="utf-8")
[KIND] = [kind for kind in KINDS if kind.kind == own.KIND]
PIPELINE = Resource(own.KIND, own.PIPELINE, names.OWN_SERVICE, {"stack": "wp"})
# Those that are there only when a parameter asks for what they watch have their place beside that.
TEMPLATE = {
    item["Properties"]["AlarmName"].removeprefix("${AWS::StackName}/watchpost/"): item["Properties"]
    for item in RESOURCES.values()
    if item["Type"] == "AWS::CloudWatch::Alarm" and "Condition" not in item
}
SEVERITIES = {"critical": {"CriticalTopic", "FallbackTopic"}, "warning": {"WarningTopic"}}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    topics = {
        name: f"arn:aws:sns:eu-west-1:123456789012:{name}"
        for name in ("critical_topic", "warning_topic", "mail_topic", "fallback_topic")
    }
    return replace(settings, stack="wp", incident_table="wp-IncidentTable-1", **topics)


def _own(settings: Settings, *resources: Resource) -> Desired:
    functions = [
        function(f"wp-{name}", names.OWN_SERVICE, arn=f"arn:aws:lambda:x:1:function:wp-{name}")
        for name in names.COMPONENTS
    ]
    return build(settings, [PIPELINE, *functions, *resources])


def test_the_alarms_of_the_template_are_those_that_the_code_knows() -> None:
    known = {f"{static.component}/{static.what}": static for static in own.STATIC}

    assert set(TEMPLATE) == set(known)
    for name, alarm in TEMPLATE.items():
        assert set(alarm["AlarmActions"]) == set(alarm["OKActions"])
        assert set(alarm["AlarmActions"]) <= SEVERITIES[known[name].severity], name
    # what concerns the notifier goes past it, and nothing else does
    past = {name for name, alarm in TEMPLATE.items() if alarm["AlarmActions"] == ["FallbackTopic"]}
    assert past == {name for name in TEMPLATE if name.startswith("notifier/")}


def test_no_alarm_of_the_template_carries_the_tag_by_which_the_provisioner_knows_its_own() -> None:
    assert not [name for name, alarm in TEMPLATE.items() if "Tags" in alarm]


@pytest.mark.parametrize("name", [*TEMPLATE, *(f"{own.PIPELINE}/{alarm.id}" for alarm in KIND.alarms)])
def test_every_alarm_has_a_section_in_the_runbook_and_names_it(name: str) -> None:
    assert f"\n### {name}\n" in RUNBOOK
    texts = {f"{own.PIPELINE}/{alarm.id}": alarm.runbook for alarm in KIND.alarms}
    said = texts[name] if name in texts else TEMPLATE[name]["AlarmDescription"]
    assert f'docs/runbook.md, "{name}"' in said


def test_the_runbook_has_no_section_of_an_alarm_that_there_is_not() -> None:
    sections = set(re.findall(r"^### (\w+/[\w-]+)$", RUNBOOK, re.MULTILINE))

    # those that hang on a parameter among them
    of_template = set(re.findall(r"AlarmName: !Sub \$\{AWS::StackName\}/watchpost/(\S+)", TEMPLATE_TEXT))
    assert set(TEMPLATE) < of_template
    assert sections == of_template | {f"{own.PIPELINE}/{alarm.id}" for alarm in KIND.alarms}


def _emitted() -> set[str]:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    replayed = ReplayResult(started=now, pending=1, oldest_seconds=1.0)
    lines = [
        Counts(delivery_lag_seconds=1.0).emf("wp", 0),
        emf("wp", [], 1.0, 0, 0),
        NotifierResult().emf("wp", now),
        replayed.emf("wp", now),
    ]
    found: set[str] = set()
    for line in map(json.loads, lines):
        [directive] = line["_aws"]["CloudWatchMetrics"]
        assert (directive["Namespace"], directive["Dimensions"]) == (KIND.namespace, [["Stack"]])
        found |= {metric["Name"] for metric in directive["Metrics"]}
    return found


def test_the_page_shows_every_metric_that_the_functions_write() -> None:
    """Blocked groups are in those that are not subscribed; how long a sweep takes is in the ledger."""
    shown = {metric.name for widget in KIND.widgets for metric in widget.metrics}

    assert _emitted() - shown == {"GroupsBlocked", "SweepSeconds"}


def test_no_alarm_and_no_graph_is_about_a_metric_that_no_function_writes() -> None:
    used = {metric.name for item in (*KIND.alarms, *KIND.widgets) for metric in item.metrics if metric.name}

    # of the canary and the janitor
    assert used - _emitted() <= {"PipelineLagSeconds", "JanitorErrors"}


@pytest.mark.parametrize(
    ("component", "alarm", "instead"),
    [
        ("shipper", "throttles", "wp/watchpost/shipper/throttled"),
        ("provisioner", "errors", "wp/watchpost/provisioner/fails"),
        ("notifier", "errors", "wp/watchpost/notifier/fails"),
    ],
)
def test_what_the_template_tells_no_definition_tells_again(
    settings: Settings, component: str, alarm: str, instead: str
) -> None:
    desired = _own(settings)

    assert f"wp/watchpost/wp-{component}/{alarm}" not in desired.alarms
    reasons = {(entry["resource"], entry["alarm"]): entry["reason"] for entry in desired.without_alarm}
    assert reasons[f"watchpost/wp-{component}", alarm] == f"the template has {instead}"


def test_functions_have_the_other_alarms_and_services_have_all(settings: Settings) -> None:
    desired = build(settings, [function("wp-shipper", names.OWN_SERVICE), function("orders-api")])

    assert "wp/watchpost/wp-shipper/errors" in desired.alarms
    assert "wp/watchpost/wp-shipper/error-rate" not in desired.alarms
    assert {"wp/orders/orders-api/error-rate", "wp/orders/orders-api/throttles"} <= desired.alarms.keys()


def test_what_concerns_the_notifier_goes_to_the_fallback_topic_and_into_no_composite_alarm(settings: Settings) -> None:
    # given a function that tells of its destination, of the notifier and of another
    facts = {"timeout_ms": 60_000, "maximum_event_age_ms": 1000, "asynchronous": True, "destination": True}
    both = [Resource("lambda", f"wp-{name}", names.OWN_SERVICE, facts) for name in ("notifier", "replay")]

    desired = build(settings, [PIPELINE, *both])

    # then the notifier's tell by themselves, and the other's by the composite alarm
    told = {name: alarm.request["AlarmActions"] for name, alarm in desired.alarms.items()}
    lost = "wp/watchpost/wp-{}/destination-failures"
    assert told[lost.format("notifier")] == [settings.fallback_topic]
    assert told["wp/watchpost/wp-notifier/duration"] == [settings.fallback_topic]
    assert told[lost.format("replay")] == []
    assert told["wp/watchpost/pipeline/lag"] == [settings.warning_topic]
    [composite] = desired.composites.values()
    assert lost.format("replay") in composite.children
    assert not [child for child in composite.children if "notifier" in child]


@pytest.mark.parametrize(
    ("resource", "concerned"),
    [
        (Resource("lambda", "wp-notifier", "watchpost", {}), True),
        (Resource("lambda", "wp-notifier", "orders", {}), False),
        (Resource("lambda", "wp-notifier-2", "watchpost", {}), False),
        (Resource("dynamodb", "wp-IncidentTable-1", "watchpost", {}), True),
        (Resource("dynamodb", "wp-LedgerTable-1", "watchpost", {}), False),
        (Resource("sns", "c", "watchpost", {}, {}, "arn:aws:sns:eu-west-1:123456789012:critical_topic"), True),
        (Resource("sns", "m", "watchpost", {}, {}, "arn:aws:sns:eu-west-1:123456789012:mail_topic"), True),
        (Resource("sns", "f", "watchpost", {}, {}, "arn:aws:sns:eu-west-1:123456789012:fallback_topic"), False),
    ],
)
def test_the_notifier_needs_its_function_its_topics_and_its_table(
    settings: Settings, resource: Resource, *, concerned: bool
) -> None:
    assert own.is_of_notifier(resource, settings) is concerned


def test_watchposts_page_begins_with_its_alarms_and_its_pipeline(settings: Settings) -> None:
    desired = _own(settings)
    body = desired.dashboards["wp-watchpost"]

    shown = [arn.partition(":alarm:")[2] for widget in of_type(body, "alarm") for arn in widget["alarms"]]
    assert {static.name("wp") for static in own.STATIC} <= set(shown)
    titles = [widget["properties"].get("title") for widget in body["widgets"] if widget["type"] == "metric"]
    assert titles[: len(KIND.widgets)] == [widget.title for widget in KIND.widgets]


def test_only_kinds_below_zero_come_before_the_signals() -> None:
    [body] = [b for n, b in all_dashboards([service_page()], CONTEXT).bodies.items() if n == "wp-orders"]

    assert [kind.kind for kind in KINDS if kind.order < 0] == [own.KIND]
    titles: list[Any] = [widget["properties"].get("title") for widget in body["widgets"] if widget["type"] == "metric"]
    assert titles[0] == "Errors"
