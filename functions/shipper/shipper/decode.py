"""From an event to the payloads in it, and from a payload to its log lines."""

from __future__ import annotations

import binascii
import json
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from watchpost.errors import PayloadError

from shipper import slices

if TYPE_CHECKING:
    from collections.abc import Iterable

# Bytes of a payload's JSON. PutLogEvents takes batches of 1 MiB, to which CloudWatch Logs adds 26 bytes for each of up
# to 10,000 events (CloudWatch Logs API, PutLogEvents); as JSON, six bytes for a character at worst, that is 8 MB.
# gzip makes a thousandth of what repeats itself: without a limit an event of 1 MB would take a gigabyte of memory.
MAX_PAYLOAD = 32 * 1024 * 1024
# From here on (bytes) it is asked how much of the JSON is structure: `{},{},…` takes 36 times its length as objects.
DENSE_FROM = 4 * 1024 * 1024
DENSITY = 16  # bytes for each value, at least; an event of CloudWatch Logs has 36 and more for each of its own
MAX_TIME = 253_402_300_799_999  # the last millisecond of the year 9999

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_STR, _INT = {str}, {int}
_IN_QUOTES = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Input:
    """One payload of an event, as it came."""

    data: Any  # base64 of gzip or zlib of JSON
    sequence: str | None = None  # of the Kinesis record; None for a payload that came directly

    @property
    def event(self) -> dict[str, Any]:
        """The event that would bring this payload directly: dead letters of every way in look the same."""
        return {"awslogs": {"data": self.data}}


@dataclass(frozen=True, slots=True)
class Payload:
    """What one subscription sent: log events of one stream, as three lists of one length."""

    owner: str  # AWS account of the log group
    log_group: str
    log_stream: str
    filters: tuple[str, ...]  # names of the subscription filters that matched
    ids: list[str]  # of the events
    times: list[int]  # milliseconds since 1970
    messages: list[str]
    extracted: dict[int, dict[str, Any]]  # fields that CloudWatch Logs took out of a message, by the event's position


def inputs_of(event: Any) -> list[Input]:
    """The payloads of an event.

    event: {"awslogs": {"data": …}} of a subscription, or {"Records": [{"kinesis": {"data": …, "sequenceNumber": …}}]}.
    Raises PayloadError for any other event.
    """
    if isinstance(event, dict):
        direct, records = event.get("awslogs"), event.get("Records")
        if isinstance(direct, dict) and isinstance(direct.get("data"), str):
            return [Input(direct["data"])]
        if isinstance(records, list) and records:
            found = [record.get("kinesis") if isinstance(record, dict) else None for record in records]
            inputs = [Input(one.get("data"), one.get("sequenceNumber")) for one in found if isinstance(one, dict)]
            if len(inputs) == len(records) and all(isinstance(one.sequence, str) for one in inputs):
                return inputs
    raise PayloadError("unknown-event", "a CloudWatch Logs subscription event, directly or in Kinesis records")


def payload_of(data: Any) -> Payload | None:
    """A payload's log lines, None for a control message.

    data: base64 of gzip or zlib of JSON. Raises PayloadError.
    """
    text = _decompressed(_decoded(data))
    sliced = slices.of(text, slices.SIZE) if len(text) > 2 * slices.SIZE else None
    if sliced is not None and sliced[0].get("messageType") == "DATA_MESSAGE":  # the events of others are not looked at
        try:
            return _payload(sliced[0], map(slices.events_of, sliced[1]))
        except (ValueError, PayloadError):
            pass  # the whole tells what is wrong, if anything is
    sliced = None  # of a large payload there is no room for both
    content = _json(text)
    if not isinstance(content, dict):
        raise PayloadError("not-an-object", "a JSON object")
    return _payload(content, [content.get("logEvents")])


def _decoded(data: Any) -> bytes:
    if not isinstance(data, str):
        raise PayloadError("not-base64", "base64")
    try:
        return binascii.a2b_base64(data.encode("ascii"), strict_mode=True)
    except ValueError:  # binascii.Error and UnicodeEncodeError are ValueErrors
        raise PayloadError("not-base64", "base64") from None


