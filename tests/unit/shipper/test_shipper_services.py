"""What the ledger says of a log group: asked rarely, and never a reason for lines to wait or to fail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, NoRegionError
from shipper import services
from shipper.services import AWAY_SECONDS, KEEP_SECONDS, MAX_KEPT, MISS_SECONDS, Lookup
from watchpost.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable

SHOP = {"log_group": {"S": "/ecs/shop"}, "state": {"S": "covered"}, "service": {"S": "shop"}}
DENIED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetItem")
HANGING = ConnectTimeoutError(endpoint_url="https://dynamodb.eu-west-1.amazonaws.com")


@dataclass
class DynamoDB:
    """AWS's side: a table, what it refuses with, and which items were asked for."""

    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    error: Exception | None = None
    asked: list[str] = field(default_factory=list)
    now: float = 1_000.0

    def get_item(self, **request: Any) -> dict[str, Any]:
        key = request["Key"]["log_group"]["S"]
        self.asked.append(key)
        if self.error is not None:
            raise self.error
        return {"Item": self.items[key]} if key in self.items else {}

    def lookup(self) -> Callable[[str], str | None]:
        """Asks for the service of a log group."""
        lookup = Lookup(lambda: Ledger(self, "table"), lambda: self.now)

        def service_of(log_group: str) -> str | None:
            entry = lookup(log_group)
            return entry.service if entry else None

        return service_of


@pytest.mark.parametrize(("seconds", "questions"), [(KEEP_SECONDS - 0.5, 1), (KEEP_SECONDS, 2)])
def test_an_entry_is_kept_for_five_minutes(seconds: float, questions: int) -> None:
    # given
    aws = DynamoDB({"/ecs/shop": SHOP})
    service_of = aws.lookup()
    assert service_of("/ecs/shop") == "shop"

    # when its service changes
    aws.items["/ecs/shop"] = SHOP | {"service": {"S": "store"}}
    aws.now += seconds

    # then
    assert service_of("/ecs/shop") == ("shop" if questions == 1 else "store")
    assert len(aws.asked) == questions


@pytest.mark.parametrize(("seconds", "found"), [(MISS_SECONDS - 0.5, None), (MISS_SECONDS, "shop")])
def test_a_group_without_an_entry_is_asked_for_again_after_ten_seconds(seconds: float, found: str | None) -> None:
    aws = DynamoDB()
    service_of = aws.lookup()
    assert service_of("/ecs/shop") is None

    aws.items["/ecs/shop"] = SHOP
    aws.now += seconds

    assert service_of("/ecs/shop") == found


@pytest.mark.parametrize("error", [DENIED, HANGING, NoRegionError()])
def test_after_an_error_nothing_is_asked_for_a_minute_and_one_warning_says_so(
    error: BotoCoreError | ClientError, caplog: pytest.LogCaptureFixture
) -> None:
    # given a table that does not answer
    aws = DynamoDB({"/ecs/shop": SHOP}, error)
    service_of = aws.lookup()

    # when lines of many groups come
    assert [service_of(f"/group/{number}") for number in range(20)] == [None] * 20
    aws.now += AWAY_SECONDS - 0.5
    assert service_of("/ecs/shop") is None

    # then
    assert len(aws.asked) == 1
    assert len(caplog.records) == 1

    # when the minute is over and the table answers again
    aws.error = None
    aws.now += 0.5
    assert service_of("/ecs/shop") == "shop"


def test_what_is_known_outlives_a_table_that_does_not_answer() -> None:
    aws = DynamoDB({"/ecs/shop": SHOP})
    service_of = aws.lookup()
    assert service_of("/ecs/shop") == "shop"

    aws.error = HANGING
    aws.now += KEEP_SECONDS

    assert [service_of("/ecs/shop"), service_of("/ecs/shop")] == ["shop", "shop"]
    assert len(aws.asked) == 2


def test_a_client_that_cannot_be_made_is_an_error_like_others() -> None:
    def connect() -> Ledger:
        raise NoRegionError

    assert Lookup(connect)("/ecs/shop") is None


def test_the_number_of_kept_groups_is_bounded() -> None:
    # given as many groups as are kept
    aws = DynamoDB()
    service_of = aws.lookup()
    for number in range(MAX_KEPT):
        service_of(f"/group/{number}")
    service_of("/group/0")
    assert len(aws.asked) == MAX_KEPT

    # when there is one more, then the oldest is asked for again, and no other
    service_of("/one/more")
    for number in range(MAX_KEPT - 1, -1, -1):
        service_of(f"/group/{number}")
    assert aws.asked[MAX_KEPT:] == ["/one/more", "/group/0"]


def test_what_is_no_log_group_is_not_asked_for() -> None:
    aws = DynamoDB()

    assert aws.lookup()("|sweep") is None
    assert aws.asked == []


def test_each_process_has_one_lookup_for_its_table() -> None:
    services._lookup.cache_clear()

    assert services._lookup("a") is services._lookup("a")

    services._lookup.cache_clear()
