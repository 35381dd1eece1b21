"""Metric lines, in both published grammars.

    MONITORING|<unix time>|<value>|<type>|<name>[|#tag:value,tag2]
    MONITORING|<value>|<unit>|<name>|<namespace>[|k=v,k2=v2]

The first has a number in the next two fields, the second only in the first.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from shipper.line import METRIC, Line, Metric

if TYPE_CHECKING:
    from shipper.formats.why import Why

PREFIX = "MONITORING|"
MAX_NAME = 255  # characters (CloudWatch API reference, MetricDatum)
MAX_VALUE = 2.0**360  # CloudWatch refuses what is larger (CloudWatch API reference, MetricDatum)

_MILLISECONDS_FROM = 1e11  # seconds of the year 5138
_SIZES = [prefix + base for base in ("bytes", "bits") for prefix in ("", "kilo", "mega", "giga", "tera")]
_COUNTABLE = [*(size.capitalize() for size in _SIZES), "Count"]
# Every unit of CloudWatch but None (CloudWatch API reference, MetricDatum).
_UNITS = ["Seconds", "Microseconds", "Milliseconds", "Percent", *_COUNTABLE, *(f"{unit}/Second" for unit in _COUNTABLE)]
UNIT_OF_TYPE = {unit.lower(): unit for unit in _UNITS} | {
    "latency": "Milliseconds",
    "timing": "Milliseconds",
    "duration": "Milliseconds",
    "size": "Bytes",
}
_TYPES_WITHOUT_UNIT = frozenset({"gauge", "histogram", "check"})


class _InvalidError(ValueError):
    """A metric line yields no metric; the message is the reason."""


def recognise(text: str, _: Why) -> Line | None:
    """A metric line that stands alone."""
    return understand(Line.of(text)) if text.startswith(PREFIX) else None


def understand(line: Line) -> Line:
    """Read the metric in a line whose message is a metric line. An invalid one is tagged, with the reason."""
    line.kind = METRIC
    fields = line.message.rstrip().rstrip("|").split("|")
    first = _number(fields[1]) if len(fields) > 1 else None
    if first is None:
        line.invalidate_metric("no number after MONITORING")
        return line
    second = _number(fields[2]) if len(fields) > 2 else None
    try:
        if second is not None or _is_broken_value(fields):
            line.metric = _with_time(first, second, fields)
        else:
            line.metric = _without_time(first, fields)
    except _InvalidError as error:
        line.invalidate_metric(str(error))
        return line
    if len(fields) > 5:
        labels = _labels(fields[5:])
        if labels:
            line.labels = labels
    return line


def _is_broken_value(fields: list[str]) -> bool:
    """Whether the second field is the value, if only a broken one: no unit, but a type behind it."""
    behind = fields[3].strip().lower() if len(fields) > 4 else ""
    return (behind in UNIT_OF_TYPE or behind in _TYPES_WITHOUT_UNIT) and fields[2].strip().lower() not in UNIT_OF_TYPE


def _with_time(time: float, value: float | None, fields: list[str]) -> Metric:
    if len(fields) < 5:
        raise _InvalidError("too few fields, expected time, value, type and name")
    if not math.isfinite(time):
        raise _InvalidError("time is not a finite number")
    metric = _metric(fields[4], value, fields[3])
    metric.time_ms = round(time if abs(time) >= _MILLISECONDS_FROM else time * 1000)
    metric.type = fields[3].strip() or None
    return metric


def _without_time(value: float, fields: list[str]) -> Metric:
    if len(fields) < 5:
        raise _InvalidError("too few fields, expected value, unit, name and namespace")
    metric = _metric(fields[3], value, fields[2])
    metric.namespace = fields[4].strip() or None
    return metric


def _metric(name: str, value: float | None, unit: str) -> Metric:
    name = name.strip()
    if not name or len(name) > MAX_NAME:
        raise _InvalidError(f"name is not 1 to {MAX_NAME} characters long")
    if value is None or not math.isfinite(value):
        raise _InvalidError("value is not a finite number")
    if not -MAX_VALUE <= value <= MAX_VALUE:
        raise _InvalidError("value is beyond 2^360, the largest that CloudWatch takes")
    return Metric(name, value, None, UNIT_OF_TYPE.get(unit) or UNIT_OF_TYPE.get(unit.strip().lower()))


def _labels(fields: list[str]) -> dict[str, str] | None:
    labels: dict[str, str] = {}
    for field in fields:
        for tag in field.split(","):
            key, value = _tag(tag.strip().lstrip("#"))
            if key:
                labels[key] = value
    return labels or None


def _tag(tag: str) -> tuple[str, str]:
    """`k:v` and `k=v`, whichever sign comes first; a tag without a value is "true"."""
    key, sign, value = tag.partition(":")
    if "=" in key:
        key, sign, value = tag.partition("=")
    return key.strip().replace("\0", "\ufffd")[:MAX_NAME], value.strip() if sign else "true"


def _number(text: str) -> float | None:
    """The number in a text, infinite and NaN included; None for anything else."""
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None
