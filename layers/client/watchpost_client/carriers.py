"""Where a context lies in what starts a function, or in one record of it. Pure; never raises for strange input."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

from watchpost_client import wire
from watchpost_client.context import Context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DIRECT, STATES = "direct", "step-functions"
# Where Step Functions put the input of an execution when a task wraps it (its documentation, Context object).
WRAPPERS = ("Input", "input", "Payload")
LARGEST = 6_291_456  # bytes of a record or body that are looked into: Lambda takes no larger event


def of_event(event: Any) -> Context:
    """The context in an event; its id is "" where there is none.

    Of a batch the only record counts: of several, each has its own, see `of_record`.
    """
    if not isinstance(event, dict):
        return Context("", origin=DIRECT)
    if not is_event(event):
        return _input(event)
    if records := _records(event):
        alone = of_record(records[0])
        return alone if len(records) == 1 else Context("", origin=f"{alone.origin}-batch")
    if isinstance(event.get("requestContext"), dict):
        return _request(event)
    return _object(event.get("detail"), "eventbridge")


def is_event(content: Mapping[str, Any]) -> bool:
    """Whether this is an event of AWS: its context lies further inside, and not beside what it has."""
    return bool(_records(content)) or isinstance(content.get("requestContext"), dict) or "detail-type" in content


def _records(event: Mapping[str, Any]) -> list[Any]:
    records = event.get("Records")
    return records if isinstance(records, list) else []


def of_record(record: Any) -> Context:
    """The context in one record of SQS, SNS, Kinesis, a DynamoDB stream or S3; its id is "" where there is none."""
    if not isinstance(record, dict):
        return Context("", origin=DIRECT)
    source = record.get("eventSource") or record.get("EventSource")
    read = _RECORDS.get(source) if isinstance(source, str) else None
    return read(record) if read else _object(record, DIRECT)


def _input(event: Mapping[str, Any]) -> Context:
    """What somebody invoked the function with, or Step Functions did."""
    wrapped: Mapping[str, Any] = next((event[name] for name in WRAPPERS if isinstance(event.get(name), dict)), {})
    if wire.KEY not in event and wire.KEY in wrapped:
        return _object(wrapped, STATES)
    return _object(event, DIRECT)


def _request(event: Mapping[str, Any]) -> Context:
    """API Gateway (REST, HTTP and WebSocket), a load balancer, or a function's URL."""
    about = event["requestContext"]
    if "elb" in about:
        return wire.read(_headers(event), "alb")
    if "connectionId" in about:
        found = wire.read(_headers(event), "websocket")  # only the request that connects has headers
        return found if found.correlation_id else _object(_json(event.get("body")), "websocket")
    if isinstance(about.get("http"), dict):
        is_url = ".lambda-url." in str(about.get("domainName", ""))
        return wire.read(_headers(event), "function-url" if is_url else "http-api")
    return wire.read(_headers(event), "api-gateway")


def _headers(event: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    for name in ("headers", "multiValueHeaders"):
        headers = event.get(name)
        if isinstance(headers, dict):
            yield from headers.items()


def _sqs(record: Mapping[str, Any]) -> Context:
    found = wire.read(_attributes(record.get("messageAttributes")), "sqs")
    if found.correlation_id:
        return found
    body = _json(record.get("body"))
    if not isinstance(body, dict):
        return found
    if body.get("Type") == "Notification" and "TopicArn" in body:
        inner = _sns(body, "sns-in-sqs")
    elif "detail-type" in body:
        inner = _object(body.get("detail"), "eventbridge-in-sqs")
    else:
        inner = _object(body, "sqs")
    return inner if inner.correlation_id or inner.origin != "sqs" else found


def _sns(notification: Any, origin: str) -> Context:
    if not isinstance(notification, dict):
        return Context("", origin=origin)
    found = wire.read(_attributes(notification.get("MessageAttributes")), origin)
    return found if found.correlation_id else _object(_json(notification.get("Message")), origin)


def _kinesis(record: Any) -> Context:
    data = record.get("data") if isinstance(record, dict) else None
    if not isinstance(data, str) or len(data) > LARGEST * 2:
        return Context("", origin="kinesis")
    try:
        return _object(_json(base64.b64decode(data)), "kinesis")
    except binascii.Error:
        return Context("", origin="kinesis")


def _dynamodb(change: Any) -> Context:
    """An item's attribute `__context__`: a map of strings, or a string of JSON."""
    image = (change.get("NewImage") or change.get("OldImage")) if isinstance(change, dict) else None
    attribute = image.get(wire.KEY) if isinstance(image, dict) else None
    if not isinstance(attribute, dict):
        return Context("", origin="dynamodb")
    inner = attribute.get("M")
    if isinstance(inner, dict):
        values = {name: item.get("S") for name, item in inner.items() if isinstance(item, dict)}
    else:
        values = _json(attribute.get("S"))
    return wire.read(values.items() if isinstance(values, dict) else (), "dynamodb")


def _object(found: Any, origin: str) -> Context:
    """The context below `__context__` of a JSON object."""
    inner = found.get(wire.KEY) if isinstance(found, dict) else None
    return wire.read(inner.items() if isinstance(inner, dict) else (), origin)


def _attributes(found: Any) -> Iterator[tuple[Any, Any]]:
    """Message attributes, as SQS has them in an event (stringValue), SNS (Value) or their API (StringValue)."""
    for name, item in found.items() if isinstance(found, dict) else ():
        if isinstance(item, dict):
            value = next((item[key] for key in ("stringValue", "StringValue", "Value") if item.get(key)), None)
            yield name, value


def _json(found: Any) -> Any:
    """What a text holds that may hold a context; None for every other one, without reading it as a whole."""
    if isinstance(found, bytes):
        if len(found) > LARGEST:
            return None
        found = found.decode("utf-8", "ignore")
    if not isinstance(found, str) or len(found) > LARGEST or not _may_hold(found):
        return None
    try:
        return json.loads(found)
    except (ValueError, RecursionError):
        return None


def _may_hold(found: str) -> bool:
    # A notification of SNS has its attributes beside the message. Escaped names are nobody's convention.
    return wire.KEY in found or "x-correlation-" in found.lower()


_RECORDS: dict[str, Callable[[Mapping[str, Any]], Context]] = {
    "aws:sqs": _sqs,
    "aws:sns": lambda record: _sns(record.get("Sns"), "sns"),
    "aws:kinesis": lambda record: _kinesis(record.get("kinesis")),
    "aws:dynamodb": lambda record: _dynamodb(record.get("dynamodb")),
    # Its events hold nothing that a sender chose but the key.
    "aws:s3": lambda _record: Context("", origin="s3"),
}
