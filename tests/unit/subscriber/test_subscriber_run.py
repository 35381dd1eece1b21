"""Which events the subscriber takes, and which log group they are about."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from subscriber.events import announced, kind_of, message_of
from subscriber.run import run
from subscriber.surroundings import Surroundings
from watchpost.errors import PayloadError


def _never(*_: Any, **__: Any) -> NoReturn:
    raise AssertionError("nothing may be asked for")


AROUND = Surroundings(
    account=_never,
    ledger=_never,
    configuration=_never,
    remaining=_never,
    clock=_never,
    sleep=_never,
    invoke=_never,
    owner="test",
    log_stream="stream",
)
CREATED: dict[str, Any] = {"eventSource": "logs.amazonaws.com", "eventName": "CreateLogGroup"}


def _cloudtrail(**detail: Any) -> dict[str, Any]:
    return {"detail-type": "AWS API Call via CloudTrail", "detail": {**CREATED, **detail}}


def _tagged(*arns: Any) -> dict[str, Any]:
    return {"detail-type": "Tag Change on Resource", "source": "aws.tag", "resources": list(arns)}


def _queued(*bodies: Any) -> dict[str, Any]:
    records = [{"messageId": str(n), "eventSource": "aws:sqs", "body": body} for n, body in enumerate(bodies)]
    return {"Records": records}


MALFORMED = [
    {"detail-type": "AWS API Call via CloudTrail"},
    _cloudtrail(),
    _cloudtrail(requestParameters=None),
    _cloudtrail(requestParameters={"logGroupName": ""}),
    _cloudtrail(requestParameters={"logGroupName": 7}),
    _cloudtrail(eventName="DeleteLogGroup", requestParameters={"logGroupName": "/x"}),
    _cloudtrail(eventSource="ec2.amazonaws.com", requestParameters={"logGroupName": "/x"}),
    {"detail-type": "Tag Change on Resource"},
    _tagged(),
    _tagged(7),
    {"detail-type": "Tag Change on Resource", "resources": "arn"},
]


@pytest.mark.parametrize(
    "event",
    [None, [], "sweep", {"action": "delete"}, {"something": "else"}, {"Records": [{}]}, {"Records": [7]}, *MALFORMED],
)
def test_an_event_of_no_known_kind_is_refused_before_anything_is_called(event: Any) -> None:
    with pytest.raises(PayloadError):
        run(event, AROUND)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({}, "sweep"),
        ({"action": "sweep"}, "sweep"),
        ({"detail-type": "Parameter Store Change", "detail": {"operation": "Update"}}, "sweep"),
        ({"source": "aws.events"}, "tick"),
        ({"detail-type": "Scheduled Event", "detail": {}}, "tick"),
        ({"Records": []}, "queue"),
        (_cloudtrail(), "announcement"),
        (_tagged(), "announcement"),
        ({"RequestType": "Create", "ResponseURL": "https://…"}, "resource"),
    ],
)
def test_each_kind_of_event_is_known(event: Any, kind: str) -> None:
    assert kind_of(event) == kind


@pytest.mark.parametrize("parameters", [{"logGroupName": "/x"}, None])
def test_a_call_that_failed_created_no_group_and_nothing_is_done(parameters: Any) -> None:
    event = _cloudtrail(errorCode="ResourceAlreadyExistsException", requestParameters=parameters)

    assert run(event, AROUND)["note"] == "no log group was created or tagged"


LOGS = "arn:aws:logs:eu-west-1:123456789012"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function"


@pytest.mark.parametrize(
    ("arn", "group"),
    [
        (f"{LOGS}:log-group:/shop", "/shop"),
        (f"{LOGS}:log-group:/shop:*", "/shop"),
        ("arn:aws-cn:logs:cn-north-1:123456789012:log-group:/shop", "/shop"),
        (f"{FUNCTION}:pay-api", "/aws/lambda/pay-api"),
        (f"{FUNCTION}:pay-api:7", "/aws/lambda/pay-api"),
        (f"{LOGS}:destination:siem", None),
        (f"{LOGS}:log-group:", None),
        ("arn:aws:lambda:eu-west-1:123456789012:event-source-mapping:1234", None),
        ("arn:aws:ec2:eu-west-1:123456789012:instance/i-1", None),
        ("", None),
    ],
)
def test_changed_tags_are_about_the_group_or_the_group_of_the_function(arn: str, group: str | None) -> None:
    assert announced(_tagged(arn)) == group


@pytest.mark.parametrize("body", [json.dumps(event) for event in MALFORMED] + ["", "{", "7", "[]", "[" * 100_000, 7])
def test_a_message_that_is_not_what_it_should_be_is_done_and_its_content_is_not_logged(
    body: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answer = run(_queued(body), AROUND)

    assert answer == {"batchItemFailures": []}
    [record] = caplog.records
    assert record.message == "a message is not what it should be"
    assert "ec2.amazonaws.com" not in str(record.__dict__)


def test_the_identifier_of_a_message_is_what_it_is_answered_by() -> None:
    assert message_of({"eventSource": "aws:sqs", "messageId": "m", "body": '{"a": 1}'}) == ("m", {"a": 1})
    with pytest.raises(PayloadError):
        message_of({"eventSource": "aws:sqs", "messageId": "", "body": "{}"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["detail", "detail-type", "x", "action", "Records", "resources"])


@given(st.dictionaries(KEYS, JSON, min_size=1))
def test_no_event_that_is_none_of_ours_causes_anything_but_a_clear_refusal(event: dict[str, Any]) -> None:
    if event.get("Records") == []:
        assert run(event, AROUND) == {"batchItemFailures": []}
        return
    with pytest.raises(PayloadError):
        run({"x": 1, **event}, AROUND)


@given(JSON)
def test_whatever_lies_in_a_message_it_names_a_group_or_is_refused(body: Any) -> None:
    identifier, found = message_of({"eventSource": "aws:sqs", "messageId": "m", "body": json.dumps(body)})

    assert (identifier, found) == ("m", body)
    with pytest.raises(PayloadError):
        announced(found)


@given(st.text(max_size=60), st.sampled_from(["", LOGS, f"{LOGS}:log-group:", f"{FUNCTION}:"]))
def test_every_arn_names_a_group_or_none(text: str, beginning: str) -> None:
    group = announced(_tagged(beginning + text))

    assert group is None or (group and ":" not in group)
