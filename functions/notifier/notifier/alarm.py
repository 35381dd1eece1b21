"""What an SNS message says, in Watchpost's terms. Pure, and never raises: an alarm must not be lost to its own form."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from notifier import clean
from notifier.alarm_metric import NAME, PROSE, Metric, metric_of, object_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watchpost.settings import Settings

__all__ = [
    "NAME",
    "PROSE",
    "Metric",
    "Notification",
    "Sns",
    "Triggering",
    "names_in",
    "parse",
    "parts",
    "read",
    "words_of",
]

RULE = 10_240  # characters of a composite alarm's rule (CloudWatch API, PutCompositeAlarm)
CHILDREN = 100  # alarms in it (the same)

_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d+")
_ACCOUNT = re.compile(r"\d{12}")
# A name in a rule: ALARM("orders"), ALARM(orders), ALARM(arn:…:alarm:orders); the same of OK and INSUFFICIENT_DATA.
_IN_RULE = re.compile(r"""\b(?:ALARM|OK|INSUFFICIENT_DATA)\(\s{0,9}(?:"([^"]+)"|'([^']+)'|([^\s"'()]+))\s{0,9}\)""")
_RESOURCE, _UNHEALTHY = "service", "unhealthy"  # of the composite alarm that stands for a service


@dataclass(frozen=True, slots=True)
class Triggering:
    """An alarm of which the message says that it made a composite alarm change its state."""

    name: str
    state: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Notification:
    """One SNS message. A plain message has a title and a reason, and no state."""

    title: str
    reason: str
    state: str | None = None
    previous_state: str | None = None
    name: str | None = None  # the alarm's whole name
    description: str = ""
    service: str | None = None  # these three only when the name is one that Watchpost gives
    resource: str | None = None
    alarm: str | None = None
    metric: Metric | None = None
    threshold: float | None = None
    since: datetime | None = None
    account: str | None = None
    region: str | None = None
    rule: str = ""  # of a composite alarm, when the message has it
    triggering: tuple[Triggering, ...] = ()
    origin: str = ""  # the topic that it came by, when that is none of the stack's

    @property
    def is_news(self) -> bool:
        """Whether somebody wants to know: not that a new alarm has got its first data and all is well."""
        return (self.previous_state, self.state) != ("INSUFFICIENT_DATA", "OK")

    @property
    def is_composite(self) -> bool:
        """Whether it is of a composite alarm. The emulator of the local account does not send the rule."""
        return bool(self.rule) or (self.metric is None and _is_health(self.resource, self.alarm))


@dataclass(frozen=True, slots=True)
class Sns:
    """The parts of an SNS record that matter here."""

    topic: str  # ARN
    message: str
    subject: str = field(default="")
    message_id: str = field(default="")


def read(sns: Sns, settings: Settings) -> Notification:
    """Read one SNS message as what it may be: the stack's alarms come by the stack's topics.

    What comes by another topic may say what it likes: it is told, as a message of that topic, and is no alarm of the
    stack's, nor ends what one began.
    """
    if sns.topic in (settings.critical_topic, settings.warning_topic):
        return parse(sns, settings.stack)
    return replace(parse(sns, None), origin=clean.line(sns.topic, 2 * NAME) or "no topic")


def parse(sns: Sns, stack: str | None) -> Notification:
    """Read one SNS message: the JSON of a CloudWatch alarm, or any text.

    stack: name of the CloudFormation stack, which begins the names of its alarms; None when it can be none of them.
    """
    try:
        body = json.loads(sns.message)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict) or not (_text(body, "AlarmName") and _text(body, "NewStateValue")):
        return _plain(sns)
    name = clean.line(body["AlarmName"], NAME)
    service, resource, alarm = parts(name, stack)
    trigger = object_of(body.get("Trigger"))
    reason = clean.block(body.get("NewStateReason"), PROSE)
    metric = metric_of(trigger, reason)
    return Notification(
        title=_title(name, service, resource, alarm),
        reason=reason,
        state=clean.line(body["NewStateValue"], 50),
        previous_state=clean.line(body.get("OldStateValue"), 50) or None,
        name=name,
        description=clean.block(body.get("AlarmDescription"), PROSE),
        service=service,
        resource=resource,
        alarm=alarm,
        metric=metric,
        threshold=clean.number(trigger.get("Threshold")) if metric else None,
        since=_time(body.get("StateChangeTime")),
        account=_matching(_ACCOUNT, body.get("AWSAccountId")),
        region=_region(body, sns.topic),
        rule=clean.line(body.get("AlarmRule"), RULE),
        triggering=_triggering(body.get("TriggeringChildren")),
    )


