"""What a checked configuration document is made of."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from watchpost.configuration.leftovers import Janitor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import time
    from zoneinfo import ZoneInfo

Scalar = str | int | float | bool

# Kinds of lines, as a rule names them.
APPLICATION, METRIC, PLATFORM = "application", "metric", "platform"
# From the least to the most severe.
LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")
# The redaction patterns that Watchpost brings.
PATTERNS = ("email", "card", "aws_access_key_id", "aws_secret_access_key", "bearer_token", "authorization")
# Classes of log groups (CloudWatch Logs API, CreateLogGroup).
LOG_CLASSES = ("STANDARD", "INFREQUENT_ACCESS", "DELIVERY")
# The only numbers of days that CloudWatch Logs takes (API reference, PutRetentionPolicy).
RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip  # numbers are easier to read in rows
INCLUDE, EXCLUDE = "include", "exclude"
# Of alarms, the most severe first.
SEVERITIES = ("critical", "warning")
TOLD_SEVERITIES = (*SEVERITIES, "unknown")  # of notifications: "unknown" is what came by a topic of somebody else
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")  # as datetime.weekday() counts them
TYPES = ("keyword", "long", "double", "boolean", "date", "ip")
# Fields of the Elastic Common Schema that can be lifted to, with their types (ECS field reference; `wildcard` is
# `keyword` here). None is below an object that every document has, so lifting never changes what the pipeline wrote.
ECS_FIELDS: dict[str, str] = {
    **dict.fromkeys(
        (
            "client.address", "client.domain", "client.geo.country_iso_code", "destination.address",
            "destination.domain", "device.id", "host.name", "http.request.id", "http.request.method",
            "http.request.mime_type", "http.request.referrer", "http.response.mime_type", "http.version",
            "network.protocol", "network.transport", "organization.id", "organization.name", "server.address",
            "server.domain", "source.address", "span.id", "transaction.id", "url.domain", "url.full", "url.original",
            "url.path", "url.query", "url.scheme", "user.domain", "user.email", "user.id", "user.name", "user.roles",
            "user_agent.original",
        ),
        "keyword",
    ),
    **dict.fromkeys(
        (
            "client.port", "destination.port", "http.request.body.bytes", "http.request.bytes",
            "http.response.body.bytes", "http.response.bytes", "http.response.status_code", "network.bytes",
            "server.port", "source.port", "url.port",
        ),
        "long",
    ),
    **dict.fromkeys(("client.ip", "destination.ip", "server.ip", "source.ip"), "ip"),
}  # fmt: skip  # names are easier to read in rows


@dataclass(frozen=True, slots=True)
class ServiceRule:
    """Which service the log groups of a glob belong to."""

    log_group: str
    name: str
    environment: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    owner: str | None = None  # a person, a team or an address
    runbook: str | None = None  # https address of what to do when it is unhealthy


@dataclass(frozen=True, slots=True)
class Match:
    """What a line must be for a rule to concern it; all that is given must hold."""

    text: str | None = None  # somewhere in the message
    regex: str | None = None  # found somewhere in the message
    level: tuple[str, ...] = ()  # one of these
    fields: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)  # by the names of the document, any of these


@dataclass(frozen=True, slots=True)
class Sample:
    """Which part of the transactions is kept."""

    rate: float  # above 0, up to 1
    errors: bool = False  # whether lines at error or fatal are sampled like the others


@dataclass(frozen=True, slots=True)
class Levels:
    """Which levels are kept; lines that have none are kept always."""

    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LogRule:
    """One rule of `logs.rules`. Exactly one of drop, sample, levels and labels says what it does."""

    name: str
    log_group: str | None = None  # a glob; None is every log group
    service: str | None = None  # a glob; None is every service
    lines: tuple[str, ...] = (APPLICATION,)  # kinds of lines
    match: Match = field(default_factory=Match)
    drop: bool = False
    sample: Sample | None = None
    levels: Levels | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CustomPattern:
    """A redaction pattern of the user's own."""

    name: str
    regex: str


@dataclass(frozen=True, slots=True)
class Redact:
    """What never leaves the function."""

    patterns: tuple[str, ...] = ()  # of PATTERNS
    custom: tuple[CustomPattern, ...] = ()
    keys: tuple[str, ...] = ()  # names of fields whose values are replaced whole


@dataclass(frozen=True, slots=True)
class Lift:
    """An application field that becomes a typed field of the document."""

    field: str  # below `app`, dotted
    to: str  # a name of ECS_FIELDS, or any other, which then lies under `lifted.<type>`
    type: str  # of TYPES
    log_group: str | None = None  # a glob; None is every log group


