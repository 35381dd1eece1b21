"""Payloads that are not what they should be."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shipper import decode
from shipper.convert import Conversion
from shipper.counts import Counts
from shipper.decode import Payload, inputs_of, payload_of
from watchpost.configuration import Configuration
from watchpost.errors import PayloadError

if TYPE_CHECKING:
    from conftest import Shipper

GOOD: dict[str, Any] = {
    "messageType": "DATA_MESSAGE",
    "owner": "123456789012",
    "logGroup": "g",
    "logStream": "s",
    "subscriptionFilters": ["f"],
    "logEvents": [{"id": "1", "timestamp": 1, "message": "secret words"}],
}


def packed(content: bytes) -> str:
    return base64.b64encode(content).decode()


def data(**overrides: Any) -> str:
    return packed(gzip.compress(json.dumps(GOOD | overrides).encode(), mtime=0))


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
def test_gzip_and_zlib_are_read(compress: Any) -> None:
    payload = payload_of(packed(compress(json.dumps(GOOD).encode())))

    assert payload is not None
    assert (payload.ids, payload.times, payload.messages) == (["1"], [1], ["secret words"])


def test_a_control_message_has_no_payload() -> None:
    assert payload_of(data(messageType="CONTROL_MESSAGE", logEvents=None)) is None


@pytest.mark.parametrize(
    ("given_data", "what"),
    [
        (None, "not-base64"),
        (7, "not-base64"),
        ("secret words!", "not-base64"),
        ("geheim-wörter", "not-base64"),
        (packed(b"secret words"), "not-gzip"),
        (packed(gzip.compress(b"secret words" * 999, mtime=0)[:-12]), "not-gzip"),
        (packed(b""), "not-gzip"),
        (packed(gzip.compress(b"secret words", mtime=0)), "not-json"),
        (packed(gzip.compress(b"[" * 100_000, mtime=0)), "not-json"),
        (packed(gzip.compress(b"\xff\xfe", mtime=0)), "not-json"),
        (packed(gzip.compress(b"[]", mtime=0)), "not-an-object"),
        (data(messageType="SECRET"), "unknown-message-type"),
        (data(owner=None), "incomplete"),
        (data(logGroup=""), "incomplete"),
        (data(logEvents=None), "incomplete"),
        (data(subscriptionFilters="f"), "incomplete"),
        (data(logEvents=[{"id": "1", "timestamp": "1", "message": "secret words"}]), "incomplete"),
        (data(logEvents=[{"id": "1", "timestamp": -1, "message": "secret words"}]), "incomplete"),
        (data(logEvents=[{"id": "1", "timestamp": decode.MAX_TIME + 1, "message": "secret words"}]), "incomplete"),
        (data(logEvents=[{"id": "1", "timestamp": 1}]), "incomplete"),
        (data(logEvents=["secret words"]), "incomplete"),
    ],
)
def test_a_broken_payload_is_told_without_its_content(given_data: Any, what: str) -> None:
    with pytest.raises(PayloadError) as raised:
        payload_of(given_data)

    assert raised.value.what == what
    assert "secret" not in str(raised.value)
    assert "SECRET" not in str(raised.value)


def test_a_payload_may_be_as_large_as_the_limit_and_not_larger(monkeypatch: pytest.MonkeyPatch) -> None:
    content = json.dumps(GOOD).encode()
    monkeypatch.setattr(decode, "MAX_PAYLOAD", len(content) + 1)
    assert payload_of(packed(gzip.compress(content))) is not None

    monkeypatch.setattr(decode, "MAX_PAYLOAD", len(content) - 1)
    with pytest.raises(PayloadError, match="too-large"):
        payload_of(packed(gzip.compress(content)))


def test_the_last_time_that_can_be_written_is_taken(shipper: Shipper) -> None:
    (document,) = shipper.ship(("1", decode.MAX_TIME, "x")).documents

    assert document["@timestamp"] == "9999-12-31T23:59:59.999Z"


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.binary(max_size=200) | ANY_JSON.map(lambda value: gzip.compress(json.dumps(value).encode())))
def test_arbitrary_content_is_read_or_refused(content: bytes) -> None:
    """Property: no content leads to any other error than PayloadError."""
    with contextlib.suppress(PayloadError):
        payload_of(packed(content))


@given(ANY_JSON)
def test_arbitrary_events_are_read_or_refused(value: Any) -> None:
    """Property: no event leads to any other error than PayloadError, and none of these is read."""
    for candidate in (value, {"awslogs": value}, {"Records": value}, {"Records": [{"kinesis": value}]}):
        with pytest.raises(PayloadError):
            inputs_of(candidate)
    for candidate in ({"awslogs": {"data": value}}, {"Records": [{"kinesis": {"data": value, "sequenceNumber": "1"}}]}):
        with contextlib.suppress(PayloadError):
            for one in inputs_of(candidate):
                payload_of(one.data)


def test_an_event_brings_one_payload_directly_or_many_in_kinesis_records() -> None:
    records = [{"kinesis": {"data": f"d{number}", "sequenceNumber": str(number)}} for number in range(3)]

    assert inputs_of({"awslogs": {"data": "d"}}) == [decode.Input("d")]
    assert inputs_of({"Records": records}) == [decode.Input(f"d{number}", str(number)) for number in range(3)]


@pytest.mark.parametrize(
    "records", [[], {}, [{}], [None], [{"kinesis": {}}], [{"kinesis": {"data": "d", "sequenceNumber": 1}}]]
)
def test_records_that_nobody_could_name_in_an_answer_are_refused(records: Any) -> None:
    with pytest.raises(PayloadError, match="unknown-event"):
        inputs_of({"Records": records})


def test_fields_that_cloudwatch_extracted_come_with_their_event(shipper: Shipper) -> None:
    fields = {"srcaddr": "10.0.0.1", "dstport": "443"}
    events = [
        {"id": "1", "timestamp": 1, "message": "2 123 eni-1", "extractedFields": fields},
        {"id": "2", "timestamp": 1, "message": "2 123 eni-2"},
    ]

    first, second = shipper.ship(logEvents=events, logGroup="vpc-flow").documents

    assert (first["app"], first["message"]) == (fields, "2 123 eni-1")
    assert "app" not in second


@pytest.mark.parametrize("depth", [900, 1_015])
def test_deep_fields_that_cloudwatch_extracted_are_no_obstacle(shipper: Shipper, depth: int) -> None:
    """Both sides of what Python's encoder takes; the decoder takes 1,024 levels."""
    fields = orjson.loads('{"a":' + "[" * depth + "]" * depth + "}")
    payload = Payload("123456789012", "g", "s", (), ["1"], [shipper.now], ["m"], {0: fields})

    (chunk,) = Conversion(payload, shipper.settings, Configuration(), shipper.now).chunks(Counts())

    assert json.loads(chunk.documents.items[0].split(b"\n")[1])["message"] == "m"


def test_lines_of_an_account_level_subscription_are_shipped_like_others(shipper: Shipper) -> None:
    overrides = {"policyLevel": "ACCOUNT_LEVEL_POLICY", "subscriptionFilters": ["everything"]}

    shipped = shipper.ship("x", **overrides)
    own = shipper.ship("x", logGroup="/aws/lambda/watchpost-replay", **overrides)

    assert [document["service"]["name"] for document in shipped.documents] == ["orders-api"]
    assert (own.documents, own.counts.payloads_refused) == ([], 1)
