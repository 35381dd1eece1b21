"""What there is to tell about an alarm: plain data, made once and shown by every channel in its own way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from notifier.alarm import Notification

# What has happened. "again": the same alarm rings again soon after it was over. "changed": it still rings, but
# otherwise (other children of a composite alarm). "plain": any other SNS text. "digest": what was held back.
EVENTS = ("opened", "again", "changed", "resolved", "plain", "digest")
SEVERITIES = ("critical", "warning", "unknown")
KEY = 255  # ASCII characters of a key; PagerDuty's dedup_key has no more (Events API v2)
HEADLINE = 200  # characters

# Labels of the links, in the order in which a person wants them. Machines find a link by its label.
DISCOVER = "Discover"
ALARM = "CloudWatch alarm"
DASHBOARD = "CloudWatch dashboard"
INSIGHTS = "Logs Insights"
STREAM = "Log stream"
RUNBOOK = "Runbook"


@dataclass(frozen=True, slots=True)
class Child:
    """An alarm below a composite alarm. service, resource and alarm are "" for a name that Watchpost did not give."""

    name: str
    service: str
    resource: str
    alarm: str
    state: str
    reason: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """Lines with the same error. All texts are cleaned and redacted already.

    message: what they have in common; type: of the error, "" when unknown; example: the newest one's own words.
    """

    message: str
    type: str
    service: str
    count: int
    newest: datetime
    example: str


@dataclass(frozen=True, slots=True)
class Failing:
    """One transaction that failed. log_group and log_stream are "" when unknown."""

    request_id: str | None
    correlation_id: str | None
    trace_id: str | None
    service: str
    log_group: str
    log_stream: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Deployment:
    """What was deployed, in words ("orders-api, version 12"), and when."""

    what: str
    when: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """A place to look at. url: https, percent-encoded."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the logs say. errors: most frequent first; errors_total: lines with errors in the alarm's window.

    errors_read < errors_total: the counts are of the newest `errors_read` lines. problem: why there is none.
    """

    errors: tuple[ErrorLine, ...] = ()
    errors_total: int = 0
    errors_read: int = 0
    failing: Failing | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """One thing to tell. Every text is plain: cleaned of what steers a terminal, escaped for no channel.

    event, severity: one of EVENTS, SEVERITIES. key: of the incident, the same from its opening to its end.
    headline: one line. words: what is wrong in words. times: how often the alarm rang within the incident.
    graph: https address of a PNG. items: lines of a digest.
    """

    event: str
    key: str
    severity: str
    headline: str
    words: str
    description: str
    reason: str
    notification: Notification
    since: datetime | None
    lasted: timedelta | None
    times: int
    owner: str | None
    runbook: str | None
    children: tuple[Child, ...] = ()
    evidence: Evidence | None = None
    deployments: tuple[Deployment, ...] = ()
    graph: str | None = None
    links: tuple[Link, ...] = ()
    items: tuple[str, ...] = ()
