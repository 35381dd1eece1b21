"""What CloudWatch refuses in dashboards or shows wrongly, by the documented structure of a dashboard's body.

Source: Amazon CloudWatch, "Dashboard Body Structure and Syntax", and the quotas of dashboards. Stricter than AWS:
fields that are not in that document are refused, as CloudWatch takes them and ignores them.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from tests.unit.provisioner.limits import DASHBOARD_NAME, EXTENDED, QUERY_ID, STATISTICS, LimitError

WIDGET = {"type", "x", "y", "width", "height", "properties"}
BODY = {"start", "end", "periodOverride", "variables", "widgets"}
METRIC = {"title", "region", "view", "stacked", "sparkline", "period", "metrics", "annotations", "yAxis"}
OPTIONS = {"stat", "label", "id", "visible"}
EXPRESSION = {"expression", "label", "id", "visible"}
VARIABLE = {"type", "property", "pattern", "inputType", "id", "label", "defaultValue", "visible", "values"}
COLOUR = re.compile(r"#[0-9a-f]{6}")
RELATIVE = re.compile(r"-P(\d+[DW])?(T(\d+H)?(\d+M)?)?")
ALARM_ARN = re.compile(r"arn:[a-z-]+:cloudwatch:[a-z0-9-]+:\d{12}:alarm:.{1,255}")
SOURCE = re.compile(r"SOURCE '([A-Za-z0-9_\-/.#]{1,512})'")


def _must(condition: object, sentence: str) -> None:
    if not condition:
        raise LimitError(sentence)


def _only(fields: dict[str, Any], known: set[str], what: str) -> None:
    _must(fields.keys() <= known, f"{what}: unknown fields {sorted(fields.keys() - known)}")


def check(name: str, body: dict[str, Any]) -> None:
    """Raises LimitError for a dashboard that CloudWatch refuses or shows wrongly."""
    _must(DASHBOARD_NAME.fullmatch(name), "a name has 1 to 255 letters, digits, dashes and underscores")
    body = json.loads(json.dumps(body))
    _only(body, BODY, "body")
    _must(RELATIVE.fullmatch(body.get("start", "-PT3H")), "start is relative")
    _must(body.get("periodOverride", "auto") in ("auto", "inherit"), "periodOverride is auto or inherit")
    widgets = body["widgets"]
    _must(len(widgets) <= 500, "at most 500 widgets")
    taken: set[tuple[int, int]] = set()
    metrics = 0
    for widget in widgets:
        _only(widget, WIDGET, "widget")
        cells = _cells(widget)
        _must(not taken & cells, "widgets do not overlap")
        taken |= cells
        metrics += _widget(widget)
    _must(metrics <= 2500, "at most 2,500 metrics")
    _variables(body.get("variables", []), json.dumps(widgets, ensure_ascii=False))


def _cells(widget: dict[str, Any]) -> set[tuple[int, int]]:
    x, y, width, height = (widget[field] for field in ("x", "y", "width", "height"))
    _must(all(type(number) is int for number in (x, y, width, height)), "whole numbers")
    _must(0 <= x <= 23 and 1 <= width <= 24 and x + width <= 24, "24 columns")
    _must(y >= 0 and 1 <= height <= 1000, "rows of 1 to 1,000")
    return {(column, row) for column in range(x, x + width) for row in range(y, y + height)}


def _widget(widget: dict[str, Any]) -> int:
    """Check a widget and count its metrics."""
    properties = widget["properties"]
    match widget["type"]:
        case "text":
            _only(properties, {"markdown", "background"}, "text")
            _must(properties["markdown"], "a text widget has text")
        case "alarm":
            _only(properties, {"title", "alarms", "sortBy", "states"}, "alarm")
            _must(1 <= len(properties["alarms"]) <= 100, "1 to 100 alarms")
            _must(len(set(properties["alarms"])) == len(properties["alarms"]), "an alarm only once")
            _must(all(ALARM_ARN.fullmatch(arn) for arn in properties["alarms"]), "ARNs of alarms")
        case "log":
            _log(properties)
        case "metric":
            return _metrics(properties)
        case unknown:
            raise LimitError(f"an unknown widget: {unknown}")
    return 0


def _log(properties: dict[str, Any]) -> None:
    _only(properties, {"title", "region", "view", "query", "stacked"}, "log")
    _must(properties["region"], "a log widget has a region")
    _must(properties["view"] in {"table", "timeSeries", "bar", "pie"}, "an unknown view")
    parts = properties["query"].split(" | ")
    sources = [part for part in parts if part.startswith("SOURCE")]
    _must(all(SOURCE.fullmatch(part) for part in sources), "names of log groups")
    _must(1 <= len(sources) <= 50, "1 to 50 log groups")
    _must(parts[: len(sources)] == sources, "sources come first")
    _must(len(properties["query"]) - sum(map(len, sources)) <= 10_000, "a query has at most 10,000 characters")


def _metrics(properties: dict[str, Any]) -> int:
    _only(properties, METRIC, "metric")
    _must(properties["region"], "a metric widget has a region")
    _must(properties["view"] in {"timeSeries", "singleValue", "bar", "pie", "gauge", "table"}, "an unknown view")
    period = properties["period"]
    _must(isinstance(period, int) and period > 0 and period % 60 == 0, "a period is a multiple of 60")
    for side, axis in properties.get("yAxis", {}).items():
        _must(side in {"left", "right"} and axis.keys() <= {"min", "max", "label", "showUnits"}, "an axis")
    entries = properties["metrics"]
    _must(1 <= len(entries) <= 500, "1 to 500 metrics in a widget")
    ids = [entry[-1]["id"] for entry in entries if "id" in entry[-1]]
    _must(len(set(ids)) == len(ids), "an id only once")
    _must(all(QUERY_ID.fullmatch(name) for name in ids), "an id starts with a lower-case letter")
    for entry in entries:
        _entry(entry)
    _must(any(entry[-1].get("visible", True) for entry in entries), "something is shown")
    _annotations(properties.get("annotations", {}), properties["view"])
    return len(entries)


def _entry(entry: list[Any]) -> None:
    *place, options = entry
    _must("${" not in options.get("label", ""), "no dynamic label out of somebody's text")
    if "expression" in options:
        _must(not place, "an expression stands alone")
        _only(options, EXPRESSION, "expression")
        _must("SEARCH" not in options["expression"], "no search, which finds others' metrics")
        return
    _only(options, OPTIONS, "metric's options")
    namespace, name, *dimensions = place
    _must(namespace and name and len(dimensions) % 2 == 0, "pairs of dimensions")
    _must(all(isinstance(part, str) and part for part in place), "names that are not empty")
    _must(len(dimensions) <= 60, "at most 30 dimensions")
    _must(len(set(dimensions[::2])) == len(dimensions[::2]), "a dimension only once")
    _must(options["stat"] in STATISTICS or EXTENDED.fullmatch(options["stat"]), "an unknown statistic")


def _annotations(annotations: dict[str, Any], view: str) -> None:
    _only(annotations, {"horizontal", "vertical"}, "annotations")
    _must(view == "timeSeries" or "vertical" not in annotations, "deployments are for graphs over time")
    for mark in annotations.get("horizontal", []):
        _only(mark, {"value", "label", "color", "fill", "visible", "yAxis"}, "horizontal annotation")
        _must(isinstance(mark["value"], int | float) and mark["fill"] in {"above", "below", "none"}, "a value")
        _must(COLOUR.fullmatch(mark["color"]), "a colour of six digits")
    for mark in annotations.get("vertical", []):
        _only(mark, {"value", "label", "color", "fill", "visible"}, "vertical annotation")
        _must(datetime.fromisoformat(mark["value"]).tzinfo, "a time with its zone")
        _must(mark["label"] and COLOUR.fullmatch(mark["color"]), "a label and a colour")


def _variables(variables: list[dict[str, Any]], widgets: str) -> None:
    names = [variable["id"] for variable in variables]
    _must(len(set(names)) == len(names), "a variable's id only once")
    for variable in variables:
        _only(variable, VARIABLE, "variable")
        kind = variable["type"]
        _must(kind in ("property", "pattern") and kind in variable, "a property or a pattern")
        _must(not {"property", "pattern"} <= variable.keys(), "not both")
        # One that finds nothing changes nothing.
        _must(variable[kind] in widgets, "what the variable changes is in the dashboard")
        _must(variable["inputType"] in ("input", "select", "radio"), "an unknown input")
        values = [value["value"] for value in variable.get("values", [])]
        _must(variable["inputType"] == "input" or values, "a choice has values")
        _must(all(isinstance(value, str) for value in values), "values are texts")
        _must(not values or variable["defaultValue"] in values, "the default is one of the values")
