"""SNS topics: whether a subscription has a dead-letter queue.

IAM: sns:ListTopics, sns:ListSubscriptions, sns:GetSubscriptionAttributes (for no resource in particular).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from provisioner.failures import is_missing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.inventory import Found
    from provisioner.reader import Reader


def describe(found: Sequence[Found], reader: Reader) -> None:
    """One call for 100 topics and one for 100 subscriptions of the account, one for each subscription at most."""
    with reader.listing("topics and their subscriptions", found[0].kind, {one.service for one in found}):
        topics = {topic["TopicArn"] for topic in reader.pages("sns", "list_topics", "Topics")}
        subscriptions: dict[str, list[str]] = {}
        for one in reader.pages("sns", "list_subscriptions", "Subscriptions"):
            # Until it is confirmed, or when it is deleted, a word stands in place of the ARN.
            if one["SubscriptionArn"].startswith("arn:"):
                subscriptions.setdefault(one["TopicArn"], []).append(one["SubscriptionArn"])

        def look(topic: Found) -> None:
            if topic.arn not in topics:
                reader.gone(topic)
                return
            arns = subscriptions.get(topic.arn, ())
            reader.add(topic.resource({"has_dead_letter_queue": any(_redrives(reader, arn) for arn in arns)}))

        reader.each(found, look)


def _redrives(reader: Reader, subscription: str) -> bool:
    try:
        answer = reader.call("sns", "get_subscription_attributes", SubscriptionArn=subscription)
    except ClientError as error:
        if is_missing(error):  # since it was listed
            return False
        raise
    return bool(answer["Attributes"].get("RedrivePolicy"))
