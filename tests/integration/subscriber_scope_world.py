"""An account in which one policy covers all log groups but those with rules of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watchpost import names
from watchpost.configuration import (
    Configuration,
    Destination,
    GroupMatch,
    Logs,
    SubscriptionRule,
    Subscriptions,
)

from tests.integration.subscriber_world import BY_RULE, ROLE, STACK

if TYPE_CHECKING:
    from tests.integration.subscriber_world import Bench

OWN = f"/aws/lambda/{STACK}-shipper"
RULES = (
    SubscriptionRule("banks", GroupMatch(prefix=("/bank",)), exclude=True),
    SubscriptionRule("errors", GroupMatch(prefix=("/errors",)), filter_pattern="?ERROR"),
    SubscriptionRule("elsewhere", GroupMatch(prefix=("/elsewhere",)), destination=Destination(BY_RULE, ROLE)),
)
NOTHING_KEPT = Logs(retention_days=None)
CONFIGURATION = Configuration(subscriptions=Subscriptions(rules=RULES), logs=NOTHING_KEPT)
WRITES = ("PutSubscriptionFilter", "DeleteSubscriptionFilter", "PutAccountPolicy", "DeleteAccountPolicy")


def groups_of_every_kind(aws: Bench, count: int = 60) -> list[str]:
    """Make groups of every kind; those that are covered in the common way are returned, so many."""
    for name in ("/bank/api", "/errors/api", "/elsewhere/api", OWN):
        aws.world.group(name)
    aws.world.group("/tagged", {names.OWNER_TAG: "other"})
    return [aws.world.group(f"/group/{number:03}", {"service": "s"}) for number in range(count)]
