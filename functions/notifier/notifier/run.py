"""From an SNS event to messages for every receiver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from watchpost.errors import NotificationError, PayloadError

from notifier import alarm, message, receivers
from notifier.alarm import Sns
from notifier.delivery import deliver

if TYPE_CHECKING:
    from watchpost.secrets import Secret
    from watchpost.settings import Settings

    from notifier.delivery import Clock, Failure

SERVICE = "watchpost-notifier"

_logger = Logger(service=SERVICE)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an invocation works with. secret: the one that holds the receivers."""

    settings: Settings
    secret: Secret
    clock: Clock


def run(event: Any, around: Surroundings) -> dict[str, int]:
    """Tell every receiver about every SNS message of an event that is news.

    Returns `messages`, `quiet`: how many more were no news, `receivers`, and `delivered`: how many messages were taken,
    counted for each receiver.
    Raises PayloadError, ConfigurationError for a wrong secret, and NotificationError when a receiver did not take a
    message, after all others were told. Lambda then runs the event again, and those others are told once more.
    """
    records = [_sns(record) for record in _records(event)]
    settings = around.settings
    parsed = [(sns, alarm.parse(sns, settings.stack)) for sns in records]
    messages = [
        message.build(notification, message.severity_of(sns.topic, settings), settings)
        for sns, notification in parsed
        if notification.is_news
    ]
    told = receivers.parse(around.secret)
    if messages and not told:
        _logger.warning("no receiver is configured, so nobody is told", extra={"messages": messages})
    failures = deliver(messages, told, around.clock)
    delivered = len(messages) * len(told) - len(failures)
    quiet = len(records) - len(messages)
    result = {"messages": len(messages), "quiet": quiet, "delivered": delivered, "receivers": len(told)}
    _logger.info("run ended", extra={"result": result})
    if failures:
        raise _error(failures)
    return result


def _error(failures: list[Failure]) -> NotificationError:
    for failure in failures:
        _logger.error("a receiver did not take a message", extra={"channel": failure.receiver, "why": failure.reason})
    reasons = {failure.receiver: failure.reason for failure in failures}
    what = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
    return NotificationError(", ".join(reasons), max(failures[0].status, 0), what)


def _records(event: Any) -> list[Any]:
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list) or not records:
        raise PayloadError("malformed", "an event of SNS with Records")
    return records


def _sns(record: Any) -> Sns:
    sns = record.get("Sns") if isinstance(record, dict) else None
    if not isinstance(sns, dict) or not isinstance(sns.get("Message"), str):
        raise PayloadError("malformed", "Records[].Sns.Message of SNS")
    topic, subject = sns.get("TopicArn"), sns.get("Subject")
    return Sns(
        topic=topic if isinstance(topic, str) else "",
        message=sns["Message"],
        subject=subject if isinstance(subject, str) else "",
    )
