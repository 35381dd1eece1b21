"""Batches as Lambda hands them over, and what is told about them."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from watchpost_client import correlation, wire

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCES = ("sqs", "fifo", "kinesis", "dynamodb")


def _inside(correlation_id: str) -> dict[str, Any]:
    return {wire.KEY: {wire.ID: correlation_id}}


def sqs(number: int, correlation_id: str, arn: str = "arn:aws:sqs:eu-west-1:123456789012:orders") -> dict[str, Any]:
    attributes = {wire.ID: {"stringValue": correlation_id, "dataType": "String"}} if correlation_id else {}
    return {
        "messageId": f"id-{number}",
        "body": "m",
        "messageAttributes": attributes,
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
    }


def _fifo(number: int, correlation_id: str) -> dict[str, Any]:
    return sqs(number, correlation_id, "arn:aws:sqs:eu-west-1:123456789012:orders.fifo")


def _kinesis(number: int, correlation_id: str) -> dict[str, Any]:
    data = base64.b64encode(json.dumps(_inside(correlation_id)).encode()).decode()
    return {"eventSource": "aws:kinesis", "kinesis": {"sequenceNumber": f"id-{number}", "data": data}}


def _dynamodb(number: int, correlation_id: str) -> dict[str, Any]:
    image = {wire.KEY: {"M": {wire.ID: {"S": correlation_id}}}}
    return {"eventSource": "aws:dynamodb", "dynamodb": {"SequenceNumber": f"id-{number}", "NewImage": image}}


MAKE: dict[str, Callable[[int, str], dict[str, Any]]] = {
    "sqs": sqs,
    "fifo": _fifo,
    "kinesis": _kinesis,
    "dynamodb": _dynamodb,
}


def event_of(source: str, count: int) -> dict[str, Any]:
    return {"Records": [MAKE[source](number, f"c-{number}") for number in range(count)]}


def current() -> str:
    found = correlation.current()
    return found.correlation_id if found else ""


def failed_of(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]
