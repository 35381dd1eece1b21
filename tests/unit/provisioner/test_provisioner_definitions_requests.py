"""Every request that comes of a definition keeps to CloudWatch's limits, whatever the resources are."""

from __future__ import annotations

import importlib.resources
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from provisioner import desired, loader
from provisioner.inventory import Inventory, Resource
from watchpost import names
from watchpost.configuration import AlarmOverride, AlarmRule, Alarms, Configuration
from watchpost.errors import ConfigurationError

from tests.unit.provisioner import dashboard_limits
from tests.unit.provisioner.limits import check_alarm, check_composite
from tests.unit.provisioner.world import made_up_settings

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy
    from provisioner.definitions import Fact, KindDefinition

KINDS = {kind.kind: kind for kind in loader.load(importlib.resources.files("dashboards") / "services")}
# Every alarm is made, those that are for demand only as well.
ALL = Configuration(alarms=Alarms(overrides=(AlarmRule(alarm="*", change=AlarmOverride(enabled=True)),)))
TEXT = st.text(st.sampled_from("aZ09-_./:{} ()\"'"), min_size=1, max_size=300).filter(str.strip)
NAME = st.text(st.sampled_from("aZ09-_/.é{}"), min_size=1, max_size=300)
SETTINGS = replace(made_up_settings(), aws_region="us-east-1")


def _values(fact: Fact) -> SearchStrategy[Any]:
    return {
        "number": st.none() | st.integers(0, 2**53) | st.floats(0, 1e15),
        "boolean": st.none() | st.booleans(),
        "text": st.none() | st.just("") | TEXT,
    }[fact.type]


def _built(kind: KindDefinition, facts: dict[str, Any], name: str = "r", service: str = "s") -> desired.Desired:
    return desired.build([kind], Inventory([Resource(kind.kind, name, service, facts)]), ALL, SETTINGS)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.kind)
@settings(max_examples=40)  # for each of some twenty kinds
@given(data=st.data())
def test_no_facts_lead_to_a_request_that_cloudwatch_refuses(kind: KindDefinition, data: st.DataObject) -> None:
    facts = {name: data.draw(_values(fact), name) for name, fact in kind.facts.items()}
    state = _built(kind, facts, data.draw(NAME, "resource"), data.draw(NAME, "service"))
    for name, alarm in state.alarms.items():
        assert alarm.request["AlarmName"] == name
        check_alarm({**alarm.request, "Tags": [{"Key": key, "Value": value} for key, value in alarm.tags.items()]})
    for composite in state.composites.values():
        check_composite(composite.request)
    for name, body in state.dashboards.items():
        dashboard_limits.check(name, body)
    # Nothing is lost: each alarm is there, or there is a reason, or it failed alone.
    assert len(state.alarms.keys() | state.failed.keys()) + len(state.without_alarm) == len(kind.alarms)


FACTS: dict[str, Any] = {"number": 1000, "boolean": True, "text": "text"}


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.kind)
@pytest.mark.parametrize("yes", [True, False])
def test_a_resource_of_which_everything_is_known_fails_nowhere(kind: KindDefinition, yes: bool) -> None:
    facts = {name: yes if fact.type == "boolean" else FACTS[fact.type] for name, fact in kind.facts.items()}
    state = _built(kind, facts)
    assert state.failed == {}
    assert len(state.alarms) + len(state.without_alarm) == len(kind.alarms)
    assert all("{" not in json.dumps(alarm.request["AlarmDescription"]) for alarm in state.alarms.values())


def test_together_they_make_one_dashboard_in_the_order_of_the_kinds() -> None:
    facts = {
        kind.kind: {name: FACTS[fact.type] for name, fact in kind.facts.items()}
        for kind in KINDS.values()
        if kind.source.scope == "resource"
    }
    resources = [Resource(kind, "r", "s", known) for kind, known in facts.items()]
    state = desired.build(list(KINDS.values()), Inventory(resources), ALL, SETTINGS)
    body = state.dashboards["wp-s"]
    dashboard_limits.check("wp-s", body)
    texts = [widget["properties"]["markdown"] for widget in body["widgets"] if widget["type"] == "text"]
    titles = [text.removeprefix("## ").removesuffix("\\: r") for text in texts if text.endswith("\\: r")]
    ordered = sorted(KINDS.values(), key=lambda kind: kind.order)
    assert titles == [kind.title for kind in ordered if kind.kind in facts and kind.kind != "metric"]


def test_the_order_of_kinds_is_not_left_to_chance() -> None:
    assert len({kind.order for kind in KINDS.values()}) == len(KINDS)


def test_a_band_is_asked_for_as_cloudwatch_wants_it() -> None:
    facts = {name: FACTS[fact.type] for name, fact in KINDS["apigateway_http"].facts.items()}
    request = _built(KINDS["apigateway_http"], facts).alarms["wp/s/r/latency-anomaly"].request
    place = {
        "Namespace": "AWS/ApiGateway",
        "MetricName": "Latency",
        "Dimensions": [{"Name": "ApiId", "Value": "text"}, {"Name": "Stage", "Value": "text"}],
    }
    assert request["Metrics"] == [
        {"Id": "metric", "ReturnData": True, "MetricStat": {"Metric": place, "Period": 300, "Stat": "p95"}},
        {"Id": "band", "ReturnData": True, "Expression": "ANOMALY_DETECTION_BAND(metric, 3)"},
    ]
    assert (request["ThresholdMetricId"], request["ComparisonOperator"]) == ("band", "GreaterThanUpperThreshold")
    assert "Threshold" not in request


