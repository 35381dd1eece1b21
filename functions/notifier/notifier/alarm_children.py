"""The alarms below a composite alarm that ring, as CloudWatch knows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from notifier import clean, words
from notifier.alarm import CHILDREN, NAME, PROSE, names_in, parts
from notifier.alarm_metric import Metric, metric_of
from notifier.service import SERVICE
from notifier.story import Child

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from notifier.alarm import Notification

ROUNDS = 4  # of composite alarms within composite ones; a service with 100,000 critical alarms needs three
CALLS = 6  # of DescribeAlarms at most, of 100 alarms each

_logger = Logger(service=SERVICE)


@dataclass(frozen=True, slots=True)
class Watched:
    """An alarm that rings. metric, threshold: None where only the message tells of it."""

    child: Child
    metric: Metric | None = None
    threshold: float | None = None


def ringing(notification: Notification, cloudwatch: Any, stack: str) -> tuple[Watched, ...]:
    """The alarms below a composite alarm that ring, the first to ring first; at most CHILDREN.

    A message names only those that made the composite alarm change, so CloudWatch is asked for all of its rule. Where
    it does not answer, those of the message are told.
    """
    try:
        found = _asked(notification, cloudwatch, stack)
    except (BotoCoreError, ClientError) as error:
        _logger.warning("the alarms of a composite alarm are not known", extra={"why": str(error)})
        found = []
    if not found:
        return told(notification, stack)
    return _sorted(found)


def told(notification: Notification, stack: str) -> tuple[Watched, ...]:
    """Those of the message that ring, of which it says the name only."""
    return _sorted(
        Watched(_child(item.name, stack, "", item.since)) for item in notification.triggering if item.state == "ALARM"
    )


def _sorted(found: Iterable[Watched]) -> tuple[Watched, ...]:
    latest = datetime.max.replace(tzinfo=UTC)
    return tuple(sorted(found, key=lambda one: (one.child.since or latest, one.child.name))[:CHILDREN])


def _asked(notification: Notification, cloudwatch: Any, stack: str) -> list[Watched]:
    """Raises BotoCoreError, ClientError."""
    found: dict[str, Watched] = {}
    seen: set[str] = set()
    names: Sequence[str] = names_in(notification.rule) or [notification.name or ""]
    calls = 0
    for _ in range(ROUNDS):
        names = [name for name in dict.fromkeys(names) if 0 < len(name) <= NAME and name not in seen]
        seen.update(names)
        deeper: list[str] = []
        for start in range(0, len(names), CHILDREN):
            if calls == CALLS:
                return list(found.values())
            calls += 1
            metrics, composites = _described(cloudwatch, names[start : start + CHILDREN])
            found |= {one.child.name: one for one in (_watched(alarm, stack) for alarm in metrics)}
            for alarm in composites:
                deeper += names_in(clean.line(alarm.get("AlarmRule"), 10 * PROSE))
        names = deeper
    return list(found.values())


def _described(cloudwatch: Any, names: Sequence[str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Metric alarms and composite alarms of these names that ring. Up to 100 names fit into one answer."""
    answer = cloudwatch.describe_alarms(
        AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"], MaxRecords=CHILDREN
    )
    return _ringing(answer.get("MetricAlarms", ())), _ringing(answer.get("CompositeAlarms", ()))


def _ringing(alarms: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [alarm for alarm in alarms if alarm.get("StateValue") == "ALARM"]


def _watched(alarm: Mapping[str, Any], stack: str) -> Watched:
    reason = clean.block(alarm.get("StateReason"), PROSE)
    metric = metric_of(alarm, reason)
    threshold = clean.number(alarm.get("Threshold")) if metric else None
    changed = alarm.get("StateTransitionedTimestamp") or alarm.get("StateUpdatedTimestamp")
    since = changed.astimezone(UTC) if isinstance(changed, datetime) else None
    name = clean.line(alarm.get("AlarmName"), NAME)
    return Watched(_child(name, stack, words.what(metric, threshold, reason), since), metric, threshold)


def _child(name: str, stack: str, reason: str, since: datetime | None) -> Child:
    service, resource, alarm = (part or "" for part in parts(name, stack))
    return Child(name, service, resource, alarm, "ALARM", reason, since)
