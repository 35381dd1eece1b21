"""What a run tells about its changes: field by field, and never more than an answer can hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.changes import MOST_OF_A_DASHBOARD, Change, of_dashboard
from provisioner.result import MOST_TOLD, Changes, Result

STAT: dict[str, Any] = {
    "Metric": {"Namespace": "N", "MetricName": "M", "Dimensions": [{"Name": "A", "Value": "1"}]},
    "Period": 60,
    "Stat": "Sum",
}
MATH: dict[str, Any] = {
    "AlarmName": "wp/a/b/c",
    "EvaluationPeriods": 5,
    "ComparisonOperator": "GreaterThanThreshold",
    "Threshold": 5.0,
    "Metrics": [
        {"Id": "m", "MetricStat": STAT, "ReturnData": False},
        {"Id": "e", "Expression": "m * 2", "ReturnData": True},
    ],
}
COMPOSITE = {"AlarmName": "wp/a/service/unhealthy", "AlarmRule": 'ALARM("x")', "AlarmActions": ["arn:1"]}


def _what(before: Any, after: Any) -> dict[str, tuple[Any, Any]]:
    told = Change("name", before, after).as_dict()
    assert told["name"] == "name"
    return {one["field"]: (one["before"], one["after"]) for one in told["what"]}


def test_an_alarm_that_is_the_same_has_no_difference() -> None:
    assert _what(MATH, {**MATH, "StateValue": "OK", "OKActions": []}) == {}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"Threshold": 6}, {"Threshold": (5.0, 6.0)}),
        ({"AlarmActions": ["arn:2", "arn:1"]}, {"AlarmActions": (None, ["arn:1", "arn:2"])}),
        (
            {"Metrics": [MATH["Metrics"][0], {"Id": "e", "Expression": "m * 3"}]},
            {"Metrics.e.Expression": ("m * 2", "m * 3")},
        ),
        (
            {"Metrics": [{**MATH["Metrics"][0], "MetricStat": {**STAT, "Period": 300}}, MATH["Metrics"][1]]},
            {"Metrics.m.Period": (60, 300)},
        ),
    ],
)
def test_every_field_that_differs_is_told_and_no_other(change: dict[str, Any], told: dict[str, Any]) -> None:
    assert _what(MATH, MATH | change) == told


def test_dimensions_are_told_by_name() -> None:
    moved = {**STAT, "Metric": {**STAT["Metric"], "Dimensions": [{"Name": "B", "Value": "2"}]}}
    after = {**MATH, "Metrics": [{**MATH["Metrics"][0], "MetricStat": moved}, MATH["Metrics"][1]]}
    assert _what(MATH, after) == {"Metrics.m.Dimensions.A": ("1", None), "Metrics.m.Dimensions.B": (None, "2")}


def test_a_composite_alarm_is_told_by_its_rule() -> None:
    after = {**COMPOSITE, "AlarmRule": 'ALARM("x")  OR ALARM("y")'}
    assert _what(COMPOSITE, after) == {"AlarmRule": ('ALARM("x")', 'ALARM("x") OR ALARM("y")')}
    assert _what(COMPOSITE, {**COMPOSITE, "AlarmRule": ' ALARM("x")'}) == {}


def test_a_new_one_has_nothing_before_and_a_deleted_one_nothing_after() -> None:
    created, deleted = _what(None, MATH), _what(MATH, None)
    assert created["Threshold"] == (None, 5.0)
    assert deleted == {field: (after, before) for field, (before, after) in created.items()}


def _dashboard(*titles: str) -> dict[str, Any]:
    return {"start": "-P1D", "widgets": [{"type": "metric", "properties": {"title": title}} for title in titles]}


def test_a_dashboard_is_told_by_the_places_that_differ() -> None:
    change = of_dashboard("wp-a", _dashboard("one", "two"), _dashboard("one", "three")).as_dict()
    assert change["what"] == [{"field": "widgets[1].properties.title", "before": "two", "after": "three"}]


def test_a_new_or_deleted_dashboard_is_told_by_its_size() -> None:
    assert of_dashboard("a", None, _dashboard("one")).as_dict()["what"] == [
        {"field": "widgets", "before": None, "after": 1}
    ]
    assert of_dashboard("a", _dashboard("one"), None).as_dict()["what"] == [
        {"field": "widgets", "before": 1, "after": None}
    ]
    assert of_dashboard("a", "no JSON", None).as_dict()["what"] == [{"field": "widgets", "before": 0, "after": None}]


@pytest.mark.parametrize("differing", [MOST_OF_A_DASHBOARD, MOST_OF_A_DASHBOARD + 3])
def test_of_a_dashboard_that_is_another_one_only_the_first_differences_are_told(differing: int) -> None:
    before, after = _dashboard(*["old"] * differing), _dashboard(*["new"] * differing)
    what = of_dashboard("a", before, after).as_dict()["what"]
    more = [one["after"] for one in what if one["field"] == "more"]
    assert len(what) - len(more) == MOST_OF_A_DASHBOARD
    assert more == ([] if differing == MOST_OF_A_DASHBOARD else ["3 more fields"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_whatever_somebody_stored_as_a_dashboard_can_be_told(before: Any, after: Any) -> None:
    json.dumps(of_dashboard("a", before, after).as_dict())
    assert of_dashboard("a", before, before).as_dict()["what"] == [] or before is None


@pytest.mark.parametrize("most", [MOST_TOLD, MOST_TOLD + 1])
def test_the_answer_of_a_large_account_is_shortened(most: int) -> None:
    result = Result(alarms=Changes(created=[Change(f"a{number}", None, MATH) for number in range(most)]))
    answer = result.answer()
    assert ("shortened" in answer) is (most > MOST_TOLD)
    assert len(json.dumps(answer)) < 6_000_000
    if most > MOST_TOLD:
        assert answer["alarms"]["created"] == most
        assert answer["examples"]["alarms"]["created"][0] == "a0"
    else:
        assert answer == result.as_dict()
