"""SQS queues: retention, kind, and whether a queue is somebody's dead-letter queue.

IAM: sqs:ListQueues (for no resource in particular); sqs:GetQueueAttributes, sqs:ListDeadLetterSourceQueues for the
account's queues.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provisioner.inventory import Found
    from provisioner.reader import Reader

PAGE = 1000  # the most, and without it there is no second page (SQS API, ListQueues)
# Messages that were received and not deleted yet (SQS Developer Guide, "Amazon SQS message quotas").
IN_FLIGHT, IN_FLIGHT_FIFO = 120_000, 20_000


def describe(found: Sequence[Found], reader: Reader) -> None:
    """One call for 1,000 queues, one or two for each queue."""
    with reader.listing("queues", found[0].kind, {one.service for one in found}):
        urls = {url.rpartition("/")[2]: url for url in reader.pages("sqs", "list_queues", "QueueUrls", PAGE)}
        attributes: dict[str, Mapping[str, str]] = {}

        def read(one: Found) -> None:
            if one.name not in urls:
                reader.gone(one)
                return
            # All of them: a standard queue refuses to be asked for FifoQueue.
            answer = reader.call("sqs", "get_queue_attributes", QueueUrl=urls[one.name], AttributeNames=["All"])
            attributes[one.arn] = answer["Attributes"]

        reader.each(found, read)
        targets = {_policy(queue, "RedrivePolicy").get("deadLetterTargetArn") for queue in attributes.values()}

        def add(one: Found) -> None:
            queue = attributes[one.arn]
            fifo = queue.get("FifoQueue") == "true"
            facts = {
                "retention_s": int(queue["MessageRetentionPeriod"]),
                "fifo": fifo,
                "dead_letter_queue": one.arn in targets or _has_sources(reader, queue, urls[one.name]),
                "in_flight_quota": IN_FLIGHT_FIFO if fifo else IN_FLIGHT,
            }
            reader.add(one.resource(facts))

        reader.each([one for one in found if one.arn in attributes], add)


def _has_sources(reader: Reader, queue: Mapping[str, str], url: str) -> bool:
    """Whether another queue sends its dead letters here, one of another service or of none too."""
    if _policy(queue, "RedriveAllowPolicy").get("redrivePermission") == "byQueue":
        return True
    sources = reader.pages("sqs", "list_dead_letter_source_queues", "queueUrls", PAGE, QueueUrl=url)
    return next(sources, None) is not None


def _policy(queue: Mapping[str, str], name: str) -> dict[str, Any]:
    """A policy that is an attribute; empty when there is none, or none that can be read."""
    try:
        policy = json.loads(queue.get(name) or "{}")
    except ValueError:
        return {}
    return policy if isinstance(policy, dict) else {}
