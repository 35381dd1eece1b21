"""What an SNS message says, in Watchpost's terms. Pure, and never raises: an alarm must not be lost to its own form."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from notifier import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

# Characters kept. An alarm's name has at most 255, its description 1,024, a reason 1,023 (CloudWatch API).
NAME, PROSE = 255, 1024
DIMENSIONS = 30  # the most that a metric has (CloudWatch API, MetricDatum)

_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d+")
_ACCOUNT = re.compile(r"\d{12}")
_STATISTICS = {
    "average": "Average",
    "sum": "Sum",
    "minimum": "Minimum",
    "maximum": "Maximum",
    "samplecount": "SampleCount",
}
_FIGURE = r"(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)"
# The newest datapoint comes first: "1 datapoint [7.0 (21/11/26 06:00:00)]", in old messages "1 datapoint (7.0)", and
# "Threshold Crossed: Sum 7.0 GreaterThan…" from the emulator of the local account.
_VALUE = re.compile(rf"datapoints? ?[\[(]{_FIGURE}|^Threshold Crossed: [\w.()%:]+ {_FIGURE} ")


@dataclass(frozen=True, slots=True)
class Metric:
    """What a metric alarm looks at. What the message does not say is empty or None."""

    namespace: str
    name: str  # of metric math: the label or the expression
    statistic: str
    period: float | None  # seconds
    evaluation_periods: float | None
    comparison: str  # CloudWatch's ComparisonOperator
    dimensions: Mapping[str, str]
    expression: str | None  # of metric math
    value: float | None  # the newest datapoint


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

    @property
    def is_news(self) -> bool:
        """Whether somebody wants to know: not that a new alarm has got its first data and all is well."""
        return (self.previous_state, self.state) != ("INSUFFICIENT_DATA", "OK")


@dataclass(frozen=True, slots=True)
class Sns:
    """The parts of an SNS record that matter here."""

    topic: str  # ARN
    message: str
    subject: str = field(default="")


def parse(sns: Sns, stack: str) -> Notification:
    """Read one SNS message: the JSON of a CloudWatch alarm, or any text.

    stack: name of the CloudFormation stack, which begins the names of its alarms.
    """
    try:
        body = json.loads(sns.message)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict) or not (_text(body, "AlarmName") and _text(body, "NewStateValue")):
        return _plain(sns)
    name = clean.line(body["AlarmName"], NAME)
    service, resource, alarm = _parts(name, stack)
    trigger = _object(body.get("Trigger"))
    reason = clean.block(body.get("NewStateReason"), PROSE)
    metric = _metric(trigger, reason)
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
    )


def _plain(sns: Sns) -> Notification:
    first = next((text for text in sns.message[:PROSE].splitlines() if clean.line(text, NAME)), "")
    title = clean.line(sns.subject, NAME) or clean.line(first, NAME) or "message without text"
    return Notification(title, clean.block(sns.message, PROSE), region=_matching(_REGION, _arn_region(sns.topic)))


def _text(body: Mapping[str, Any], name: str) -> str:
    return clean.line(body.get(name), NAME)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _parts(name: str, stack: str) -> tuple[str | None, str | None, str | None]:
    """Service, resource and alarm of a name <stack>/<service>/<resource>/<alarm>; a resource may hold slashes."""
    parts = name.split("/")
    if parts[0] != stack or len(parts) < 4 or not all((parts[1], parts[2], parts[-1])):
        return None, None, None
    return parts[1], "/".join(parts[2:-1]), parts[-1]


def _title(name: str, service: str | None, resource: str | None, alarm: str | None) -> str:
    if service is None or alarm is None:
        return name
    where = "" if resource == service else f"{resource}: "
    return f"{service} — {where}{re.sub('[-_]+', ' ', alarm).strip() or alarm}"


def _metric(trigger: Mapping[str, Any], reason: str) -> Metric | None:
    """The metric of an alarm; None for a composite one, which looks at other alarms."""
    queries = trigger.get("Metrics")
    items = [item for item in queries if isinstance(item, dict)] if isinstance(queries, list) else []
    name = clean.line(trigger.get("MetricName"), NAME)
    if not name and not items:
        return None
    # Of metric math the query that is compared, and the metric that it begins with.
    shown = next((item for item in items if item.get("ReturnData") is True), _object(items[0] if items else None))
    stat = next((found for item in [shown, *items] if (found := _object(item.get("MetricStat")))), {})
    source = _object(stat.get("Metric")) or trigger
    expression = clean.line(shown.get("Expression"), PROSE) or None
    value = _VALUE.search(reason)
    statistic = stat.get("Stat") or trigger.get("ExtendedStatistic") or trigger.get("Statistic")
    label = clean.line(shown.get("Label"), NAME)
    return Metric(
        namespace=clean.line(source.get("Namespace"), NAME),
        name=name or label or expression or clean.line(source.get("MetricName"), NAME),
        statistic="" if expression else _statistic(statistic),
        period=clean.number(trigger.get("Period")) or clean.number(stat.get("Period")),
        evaluation_periods=clean.number(trigger.get("EvaluationPeriods")),
        comparison=clean.line(trigger.get("ComparisonOperator"), NAME),
        dimensions=_dimensions(source.get("Dimensions")),
        expression=expression,
        value=clean.number(float(value[1] or value[2])) if value else None,
    )


def _statistic(source: Any) -> str:
    text = clean.line(source, 50)
    return _STATISTICS.get(text.lower().replace("_", ""), text)


def _dimensions(value: Any) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for item in value[:DIMENSIONS] if isinstance(value, list) else []:
        if isinstance(item, dict):
            name = clean.line(item.get("name") or item.get("Name"), NAME)
            pairs |= {name: clean.line(item.get("value") or item.get("Value"), PROSE)} if name else {}
    return pairs


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
    parts = arn.split(":", 4) if isinstance(arn, str) else []
    return parts[3] if len(parts) == 5 else None


def _matching(pattern: re.Pattern[str], value: Any) -> str | None:
    return value if isinstance(value, str) and len(value) <= NAME and pattern.fullmatch(value) else None
