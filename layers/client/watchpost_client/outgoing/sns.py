"""SNS: message attributes of Publish and PublishBatch to topics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from watchpost_client.outgoing import attributes, room

if TYPE_CHECKING:
    from collections.abc import Mapping

# Of a message and of a batch: 256 KiB, and up to 1 MiB where the topic's MaximumMessageSize says so (SNS API, Publish
# and PublishBatch; SNS, Publishing large messages). Message and attributes count.
LIMITS = (256 * room.KIB, room.MIB)


def publish(params: dict[str, Any], pairs: Mapping[str, str]) -> None:
    """Put a context into the parameters of Publish.

    Not where it goes to a telephone or a device: no service reads it there, and it is none of ours.
    """
    topic = params.get("TopicArn") or params.get("TargetArn")
    if not isinstance(topic, str) or "/" in topic:  # a device's is …:endpoint/…; the name of a topic has no slash
        return
    sent = attributes.add([params], "Message", pairs, lambda parcels: room.shares(parcels, LIMITS), "sns")
    if sent:
        params[attributes.NAME] = sent[0][attributes.NAME]


def publish_batch(params: dict[str, Any], pairs: Mapping[str, str]) -> None:
    """Put a context into the parameters of PublishBatch."""
    entries = params.get("PublishBatchRequestEntries")
    if not isinstance(entries, list | tuple):
        return
    sent = attributes.add(entries, "Message", pairs, lambda parcels: room.shares(parcels, LIMITS, LIMITS), "sns")
    if sent:
        params["PublishBatchRequestEntries"] = sent
