"""What CloudWatch takes as the widget of GetMetricWidgetImage, and what it refuses.

CloudWatch API Reference, "GetMetricWidgetImage: Metric Widget Structure and Syntax" (keys, 1 to 100 metrics, 1 to 2,000
pixels, 100 KB) and CloudWatch User Guide, "Using math expressions" (ids, and that an expression names ids that exist).
"""

from __future__ import annotations

import json
import re
from typing import Any

_TOP = {
    *("metrics", "annotations", "end", "height", "legend", "liveData", "period", "region", "stacked", "start", "stat"),
    *("theme", "timezone", "title", "view", "width", "yAxis"),
}
_OPTIONS = {"accountId", "color", "expression", "id", "label", "period", "region", "stat", "visible", "yAxis"}
_ID = re.compile(r"[a-z][A-Za-z0-9_]{0,254}")
_STAT = re.compile(r"SampleCount|Average|Sum|Minimum|Maximum|IQM|(?:p|tm|tc|ts|wm)\d{1,2}(?:\.\d{1,10})?")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_NAMES = re.compile(r"\b[a-z][A-Za-z0-9_]*\b")


class WidgetError(Exception):
    """CloudWatch would answer with ValidationError; the message says why."""


def check(text: str) -> dict[str, Any]:
    """The widget of a request. Raises WidgetError."""
    _must(len(text.encode()) <= 100 * 1024, "100 KB at most")
    try:
        widget = json.loads(text)
    except ValueError:
        raise WidgetError("not JSON") from None
    _must(isinstance(widget, dict) and not set(widget) - _TOP, "unknown keys")
    _metrics(widget.get("metrics"))
    for name in ("width", "height"):
        size = widget.get(name, 600)
        _must(type(size) is int and 1 <= size <= 2000, name)
    for name in ("start", "end"):
        _must(name not in widget or _is_text(widget[name], _TIME), name)
    _must(widget.get("start", "") <= widget.get("end", "9"), "the end is before the start")
    _must(widget.get("view", "timeSeries") in ("timeSeries", "singleValue", "gauge", "bar", "pie"), "view")
    _must(isinstance(widget.get("stacked", False), bool), "stacked")
    _must(isinstance(widget.get("title", ""), str), "title")
    _must(bool(re.fullmatch(r"[+-]\d{4}", widget.get("timezone", "+0000"))), "timezone")
    _annotations(widget.get("annotations", {}))
    return widget


def _metrics(metrics: Any) -> None:
    _must(isinstance(metrics, list) and 1 <= len(metrics) <= 100, "1 to 100 metrics")
    ids: list[str] = []
    expressions: list[str] = []
    for metric in metrics:
        _must(isinstance(metric, list) and metric, "a metric is an array")
        options = metric[-1] if isinstance(metric[-1], dict) else {}
        names = metric[: len(metric) - bool(options)]
        _options(options)
        ids += [options["id"]] if "id" in options else []
        if "expression" in options:
            _must(not names, "an expression has no metric")
            expressions.append(options["expression"])
        else:
            good = all(isinstance(name, str) and name for name in names)
            _must(good and len(names) >= 2 and len(names) % 2 == 0 and len(names) <= 62, "namespace, name, dimensions")
    _must(len(ids) == len(set(ids)), "ids are unique")
    for expression in expressions:
        # What is no id begins with a capital letter: functions do. What stands in quotes is a label.
        named = _NAMES.findall(re.sub(r'"[^"]*"|\'[^\']*\'', "", expression))
        _must(set(named) <= set(ids), f"unknown ids in {expression}")


def _options(options: dict[str, Any]) -> None:
    _must(not set(options) - _OPTIONS, "unknown options")
    _must("id" not in options or _is_text(options["id"], _ID), "id")
    _must("stat" not in options or _is_text(options["stat"], _STAT), "stat")
    _must(isinstance(options.get("visible", True), bool), "visible")
    period = options.get("period", 300)
    _must(type(period) is int and (period in (1, 5, 10, 20, 30) or (period > 0 and period % 60 == 0)), "period")
    for name in ("label", "expression"):
        _must(name not in options or (isinstance(options[name], str) and options[name]), name)


def _annotations(annotations: Any) -> None:
    _must(isinstance(annotations, dict) and not set(annotations) - {"horizontal", "vertical"}, "annotations")
    for line in annotations.get("horizontal", ()):
        value = line.get("value")
        _must(isinstance(value, int | float) and not isinstance(value, bool), "the value of a horizontal line")
        _line(line)
    for line in annotations.get("vertical", ()):
        _must(_is_text(line.get("value"), _TIME), "the time of a vertical line")
        _line(line)


def _line(line: dict[str, Any]) -> None:
    _must(not set(line) - {"value", "label", "color", "fill", "visible", "yAxis"}, "unknown keys of a line")
    _must("color" not in line or _is_text(line["color"], _COLOR), "color")
    _must(isinstance(line.get("label", ""), str), "label")


def _is_text(value: Any, pattern: re.Pattern[str]) -> bool:
    return isinstance(value, str) and bool(pattern.fullmatch(value))


def _must(holds: Any, what: str) -> None:
    if not holds:
        raise WidgetError(what)
