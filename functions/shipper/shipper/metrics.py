"""Values of metric lines, of REPORT lines and counts of log lines, gathered for CloudWatch.

Each line leaves a sample, a plain tuple. They are counted when it is known which documents are new, so that a line that
comes twice is counted once.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from watchpost import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shipper.line import Line, Metric

MINUTE = 60_000  # milliseconds
OLDEST = 14 * 24 * 60 * MINUTE  # CloudWatch takes values of the last two weeks …
NEWEST = 2 * 60 * MINUTE  # … to two hours ahead (CloudWatch API reference, PutMetricData)
MAX_VALUES = 150  # distinct values an entry (same source)
MAX_DIMENSIONS = 30  # of one metric (same source)
MAX_DIMENSION_SETS = 100  # of one metric and an invocation: each is a custom metric that costs money
# An old line must not be too old by the time of the call.
_MARGIN = 5 * MINUTE

# Tags of a line, of those that become dimensions. Service comes first and by itself.
Tags = tuple[tuple[str, str], ...]
# Service, minutes since 1970, whether the line is at error or fatal.
LineSample = tuple[str, int, bool]
# Metric, unit, minutes since 1970, service, tags, value.
ValueSample = tuple[str, str | None, int, str, Tags, float]


def refusal(time_ms: int, now_ms: int) -> str | None:
    """Why CloudWatch would refuse a value of this time, or None. Both in milliseconds since 1970."""
    if time_ms < now_ms - OLDEST + _MARGIN:
        return "time is more than two weeks back"
    if time_ms > now_ms + NEWEST - _MARGIN:
        return "time is more than two hours ahead"
    return None


def of_metric(
    metric: Metric, time_ms: int, service: str, labels: dict[str, str] | None, allowed: tuple[str, ...]
) -> tuple[ValueSample, ...]:
    """The value of a metric line; time_ms: the line's own time. allowed: tags that become dimensions."""
    tags = _tags(labels, allowed) if labels and allowed else ()
    return ((metric.name, metric.unit, time_ms // MINUTE, service, tags, metric.value),)


def of_report(line: Line, time_ms: int, service: str) -> tuple[ValueSample, ...]:
    """Memory use and init duration of a REPORT line, those that it says."""
    measured = (line.platform or {}).get("metrics") or {}
    size, used = measured.get("memory_size_mb"), measured.get("max_memory_used_mb")
    minute, samples = time_ms // MINUTE, []
    if used is not None:
        samples.append(("MaxMemoryUsed", "Megabytes", minute, service, (), float(used)))
        if size:
            samples.append(("MemoryUtilization", "Percent", minute, service, (), round(100 * used / size, 2)))
    if "init_duration_ms" in measured:
        samples.append(("InitDuration", "Milliseconds", minute, service, (), float(measured["init_duration_ms"])))
    return tuple(samples)


def _tags(labels: dict[str, str], allowed: tuple[str, ...]) -> Tags:
    found = ((name, names.ascii_text(str(labels.get(name, "")), 1024)) for name in allowed if name != "Service")
    return tuple((name, value) for name, value in found if value)[: MAX_DIMENSIONS - 1]


@dataclass(slots=True)
class Gathered:
    """Samples of one invocation, as entries for PutMetricData.

    service: the one that is counted when lines name too many. max_sets: distinct sets of dimensions of one metric;
    further ones are published under Service alone.
    """

    service: str
    now_ms: int
    max_sets: int = MAX_DIMENSION_SETS
    capped: int = 0
    skipped: int = 0
    _values: dict[tuple[str, str | None, int, str, Tags], dict[float, int]] = field(default_factory=dict)
    _sets: dict[str, set[tuple[str, Tags]]] = field(default_factory=dict)

    def add(self, lines: Iterable[LineSample | None], values: Iterable[tuple[ValueSample, ...]]) -> None:
        """Count samples of lines whose documents are new. Once for an invocation: LogLines is one value a minute."""
        minutes: dict[tuple[str, int], list[int]] = {}
        for sample, number in Counter(lines).items():
            if sample is None:
                continue
            service, minute, is_error = sample
            lines_and_errors = minutes.setdefault((service, minute), [0, 0])
            lines_and_errors[0] += number
            lines_and_errors[1] += number if is_error else 0
        for (service, minute), numbers in minutes.items():
            if refusal(minute * MINUTE, self.now_ms):
                self.skipped += 2
                continue
            for name, number in zip(("LogLines", "LogErrors"), numbers, strict=True):
                self._add((name, "Count", minute, service, (), float(number)), 1)
        for samples, number in Counter(values).items():
            for value in samples:
                self._add(value, number)

    def _add(self, sample: ValueSample, number: int) -> None:
        """Add a value that came so often."""
        name, unit, minute, service, tags, value = sample
        name, service = names.ascii_text(name, 255), names.ascii_text(service, 1024) or "unknown"
        service, tags = self._bounded(name, service, tags, number)
        counts = self._values.setdefault((name, unit, minute, service, tags), {})
        counts[value] = counts.get(value, 0) + number

    def _bounded(self, name: str, service: str, tags: Tags, number: int) -> tuple[str, Tags]:
        """The dimensions, or fewer when there are too many sets already."""
        known = self._sets.setdefault(name, set())
        if (service, tags) in known:
            return service, tags
        if len(known) < self.max_sets:
            known.add((service, tags))
            return service, tags
        self.capped += number
        return (service if (service, ()) in known else names.ascii_text(self.service, 1024) or "unknown"), ()

    def entries(self) -> Iterator[dict[str, Any]]:
        """Entries for PutMetricData, each with at most 150 distinct values."""
        for (name, unit, minute, service, tags), counts in self._values.items():
            entry: dict[str, Any] = {
                "MetricName": name,
                "Dimensions": [{"Name": key, "Value": value} for key, value in (("Service", service), *tags)],
                "Timestamp": minute * MINUTE // 1000,  # seconds since 1970
            }
            if unit:
                entry["Unit"] = unit
            values = list(counts)
            for start in range(0, len(values), MAX_VALUES):
                part = values[start : start + MAX_VALUES]
                yield entry | {"Values": part, "Counts": [float(counts[value]) for value in part]}
