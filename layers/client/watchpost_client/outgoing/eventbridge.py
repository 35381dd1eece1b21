"""EventBridge: `__context__` in the detail of the events of PutEvents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from watchpost_client.outgoing import objects, room

if TYPE_CHECKING:
    from collections.abc import Mapping

# All entries of a request are less than 1 MB together (EventBridge API, PutEvents), less than 256 KB before 2026, and
# some targets still take no more than that.
LIMITS = (256 * room.KIB - 1, room.MIB - 1)
_TIME = 14  # bytes of a time (EventBridge, Calculating PutEvents event entry size)


def put(params: dict[str, Any], pairs: Mapping[str, str]) -> None:
    """Put a context into the parameters of PutEvents."""
    entries = params.get("Entries")
    if not isinstance(entries, list | tuple) or not all(isinstance(entry, dict) for entry in entries):
        return
    opened = [objects.opened(entry.get("Detail")) for entry in entries]
    parcels = [
        room.Parcel(_size(entry), found.gains(pairs) if found else ())
        for entry, found in zip(entries, opened, strict=True)
    ]
    taken = room.shares(parcels, LIMITS, LIMITS)
    if any(number < len(parcel.gains) for number, parcel in zip(taken, parcels, strict=True)):
        room.left_out("eventbridge", room.SIZE)
    if any(taken):
        params["Entries"] = [
            {**entry, "Detail": found.with_context(pairs, number)} if found and number else entry
            for entry, found, number in zip(entries, opened, taken, strict=True)
        ]


def _size(entry: Mapping[str, Any]) -> int:
    """Bytes of an entry, as EventBridge counts them."""
    resources = entry.get("Resources")
    texts = [entry.get(name) for name in ("Source", "DetailType", "Detail")]
    texts += resources if isinstance(resources, list | tuple) else []
    return sum(map(room.length, texts)) + (_TIME if entry.get("Time") is not None else 0)
