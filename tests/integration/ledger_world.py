"""A table for the ledger of subscriptions, in DynamoDB as moto has it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from hypothesis import HealthCheck, settings
from moto import mock_aws
from watchpost.ledger import KEY, Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "watchpost-subscriptions"
NOW = 1_795_248_000.25  # seconds since 1970

with_one_table = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(eq=False, repr=False)  # hypothesis shows arguments of tests that fail
class Table:
    """A table in this process, and the ledger in it. calls: what the ledger asked DynamoDB for."""

    client: Any
    ledger: Ledger
    other: Any  # a client whose calls are not counted
    pauses: list[float]
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def edit(self, **attributes: Any) -> None:
        """Store an item, as somebody may do by hand."""
        self.other.put_item(TableName=NAME, Item=attributes)

    def item(self, key: str) -> dict[str, Any] | None:
        found = self.other.get_item(TableName=NAME, Key={KEY: {"S": key}}).get("Item")
        return dict(found) if found else None

    def sizes(self) -> list[int]:
        """How many items each batch had."""
        return [len(params["RequestItems"][NAME]) for name, params in self.calls if name == "BatchWriteItem"]

    def takes(self, *counts: int) -> None:
        """Be busy: take so many items of each batch and hand the others back; nothing of the batches after these."""
        left, kept = iter(counts), list[Any]()

        def hold_back(params: dict[str, Any], **_: Any) -> None:
            batch = params["RequestItems"][NAME]
            taken = next(left, 0)
            kept[:] = batch[taken:]
            # A batch without items would be refused, so that an empty table takes a removal of nothing instead.
            nothing = [{"DeleteRequest": {"Key": {KEY: {"S": "nothing"}}}}]
            params["RequestItems"] = {NAME: batch[:taken] or nothing}

        def hand_back(parsed: dict[str, Any], **_: Any) -> None:
            parsed["UnprocessedItems"] = {NAME: list(kept)} if kept else {}

        self.client.meta.events.register("provide-client-params.dynamodb.BatchWriteItem", hold_back)
        self.client.meta.events.register("after-call.dynamodb.BatchWriteItem", hand_back)


@contextmanager
def one_table() -> Iterator[Table]:
    """An empty table in an account of its own."""
    with mock_aws():
        client, other = (boto3.client("dynamodb", region_name="eu-west-1") for _ in range(2))
        other.create_table(
            TableName=NAME,
            KeySchema=[{"AttributeName": KEY, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": KEY, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        pauses: list[float] = []
        found = Table(client, Ledger(client, NAME, pauses.append), other, pauses)

        def note(params: dict[str, Any], model: Any, **_: Any) -> None:
            found.calls.append((model.name, dict(params)))

        client.meta.events.register("provide-client-params.dynamodb.*", note)
        yield found
