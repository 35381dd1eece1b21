"""From an event to the log lines in it."""

from __future__ import annotations

import binascii
import json
import zlib
from dataclasses import dataclass
from typing import Any, TypeGuard

import orjson
from watchpost.errors import PayloadError

# The events that Lambda takes are far smaller; this keeps a decompression bomb from taking the memory (bytes).
MAX_PAYLOAD = 100 * 1024 * 1024
MAX_TIME = 253_402_300_799_999  # the last millisecond of the year 9999

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Payload:
    """What one subscription filter sent."""

    owner: str  # AWS account of the log group
    log_group: str
    log_stream: str
    filters: tuple[str, ...]  # names of the subscription filters that matched
    events: list[dict[str, Any]]  # each with `id` (text), `timestamp` (milliseconds since 1970) and `message` (text)


def payload_of(event: Any) -> Payload | None:
    """The payload of a CloudWatch Logs subscription event, None for a control message.

    event: {"awslogs": {"data": base64 of gzip or zlib of JSON}}.
    Raises PayloadError.
    """
    data = event.get("awslogs") if isinstance(event, dict) else None
    data = data.get("data") if isinstance(data, dict) else None
    if not isinstance(data, str):
        raise PayloadError("unknown-event", "a CloudWatch Logs subscription event")
    content = _json(_decompressed(_decoded(data)))
    if not isinstance(content, dict):
        raise PayloadError("not-an-object", "a JSON object")
    message_type = content.get("messageType")
    if message_type == "CONTROL_MESSAGE":
        return None
    if message_type != "DATA_MESSAGE":
        raise PayloadError("unknown-message-type", "DATA_MESSAGE or CONTROL_MESSAGE")
    return _payload(content)


def _decoded(data: str) -> bytes:
    try:
        return binascii.a2b_base64(data.encode("ascii"), strict_mode=True)
    except ValueError:  # binascii.Error and UnicodeEncodeError are ValueErrors
        raise PayloadError("not-base64", "base64") from None


def _decompressed(data: bytes) -> bytes:
    decompressor = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        content = decompressor.decompress(data, MAX_PAYLOAD)
    except zlib.error:
        raise PayloadError("not-gzip", "gzip") from None
    if not decompressor.eof:
        if len(content) >= MAX_PAYLOAD:
            raise PayloadError("too-large", f"at most {MAX_PAYLOAD} bytes")
        raise PayloadError("not-gzip", "complete gzip")
    return content


def _json(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    try:  # slower, but it takes lone surrogates
        return json.loads(content)
    except (ValueError, RecursionError):
        raise PayloadError("not-json", "JSON") from None


def _payload(content: dict[str, Any]) -> Payload:
    owner, group, stream = (content.get(name) for name in ("owner", "logGroup", "logStream"))
    filters = content.get("subscriptionFilters", [])
    events = content.get("logEvents")
    if not (isinstance(owner, str) and isinstance(group, str) and group and isinstance(stream, str)):
        raise PayloadError("incomplete", "owner, logGroup and logStream")
    if not isinstance(filters, list) or not isinstance(events, list) or not all(map(_is_event, events)):
        raise PayloadError("incomplete", "logEvents with id, timestamp and message")
    return Payload(owner, group, stream, tuple(name for name in filters if isinstance(name, str)), events)


def _is_event(event: Any) -> TypeGuard[dict[str, Any]]:
    return (
        type(event) is dict
        and type(event.get("id")) is str
        and type(event.get("message")) is str
        and type(event.get("timestamp")) is int
        and 0 <= event["timestamp"] <= MAX_TIME
    )
