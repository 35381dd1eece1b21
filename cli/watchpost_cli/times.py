"""Times for people."""

from __future__ import annotations

from datetime import UTC, datetime

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def minute(seconds: float) -> str:
    """A time to the minute, in UTC. seconds: since 1970."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def minute_of(text: str) -> str:
    """A time of ISO 8601 to the minute, in UTC; a text that is none as it is."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{(found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC):%Y-%m-%d %H:%M}"


def iso(seconds: float) -> str | None:
    """A time as ISO 8601 in UTC, None for one that has not been. seconds: since 1970, 0 for never."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}" if seconds else None


def span(seconds: float) -> str:
    """A length of time in its largest unit, rounded down."""
    for length, unit in _UNITS:
        number = int(seconds // length)
        if number:
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return "less than a minute"
