"""Values of alarms and dashboards as people read them: a number with its thousands, two texts where they differ."""

from __future__ import annotations

import json
from itertools import takewhile
from typing import Any

from watchpost_cli.terminal import harmless

LONGEST = 160  # characters of a value
_KEPT = 24  # characters before the first that differs


def pair(before: Any, after: Any) -> tuple[str, str]:
    """Two values to stand beside each other. Long ones are cut so that what differs is in sight."""
    first, second = shown(before), shown(after)
    if max(len(first), len(second)) <= LONGEST:
        return first, second
    same = sum(1 for _ in takewhile(lambda two: two[0] == two[1], zip(first, second, strict=False)))
    start = same - _KEPT
    # Beginning within the last piece of a short text would hide the most of it for nothing.
    start = start if start > _KEPT else 0
    return _cut(first, start), _cut(second, start)


def shown(value: Any) -> str:
    """One value on one line, without characters that do anything, of any length."""
    if value is None or value in ("", [], {}):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        return ", ".join(map(shown, value))
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return harmless(text)


def number(value: float) -> str:
    """A figure with its thousands: 27000.0 is 27,000. Twelve digits count."""
    return f"{value:,.12g}"


def usd(value: float) -> str:
    """An amount of money."""
    return f"{value:,.2f} USD"


def _cut(text: str, start: int) -> str:
    head = "…" if start else ""
    rest = text[start:]
    return head + (rest if len(rest) <= LONGEST else f"{rest[: LONGEST - 1]}…")
