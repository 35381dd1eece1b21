"""What is put into a carrier is found in it again, and hostile input is bounded and harmless."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost_client import carriers, clean, correlation, w3c, wire
from watchpost_client.context import Context

from .strategies import contexts

if TYPE_CHECKING:
    from collections.abc import Callable


def _records(source: str, **record: Any) -> dict[str, Any]:
    return {"Records": [{"eventSource": source, **record}]}


def _sns_attributes(context: Context) -> dict[str, Any]:
    attributes = correlation.to_attributes(context)
    return {name: {"Type": item["DataType"], "Value": item["StringValue"]} for name, item in attributes.items()}


def _sqs_attributes(context: Context) -> dict[str, Any]:
    attributes = correlation.to_attributes(context)
    return {name: {"dataType": "String", "stringValue": item["StringValue"]} for name, item in attributes.items()}


def _within(context: Context) -> dict[str, Any]:
    return {"order": 1, wire.KEY: correlation.to_object(context)}


_notification = {"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:123456789012:t", "Message": "hello"}
CARRIERS: dict[str, Callable[[Context], dict[str, Any]]] = {
    "api-gateway": lambda x: {"requestContext": {}, "headers": correlation.to_headers(x)},
    "http-api": lambda x: {"requestContext": {"http": {}}, "headers": correlation.to_headers(x)},
    "alb": lambda x: {
        "requestContext": {"elb": {}},
        "multiValueHeaders": {name: [value] for name, value in correlation.to_headers(x).items()},
    },
    "websocket": lambda x: {"requestContext": {"connectionId": "c"}, "body": json.dumps(_within(x))},
    "sns": lambda x: {"Records": [{"EventSource": "aws:sns", "Sns": {"MessageAttributes": _sns_attributes(x)}}]},
    "sqs": lambda x: _records("aws:sqs", messageAttributes=_sqs_attributes(x), body="hello"),
    "sns-in-sqs": lambda x: _records(
        "aws:sqs", body=json.dumps({**_notification, "MessageAttributes": _sns_attributes(x)})
    ),
    "eventbridge-in-sqs": lambda x: _records("aws:sqs", body=json.dumps({"detail-type": "t", "detail": _within(x)})),
    "kinesis": lambda x: _records(
        "aws:kinesis", kinesis={"data": base64.b64encode(json.dumps(_within(x)).encode()).decode()}
    ),
    "dynamodb": lambda x: _records(
        "aws:dynamodb", dynamodb={"NewImage": {wire.KEY: {"S": json.dumps(correlation.to_object(x))}}}
    ),
    "eventbridge": lambda x: {"detail-type": "t", "detail": _within(x)},
    "direct": _within,
    "step-functions": lambda x: {"Input": _within(x)},
}


@pytest.mark.parametrize("origin", CARRIERS)
@given(context=contexts())
def test_what_is_put_into_a_carrier_is_found_in_it_again(origin: str, context: Context) -> None:
    event = json.loads(json.dumps(CARRIERS[origin](context)))

    found = correlation.from_event(event)

    assert found == Context(
        context.correlation_id,
        context.fields,
        context.debug,
        context.traceparent,
        context.tracestate,
        context.baggage,
        origin,
    )


_anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=50), st.binary(max_size=50)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=10), inner, max_size=3)),
    max_leaves=10,
)
_known = st.sampled_from(
    ["Records", "headers", "multiValueHeaders", "requestContext", "detail", "detail-type", "body", "elb", "http",
     "eventSource", "EventSource", "Sns", "kinesis", "dynamodb", "data", "NewImage", "M", "S", "MessageAttributes",
     "messageAttributes", "stringValue", "Value", wire.KEY, wire.ID, wire.DEBUG, wire.PARENT, "Input"]
)  # fmt: skip  # a row
_sources = st.sampled_from(["aws:sqs", "aws:sns", "aws:kinesis", "aws:dynamodb", "aws:s3"])
_hostile = st.recursive(
    st.one_of(_anything, _sources),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_known, inner, max_size=5)),
    max_leaves=20,
)


@given(_hostile)
def test_no_event_whatever_it_holds_breaks_the_service(event: Any) -> None:
    found = correlation.from_event(event)

    _is_clean(found)


@given(
    st.dictionaries(
        st.one_of(_known, st.text(max_size=60), st.binary(max_size=20)),
        st.one_of(st.text(max_size=9_000), st.binary(max_size=9_000), st.lists(st.text(max_size=20), max_size=2)),
        max_size=30,
    )
)
def test_hostile_headers_are_bounded_and_cleaned(headers: dict[Any, Any]) -> None:
    """Control characters, kilobytes, bytes that are no UTF-8, other people's log lines."""
    found = wire.read(headers.items(), "test")

    _is_clean(found)


def _is_clean(found: Context) -> None:
    pairs = wire.write(found)
    assert len(found.correlation_id) <= clean.LONGEST_ID
    assert len(found.fields) <= clean.MOST_FIELDS
    for name, value in pairs.items():
        assert name.isascii()
        assert all(" " <= character <= "~" or (character == "\t" and name == wire.BAGGAGE) for character in value), name
        assert len(value) <= w3c.LONGEST_BAGGAGE


@pytest.mark.parametrize(
    "attack", ["a\nERROR forged line", "a\r\nset-cookie: b=c", "a\x1b]0;title\x07", "a\u202eb", "a\x00"]
)
def test_a_forged_line_in_a_header_stays_part_of_one_value(attack: str) -> None:
    found = wire.read({wire.ID: attack, "x-correlation-user": attack}.items(), "test")

    for value in (found.correlation_id, found.fields["user"]):
        assert value.startswith("a")
        assert value.isprintable()
        assert value.isascii()


@pytest.mark.parametrize(("length", "kept"), [(clean.LONGEST_ID, True), (clean.LONGEST_ID + 1, False)])
def test_an_id_is_cut_behind_its_longest(length: int, kept: bool) -> None:
    sent = "x" * length

    assert (clean.identifier(sent) == sent) is kept


@pytest.mark.parametrize(("members", "kept"), [(w3c.MOST_STATES, True), (w3c.MOST_STATES + 1, False)])
def test_a_tracestate_has_so_many_members_at_most(members: int, kept: bool) -> None:
    sent = ",".join(f"k{number}=v" for number in range(members))

    assert (w3c.state(sent) == sent) is kept


@pytest.mark.parametrize(("length", "kept"), [(w3c.LONGEST_BAGGAGE, True), (w3c.LONGEST_BAGGAGE + 1, False)])
def test_a_baggage_that_is_too_long_is_not_cut_but_left_out(length: int, kept: bool) -> None:
    sent = "k=" + "v" * (length - 2)

    assert w3c.baggage(sent) == (sent if kept else None)


def test_a_body_that_is_too_large_is_not_looked_into() -> None:
    """One byte more than Lambda takes in an event."""
    inner = json.dumps({wire.KEY: {wire.ID: "a"}})
    largest = inner[:-1] + " " * (carriers.LARGEST - len(inner)) + "}"

    assert carriers.of_record({"eventSource": "aws:sqs", "body": largest}).correlation_id == "a"
    assert carriers.of_record({"eventSource": "aws:sqs", "body": f" {largest}"}).correlation_id == ""


def test_a_body_nested_hundreds_of_levels_deep_is_left_alone() -> None:
    body = '{"__context__":' * 100_000

    assert carriers.of_record({"eventSource": "aws:sqs", "body": body}).correlation_id == ""
