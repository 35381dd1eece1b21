"""What happens to the demo's shop: orders, some of which cannot be paid."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from local.errors import LocalError
from local.stack import DEMO_STACK

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.account import Account

# In the order in which a transaction reaches them; payment-worker asks price-list.
SERVICES = {
    "orders-api": "shop-orders-api",
    "payment-worker": "shop-payment-worker",
    "price-list": "shop-price-list",
    "stock-keeper": "shop-stock-keeper",
    "mail-sender": "shop-mail-sender",
}
LOG_GROUPS = {service: f"/aws/lambda/{function}" for service, function in SERVICES.items()}
FAILING = "payment-worker"
ORDERS = 24
BURST = 10
PRICES = {"book": 12, "lamp": 49, "chair": 180, "desk": 420}  # those of price-list
VALID, EXPIRED, UNREACHABLE = "valid", "expired", "unreachable"  # cards; for the last one the provider is away


@dataclass(frozen=True, slots=True)
class Order:
    """One order, which is one transaction."""

    number: int
    card: str
    correlation_id: str

    @property
    def item(self) -> str:
        return tuple(PRICES)[self.number % len(PRICES)]

    @property
    def quantity(self) -> int:
        return 1 + self.number % 3

    @property
    def channel(self) -> str:
        return ("web", "app")[self.number % 2]

    @property
    def amount(self) -> int:
        return PRICES[self.item] * self.quantity

    @property
    def services(self) -> tuple[str, ...]:
        """The services that it reaches."""
        return tuple(SERVICES) if self.card == VALID else tuple(SERVICES)[:3]

    @property
    def end(self) -> tuple[str, str]:
        """The service that writes its last line, and the message or the type of the error of that line."""
        if self.card == VALID:
            return "mail-sender", f"mail for order {self.number} sent"
        if self.card == EXPIRED:
            return "payment-worker", f"payment of order {self.number} refused"
        return "payment-worker", "PaymentProviderError"


def wait_for(what: str, condition: Callable[[], Any], seconds: float = 120.0) -> Any:
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


def shop(account: Account) -> str:
    """The URL of the deployed shop."""
    return account.outputs(DEMO_STACK)["ShopUrl"]


def order(url: str, number: int, card: str = VALID, *, debug: bool | None = None) -> Order:
    """Place an order with a correlation id of its own.

    debug: whether its debug lines are written; None leaves the decision to the first service. Raises LocalError when
    the shop does not accept it.
    """
    placed = Order(number, card, str(uuid.uuid4()))
    headers = {"x-correlation-id": placed.correlation_id}
    if debug is not None:
        headers["debug-log-enabled"] = "true" if debug else "false"
    body = {
        "id": number,
        "item": placed.item,
        "quantity": placed.quantity,
        "channel": placed.channel,
        "card": card,
    }
    answer = requests.post(f"{url}/orders", json=body, headers=headers, timeout=120)
    if answer.status_code != 202:
        raise LocalError(f"The shop answered {answer.status_code}: {answer.text[:300]}", "make demo KEEP=1")
    return placed


def usual(url: str) -> list[Order]:
    """Usual traffic, in which a card is refused now and then; the first order was placed before."""
    return [order(url, number, EXPIRED if number % 12 == 7 else VALID) for number in range(1, ORDERS)]


def burst(url: str) -> list[Order]:
    """The payment provider goes away."""
    return [order(url, ORDERS + number, UNREACHABLE) for number in range(BURST)]
