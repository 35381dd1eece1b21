"""What the page draws: lines with their points, states of alarms, and the time that they are from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Body = dict[str, Any]  # the decoded body of a dashboard
Place = tuple[str, int]  # a widget: its dashboard's name and its index there

_DURATION = re.compile(r"-P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")
DEFAULT_RANGE = timedelta(
    hours=3
)  # of a dashboard that says nothing (dashboard body structure: what the console shows)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a graph. points: times in UTC, ascending."""

    label: str
    points: tuple[tuple[datetime, float], ...]
    unit: str = ""  # as CloudWatch calls it, such as Milliseconds; empty when it is not known


@dataclass(frozen=True, slots=True)
class Graph:
    """What a metric widget shows. trouble: why CloudWatch gave nothing, in its words."""

    lines: tuple[Line, ...] = ()
    period: int = 60  # seconds between two points, which may be more than the widget asks for
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Data:
    """All that was read for a page."""

    end: datetime
    graphs: Mapping[Place, Graph] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)  # of alarms, by ARN: OK, ALARM, INSUFFICIENT_DATA
    trouble: str = ""  # why states are missing


def shown_range(body: Body) -> timedelta:
    """How much time a dashboard shows, by its relative `start` such as -PT3H."""
    found = _DURATION.fullmatch(str(body.get("start", "")))
    if not found:
        return DEFAULT_RANGE
    weeks, days, hours, minutes = (int(part or 0) for part in found.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes) or DEFAULT_RANGE
