"""What is read from the messages that CloudWatch sends."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifier.alarm import Notification, Sns, parse

from tests.unit.notifier.facts import composite, sns

TOPIC = "arn:aws:sns:eu-west-1:123456789012:critical"
TRIGGER: dict[str, Any] = {
    "MetricName": "LogErrors",
    "Namespace": "Watchpost",
    "StatisticType": "Statistic",
    "Statistic": "SUM",
    "Unit": None,
    "Dimensions": [{"value": "orders-worker", "name": "Service"}],
    "Period": 60,
    "EvaluationPeriods": 1,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "Threshold": 1.0,
    "TreatMissingData": "notBreaching",
}
# As CloudWatch sends it: the region is a display name, and its code is in the ARN only.
ALARM: dict[str, Any] = {
    "AlarmName": "watchpost/orders-worker/orders-worker/errors-in-logs",
    "AlarmDescription": "Errors in the log lines.",
    "AWSAccountId": "123456789012",
    "NewStateValue": "ALARM",
    "NewStateReason": "Threshold Crossed: 1 out of the last 1 datapoints [7.0 (21/11/26 05:59:00)] was greater than or "
    "equal to the threshold (1.0) (minimum 1 datapoint for OK -> ALARM transition).",
    "StateChangeTime": "2026-11-21T06:00:00.123+0000",
    "Region": "US East (N. Virginia)",
    "AlarmArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:watchpost/orders-worker/orders-worker/errors-in-logs",
    "OldStateValue": "OK",
    "Trigger": TRIGGER,
}


def _parse(**changes: Any) -> Notification:
    return parse(Sns(TOPIC, json.dumps({**ALARM, **changes})), "watchpost")


def _trigger(**changes: Any) -> Notification:
    return _parse(Trigger={**TRIGGER, **changes})


def test_every_part_of_a_metric_alarm_is_read() -> None:
    found = _parse()

    assert (found.state, found.previous_state) == ("ALARM", "OK")
    assert (found.service, found.resource, found.alarm) == ("orders-worker", "orders-worker", "errors-in-logs")
    assert found.title == "orders-worker — errors in logs"
    assert (found.account, found.region) == ("123456789012", "us-east-1")
    assert found.since == datetime(2026, 11, 21, 6, 0, 0, 123000, UTC)
    assert found.threshold == 1.0
    assert found.metric
    assert (found.metric.name, found.metric.statistic, found.metric.value) == ("LogErrors", "Sum", 7.0)
    assert found.metric.dimensions == {"Service": "orders-worker"}


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("watchpost/orders/queue/age", ("orders", "queue", "age")),
        ("watchpost/orders/shop/prod/5xx", ("orders", "shop/prod", "5xx")),
        ("watchpost/orders/age", (None, None, None)),
        ("watchpost//queue/age", (None, None, None)),
        ("team/orders/queue/age", (None, None, None)),
        ("CPU is high", (None, None, None)),
    ],
)
def test_names_that_watchpost_gave_are_taken_apart_and_others_left_whole(
    name: str, parts: tuple[str | None, str | None, str | None]
) -> None:
    found = _parse(AlarmName=name)

    assert (found.service, found.resource, found.alarm) == parts
    assert found.name == name
    assert found.title


def test_the_resource_is_in_the_title_where_it_differs_from_the_service() -> None:
    assert _parse(AlarmName="watchpost/orders/orders-dlq/not_empty").title == "orders — orders-dlq: not empty"


@pytest.mark.parametrize(
    ("changes", "region"),
    [
        ({}, "us-east-1"),
        ({"AlarmArn": None, "Region": "eu-central-1"}, "eu-central-1"),
        ({"AlarmArn": None}, "eu-west-1"),
        ({"AlarmArn": "arn:aws:cloudwatch:evil.example.com/:1:alarm:x", "Region": "x.example.com#"}, "eu-west-1"),
    ],
)
def test_the_region_is_a_code_and_nothing_else(changes: dict[str, Any], region: str) -> None:
    assert _parse(**changes).region == region


@pytest.mark.parametrize(
    ("reason", "value"),
    [
        ("Threshold Crossed: 1 datapoint (10.0) was greater than the threshold (1.0).", 10.0),
        ("Threshold Crossed: 3 datapoints [-0.5 (…), 2.0 (…)] were not greater than …", -0.5),
        ("Threshold Crossed: 1 datapoint [1.5E-4 (…)] was …", 0.00015),
        ("Threshold Crossed: Sum 7.0 GreaterThanOrEqualToThreshold 1.0", 7.0),
        ("Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were …", None),
        ("Threshold Crossed: 1 datapoint [1e999 (…)] was …", None),
        ("Set by hand.", None),
        ("", None),
    ],
)
def test_the_newest_value_is_taken_from_the_reason(reason: str, value: float | None) -> None:
    metric = _parse(NewStateReason=reason).metric

    assert metric
    assert metric.value == value


def test_a_percentile_is_read() -> None:
    found = _trigger(Statistic=None, StatisticType="ExtendedStatistic", ExtendedStatistic="p99").metric

    assert found
    assert found.statistic == "p99"


def test_dimensions_are_read_in_both_spellings() -> None:
    found = _trigger(Dimensions=[{"Name": "A", "Value": "1"}, {"name": "B", "value": "2"}]).metric

    assert found
    assert found.dimensions == {"A": "1", "B": "2"}


def test_metric_math_is_shown_by_its_label_and_expression() -> None:
    metric = {"Namespace": "AWS/Lambda", "MetricName": "Errors", "Dimensions": [{"name": "FunctionName", "value": "f"}]}
    queries = [
        {"Id": "errors", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False},
        {"Id": "rate", "Expression": "100 * errors", "Label": "Error rate", "ReturnData": True},
    ]
    trigger = {"Metrics": queries, "ComparisonOperator": "GreaterThanThreshold", "Threshold": 5}

    found = _parse(Trigger=trigger)

    assert found.metric
    assert (found.metric.name, found.metric.expression, found.metric.statistic) == ("Error rate", "100 * errors", "")
    assert (found.metric.namespace, found.metric.period) == ("AWS/Lambda", 60)
    assert found.metric.dimensions == {"FunctionName": "f"}
    assert found.threshold == 5


@pytest.mark.parametrize("trigger", [None, {"MetricName": "", "Namespace": "", "Threshold": 0}])
def test_a_composite_alarm_has_no_metric_and_no_threshold(trigger: Any) -> None:
    found = _parse(Trigger=trigger, AlarmRule="ALARM(a) OR ALARM(b)")

    assert found.metric is None
    assert found.threshold is None


def test_a_composite_alarm_is_read_as_cloudwatch_sends_it() -> None:
    # given the message of a composite alarm, which has no Trigger, and children by their ARNs
    found = parse(sns(composite("watchpost/orders/orders-api/errors")), "watchpost")

    assert found.title == "orders is unhealthy"
    assert (found.service, found.resource, found.alarm) == ("orders", "service", "unhealthy")
    assert (found.is_composite, found.metric) == (True, None)
    assert found.rule == 'ALARM("watchpost/orders/orders-api/errors")'
    [child] = found.triggering
    assert (child.name, child.state) == ("watchpost/orders/orders-api/errors", "ALARM")
    assert child.since == datetime(2026, 11, 21, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "rule", "is_composite"),
    [
        ("watchpost/orders/service/unhealthy", "", True),
        ("watchpost/orders/service/unhealthy-2", "", True),
        ("watchpost/orders/service/unhealthy.0123456789ab", "", True),
        ("watchpost/orders/service/errors", "", False),
        ("mine", "ALARM(x)", True),
        ("mine", "", False),
    ],
)
def test_a_composite_alarm_is_known_by_its_rule_or_its_name(name: str, rule: str, is_composite: bool) -> None:
    assert _parse(AlarmName=name, AlarmRule=rule, Trigger=None).is_composite == is_composite


def test_an_alarm_with_a_metric_is_none_whatever_its_name() -> None:
    assert not _parse(AlarmName="watchpost/orders/service/unhealthy").is_composite


@pytest.mark.parametrize(("count", "kept"), [(100, 100), (101, 100)])
def test_of_too_many_children_the_first_hundred_are_kept(count: int, kept: int) -> None:
    children = [{"Arn": f"arn:aws:cloudwatch:eu-west-1:1:alarm:a{number}"} for number in range(count)]

    assert len(_parse(TriggeringChildren=children).triggering) == kept


def test_the_band_that_was_expected_is_read() -> None:
    reason = (
        "Thresholds Crossed: 1 out of the last 1 datapoints [25.0 (21/11/26 05:59:00)] was less than the lower "
        "thresholds [-1.5] or greater than the upper thresholds [20.25]"
    )

    metric = _parse(NewStateReason=reason).metric

    assert metric
    assert (metric.value, metric.band) == (25.0, (-1.5, 20.25))


@pytest.mark.parametrize(
    ("period", "evaluations", "span"), [(60, 5, 300), (60, None, 60), (None, 5, 0), (60, 0, 60), (-60, 2, 0)]
)
def test_how_long_an_alarm_looks_back(period: Any, evaluations: Any, span: float) -> None:
    metric = _trigger(Period=period, EvaluationPeriods=evaluations).metric

    assert metric
    assert metric.span == span


@pytest.mark.parametrize(
    "message",
    [
        "the deploy is over",
        "{}",
        "[1]",
        "null",
        '{"AlarmName": 7, "NewStateValue": "ALARM"}',
        '{"AlarmName": "x"}',
        "[" * 5000,
    ],
)
def test_whatever_is_no_alarm_is_forwarded_as_plain_text(message: str) -> None:
    found = parse(Sns(TOPIC, message, "subject"), "watchpost")

    assert found.title == "subject"
    assert found.reason.startswith(message[:1000])
    assert found.state is None


@pytest.mark.parametrize(
    ("message", "title"), [("first\nsecond", "first"), ("\n \n third", "third"), ("", "message without text")]
)
def test_a_plain_message_without_subject_is_titled_by_its_first_line(message: str, title: str) -> None:
    assert parse(Sns(TOPIC, message), "watchpost").title == title


@pytest.mark.parametrize(
    "time", ["", "yesterday", 7, None, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-13-01"]
)
def test_a_time_that_is_none_is_left_out(time: Any) -> None:
    assert _parse(StateChangeTime=time).since is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(TRIGGER)), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*ALARM, *TRIGGER]), VALUES), st.text(max_size=20))
def test_no_alarm_is_lost_to_its_own_form(changes: dict[str, Any], topic: str) -> None:
    trigger = {**TRIGGER, **{name: value for name, value in changes.items() if name in TRIGGER}}

    found = parse(Sns(topic, json.dumps({**ALARM, "Trigger": trigger, **changes})), "watchpost")

    assert found.title