def _decompressed(data: bytes) -> bytes:
    decompressor = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        content = decompressor.decompress(data, MAX_PAYLOAD + 1)
    except zlib.error:
        raise PayloadError("not-gzip", "gzip") from None
    if len(content) > MAX_PAYLOAD:
        raise PayloadError("too-large", f"at most {MAX_PAYLOAD} bytes")
    if not decompressor.eof:
        raise PayloadError("not-gzip", "complete gzip")
    if decompressor.unused_data:  # a second stream would be lost
        raise PayloadError("not-gzip", "one stream of gzip and nothing behind it")
    if len(content) >= DENSE_FROM and _is_dense(content):
        raise PayloadError("too-dense", f"log events, not more than one value in {DENSITY} bytes")
    return content


def _is_dense(content: bytes) -> bool:
    """Whether JSON is made of so many values that they take many times its length as objects."""
    most = len(content) // DENSITY
    if _values(content) <= most:
        return False
    # What stands in quotes does not count, but how often there are quotes does: taking out so many takes memory too.
    return (content.count(b'"') - content.count(b'\\"')) // 2 > most or _values(_IN_QUOTES.sub(b"", content)) > most


def _values(content: bytes) -> int:
    return content.count(b",") + content.count(b"{") + content.count(b"[")


def _json(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    try:  # slower, but it takes lone surrogates
        return json.loads(content)
    except (ValueError, RecursionError):
        raise PayloadError("not-json", "JSON") from None


def _payload(content: dict[str, Any], slices_of_events: Iterable[Any]) -> Payload | None:
    """content: the payload, whose events are looked for in the slices only."""
    message_type = content.get("messageType")
    if message_type == "CONTROL_MESSAGE":
        return None
    if message_type != "DATA_MESSAGE":
        raise PayloadError("unknown-message-type", "DATA_MESSAGE or CONTROL_MESSAGE")
    owner, group, stream = (content.get(name) for name in ("owner", "logGroup", "logStream"))
    filters = content.get("subscriptionFilters", [])
    if not (isinstance(owner, str) and isinstance(group, str) and group and isinstance(stream, str)):
        raise PayloadError("incomplete", "owner, logGroup and logStream")
    if not isinstance(filters, list):
        raise _events_incomplete()
    names = tuple(name for name in filters if isinstance(name, str))
    payload = Payload(owner, group, stream, names, [], [], [], {})
    extracts = False
    for events in slices_of_events:
        first = len(payload.ids)
        _add(payload, events)
        # A subscription extracts from every event or from none.
        extracts = extracts or (first == 0 and len(events) > 0 and "extractedFields" in events[0])
        if extracts:
            payload.extracted.update(_extracted(events, first))
    if payload.ids and not (
        set(map(type, payload.ids)) == _STR
        and set(map(type, payload.messages)) == _STR
        and set(map(type, payload.times)) == _INT
        and min(payload.times) >= 0
        and max(payload.times) <= MAX_TIME
    ):
        raise _events_incomplete()
    return payload


def _add(payload: Payload, events: Any) -> None:
    """Add a slice of the events, or all of them."""
    if not isinstance(events, list):
        raise _events_incomplete()
    try:  # whole lists at a time: a check of each event by itself costs more than all the rest of decoding
        payload.ids.extend([event["id"] for event in events])
        payload.times.extend([event["timestamp"] for event in events])
        payload.messages.extend([event["message"] for event in events])
    except (KeyError, TypeError, IndexError):
        raise _events_incomplete() from None


def _extracted(events: list[dict[str, Any]], first: int) -> dict[int, dict[str, Any]]:
    return {
        position: event["extractedFields"]
        for position, event in enumerate(events, first)
        if isinstance(event.get("extractedFields"), dict)
    }


def _events_incomplete() -> PayloadError:
    return PayloadError("incomplete", "logEvents with id, timestamp and message")
