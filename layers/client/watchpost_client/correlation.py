"""The transaction that the running code belongs to: taken from what starts a function, and handed to others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from watchpost_client import carriers, wire
from watchpost_client import context as contexts
from watchpost_client.context import Context, current, new, not_passed_on, use
from watchpost_client.guard import guarded

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Context",
    "current",
    "for_record",
    "from_event",
    "new",
    "not_passed_on",
    "set_field",
    "to_attributes",
    "to_headers",
    "to_object",
    "use",
]


def from_event(event: Any, lambda_context: Any = None) -> Context:
    """The context that an event carries; a new one where it carries none.

    event: as Lambda hands it over: API Gateway (REST, HTTP, WebSocket), a load balancer, a function's URL, SNS, SQS
    (with SNS or EventBridge in it too), Kinesis, a DynamoDB stream, EventBridge, Step Functions, S3, or any other. A
    new context has the id of the request, so that it is found by either.
    """
    return _completed(carriers.of_event(event), getattr(lambda_context, "aws_request_id", ""))


def for_record(record: Any) -> Context:
    """The context that one record of a batch carries; a new one where it carries none."""
    return _completed(carriers.of_record(record), "")


def _completed(found: Context, request_id: Any) -> Context:
    if found.correlation_id:
        return found
    made = contexts.new(request_id if isinstance(request_id, str) else "")
    # What else came along is kept: a trace may come from somebody who knows no correlation id.
    return replace(found, correlation_id=made.correlation_id)


def set_field(name: str, value: str) -> None:
    """Add `x-correlation-<name>` to the current context: from here on it is on every line, and passed on."""
    with guarded("correlation"):
        found = contexts.current()
        if found is not None:
            contexts.change(contexts.with_field(found, name, value))


def to_headers(context: Context) -> dict[str, str]:
    """The context as headers of HTTP."""
    return wire.write(context)


def to_attributes(context: Context) -> dict[str, dict[str, str]]:
    """The context as message attributes of SNS and SQS, the less important ones last: a message may have ten."""
    return {name: {"DataType": "String", "StringValue": value} for name, value in wire.write(context).items()}


def to_object(context: Context) -> Mapping[str, str]:
    """The context as the value of `__context__` in a JSON object."""
    return wire.write(context)
