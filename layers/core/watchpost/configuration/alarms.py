"""Checks the part of the document about alarms: `alarms`, and whom a service belongs to."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from watchpost.configuration.model import SEVERITIES, AlarmOverride, AlarmRule, Alarms

if TYPE_CHECKING:
    from watchpost.configuration.node import Node

MOST_OVERRIDES = 200
LONGEST_GLOB = 512  # characters of the longest name that a resource has, a log group's
LONGEST_REASON = 300  # characters; a description of 1,024 (CloudWatch API, PutMetricAlarm) holds more than that
MOST_PERIODS = 1440  # of a minute: alarms look back a day at most (CloudWatch API, PutMetricAlarm, EvaluationPeriods)
LONGEST_OWNER = 100  # characters
LONGEST_RUNBOOK = 500  # characters, as given and as stored: descriptions of alarms and dashboards have room for these

# Characters of a host with its port (RFC 3986, 3.2.2), and what may stand as it is behind it.
_HOST = re.compile(r"[A-Za-z0-9._~%!$&'()*+,;=:\[\]-]+")
_IN_ADDRESS = "!#$%&'()*+,/:;=?@[]~"
# Letters of which IDNA 2003, which Python knows, makes another host than browsers do (UTS #46, deviation characters).
_TWO_READINGS = frozenset("\u00df\u1e9e\u03c2\u200c\u200d")

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
    """The address of a page that says what to do, in ASCII as RFC 3986 has it. Raises ConfigurationError.

    What people copy from a browser may have letters of any script and signs such as `|` and `{`, which no message
    carries: they are written as browsers send them, the host by IDNA and the rest in percent.
    """
    if not node.given:
        return None
    given = node.string(LONGEST_RUNBOOK)
    try:
        address = _address(given)
    except ValueError:
        # What was found is not shown: it may hold a password.
        raise node.wrong(
            "an address that begins with https:// and has no user and password in it, and a host that browsers know "
            "(if need be in its xn-- form)",
            "another address",
        ) from None
    if len(address) > LONGEST_RUNBOOK:
        expected = f"at most {LONGEST_RUNBOOK} characters with those in percent that are not ASCII"
        raise node.wrong(expected, f"{len(address)} characters")
    return address


def _address(given: str) -> str:
    """Raises ValueError for what is no address that a person can follow."""
    parts = urlsplit(given)
    # To read the port raises for what is none.
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or parts.port == 0:
        raise ValueError
    if not given.isprintable() or " " in given:
        raise ValueError
    host = parts.netloc if parts.netloc.isascii() else _ascii(parts.hostname) + (f":{parts.port}" if parts.port else "")
    if not _HOST.fullmatch(host):
        raise ValueError
    behind = given[given.index("//") + len("//") + len(parts.netloc) :]
    return f"https://{host}{quote(behind, safe=_IN_ADDRESS)}"


def _ascii(host: str) -> str:
    """A host as it is asked for (IDNA). Raises ValueError, of which UnicodeError is one."""
    if not _TWO_READINGS.isdisjoint(host):
        raise ValueError
    # What stands for a dot becomes one before it is read, as in browsers.
    return unicodedata.normalize("NFKC", host).encode("idna").decode("ascii")


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
