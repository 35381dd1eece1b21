"""How times and numbers are written for people. Pure."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def span(since: datetime, until: datetime) -> str:
    """From when to when, in UTC."""
    same_day = since.astimezone(UTC).date() == until.astimezone(UTC).date()
    return f"{moment(since).removesuffix(' UTC')} to {clock(until) if same_day else moment(until)}"


def nth(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th …"""
    tail = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{tail}"


def duration(seconds: float) -> str:
    """A time as people say it, in its two largest units at most: 40 s, 7 min, 2 h 5 min, 3 d."""
    left = max(round(seconds), 0)
    if left >= 120:
        left -= left % 60  # nobody asks for the seconds of minutes
    parts = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def moment(when: datetime) -> str:
    """A date and time in UTC."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def clock(when: datetime) -> str:
    """A time of day in UTC; the day is that of the alarm."""
    return f"{when.astimezone(UTC):%H:%M:%S} UTC"


def cut(value: str, limit: int) -> str:
    """At most so many characters, and one sees that it was more."""
    return value if len(value) <= limit else value[: limit - 1].rstrip() + "…"
