"""What waits for the end of quiet hours, in the table of incidents.

    deferred#<receiver>#<key>          one incident for one receiver, with the newest SNS message about it

An item is written by whoever handles a message, and told and removed by the schedule. `lease` keeps these apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from watchpost.aws import code_of

from notifier import incidents_items as items
from notifier.alarm import Sns
from notifier.incidents_items import pk
from notifier.incidents_table import update

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifier.incidents_items import Item

KEPT = timedelta(days=14)  # beyond the longest quiet hours, in case that the schedule does not run
KIND = "deferred"
RINGS = ("opened", "again")  # events of which a receiver that was not told need not be told the end at once

_UNCLAIMED = "(attribute_not_exists(#lease) OR #lease <= :now)"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One incident that a receiver is not told of yet.

    key: of the alarm's own incident, or of a plain message. tells: key of the incident that it is told as, which is
    another one for a part of a composite alarm (is_part). event: what it is told as when it still rings. due: when.
    began, ended: of its first ring and of its last. rings: how often it rang meanwhile. times, opened: as in Decision.
    """

    receiver: str
    key: str
    tells: str
    event: str
    due: datetime
    began: datetime
    headline: str
    severity: str
    sns: Sns
    times: int = 1
    opened: str = ""
    is_part: bool = False
    is_over: bool = False
    ended: datetime | None = None
    rings: int = 1

    @property
    def name(self) -> str:
        """The key of its item."""
        return pk(KIND, self.receiver, self.key)


class WaitingRoom:
    """The items of one stack. botocore's errors are raised as they are."""

    def __init__(self, client: Any, table: str, now: Callable[[], datetime]) -> None:
        """client: of DynamoDB. now: in UTC."""
        self._client = client
        self._table = table
        self._now = now

    def put(self, waiting: Waiting) -> bool:
        """Let an incident wait; False when the schedule is about to tell it just now.

        What waits already keeps its beginning and its end of quiet hours, and is told with the newest message.
        """
        first = {
            "event": items.text(waiting.event),
            "due": items.time(waiting.due),
            "began": items.text(waiting.began.isoformat()),
        }
        newest = {
            "receiver": items.text(waiting.receiver),
            "key": items.text(waiting.key),
            "tells": items.text(waiting.tells),
            "is_part": items.flag(waiting.is_part),
            "headline": items.text(waiting.headline),
            "severity": items.text(waiting.severity),
            "topic": items.text(waiting.sns.topic),
            "subject": items.text(waiting.sns.subject),
            "message": items.text(waiting.sns.message),
            "message_id": items.text(waiting.sns.message_id),
            "times": items.number(waiting.times),
            "opened": items.text(waiting.opened),
            "is_over": items.flag(False),
            "expires": items.later(waiting.due, KEPT),
        }
        request = items.setting(newest, _UNCLAIMED, {":now": items.time(self._now())})
        for name, value in first.items():
            request["UpdateExpression"] += f", #{name} = if_not_exists(#{name}, :{name})"
            request["ExpressionAttributeNames"][f"#{name}"] = name
            request["ExpressionAttributeValues"][f":{name}"] = value
        request["UpdateExpression"] += " ADD #rings :rings"
        request["ExpressionAttributeNames"]["#rings"] = "rings"
        request["ExpressionAttributeValues"][":rings"] = items.number(int(waiting.event in RINGS))
        return update(self._client, self._table, waiting.name, request) is not None

    def end(self, receiver: str, key: str, ended: datetime) -> bool:
        """Note that what waits is over; False when the receiver must be told of that now, as it knows that it rings."""
        name = pk(KIND, receiver, key)
        values = {":now": items.time(self._now()), ":opened": items.text("opened"), ":again": items.text("again")}
        written = {"is_over": items.flag(True), "ended": items.text(ended.isoformat())}
        condition = f"{_UNCLAIMED} AND #event IN (:opened, :again)"
        if update(self._client, self._table, name, items.setting(written, condition, values)) is not None:
            return True
        # A change of what the receiver knows: that it is over says more.
        self._delete(name, f"{_UNCLAIMED} AND #event = :changed", {":changed": items.text("changed")})
        return False

    def take(self, receiver: str, key: str) -> str | None:
        """Remove what waits and still rings, because the receiver is told now. Its event, None when nothing waited."""
        condition = f"attribute_exists(#pk) AND {_UNCLAIMED} AND #is_over = :ringing"
        found = self._delete(pk(KIND, receiver, key), condition, {":ringing": items.flag(False)})
        return items.text_of(found, "event") if found else None

    def due(self) -> list[Waiting]:
        """What is to be told by now, the oldest first."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table,
            FilterExpression="begins_with(#pk, :kind) AND #due <= :now",
            ExpressionAttributeNames={"#pk": "pk", "#due": "due"},
            ExpressionAttributeValues={":kind": items.text(f"{KIND}#"), ":now": items.time(self._now())},
        )
        found = [waiting for page in pages for item in page["Items"] if (waiting := _waiting(item))]
        return sorted(found, key=lambda waiting: waiting.began)

    def claim(self, waiting: Waiting, owner: str, until: datetime) -> Waiting | None:
        """Take on telling what waits, as it is by now; None when somebody else does or it is gone."""
        written = {"lease": items.time(until), "owner": items.text(owner)}
        condition = f"attribute_exists(#pk) AND {_UNCLAIMED}"
        request = items.setting(written, condition, {":now": items.time(self._now())})
        found = update(self._client, self._table, waiting.name, request)
        return _waiting(found) if found else None

    def remove(self, waiting: Waiting, owner: str) -> None:
        """Remove what was told."""
        self._delete(waiting.name, "#owner = :me", {":me": items.text(owner)}, unclaimed=False)

    def release(self, waiting: Waiting, owner: str) -> None:
        """Leave what was claimed to the next run."""
        request = items.setting({"lease": items.number(0)}, "#owner = :me", {":me": items.text(owner)})
        update(self._client, self._table, waiting.name, request)

    def _delete(self, name: str, condition: str, values: Item, *, unclaimed: bool = True) -> Item | None:
        names = {f"#{one}": one for one in ("pk", "lease", "event", "is_over", "owner") if f"#{one}" in condition}
        try:
            answer = self._client.delete_item(
                TableName=self._table,
                Key=items.key(name),
                ConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values | ({":now": items.time(self._now())} if unclaimed else {}),
                ReturnValues="ALL_OLD",
            )
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            return None
        return dict(answer.get("Attributes", {}))


def _waiting(item: Item) -> Waiting | None:
    """What waits; None for an item that cannot be read."""
    ended = items.text_of(item, "ended")
    texts = ("topic", "message", "subject", "message_id")
    try:
        return Waiting(
            receiver=items.text_of(item, "receiver"),
            key=items.text_of(item, "key"),
            tells=items.text_of(item, "tells"),
            event=items.text_of(item, "event"),
            due=datetime.fromtimestamp(items.float_of(item, "due"), UTC),
            began=datetime.fromisoformat(items.text_of(item, "began")),
            headline=items.text_of(item, "headline"),
            severity=items.text_of(item, "severity"),
            sns=Sns(*(items.text_of(item, name) for name in texts)),
            times=int(items.float_of(item, "times", 1)),
            opened=items.text_of(item, "opened"),
            is_part=items.flag_of(item, "is_part"),
            is_over=items.flag_of(item, "is_over"),
            ended=datetime.fromisoformat(ended) if ended else None,
            rings=int(items.float_of(item, "rings", 1)),
        )
    except (ValueError, TypeError, OverflowError):
        return None