def parts(name: str, stack: str | None) -> tuple[str | None, str | None, str | None]:
    """Service, resource and alarm of a name <stack>/<service>/<resource>/<alarm>; a resource may hold slashes."""
    found = name.split("/")
    if found[0] != stack or len(found) < 4 or not all((found[1], found[2], found[-1])):
        return None, None, None
    return found[1], "/".join(found[2:-1]), found[-1]


def words_of(alarm: str) -> str:
    """An alarm's id as words: `errors-in-logs` is errors in logs."""
    return re.sub("[-_]+", " ", alarm).strip() or alarm


def names_in(rule: str) -> tuple[str, ...]:
    """The names of the alarms in a composite alarm's rule, each once, in its order."""
    found = (next(group for group in match.groups() if group) for match in _IN_RULE.finditer(rule[:RULE]))
    return tuple(dict.fromkeys(_alarm_name(name) for name in found))[:CHILDREN]


def _plain(sns: Sns) -> Notification:
    first = next((text for text in sns.message[:PROSE].splitlines() if clean.line(text, NAME)), "")
    title = clean.line(sns.subject, NAME) or clean.line(first, NAME) or "message without text"
    return Notification(title, clean.block(sns.message, PROSE), region=_matching(_REGION, _arn_region(sns.topic)))


def _text(body: Mapping[str, Any], name: str) -> str:
    return clean.line(body.get(name), NAME)


def _is_health(resource: str | None, alarm: str | None) -> bool:
    """Whether these are of the composite alarm of a service; the names of its parts end in a number."""
    return resource == _RESOURCE and bool(alarm) and re.split("[-.]", alarm or "")[0] == _UNHEALTHY


def _title(name: str, service: str | None, resource: str | None, alarm: str | None) -> str:
    if service is None or alarm is None:
        return name
    if _is_health(resource, alarm):
        return f"{service} is unhealthy"
    where = "" if resource == service else f"{resource}: "
    return f"{service} — {where}{words_of(alarm)}"


def _triggering(value: Any) -> tuple[Triggering, ...]:
    """As CloudWatch sends them: [{"Arn": …, "State": {"Value": "ALARM", "Timestamp": …}}]."""
    found: list[Triggering] = []
    for item in value[:CHILDREN] if isinstance(value, list) else []:
        name = _alarm_name(clean.line(object_of(item).get("Arn"), 2 * PROSE))
        state = object_of(object_of(item).get("State"))
        if name:
            found.append(Triggering(name[:NAME], clean.line(state.get("Value"), 50), _time(state.get("Timestamp"))))
    return tuple(found)


def _alarm_name(text: str) -> str:
    """The name in the ARN of an alarm, or the text itself."""
    # arn:<partition>:cloudwatch:<region>:<account>:alarm:<name>
    pieces = text.split(":", 6)
    return pieces[6] if len(pieces) == 7 and pieces[0] == "arn" else text


def _time(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _region(body: Mapping[str, Any], topic: str) -> str | None:
    """The region's code. AWS sends a display name as Region, and the code only in ARNs."""
    candidates = (_arn_region(body.get("AlarmArn")), body.get("Region"), _arn_region(topic))
    return next((found for value in candidates if (found := _matching(_REGION, value))), None)


def _arn_region(arn: Any) -> str | None:
    pieces = arn.split(":", 4) if isinstance(arn, str) else []
    return pieces[3] if len(pieces) == 5 else None


def _matching(pattern: re.Pattern[str], value: Any) -> str | None:
    return value if isinstance(value, str) and len(value) <= NAME and pattern.fullmatch(value) else None