@dataclass(frozen=True, slots=True)
class Logs:
    """What is shipped and how."""

    exclude: tuple[str, ...] = ()
    retention_days: int | None = 30
    platform: str = "report"
    count: bool = True
    rules: tuple[LogRule, ...] = ()
    redact: Redact = field(default_factory=Redact)
    lift: tuple[Lift, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupMatch:
    """What a log group must be for a rule to concern it; all that is given must hold, and of each tuple one item."""

    prefix: tuple[str, ...] = ()  # beginnings of its name
    glob: tuple[str, ...] = ()  # of its whole name
    regex: tuple[str, ...] = ()  # found somewhere in its name
    # Names of tags with globs of their values; the tag may be the group's or its function's. No glob: any value.
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    log_class: tuple[str, ...] = ()  # of LOG_CLASSES


@dataclass(frozen=True, slots=True)
class Retention:
    """For how long a log group keeps its events."""

    days: int
    overrule: bool = False  # also where the group has another one


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a subscription filter points to."""

    arn: str  # of a function, a stream, a delivery stream or a destination of CloudWatch Logs
    role: str | None = None  # ARN of what CloudWatch Logs writes to it as


@dataclass(frozen=True, slots=True)
class SubscriptionRule:
    """One rule of `subscriptions.rules`. At most one of service, service_tag and service_capture is given."""

    name: str
    match: GroupMatch
    exclude: bool = False
    service: str | None = None  # fixed
    service_tag: str | None = None  # name of a tag, of the group or of its function
    service_capture: str | None = None  # name of a group in one of the regexes
    filter_pattern: str = ""  # "" is every line
    destination: Destination | None = None  # None: the stack's own
    retention: Retention | None = None


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Which log groups are subscribed, and how."""

    default: str = INCLUDE  # what becomes of groups that no rule matches: INCLUDE or EXCLUDE
    rules: tuple[SubscriptionRule, ...] = ()  # the first that matches decides


@dataclass(frozen=True, slots=True)
class AlarmOverride:
    """What an alarm is changed to. None: it stays as it is."""

    enabled: bool | None = None
    threshold: float | None = None
    severity: str | None = None  # of SEVERITIES
    datapoints_to_alarm: int | None = None
    evaluation_periods: int | None = None
    reason: str = ""  # for people


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """Which alarms an item of `alarms.overrides` is about, as globs, of which all that are given must match."""

    kind: str | None = None
    service: str | None = None
    resource: str | None = None
    alarm: str | None = None  # its id
    change: AlarmOverride = field(default_factory=AlarmOverride)


@dataclass(frozen=True, slots=True)
class Alarms:
    """What becomes of the alarms of the definitions."""

    by_name: Mapping[str, AlarmOverride] = field(default_factory=dict)  # <kind>.<alarm>
    overrides: tuple[AlarmRule, ...] = ()  # of what several say, the last counts, field by field
    composite: bool = True  # whether the critical alarms of a service page as one
    monthly_budget: float | None = None  # USD of alarms, composite alarms and dashboards


@dataclass(frozen=True, slots=True)
class Route:
    """Who is told of what. Of each selector that is given one item must match; service and owner are globs."""

    to: tuple[str, ...]  # names of receivers
    severity: tuple[str, ...] = ()  # of TOLD_SEVERITIES
    service: tuple[str, ...] = ()
    owner: tuple[str, ...] = ()
    quiet_hours: tuple[str, ...] = ()  # names, of which any makes it quiet
    stop: bool = False  # whether later routes are not looked at


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When messages wait. Times are those on the wall in the zone; begin == end is a whole day."""

    begin: time
    end: time  # the first minute that is not quiet any more
    zone: ZoneInfo
    days: tuple[str, ...] = DAYS  # on which the quiet time begins
    severity: tuple[str, ...] = ("warning",)  # of TOLD_SEVERITIES: what waits


@dataclass(frozen=True, slots=True)
class Notifications:
    """Who is told, and when not. Without routes every receiver gets everything."""

    routes: tuple[Route, ...] = ()
    quiet_hours: Mapping[str, QuietHours] = field(default_factory=dict)
    evidence: bool = True  # whether messages have lines from logs


@dataclass(frozen=True, slots=True)
class Configuration:
    """The document, checked."""

    services: tuple[ServiceRule, ...] = ()
    service_tags: tuple[str, ...] = ("service", "Service")
    logs: Logs = field(default_factory=Logs)
    metric_dimensions: tuple[str, ...] = ()
    alarms: Alarms = field(default_factory=Alarms)
    metric_report: bool = False  # publish memory use and init duration of REPORT lines
    max_dimension_sets: int = 100  # of one metric and an invocation
    subscriptions: Subscriptions = field(default_factory=Subscriptions)
    notifications: Notifications = field(default_factory=Notifications)
    janitor: Janitor = field(default_factory=Janitor)

    def rule_for(self, log_group: str) -> ServiceRule | None:
        """The first rule whose glob matches a log group."""
        return next((rule for rule in self.services if fnmatch.fnmatchcase(log_group, rule.log_group)), None)

    def owner_of(self, service: str) -> str | None:
        """Whom a service belongs to: what the first of its rules says that says it."""
        return next((rule.owner for rule in self.services if rule.name == service and rule.owner), None)

    def runbook_of(self, service: str) -> str | None:
        """The address of a service's runbook: what the first of its rules says that says it."""
        return next((rule.runbook for rule in self.services if rule.name == service and rule.runbook), None)

    def excludes(self, log_group: str) -> str | None:
        """The glob that keeps a log group from being shipped, or None."""
        return next((glob for glob in self.logs.exclude if fnmatch.fnmatchcase(log_group, glob)), None)
