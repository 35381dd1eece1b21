"""Alarms and templates are compared by what they mean."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.compare import differences, kept_fields
from provisioner.guard import refusal
from provisioner.templates import same

SINGLE: dict[str, Any] = {
    "AlarmName": "wp/a/b/c",
    "AlarmDescription": "why",
    "ActionsEnabled": True,
    "AlarmActions": ["arn:1"],
    "OKActions": ["arn:1"],
    "EvaluationPeriods": 5,
    "DatapointsToAlarm": 3,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
    "Namespace": "AWS/Lambda",
    "MetricName": "Duration",
    "Dimensions": [{"Name": "A", "Value": "1"}, {"Name": "B", "Value": "2"}],
    "Period": 60,
    "ExtendedStatistic": "p99",
}
STAT = {
    "Metric": {"Namespace": "N", "MetricName": "M", "Dimensions": SINGLE["Dimensions"]},
    "Period": 60,
    "Stat": "Sum",
}
MATH: dict[str, Any] = {
    key: value
    for key, value in SINGLE.items()
    if key not in ("Namespace", "MetricName", "Dimensions", "Period", "ExtendedStatistic")
} | {
    "Metrics": [
        {"Id": "m", "MetricStat": STAT, "ReturnData": False},
        {"Id": "e", "Expression": "m * 2", "Label": "twice", "ReturnData": True},
    ]
}
# What DescribeAlarms adds.
ADDED = {
    "AlarmArn": "arn:alarm",
    "StateValue": "OK",
    "StateReason": "fine",
    "StateUpdatedTimestamp": 1,
    "InsufficientDataActions": [],
}


def test_an_alarm_as_aws_describes_it_is_the_same() -> None:
    actual = copy.deepcopy(SINGLE) | ADDED | {"Threshold": 1, "Unit": None}
    actual["Dimensions"].reverse()
    assert differences(SINGLE, actual) == []


def test_a_math_alarm_as_aws_describes_it_is_the_same() -> None:
    actual = copy.deepcopy(MATH) | ADDED | {"Dimensions": [], "Statistic": None}
    actual["Metrics"].reverse()
    del actual["Metrics"][0]["ReturnData"]  # true is what AWS leaves out
    assert differences(MATH, actual) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("AlarmDescription", "other"),
        ("ActionsEnabled", False),
        ("AlarmActions", []),
        ("OKActions", ["arn:1", "arn:2"]),
        ("InsufficientDataActions", ["arn:1"]),
        ("EvaluationPeriods", 4),
        ("DatapointsToAlarm", 2),
        ("Threshold", 1.5),
        ("ComparisonOperator", "LessThanThreshold"),
        ("TreatMissingData", "missing"),
        ("Namespace", "Other"),
        ("MetricName", "Errors"),
        ("Dimensions", SINGLE["Dimensions"][:1]),
        ("Period", 120),
        ("Unit", "Seconds"),
        ("ExtendedStatistic", "p90"),
    ],
)
def test_every_field_that_was_changed_by_hand_is_noticed(field: str, value: Any) -> None:
    assert differences(SINGLE, copy.deepcopy(SINGLE) | ADDED | {field: value}) == [field]


@pytest.mark.parametrize(
    ("index", "change"),
    [
        (0, {"ReturnData": True}),
        (0, {"MetricStat": {**STAT, "Stat": "Average"}}),
        (0, {"MetricStat": {**STAT, "Period": 300}}),
        (0, {"MetricStat": {**STAT, "Metric": {**STAT["Metric"], "Dimensions": []}}}),
        (1, {"Expression": "m * 3"}),
        (1, {"Label": "thrice"}),
        (1, {"Id": "f"}),
    ],
)
def test_every_part_of_a_math_alarm_that_was_changed_by_hand_is_noticed(index: int, change: dict[str, Any]) -> None:
    actual = copy.deepcopy(MATH) | ADDED
    actual["Metrics"][index] |= change
    assert differences(MATH, actual) == ["Metrics"]


COMPOSITE: dict[str, Any] = {
    "AlarmName": "wp/a/service/unhealthy",
    "AlarmDescription": "why",
    "ActionsEnabled": True,
    "AlarmActions": ["arn:1"],
    "OKActions": ["arn:1"],
    "AlarmRule": 'ALARM("x") OR ALARM("y")',
}


def test_a_composite_alarm_as_aws_describes_it_is_the_same() -> None:
    assert differences(COMPOSITE, COMPOSITE | ADDED) == []
    assert differences(COMPOSITE, COMPOSITE | {"AlarmRule": 'ALARM("x")\n OR  ALARM("y") '}) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("AlarmDescription", "other"),
        ("ActionsEnabled", False),
        ("AlarmActions", []),
        ("OKActions", ["arn:2"]),
        ("InsufficientDataActions", ["arn:1"]),
        ("AlarmRule", 'ALARM("x") AND ALARM("y")'),
        ("ActionsSuppressor", "wp/mine"),
        ("ActionsSuppressorWaitPeriod", 60),
        ("ActionsSuppressorExtensionPeriod", 60),
    ],
)
def test_every_field_of_a_composite_alarm_that_was_changed_by_hand_is_noticed(field: str, value: Any) -> None:
    changed = COMPOSITE | ADDED | {field: value}
    assert differences(COMPOSITE, changed) == [field]
    assert differences(COMPOSITE, kept_fields(changed)) == [field]


@pytest.mark.parametrize("alarm", [SINGLE, MATH, COMPOSITE])
def test_what_is_kept_of_an_alarm_is_all_that_is_compared(alarm: dict[str, Any]) -> None:
    kept = kept_fields(alarm | ADDED)
    assert differences(alarm, kept) == []
    assert not {"StateValue", "StateReason", "AlarmArn"} & kept.keys()


def test_defaults_that_aws_writes_out_are_no_difference() -> None:
    short = {key: value for key, value in SINGLE.items() if key not in ("DatapointsToAlarm", "TreatMissingData")}
    assert differences(short, short | {"DatapointsToAlarm": 5, "TreatMissingData": "missing"}) == []


@pytest.mark.parametrize(
    ("owned", "deletions", "refused"),
    [(10, 10, False), (11, 5, False), (11, 6, True), (12, 6, False), (100, 50, False), (100, 51, True)],
)
def test_more_than_half_of_more_than_ten_is_not_deleted_unless_allowed(
    owned: int, deletions: int, refused: bool
) -> None:
    assert bool(refusal(owned, deletions, allowed=False)) is refused
    assert refusal(owned, deletions, allowed=True) is None


TEMPLATE = {
    "index_patterns": ["logs-*"],
    "data_stream": {},
    "template": {"settings": {"number_of_shards": 1, "index": {"codec": "best_compression"}}, "lifecycle": {}},
    "_meta": {"version": 1},
}
FOUND = {
    "index_patterns": ["logs-*"],
    "data_stream": {"hidden": False, "allow_custom_routing": False},
    "template": {
        "settings": {"index": {"number_of_shards": "1", "codec": "best_compression"}},
        "lifecycle": {"enabled": True},
    },
    "composed_of": [],
    "created_date_millis": 1,
    "_meta": {"version": 1},
}


def test_a_template_as_elasticsearch_tells_it_is_the_same() -> None:
    assert same(TEMPLATE, FOUND)


@pytest.mark.parametrize(
    "change",
    [
        {"_meta": {"version": 2}},
        {"_meta": {}},
        {"index_patterns": ["logs-*", "more-*"]},
        {"priority": 5},
        {"composed_of": ["other"]},
        {"data_stream": {"hidden": True}},
        {"template": {**FOUND["template"], "lifecycle": {"enabled": False}}},
        {"template": {**FOUND["template"], "settings": {"index": {"number_of_shards": "2"}}}},
        {"template": {**FOUND["template"], "mappings": {"properties": {"a": {"type": "long"}}}}},
    ],
)
def test_a_template_that_was_changed_is_noticed(change: dict[str, Any]) -> None:
    assert not same(TEMPLATE, FOUND | change)


def test_a_template_that_lost_its_data_stream_is_noticed() -> None:
    assert not same(TEMPLATE, {key: value for key, value in FOUND.items() if key != "data_stream"})


@given(
    st.recursive(st.integers() | st.text(max_size=3), lambda s: st.dictionaries(st.text(max_size=3), s), max_leaves=9)
)
def test_a_template_is_the_same_as_itself(value: Any) -> None:
    assert same({"template": value}, {"template": copy.deepcopy(value)})
