"""The table of incidents: what rings, what each message was told as, and who was told of it.

    incident#<key>                     an incident, with what its receivers answered
    message#<message id>               what an SNS message was told as: decided once, whoever handles it again
    told#<message id>#<receiver>       who tells this receiver of it, until when, and that it was told

Every item has `expires`, in seconds since 1970, after which it is as if it was not there (DynamoDB deletes it within
days). botocore's errors are raised as they are.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from watchpost.aws import code_of

from notifier import incidents
from notifier import incidents_items as items
from notifier.incidents_items import pk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notifier.alarm import Notification
    from notifier.incidents import Decision, Incident, Memories
    from notifier.incidents_items import Item

# Lambda repeats an event for 6 hours at most (Lambda API, PutFunctionEventInvokeConfig, MaximumEventAgeInSeconds).
KEPT = timedelta(days=2)
OPEN_KEPT = timedelta(days=30)  # of an alarm that was deleted while it rang
WRITERS = 5  # how often a decision is made anew because another message of the same alarm was decided meanwhile

CLAIMED, FINAL, BUSY = "claimed", "final", "busy"
_CANCELLED = ("TransactionCanceledException", "TransactionConflictException", "TransactionInProgressException")
_FREE = "attribute_not_exists(#pk) OR #expires <= :now"


class Table:
    """The table of one stack. client: of DynamoDB. now: in UTC."""

    def __init__(self, client: Any, table: str, now: Callable[[], datetime]) -> None:
        self._client = client
        self._table = table
        self._now = now

    def decide(
        self, message_id: str, notification: Notification, keys: tuple[str, str | None]
    ) -> tuple[Decision, Memories]:
        """What a message is told as, and what its receivers answered to earlier ones of the incident.

        keys: of the alarm's incident, and of that of the composite alarm that it may be a part of.
        """
        attempt = 0
        while True:
            attempt += 1
            message, known, whole = self._read(message_id, keys)
            if message:
                decision = items.decision_of(message)
                return decision, _memories(decision, known, whole)
            decision, after = incidents.decide(notification, self._now(), known, whole, (keys[0], keys[1] or ""))
            try:
                self._write(message_id, keys[0], decision, known, after)
            except ClientError as error:
                if code_of(error) not in _CANCELLED or attempt == WRITERS:
                    raise
            else:
                return decision, _memories(decision, known, whole)

    def finish(self, message_id: str) -> None:
        """Note that nobody is left to be told of a message."""
        self._update(pk("message", message_id), {"done": items.flag(True)}, "attribute_exists(#pk)")

    def claim(self, message_id: str, receiver: str, owner: str, until: datetime) -> str:
        """Take on telling a receiver of a message. DynamoDB decides, so that of two at the same moment only one does.

        Returns CLAIMED; FINAL when it was told; or BUSY while somebody else is about to.
        """
        name, now = pk("told", message_id, receiver), self._now()
        claimed = {"state": items.text(CLAIMED), "owner": items.text(owner), "lease": items.time(until)}
        condition = f"{_FREE} OR (#state = :claimed AND #lease <= :now)"
        values = {":claimed": items.text(CLAIMED), ":now": items.time(now)}
        if self._update(name, claimed | self._kept(), condition, values):
            return CLAIMED
        found = self._client.get_item(TableName=self._table, Key=items.key(name), ConsistentRead=True).get("Item", {})
        return BUSY if items.text_of(found, "state") == CLAIMED else FINAL

    def settle(self, message_id: str, receiver: str, state: str) -> None:
        """Note in a word what became of a message for a receiver. Nobody tells it again."""
        self._update(pk("told", message_id, receiver), {"state": items.text(state)} | self._kept())

    def release(self, message_id: str, receiver: str, owner: str) -> None:
        """Give a claim back, so that the next one may tell the receiver at once."""
        values = {":me": items.text(owner), ":claimed": items.text(CLAIMED)}
        condition = "#owner = :me AND #state = :claimed"
        self._update(pk("told", message_id, receiver), {"lease": items.number(0)}, condition, values)

    def remember(self, decision: Decision, receiver: str, memory: Mapping[str, str]) -> None:
        """Keep what a receiver answered, for the next message of the same incident; also when that is nothing."""
        kept = {"M": {name: items.text(value) for name, value in memory.items()}}
        values = {":opened": items.text(decision.opened)}
        self._update(pk("incident", decision.key), {("memory", receiver): kept}, "#opened = :opened", values)

    def _read(
        self, message_id: str, keys: tuple[str, str | None]
    ) -> tuple[Item | None, Incident | None, Incident | None]:
        wanted = [pk("message", message_id), *(pk("incident", key) for key in keys if key)]
        gets = [{"Get": {"TableName": self._table, "Key": items.key(name)}} for name in wanted]
        # A transaction also reads what was written a moment ago, which GetItem does only when asked to.
        answers = self._client.transact_get_items(TransactItems=gets)["Responses"]
        now = self._now()
        found = [
            item if (item := answer.get("Item")) and not items.is_expired(item, now) else None for answer in answers
        ]
        message, known, whole = [*found, None][:3]
        return message, items.incident_of(known), items.incident_of(whole)

    def _write(
        self, message_id: str, key: str, decision: Decision, known: Incident | None, after: Incident | None
    ) -> None:
        now = self._now()
        message = items.key(pk("message", message_id)) | items.of_decision(decision) | self._kept()
        put = {"TableName": self._table, "Item": message, "ConditionExpression": _FREE}
        put["ExpressionAttributeNames"] = {"#pk": "pk", "#expires": "expires"}
        put["ExpressionAttributeValues"] = {":now": items.time(now)}
        writes: list[Item] = [{"Put": put}]
        if after:
            written = items.of_incident(after) | {"version": items.number(after.version + 1)}
            written["expires"] = items.later(now, OPEN_KEPT if after.is_open else KEPT)
            if known is None or known.opened != after.opened:
                written["memory"] = {"M": {}}
            condition, values = _FREE, {":now": items.time(now)}
            if known:
                condition, values = "#version = :read", {":read": items.number(known.version)}
            update = items.setting(written, condition, values)
            writes.append({"Update": {"TableName": self._table, "Key": items.key(pk("incident", key)), **update}})
        self._client.transact_write_items(TransactItems=writes)

    def _kept(self) -> Item:
        return {"expires": items.later(self._now(), KEPT)}

    def _update(
        self, name: str, written: Mapping[Any, Item], condition: str = "", values: Mapping[str, Item] | None = None
    ) -> Item | None:
        return update(self._client, self._table, name, items.setting(written, condition, values))


def update(client: Any, table: str, name: str, request: Mapping[str, Any]) -> Item | None:
    """Change an item; all of it afterwards, None when the condition does not hold."""
    try:
        answer = client.update_item(TableName=table, Key=items.key(name), ReturnValues="ALL_NEW", **request)
    except ClientError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise
        return None
    return dict(answer["Attributes"])


def _memories(decision: Decision, known: Incident | None, whole: Incident | None) -> Memories:
    """What was answered within the incident that a message belongs to, which may have been opened by itself."""
    of = whole if decision.is_part else known
    return of.memory if of and incidents.stamp(of.opened) == decision.opened else {}
