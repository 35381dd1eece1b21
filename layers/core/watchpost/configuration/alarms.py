"""Checks the part of the document about alarms: `alarms`, and whom a service belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from watchpost.configuration.model import SEVERITIES, AlarmOverride, AlarmRule, Alarms

if TYPE_CHECKING:
    from watchpost.configuration.node import Node

MOST_OVERRIDES = 200
LONGEST_GLOB = 512  # characters of the longest name that a resource has, a log group's
LONGEST_REASON = 300  # characters; a description of 1,024 (CloudWatch API, PutMetricAlarm) holds more than that
MOST_PERIODS = 1440  # of a minute: alarms look back a day at most (CloudWatch API, PutMetricAlarm, EvaluationPeriods)
LONGEST_OWNER = 100  # characters
LONGEST_RUNBOOK = 500  # characters

_SELECTORS = ("kind", "service", "resource", "alarm")
_CHANGES = ("enabled", "threshold", "severity", "datapoints_to_alarm", "evaluation_periods")
_SECTION = ("overrides", "composite", "monthly_budget")  # what is not the name of an alarm


def alarms(node: Node) -> Alarms:
    """`alarms`. Raises ConfigurationError."""
    fields = node.object(None)
    known = node.object({*fields, *_SECTION})
    return Alarms(
        by_name={name: _named(field) for name, field in fields.items() if name not in _SECTION},
        overrides=tuple(_rule(item) for item in known["overrides"].items(MOST_OVERRIDES)),
        composite=known["composite"].boolean(default=Alarms().composite),
        monthly_budget=_budget(known["monthly_budget"]),
    )


def owner(node: Node) -> str | None:
    """A person, a team or an address, for people. Raises ConfigurationError."""
    return _line(node, LONGEST_OWNER) if node.given else None


def runbook(node: Node) -> str | None:
    """The address of a page that says what to do. Raises ConfigurationError."""
    if not node.given:
        return None
    expected = "an address that begins with https:// and has no user and password in it"
    address = node.string(LONGEST_RUNBOOK)
    try:
        parts = urlsplit(address)
        wrong = parts.scheme != "https" or not parts.hostname or "@" in parts.netloc
        parts.port  # noqa: B018  # raises for what is no port
    except ValueError:
        wrong = True
    if wrong or not address.isprintable() or " " in address:
        # What was found is not shown: it may hold a password.
        raise node.wrong(expected, "another address")
    return address


def _named(node: Node) -> AlarmOverride:
    if not isinstance(node.value, dict):
        raise node.wrong("an object: a field is <kind>.<alarm> or one of " + ", ".join(_SECTION))
    return _override(node.object({*_CHANGES, "reason"}))


def _rule(node: Node) -> AlarmRule:
    fields = node.object({*_SELECTORS, *_CHANGES, "reason"})
    for needed in (_SELECTORS, _CHANGES):
        if not any(fields[name].given for name in needed):
            raise node.wrong("at least one of " + ", ".join(needed), "none of them")
    globs = {name: fields[name].optional(LONGEST_GLOB) for name in _SELECTORS}
    return AlarmRule(**globs, change=_override(fields))


def _override(fields: dict[str, Node]) -> AlarmOverride:
    enabled, threshold, severity, datapoints, periods = (fields[name] for name in _CHANGES)
    override = AlarmOverride(
        enabled=enabled.boolean(default=True) if enabled.given else None,
        threshold=threshold.number() if threshold.given else None,
        severity=severity.one_of(SEVERITIES) if severity.given else None,
        datapoints_to_alarm=datapoints.integer(1, MOST_PERIODS, 1) if datapoints.given else None,
        evaluation_periods=periods.integer(1, MOST_PERIODS, 1) if periods.given else None,
        reason=_line(fields["reason"], LONGEST_REASON) if fields["reason"].given else "",
    )
    both = override.datapoints_to_alarm, override.evaluation_periods
    if both[0] and both[1] and both[0] > both[1]:
        raise datapoints.wrong(f"at most {both[1]}, its evaluation_periods")
    return override


def _budget(node: Node) -> float | None:
    if not node.given or node.value is None:
        return None
    if isinstance(node.value, bool) or not isinstance(node.value, int | float) or not node.value > 0:
        raise node.wrong("a number of USD above 0, or null for no budget")
    return node.number()


def _line(node: Node, most: int) -> str:
    text = node.string(most)
    if not text.strip() or not text.isprintable():
        raise node.wrong("one line of text that is not blank")
    return text
