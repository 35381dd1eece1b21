"""A context in the message attributes of SNS and SQS, which have the same form there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from watchpost_client import carriers, wire
from watchpost_client.outgoing import room

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# SQS takes ten (its quotas for messages). SNS takes more, but loses the message on its way to a queue with raw
# delivery (SNS, Message attributes), and whether a topic has one is not to be seen here.
MOST = 10
TYPE = "String"
NAME = "MessageAttributes"


def add(messages: Sequence[Any], texts: str, pairs: Mapping[str, str], fit: Callable[..., list[int]], to: str) -> Any:
    """The messages with as much of a context as has room; None where nothing is added.

    messages: dictionaries with MessageAttributes and, below the name `texts`, what is sent. They are not changed:
    those of the answer are copies. fit: how many pairs each parcel takes. to: the carrier's name.
    """
    wanted = [_wanted(message, texts, pairs) for message in messages]
    if not any(wanted):
        return None
    kept = [_within_ten(message, more, to) for message, more in zip(messages, wanted, strict=True)]
    parcels = [_parcel(message, texts, more) for message, more in zip(messages, kept, strict=True)]
    taken = fit(parcels)
    if any(number < len(more) for number, more in zip(taken, kept, strict=True)):
        room.left_out(to, room.SIZE)
    if not any(taken):
        return None
    return [_with(message, more[:number]) for message, more, number in zip(messages, kept, taken, strict=True)]


def _wanted(message: Any, texts: str, pairs: Mapping[str, str]) -> room.Pairs:
    """What is to be added to a message; nothing to one that botocore will refuse, or that carries a context inside."""
    if not isinstance(message, dict) or not isinstance(text := message.get(texts), str):
        return []
    attributes = message.get(NAME)
    if attributes is None:
        attributes = {}
    if not isinstance(attributes, dict) or not all(isinstance(item, dict) for item in attributes.values()):
        return []
    # What reads the message looks at its attributes first: they would hide what is inside.
    if _has_own(text):
        return []
    there = {str(name).lower(): item.get("StringValue") for name, item in attributes.items()}
    return room.missing(pairs, there)


def _has_own(text: str) -> bool:
    """Whether a text carries a context itself: `__context__`, a notification of SNS, or an event of EventBridge."""
    if wire.KEY not in text and wire.PREFIX not in text.lower():
        return False
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if not isinstance(found, dict):
        return False
    return wire.KEY in found or bool(carriers.of_record({"eventSource": "aws:sqs", "body": text}).correlation_id)


def _within_ten(message: Any, more: room.Pairs, to: str) -> room.Pairs:
    free = max(0, MOST - len(message.get(NAME) or ())) if more else 0
    if len(more) > free:
        room.left_out(to, room.ATTRIBUTES)
    return more[:free]


def _parcel(message: Any, texts: str, more: room.Pairs) -> room.Parcel:
    if not isinstance(message, dict):
        return room.Parcel(0)
    attributes = message.get(NAME)
    size = room.length(message.get(texts))
    for name, item in attributes.items() if isinstance(attributes, dict) else ():
        size += room.length(name) + sum(map(room.length, item.values() if isinstance(item, dict) else ()))
    return room.Parcel(size, room.rising(len(name) + len(TYPE) + len(value) for name, value in more))


def _with(message: Any, more: room.Pairs) -> Any:
    if not more:
        return message
    added = {name: {"DataType": TYPE, "StringValue": value} for name, value in more}
    return {**message, NAME: {**(message.get(NAME) or {}), **added}}
