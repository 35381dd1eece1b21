"""Kinesis: `__context__` in the JSON object that a record's data is, of PutRecord and PutRecords."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from watchpost_client.outgoing import objects, room

if TYPE_CHECKING:
    from collections.abc import Mapping

# A record with its partition key: 10 MiB, 1 MiB where the stream has not been told to take more (Kinesis API,
# PutRecord; Handle large records). A request: 10 MiB, 5 MiB before (Kinesis API, PutRecords).
RECORD = (room.MIB, 10 * room.MIB)
REQUEST = (5 * room.MIB, 10 * room.MIB)


def put(params: dict[str, Any], pairs: Mapping[str, str]) -> None:
    """Put a context into the parameters of PutRecord."""
    sent = _with_context([params], pairs)
    if sent:
        params["Data"] = sent[0]["Data"]


def put_batch(params: dict[str, Any], pairs: Mapping[str, str]) -> None:
    """Put a context into the parameters of PutRecords."""
    records = params.get("Records")
    if not isinstance(records, list | tuple) or not all(isinstance(record, dict) for record in records):
        return
    sent = _with_context(records, pairs)
    if sent:
        params["Records"] = sent


def _with_context(records: list[Any] | tuple[Any, ...], pairs: Mapping[str, str]) -> list[Any] | None:
    opened = [objects.opened(record.get("Data")) for record in records]
    parcels = [
        room.Parcel(
            room.length(record.get("Data")) + room.length(record.get("PartitionKey")),
            found.gains(pairs) if found else (),
        )
        for record, found in zip(records, opened, strict=True)
    ]
    taken = room.shares(parcels, RECORD, REQUEST)
    if any(number < len(parcel.gains) for number, parcel in zip(taken, parcels, strict=True)):
        room.left_out("kinesis", room.SIZE)
    if not any(taken):
        return None
    return [
        {**record, "Data": objects.like(record["Data"], found.with_context(pairs, number))}
        if found and number
        else record
        for record, found, number in zip(records, opened, taken, strict=True)
    ]