def test_each_operation_of_a_table_is_asked_for_by_its_dimension() -> None:
    request = _built(KINDS["dynamodb"], {}, "orders").alarms["wp/s/orders/system-errors"].request
    places = [query["MetricStat"]["Metric"]["Dimensions"] for query in request["Metrics"] if "MetricStat" in query]
    assert places[0] == [{"Name": "TableName", "Value": "orders"}, {"Name": "Operation", "Value": "GetItem"}]
    assert len({json.dumps(place) for place in places}) == len(places) == 9


def test_an_alarms_own_dimensions_come_besides_or_instead_of_the_kinds() -> None:
    kind = KINDS["apigateway_http"]
    own = (("Stage", "all"), ("Route", "{resource}"))
    changed = replace(kind, alarms=tuple(replace(alarm, dimensions=own) for alarm in kind.alarms))
    state = _built(changed, {"api_id": "a1", "stage": "live"}, "shop/live")
    assert state.alarms["wp/s/shop/live/latency"].request["Dimensions"] == [
        {"Name": "ApiId", "Value": "a1"},
        {"Name": "Stage", "Value": "all"},
        {"Name": "Route", "Value": "shop/live"},
    ]
    band = state.alarms["wp/s/shop/live/latency-anomaly"].request["Metrics"][0]["MetricStat"]["Metric"]
    assert band["Dimensions"][1] == {"Name": "Stage", "Value": "all"}


def test_what_is_for_demand_only_is_not_made_and_has_its_reason() -> None:
    kind = KINDS["metric"]
    state = desired.build(
        [kind], Inventory([Resource("metric", "Orders", "s", {"metric_name": "Orders"})]), Configuration(), SETTINGS
    )
    assert state.alarms == {}
    assert [entry["alarm"] for entry in state.without_alarm] == ["usage-stopped", "anomaly"]
    assert "alarms.metric.anomaly.enabled is not true" in state.without_alarm[1]["reason"]


def test_a_metric_of_a_service_is_called_by_its_own_name() -> None:
    state = _built(KINDS["metric"], {"metric_name": "OrdersPlaced"}, "OrdersPlaced", "orders é")
    request = state.alarms[names.alarm("wp", "orders é", "OrdersPlaced", "usage-stopped")].request
    assert (request["Namespace"], request["MetricName"]) == ("Watchpost", "OrdersPlaced")
    # as the shipper publishes it
    assert request["Dimensions"] == [{"Name": "Service", "Value": "orders ?"}]
    [body] = [body for name, body in state.dashboards.items() if name != "wp-overview"]
    assert '"Watchpost", "OrdersPlaced"' in json.dumps(body)


@pytest.mark.parametrize(("bus", "dimensions"), [(None, ["RuleName"]), ("orders", ["EventBusName", "RuleName"])])
def test_a_rule_has_the_dimension_of_a_custom_bus_only(bus: str | None, dimensions: list[str]) -> None:
    state = _built(KINDS["events_rule"], {"rule": "nightly", "bus": bus})
    for alarm in state.alarms.values():
        assert sorted(dimension["Name"] for dimension in alarm.request["Dimensions"]) == dimensions
    graphs = [one["properties"]["metrics"] for one in state.dashboards["wp-s"]["widgets"] if one["type"] == "metric"]
    assert graphs
    assert all(sorted(line[2:-1:2]) == dimensions for lines in graphs for line in lines)


def test_a_text_that_is_not_known_fails_the_alarm_and_not_the_others() -> None:
    state = desired.build(
        list(KINDS.values()),
        Inventory(
            [
                Resource("apigateway_http", "a/live", "s", {"api_id": "a", "stage": None}),
                Resource("sns", "t", "s", {"has_dead_letter_queue": False}),
            ]
        ),
        Configuration(),
        SETTINGS,
    )
    assert state.failed["wp/s/a/live/latency"] == "dimensions: stage is not known"
    assert "wp/s/t/failed" in state.alarms
    assert state.dashboards


@pytest.mark.parametrize("name", ["Bestellungen é", " ", "a" * 1025])
def test_a_text_that_no_dimension_can_have_fails_the_alarm_with_the_reason(name: str) -> None:
    """CloudWatch would refuse the request; an alarm on another text would never ring."""
    longest = _built(KINDS["apigateway_rest"], {"api_name": "a" * 1024, "stage": "live"})
    assert longest.failed == {}
    state = _built(KINDS["apigateway_rest"], {"api_name": name, "stage": "live"})
    assert state.alarms == {}
    assert set(state.failed.values()) == {"dimensions: ApiName would be no ASCII text of 1 to 1024 characters"}


def test_metrics_of_one_region_are_watched_in_that_region_only() -> None:
    resource = Resource("cloudfront", "E1", "s", {})
    for region, made in (("us-east-1", 1), ("eu-west-1", 0)):
        moved = replace(SETTINGS, aws_region=region)
        state = desired.build([KINDS["cloudfront"]], Inventory([resource]), Configuration(), moved)
        assert len(state.alarms) == made
    assert [entry["reason"] for entry in state.without_alarm] == ["its metrics are in us-east-1 only"]


def test_a_band_has_no_threshold_to_be_overridden() -> None:
    desired.check_overrides(list(KINDS.values()), Alarms({"lambda.duration-anomaly": AlarmOverride(enabled=True)}))
    with pytest.raises(ConfigurationError) as caught:
        desired.check_overrides(list(KINDS.values()), Alarms({"lambda.duration-anomaly": AlarmOverride(threshold=5)}))
    assert caught.value.path == "configuration.alarms.lambda.duration-anomaly.threshold"
