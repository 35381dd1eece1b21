"""What is wrong, in words: the value against the threshold, which alarms ring, what was deployed. Pure."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from notifier import clean
from notifier.alarm import words_of
from notifier.clean import figure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from watchpost.settings import Settings

    from notifier.alarm import Metric, Notification
    from notifier.story import Child, Deployment

LONGEST = 2000  # characters of the words of a story
NAMED = 3  # alarms of a composite one that the words name

_LIMITS = {
    "GreaterThanOrEqualToThreshold": "{} or more",
    "GreaterThanThreshold": "more than {}",
    "LessThanThreshold": "less than {}",
    "LessThanOrEqualToThreshold": "{} or less",
}
# What a band allows, by the comparison that an alarm makes with it (CloudWatch API, PutMetricAlarm).
_BANDS = {
    "LessThanLowerOrGreaterThanUpperThreshold": "{0} to {1}",
    "LessThanLowerThreshold": "{0} or more",
    "GreaterThanUpperThreshold": "{1} or less",
}
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_SHORT = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def severity_of(topic: str, settings: Settings) -> str:
    """`critical` or `warning` by the topic's ARN; `unknown` for a topic that is not the stack's."""
    return {settings.critical_topic: "critical", settings.warning_topic: "warning"}.get(topic, "unknown")


def what(metric: Metric | None, threshold: float | None, reason: str) -> str:
    """The value against the threshold or the band, where the alarm says both, else CloudWatch's own words."""
    if metric is None:
        return reason
    subject = f"{metric.statistic} of {metric.name}" if metric.statistic else metric.name
    subject += _duration(metric.period)
    if metric.comparison in _BANDS:
        return _against_band(subject, metric) or reason
    limit = limit_of(metric, threshold)
    if limit is None:
        return reason
    if metric.value is None:
        return f"{subject}: the alarm is at {limit}. {reason}".rstrip()
    return f"{subject} was {figure(metric.value)}, the alarm is at {limit}."


def limit_of(metric: Metric, threshold: float | None) -> str | None:
    """Where the alarm is, `1 or more`, or None when it has no fixed threshold."""
    wording = _LIMITS.get(metric.comparison)
    return wording.format(figure(threshold)) if wording and threshold is not None else None


def wrong(notification: Notification, children: Sequence[Child] = ()) -> str:
    """What is wrong, or what is over. children: of a composite alarm, those that ring; their reasons are in words."""
    if notification.state is None:  # a plain message of one line is its own title
        text = "" if notification.reason == notification.title else notification.reason
    elif notification.is_composite:
        text = _composite(notification, children)
    else:
        text = what(notification.metric, notification.threshold, notification.reason)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def label(child: Child) -> str:
    """An alarm within its service: `orders-api: errors`; its whole name when Watchpost did not give it."""
    if not child.alarm:
        return child.name
    where = "" if child.resource in ("", child.service) else f"{child.resource}: "
    return where + words_of(child.alarm)


def deployed(deployment: Deployment, began: datetime) -> str:
    """A deployment that may be the cause: `orders-api version 42 was deployed 4 min before it began.`"""
    side = "before" if deployment.when <= began else "after"
    return f"{deployment.what} was deployed {duration(abs(began - deployment.when))} {side} it began."


def duration(length: timedelta) -> str:
    """A length of time as people say it, in its two largest units: `7 min`, `1 h 5 min`, `2 d 3 h`."""
    seconds = max(int(length.total_seconds()), 0)
    for place, (size, unit) in enumerate(_SHORT):
        if seconds >= size:
            rest, below = seconds % size, _SHORT[place + 1 : place + 2]
            # Seconds beside minutes help nobody.
            more = [f"{rest // less} {name}" for less, name in below if rest // less and less > 1]
            return " ".join([f"{seconds // size} {unit}", *more])
    return "0 s"


def between(start: datetime, end: datetime) -> str:
    """A window, to the second: `from 05:58:00 to 06:01:12 UTC`, with days where they differ."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    form = "%H:%M:%S" if start.date() == end.date() else "%Y-%m-%d %H:%M:%S"
    return f"from {start.strftime(form)} to {end.strftime(form)} UTC"


def _composite(notification: Notification, children: Sequence[Child]) -> str:
    of = f" of {notification.service}" if notification.service else ""
    if notification.state == "OK":
        return f"No alarm{of} rings any more." if of else notification.reason
    if not children:
        return notification.reason or f"At least one alarm{of} rings."
    named = [f"{label(child)} ({child.reason.rstrip('.')})" if child.reason else label(child) for child in children]
    if len(children) == 1:
        return f"1 alarm{of} rings: {named[0]}."
    more = [f"{len(named) - NAMED} more"] if len(named) > NAMED else []
    return f"{len(children)} alarms{of} ring: {'; '.join([*named[:NAMED], *more])}."


def _against_band(subject: str, metric: Metric) -> str | None:
    wording, (lower, upper) = _BANDS[metric.comparison], metric.band
    needed = (lower if "{0}" in wording else 0, upper if "{1}" in wording else 0)
    if metric.value is None or None in needed:
        return None
    low, high = (figure(end) if end is not None else "" for end in (lower, upper))
    return f"{subject} was {figure(metric.value)}, expected was {wording.format(low, high)}."


def _duration(seconds: float | None) -> str:
    if not seconds or seconds < 1:
        return ""
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0 or size == 1)
    count = seconds / size
    return f" over {clean.figure(count)} {unit}{'' if count == 1 else 's'}"
