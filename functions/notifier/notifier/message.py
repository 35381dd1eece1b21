"""The message that receivers get: one JSON object with a text for people and its parts for machines. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from watchpost import names

from notifier.clean import escaped, figure

if TYPE_CHECKING:
    from watchpost.settings import Settings

    from notifier.alarm import Metric, Notification

VERSION = 1
TEXT = 3000  # characters before escaping; Slack advises at most 4,000 (Slack API, chat.postMessage)

LEAST = 200  # characters for what is wrong, however long a name makes the rest

_LIMITS = {
    "GreaterThanOrEqualToThreshold": "{} or more",
    "GreaterThanThreshold": "more than {}",
    "LessThanThreshold": "less than {}",
    "LessThanOrEqualToThreshold": "{} or less",
}
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def severity_of(topic: str, settings: Settings) -> str:
    """`critical` or `warning` by the topic's ARN; `unknown` for a topic that is not the stack's."""
    return {settings.critical_topic: "critical", settings.warning_topic: "warning"}.get(topic, "unknown")


def build(notification: Notification, severity: str, settings: Settings) -> dict[str, Any]:
    """Make the message of one notification. Every field is always there; what is not known is null.

    `text` has & < > escaped; the other fields are plain text, without control characters.
    """
    region = notification.region or settings.aws_region
    links = _links(notification, region, settings.stack)
    since = notification.since.strftime("%Y-%m-%dT%H:%M:%SZ") if notification.since else None
    return {
        "version": VERSION,
        "text": _text(notification, severity, region, links["alarm"]),
        "title": notification.title,
        "state": notification.state,
        "previous_state": notification.previous_state,
        "severity": severity,
        "service": notification.service,
        "resource": notification.resource,
        "alarm": notification.alarm,
        "alarm_name": notification.name,
        "reason": notification.reason,
        "description": notification.description or None,
        "metric": _metric(notification.metric) if notification.metric else None,
        "threshold": notification.threshold,
        "since": since,
        "account": notification.account,
        "region": region,
        "links": links,
    }


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "namespace": metric.namespace,
        "name": metric.name,
        "statistic": metric.statistic,
        "period_seconds": metric.period,
        "evaluation_periods": metric.evaluation_periods,
        "comparison": metric.comparison,
        "dimensions": dict(metric.dimensions),
        "expression": metric.expression,
        "value": metric.value,
    }


def _links(notification: Notification, region: str, stack: str) -> dict[str, str | None]:
    home = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
    alarm, service = notification.name, notification.service
    return {
        "alarm": f"{home}#alarmsV2:alarm/{quote(alarm, safe='')}" if alarm else None,
        "dashboard": f"{home}#dashboards/dashboard/{names.dashboard(stack, service)}" if service else None,
    }


def _text(notification: Notification, severity: str, region: str, link: str | None) -> str:
    """The text for people: what, how bad, since when, and where to look."""
    state = notification.state
    how_bad = f" ({severity})" if severity != "unknown" and state != "OK" else ""
    head = f"{state}{how_bad}: {notification.title}" if state else f"{notification.title}{how_bad}"
    # A plain message of one line is its own title.
    body = _what(notification) if notification.reason != notification.title else ""
    foot = []
    if notification.since:
        foot.append(f"since {notification.since:%Y-%m-%d %H:%M:%S} UTC")
    if notification.account:
        foot.append(f"account {notification.account}")
    foot.append(region)
    # The link is last and must be whole, so the middle gives way. It is percent-encoded: nothing in it is escaped.
    end = "\n".join([", ".join(foot), *([link] if link else [])])
    room = max(TEXT - len(head) - len(end), LEAST)
    parts = "\n".join(part for part in (body, notification.description) if part)
    middle = parts if len(parts) <= room else parts[: room - 1] + "…"
    return escaped("\n".join(part for part in (head, middle, end) if part))


def _what(notification: Notification) -> str:
    """What is wrong: the value against the threshold where the message says both, else CloudWatch's own words."""
    metric, threshold = notification.metric, notification.threshold
    wording = _LIMITS.get(metric.comparison) if metric else None
    if metric is None or threshold is None or wording is None:
        return notification.reason
    subject = f"{metric.statistic} of {metric.name}" if metric.statistic else metric.name
    over = _duration(metric.period)
    limit = f"the alarm is at {wording.format(figure(threshold))}"
    if metric.value is None:
        return f"{subject}{over}: {limit}. {notification.reason}".rstrip()
    return f"{subject}{over} was {figure(metric.value)}, {limit}."


def _duration(seconds: float | None) -> str:
    if not seconds or seconds < 1:
        return ""
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0 or size == 1)
    count = seconds / size
    return f" over {figure(count)} {unit}{'' if count == 1 else 's'}"
