"""SQS: message attributes of SendMessage and SendMessageBatch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from watchpost_client.outgoing import attributes, room

if TYPE_CHECKING:
    from collections.abc import Mapping

# Of a message and of a batch: 1 MiB (SQS API, SendMessage and SendMessageBatch), 256 KiB on queues that were made
# before 2025, which keep their MaximumMessageSize. Body and attributes count: names, types and values.
LIMITS = (256 * room.KIB, room.MIB)


def send(params: dict[str, Any], pairs: Mapping[str, str]) -> None:
    """Put a context into the parameters of SendMessage."""
    sent = attributes.add([params], "MessageBody", pairs, lambda parcels: room.shares(parcels, LIMITS), "sqs")
    if sent:
        params[attributes.NAME] = sent[0][attributes.NAME]


def send_batch(params: dict[str, Any], pairs: Mapping[str, str]) -> None:
    """Put a context into the parameters of SendMessageBatch."""
    entries = params.get("Entries")
    if not isinstance(entries, list | tuple):
        return
    sent = attributes.add(entries, "MessageBody", pairs, lambda parcels: room.shares(parcels, LIMITS, LIMITS), "sqs")
    if sent:
        params["Entries"] = sent
