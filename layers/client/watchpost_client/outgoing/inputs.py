"""What starts something directly: an invocation of a function, an execution of Step Functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from watchpost_client import carriers, wire
from watchpost_client.outgoing import objects, room

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def with_context(data: Any, pairs: Mapping[str, str], limits: Sequence[int], to: str) -> Any:
    """Data with as much of a context as has room; None where it is left alone.

    limits: bytes, rising. to: the carrier's name.
    """
    found = objects.opened(data)
    if found is None or _is_taken(found.content):
        return None
    gains = found.gains(pairs)
    number = room.shares([room.Parcel(room.length(data), gains)], limits)[0]
    if number < len(gains):
        room.left_out(to, room.SIZE)
    return objects.like(data, found.with_context(pairs, number)) if number else None


def _is_taken(content: Mapping[str, Any]) -> bool:
    """Whether a context beside what is there would not be read, or would hide one that is further inside."""
    if carriers.is_event(content):  # handed on: who reads it looks for the context elsewhere in it
        return True
    inner = (content.get(name) for name in carriers.WRAPPERS)
    return any(isinstance(item, dict) and wire.KEY in item for item in inner)
