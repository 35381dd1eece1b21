"""From an event to messages for everybody whom it concerns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from watchpost.errors import NotificationError, PayloadError

from notifier import redelivery, run_message
from notifier.alarm import Sns
from notifier.run_round import Round, Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable

DEFERRED = "deferred"  # the field of the schedule's event

__all__ = ["Round", "Surroundings", "run"]


def run(event: Any, around: Surroundings) -> dict[str, int]:
    """Tell of every SNS message of an event, or, for the schedule's {"deferred": true}, what waited for quiet hours.

    Returns what was done, see Result. What a receiver did not take is not an error as long as the fallback topic or the
    dead-letter bucket took it.
    Raises PayloadError for an event of no known kind, before anybody is told; and NotificationError, after everybody
    was told who could be, when something was taken by nobody. Lambda then runs the event again, which tells nobody
    twice.
    """
    if isinstance(event, dict) and event.get(DEFERRED) is True:
        return _through(around, redelivery.tell)
    records = [_sns(record, f"{around.request_id}/{index}") for index, record in enumerate(_records(event))]

    def tell(round_: Round) -> None:
        busy: NotificationError | None = None
        for sns in records:
            try:
                run_message.tell(sns, round_)
            except NotificationError as error:
                busy = error
        if busy:
            raise busy

    return _through(around, tell)


def _through(around: Surroundings, work: Callable[[Round], None]) -> dict[str, int]:
    round_ = Round(around)
    try:
        work(round_)
    finally:
        round_.close()
    return round_.result.as_dict()


def _records(event: Any) -> list[Any]:
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list) or not records:
        raise PayloadError("malformed", 'an event of SNS with Records, or {"deferred": true}')
    return records


def _sns(record: Any, otherwise: str) -> Sns:
    """otherwise: stands for the id of a message that has none, which SNS never sends."""
    sns = record.get("Sns") if isinstance(record, dict) else None
    if not isinstance(sns, dict) or not isinstance(sns.get("Message"), str):
        raise PayloadError("malformed", "Records[].Sns.Message of SNS")
    topic, subject, message_id = (sns.get(name) for name in ("TopicArn", "Subject", "MessageId"))
    return Sns(
        topic=topic if isinstance(topic, str) else "",
        message=sns["Message"],
        subject=subject if isinstance(subject, str) else "",
        message_id=message_id if isinstance(message_id, str) and message_id else otherwise,
    )
