"""What Lambda itself writes into the bucket, as the on-failure destination of the stack's functions.

For asynchronous invocations `aws/lambda/async/<function>/yyyy/mm/dd/<time>-<uuid>`, with the event in `requestPayload`.
For event source mappings `aws/lambda/<mapping's uuid>/<shard>/yyyy/mm/dd/<time>-<uuid>`, with the event in `payload`,
as JSON in a text. (Lambda developer guide: "Capturing records of Lambda asynchronous invocations", "Retain discarded
batch records for a Kinesis Data Streams event source".)
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from watchpost.dead_letters import PREFIX, Contents, DeadLetter

LAMBDA_PREFIX = "aws/lambda/"
# Bytes of a record: it holds an event of up to 6 MB (Lambda quotas), as JSON in JSON at worst.
LARGEST = 32_000_000
_ASYNC_PREFIX = f"{LAMBDA_PREFIX}async/"


def function_of_key(key: str) -> str | None:
    """The function whose failed invocation an object tells of, or None when its key does not say."""
    if not key.startswith(_ASYNC_PREFIX):
        return None
    # That the name comes without the alias is how the guide's examples have it, and nothing that it promises.
    return key.removeprefix(_ASYNC_PREFIX).split("/", 1)[0].split(":", 1)[0]


def letters_key(key: str) -> str:
    """Where the letters of Lambda's record go when they are not all delivered: always to the same object."""
    parts = key.removeprefix(LAMBDA_PREFIX).split("/")
    day = "/".join(parts[-4:-1]) if len(parts) > 4 else "undated"
    return f"{PREFIX}{day}/{'-'.join([*parts[:-4], parts[-1]])}.ndjson.gz"


def read(body: bytes, shipper: str) -> Contents | str:
    """The letters in Lambda's record, or the name of the function when it is not the shipper's.

    shipper: the function's name. A record of several Kinesis records is one letter for each of them, so that each is
    accounted for alone. A record that cannot be read is counted as unreadable; nothing is raised.
    """
    if len(body) > LARGEST:
        return Contents(unreadable=1)
    try:
        record = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return Contents(unreadable=1)
    if not isinstance(record, dict):
        return Contents(unreadable=1)
    context = record.get("requestContext")
    context = context if isinstance(context, dict) else {}
    function = _name(context.get("functionArn"))
    if function and function != shipper:
        return function
    events = _events(record)
    if not events:
        return Contents(unreadable=1)
    attempts = context.get("approximateInvokeCount")
    attempts = attempts if type(attempts) is int else 1
    at = record.get("timestamp")
    at = at if isinstance(at, str) else ""
    reason = _reason(record, context)
    return Contents([DeadLetter("payload", reason, attempts, event, at) for event in events])


def _events(record: dict[str, Any]) -> list[Any]:
    """The events that the shipper did not take, one for each Kinesis record."""
    event = record["requestPayload"] if "requestPayload" in record else record.get("payload")
    if isinstance(event, str):
        try:
            event = json.loads(event, parse_constant=_refuse)
        except (ValueError, RecursionError):
            return []
    if isinstance(event, list):  # the records without what holds them
        event = {"Records": event}
    if not isinstance(event, dict):
        return []
    records = event.get("Records")
    return [{**event, "Records": [one]} for one in records] if isinstance(records, list) else [event]


def _reason(record: dict[str, Any], context: dict[str, Any]) -> str:
    answer = record.get("responsePayload")
    message = answer.get("errorMessage") if isinstance(answer, dict) else None
    condition = context.get("condition")
    words = [word for word in (condition, message) if isinstance(word, str) and word]
    return f"Lambda gave up: {': '.join(words) or 'no reason told'}"[:500]


def _name(arn: Any) -> str:
    """The function's name in an ARN, which may end in a version or an alias."""
    parts = arn.split(":") if isinstance(arn, str) else []
    return parts[6] if len(parts) > 6 else ""


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
