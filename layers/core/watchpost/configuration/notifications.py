"""Checks the part of the document that says who is told of what, and when not: `notifications`."""

from __future__ import annotations

import re
from datetime import time
from typing import TYPE_CHECKING

from watchpost.configuration.model import DAYS, TOLD_SEVERITIES, Notifications, QuietHours, Route

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from watchpost.configuration.node import Node

MOST_ROUTES = 200
MOST_QUIET_HOURS = 50
MOST_ITEMS = 100  # of one list
LONGEST_NAME = 100  # characters: of receivers, and of quiet hours
LONGEST_GLOB = 512  # characters, as of other globs
LONGEST_ZONE = 64  # characters; the longest name of the time zone database has 32

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
# ZoneInfo looks for a file of this name.
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*")


def notifications(node: Node) -> Notifications:
    """`notifications`. Raises ConfigurationError."""
    fields = node.object({"routes", "quiet_hours", "evidence"})
    found = fields["quiet_hours"].object(None)
    if len(found) > MOST_QUIET_HOURS:
        raise fields["quiet_hours"].wrong(f"at most {MOST_QUIET_HOURS}", f"{len(found)} of them")
    hours = {name: _quiet_hours(item) for name, item in found.items()}
    return Notifications(
        routes=tuple(_route(item, hours) for item in fields["routes"].items(MOST_ROUTES)),
        quiet_hours=hours,
        evidence=fields["evidence"].boolean(default=Notifications().evidence),
    )


def _route(node: Node, known: Mapping[str, QuietHours]) -> Route:
    fields = node.object({"severity", "service", "owner", "to", "quiet_hours", "stop"})
    quiet = _texts(fields["quiet_hours"], LONGEST_NAME)
    for name in quiet:
        if name not in known:
            expected = "a name in notifications.quiet_hours" + (": " + ", ".join(sorted(known)) if known else "")
            raise fields["quiet_hours"].wrong(expected)
    to = _texts(fields["to"], LONGEST_NAME)
    if not to:
        raise fields["to"].wrong("at least one name of a receiver")
    return Route(
        to=to,
        severity=_choices(fields["severity"], TOLD_SEVERITIES) if fields["severity"].given else (),
        service=_texts(fields["service"], LONGEST_GLOB),
        owner=_texts(fields["owner"], LONGEST_GLOB),
        quiet_hours=quiet,
        stop=fields["stop"].boolean(default=False),
    )


def _quiet_hours(node: Node) -> QuietHours:
    fields = node.object({"from", "to", "timezone", "days", "severity"})
    zone = _zone(fields["timezone"])
    default = QuietHours(time(), time(), zone)
    hours = QuietHours(
        begin=_time(fields["from"]),
        end=_time(fields["to"]),
        zone=zone,
        days=_choices(fields["days"], DAYS) if fields["days"].given else default.days,
        severity=_choices(fields["severity"], TOLD_SEVERITIES) if fields["severity"].given else default.severity,
    )
    if hours.begin == hours.end and set(hours.days) == set(DAYS):
        raise fields["to"].wrong("another time than `from`, or fewer days: such quiet hours never end")
    return hours


def _time(node: Node) -> time:
    """A time of day. YAML reads 22:00 without quotes as a number."""
    found = _TIME.fullmatch(node.value) if isinstance(node.value, str) else None
    if not found:
        raise node.wrong('a time such as "22:00", in quotes')
    return time(int(found[1]), int(found[2]))


def _zone(node: Node) -> ZoneInfo:
    # Only here: every function reads the configuration at its start, and few have quiet hours in it.
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    expected = "a name of the time zone database such as Europe/Berlin, or UTC"
    if not node.given:
        return ZoneInfo("UTC")
    name = node.string(LONGEST_ZONE)
    if not _ZONE.fullmatch(name):
        raise node.wrong(expected)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # KeyError: there is none; OSError: a folder of them, such as Europe
        raise node.wrong(expected) from None


def _choices(node: Node, choices: Sequence[str]) -> tuple[str, ...]:
    found = node.choices(choices)
    if not found:
        raise node.wrong("at least one of " + ", ".join(choices))
    return found


def _texts(node: Node, longest: int) -> tuple[str, ...]:
    """A text or a list of texts; none when it is not given."""
    if not node.given:
        return ()
    nodes = [node] if isinstance(node.value, str) else node.items(MOST_ITEMS)
    if not nodes:
        raise node.wrong("a text or a list of at least one")
    return tuple(dict.fromkeys(item.string(longest) for item in nodes))
