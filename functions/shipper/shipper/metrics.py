"""Values of metric lines and counts of log lines, gathered for CloudWatch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shipper.levels import ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shipper.line import Line, Metric

MINUTE = 60_000  # milliseconds
OLDEST = 14 * 24 * 60 * MINUTE  # CloudWatch takes values of the last two weeks …
NEWEST = 2 * 60 * MINUTE  # … to two hours ahead (CloudWatch API reference, PutMetricData)
MAX_VALUES = 150  # distinct values an entry (same source)
MAX_DIMENSIONS = 30  # of one metric (same source)
MAX_DIMENSION_SETS = 100  # of one metric and an invocation: each is a custom metric that costs money
# An old line must not be too old by the time of the call.
_MARGIN = 5 * MINUTE

Dimensions = tuple[tuple[str, str], ...]
_Key = tuple[str, str | None, int, Dimensions]  # metric, unit, minutes since 1970, dimensions


def refusal(time_ms: int, now_ms: int) -> str | None:
    """Why CloudWatch would refuse a value of this time, or None. Both in milliseconds since 1970."""
    if time_ms < now_ms - OLDEST + _MARGIN:
        return "time is more than two weeks back"
    if time_ms > now_ms + NEWEST - _MARGIN:
        return "time is more than two hours ahead"
    return None


@dataclass(slots=True)
class Gathered:
    """Values of one invocation, by metric, minute and dimensions.

    service: the one that is counted when lines name too many; allowed: tags that become dimensions.
    """

    service: str
    allowed: tuple[str, ...]
    now_ms: int
    capped: int = 0
    skipped: int = 0
    _values: dict[_Key, dict[float, int]] = field(default_factory=dict)
    _sets: dict[str, set[Dimensions]] = field(default_factory=dict)
    _lines: dict[tuple[str, int], list[int]] = field(default_factory=dict)

    def add(self, metric: Metric, time_ms: int, service: str, labels: dict[str, str]) -> None:
        """Add the value of a metric line; time_ms: the line's own time, milliseconds since 1970."""
        name = ascii_text(metric.name, 255)
        dimensions = self._bounded(name, self._dimensions(service, labels))
        self._add((name, metric.unit, time_ms // MINUTE, dimensions), metric.value)

    def count(self, line: Line, time_ms: int) -> None:
        """Count an application line."""
        key = (line.service or self.service, time_ms // MINUTE)
        counted = self._lines.get(key)
        if counted is None:
            counted = self._lines[key] = [0, 0]
        counted[0] += 1
        if line.level in ERRORS:
            counted[1] += 1

    def entries(self) -> Iterator[dict[str, Any]]:
        """Entries for PutMetricData, each with at most 150 distinct values."""
        self._close_counts()
        for (name, unit, minute, dimensions), counts in self._values.items():
            entry: dict[str, Any] = {
                "MetricName": name,
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
                "Timestamp": minute * MINUTE // 1000,  # seconds since 1970
            }
            if unit:
                entry["Unit"] = unit
            values = list(counts)
            for start in range(0, len(values), MAX_VALUES):
                part = values[start : start + MAX_VALUES]
                yield entry | {"Values": part, "Counts": [float(counts[value]) for value in part]}

    def _close_counts(self) -> None:
        """LogLines and LogErrors: one value a service and minute, errors also when there are none."""
        for (service, minute), (lines, errors) in self._lines.items():
            if refusal(minute * MINUTE, self.now_ms):
                self.skipped += 2
                continue
            for name, number in (("LogLines", lines), ("LogErrors", errors)):
                dimensions = self._bounded(name, self._dimensions(service, {}))
                self._add((name, "Count", minute, dimensions), float(number))
        self._lines.clear()

    def _add(self, key: _Key, value: float) -> None:
        counts = self._values.setdefault(key, {})
        counts[value] = counts.get(value, 0) + 1

    def _dimensions(self, service: str, labels: dict[str, str]) -> Dimensions:
        found = [("Service", ascii_text(service, 1024) or "unknown")]
        for name in self.allowed:
            value = ascii_text(labels.get(name, ""), 1024)
            if value and name != "Service":
                found.append((name, value))
        return tuple(found[:MAX_DIMENSIONS])

    def _bounded(self, name: str, dimensions: Dimensions) -> Dimensions:
        """The dimensions, or Service alone when the metric has too many sets already."""
        known = self._sets.setdefault(name, set())
        if dimensions in known:
            return dimensions
        if len(known) >= MAX_DIMENSION_SETS:
            self.capped += 1
            return self._dimensions(self.service, {})
        known.add(dimensions)
        return dimensions


def ascii_text(text: str, longest: int) -> str:
    """A text as CloudWatch takes it: printable ASCII, not beginning with a colon, at most `longest` characters."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(character if " " <= character <= "~" else "?" for character in text)
    return text.strip().lstrip(":")[:longest]
