"""What happens to the demo's services: orders, some of which cannot be paid."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from local.errors import LocalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.account import Account

SERVICES = {
    "orders-api": "shop-orders-api",
    "payment-worker": "shop-payment-worker",
    "mail-sender": "shop-mail-sender",
}
LOG_GROUPS = {service: f"/aws/lambda/{function}" for service, function in SERVICES.items()}
FAILING = "payment-worker"
ORDERS = 24
BURST = 10


def wait_for(what: str, condition: Callable[[], Any], seconds: float = 40.0) -> Any:
    """Wait until a condition holds and return what it returned. Raises LocalError when it does not come to hold."""
    deadline = time.monotonic() + seconds
    while not (outcome := condition()):
        if time.monotonic() > deadline:
            raise LocalError(f"{what} did not happen within {seconds:.0f} s", "make demo KEEP=1 leaves it to look at")
        time.sleep(0.1)
    return outcome


def announce_log_groups(account: Account) -> None:
    """Send the events that CloudTrail sends when log groups are created: the emulator has no CloudTrail."""
    entries = [
        {
            "Source": "watchpost.demo",  # only AWS itself may write aws.logs here
            "DetailType": "AWS API Call via CloudTrail",
            "Detail": json.dumps(
                {
                    "eventSource": "logs.amazonaws.com",
                    "eventName": "CreateLogGroup",
                    "requestParameters": {"logGroupName": group},
                }
            ),
        }
        for group in LOG_GROUPS.values()
    ]
    answer = account.client("events").put_events(Entries=entries)
    if answer["FailedEntryCount"]:
        raise LocalError(f"The events were refused: {answer['Entries']}", "This is a fault of the demo")


def subscriptions(account: Account) -> dict[str, list[str]]:
    """The subscription filters of each demo service's log group."""
    logs = account.client("logs")
    return {
        service: [
            item["filterName"] for item in logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
        ]
        for service, group in LOG_GROUPS.items()
    }


def order(account: Account, number: int, card: str) -> str:
    """Place an order and return the id of its request."""
    event = {"order": number, "amount": 10 + number * 37 % 950, "channel": ("web", "app")[number % 2], "card": card}
    answer = account.invoke(SERVICES["orders-api"], event)
    return str(answer["request_id"])


def usual(account: Account) -> None:
    """Usual traffic, with a failure now and then; the first order was placed before."""
    for number in range(1, ORDERS):
        order(account, number, "expired" if number % 12 == 7 else "valid")


def burst(account: Account) -> list[str]:
    """The payment provider goes away. Returns the ids of the requests."""
    return [order(account, ORDERS + number, "unreachable") for number in range(BURST)]
