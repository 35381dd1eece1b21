"""Points of time as text, and how long somebody asks to wait."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(when: datetime) -> str:
    """A time as documents, letters and links have it: ISO 8601, UTC, cut to the millisecond.

    when: with a time zone. `2026-11-21T08:00:00.123Z` is one.
    """
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def retry_after(value: str | None) -> float | None:
    """Seconds of a Retry-After header, a number or a date (RFC 9110, section 10.2.3); None when it says nothing."""
    text = (value or "").strip()
    if text.isdecimal() and text.isascii():
        return float(text) if len(text) < 10 else float("inf")
    # Only here: most invocations are never asked to wait.
    from email.utils import parsedate_to_datetime  # noqa: PLC0415

    try:
        when = parsedate_to_datetime(text)
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when
        return max((when - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
