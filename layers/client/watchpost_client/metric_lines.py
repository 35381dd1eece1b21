"""Metric lines as text (docs/conventions.md). Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

COUNT, TIMING, GAUGE = "count", "latency", "gauge"
LONGEST_NAME = 255  # characters (CloudWatch API, MetricDatum, MetricName)
LONGEST_TAG = 100  # characters of a tag's name
LONGEST_VALUE = 250  # characters of its value (CloudWatch API, Dimension: 1,024)
MOST_TAGS = 20

LARGEST = 2.0**360  # CloudWatch refuses what is larger (CloudWatch API, MetricDatum)

_NOT_IN_NAME = re.compile(r"[^ -~]|\|")
_NOT_IN_TAG = re.compile(r"[^ -~]|[|,:=#]")
_NOT_IN_VALUE = re.compile(r"[^ -~]|[|,]")
_BAD = "_"


@dataclass(frozen=True, slots=True)
class Series:
    """What is measured: all of its measurements can be told together."""

    kind: str  # COUNT, TIMING, GAUGE, or a unit of CloudWatch
    name: str
    tags: tuple[tuple[str, str], ...] = ()


def series(kind: str, name: Any, tags: Mapping[str, Any]) -> Series | None:
    """A series with names that fit into a line; None when there is no name."""
    fitting = _NOT_IN_NAME.sub(_BAD, str(name).strip()).lstrip(": ")[:LONGEST_NAME].strip()
    if not fitting:
        return None
    return Series(_NOT_IN_NAME.sub(_BAD, kind).strip() or GAUGE, fitting, tuple(_tags(tags)))


def _tags(tags: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name, value in list(tags.items())[:MOST_TAGS]:
        good = _NOT_IN_TAG.sub(_BAD, str(name).strip())[:LONGEST_TAG]
        if good and value is not None:
            yield good, _NOT_IN_VALUE.sub(_BAD, str(value).strip())[:LONGEST_VALUE].strip()


def number(value: Any) -> float | None:
    """A finite number that CloudWatch takes, or None for everything else: a truth value is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) and abs(found) <= LARGEST else None


def line(at: float, value: float, of: Series) -> str:
    """The line of one measurement, with its line break. at: seconds since the epoch."""
    shown = int(value) if value.is_integer() and abs(value) < 1e15 else value
    tags = f"|#{','.join(f'{name}:{text}' for name, text in of.tags)}" if of.tags else ""
    return f"MONITORING|{at:.3f}|{shown}|{of.kind}|{of.name}{tags}\n"
