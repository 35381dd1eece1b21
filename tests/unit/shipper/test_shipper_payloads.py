"""Payloads that are not what they should be."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shipper import decode
from shipper.decode import payload_of
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


def packed(content: bytes) -> dict[str, Any]:
    return {"awslogs": {"data": base64.b64encode(content).decode()}}


def event(**overrides: Any) -> dict[str, Any]:
    return packed(gzip.compress(json.dumps(GOOD | overrides).encode()))


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
def test_gzip_and_zlib_are_read(compress: Any) -> None:
    payload = payload_of(packed(compress(json.dumps(GOOD).encode())))

    assert payload is not None
    assert payload.events == GOOD["logEvents"]


def test_a_control_message_has_no_payload() -> None:
    assert payload_of(event(messageType="CONTROL_MESSAGE", logEvents=None)) is None


@pytest.mark.parametrize(
    ("given_event", "what"),
    [
        (None, "unknown-event"),
        ({}, "unknown-event"),
        ({"awslogs": {"data": 7}}, "unknown-event"),
        ({"awslogs": {"data": "secret words!"}}, "not-base64"),
        ({"awslogs": {"data": "geheim-wörter"}}, "not-base64"),
        (packed(b"secret words"), "not-gzip"),
        (packed(gzip.compress(b"secret words" * 999)[:-12]), "not-gzip"),
        (packed(b""), "not-gzip"),
        (packed(gzip.compress(b"secret words")), "not-json"),
        (packed(gzip.compress(b"[" * 100_000)), "not-json"),
        (packed(gzip.compress(b"\xff\xfe")), "not-json"),
        (packed(gzip.compress(b"[]")), "not-an-object"),
        (event(messageType="SECRET"), "unknown-message-type"),
        (event(owner=None), "incomplete"),
        (event(logGroup=""), "incomplete"),
        (event(logEvents=None), "incomplete"),
        (event(subscriptionFilters="f"), "incomplete"),
        (event(logEvents=[{"id": "1", "timestamp": "1", "message": "secret words"}]), "incomplete"),
        (event(logEvents=[{"id": "1", "timestamp": -1, "message": "secret words"}]), "incomplete"),
        (event(logEvents=[{"id": "1", "timestamp": decode.MAX_TIME + 1, "message": "secret words"}]), "incomplete"),
        (event(logEvents=[{"id": "1", "timestamp": 1}]), "incomplete"),
        (event(logEvents=["secret words"]), "incomplete"),
    ],
)
def test_a_broken_payload_is_told_without_its_content(given_event: Any, what: str) -> None:
    with pytest.raises(PayloadError) as raised:
        payload_of(given_event)

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
    """Property: no event leads to any other error than PayloadError."""
    for candidate in (value, {"awslogs": value}, {"awslogs": {"data": value}}):
        with pytest.raises(PayloadError):
            payload_of(candidate)
