"""Which alarms below a composite alarm ring."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st
from notifier.alarm import Notification, names_in, parse
from notifier.alarm_children import CALLS, ringing
from watchpost import names

from tests.unit.notifier.facts import ARN, Aws, composite, described, refused, sns

BEGAN = datetime(2026, 11, 21, 5, 59, tzinfo=UTC)
ERRORS, QUEUE = "watchpost/orders/orders-api/errors", "watchpost/orders/orders-dlq/not-empty"


def _parsed(**changes: Any) -> Notification:
    return parse(sns({**composite(ERRORS, rule=(ERRORS, QUEUE)), **changes}), "watchpost")


def _names(notification: Notification, aws: Aws) -> list[str]:
    return [one.child.name for one in ringing(notification, aws, "watchpost")]


def test_every_alarm_that_rings_is_told_not_only_the_one_of_the_message() -> None:
    # given a message that names one of two alarms that ring, and one that is well
    aws = Aws({QUEUE: described(QUEUE, BEGAN), ERRORS: described(ERRORS, BEGAN + timedelta(seconds=30))})

    # when it is looked at
    first, second = ringing(_parsed(), aws, "watchpost")

    # then both are told, the first one first, with their values
    assert (first.child.name, second.child.name) == (QUEUE, ERRORS)
    assert (first.child.service, first.child.resource, first.child.alarm) == ("orders", "orders-dlq", "not-empty")
    assert first.child.since == BEGAN
    assert second.child.reason == "Sum of Errors over 1 minute was 3, the alarm is at more than 0."
    assert second.metric
    assert second.metric.dimensions == {"FunctionName": "orders-api"}
    assert second.threshold == 0.0


def test_an_alarm_that_is_well_is_not_told() -> None:
    aws = Aws({QUEUE: described(QUEUE, BEGAN, StateValue="OK"), ERRORS: described(ERRORS, BEGAN)})

    assert _names(_parsed(), aws) == [ERRORS]


def test_the_rule_is_asked_for_where_the_message_has_none() -> None:
    # given the message of the local account's emulator, which has a Trigger without a metric instead of a rule
    body = composite()
    del body["AlarmRule"], body["TriggeringChildren"]
    name = body["AlarmName"]
    told = parse(sns({**body, "Trigger": {"MetricName": "", "Threshold": 0}}), "watchpost")
    aws = Aws({name: {**described(name, BEGAN), "AlarmRule": f'ALARM("{ERRORS}")'}, ERRORS: described(ERRORS, BEGAN)})

    assert told.is_composite
    assert _names(told, aws) == [ERRORS]


def test_alarms_below_parts_of_a_service_are_found_and_the_parts_are_not_told() -> None:
    # given a service with so many critical alarms that parts of them have composite alarms of their own
    part = names.alarm("watchpost", "orders", "service", "unhealthy-1")
    well = names.alarm("watchpost", "orders", "service", "unhealthy-2")
    rule = f'ALARM("{part}") OR ALARM("{well}")'
    aws = Aws(
        {
            part: {**described(part, BEGAN), "AlarmRule": f'ALARM("{ERRORS}")'},
            well: {**described(well, BEGAN, StateValue="OK"), "AlarmRule": f'ALARM("{QUEUE}")'},
            ERRORS: described(ERRORS, BEGAN),
            QUEUE: described(QUEUE, BEGAN),
        }
    )

    assert _names(_parsed(AlarmRule=rule), aws) == [ERRORS]


@pytest.mark.parametrize(
    "trouble", [refused("DescribeAlarms"), ReadTimeoutError(endpoint_url="x"), None], ids=["refused", "slow", "empty"]
)
def test_where_cloudwatch_does_not_know_the_children_of_the_message_are_told(trouble: Exception | None) -> None:
    class Away(Aws):
        def describe_alarms(self, **asked: Any) -> dict[str, Any]:
            if trouble:
                raise trouble
            assert asked["AlarmNames"] == [ERRORS, QUEUE]
            return {}

    [found] = ringing(_parsed(), Away(), "watchpost")

    assert (found.child.name, found.child.resource, found.child.reason) == (ERRORS, "orders-api", "")
    assert found.child.since == datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
    assert found.metric is None


@pytest.mark.parametrize("count", [100, 101])
def test_a_hundred_alarms_are_asked_for_in_one_call_and_never_more(count: int) -> None:
    rule = tuple(f"watchpost/orders/f{number:03d}/errors" for number in range(count))
    aws = Aws({name: described(name, BEGAN) for name in rule})

    found = ringing(parse(sns(composite(rule=rule)), "watchpost"), aws, "watchpost")

    assert len(found) == 100
    assert len(aws.asked) == 1


def test_composite_alarms_in_a_circle_end() -> None:
    aws = Aws({name: {**described(name, BEGAN), "AlarmRule": 'ALARM("a") OR ALARM("b")'} for name in ("a", "b")})

    assert _names(_parsed(AlarmRule="ALARM(a)", TriggeringChildren=[]), aws) == []
    assert len(aws.asked) <= CALLS


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ('ALARM("a b") OR (ALARM(c) AND NOT OK(d))', ("a b", "c", "d")),
        (f'INSUFFICIENT_DATA("{ARN}x/y:z")', ("x/y:z",)),
        (f"ALARM({ARN}x) AND ALARM( 'q (1)' )", ("x", "q (1)")),
        ("ALARM(a) OR ALARM(a)", ("a",)),
        ("TRUE", ()),
        ("", ()),
        ('ALARM("', ()),
    ],
)
def test_the_names_in_a_rule_are_read_however_they_are_written(rule: str, found: tuple[str, ...]) -> None:
    assert names_in(rule) == found


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["Arn", "State", "Value"]), inner),
    max_leaves=6,
)


@given(VALUES, VALUES | st.lists(st.fixed_dictionaries({"Arn": VALUES, "State": VALUES})))
def test_no_message_of_a_composite_alarm_is_too_strange(rule: Any, children: Any) -> None:
    body = json.dumps({**composite(), "AlarmRule": rule, "TriggeringChildren": children})

    found = ringing(parse(sns(body), "watchpost"), Aws(), "watchpost")

    assert all(one.child.name for one in found)
