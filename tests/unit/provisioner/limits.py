"""What CloudWatch refuses in alarms, composite alarms and dashboards, by its documentation.

Emulators take nearly everything.
"""

from __future__ import annotations

import json
import re
from typing import Any

STATISTICS = {"SampleCount", "Average", "Sum", "Minimum", "Maximum"}
EXTENDED = re.compile(r"p(\d{1,2}(\.\d{0,10})?|100)")  # of the documented ones those that are used here
QUERY_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")
COMPARISONS = {
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
}
# For alarms on a band (CloudWatch API, PutMetricAlarm, ComparisonOperator).
BAND_COMPARISONS = {
    "GreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold",
}
BAND = re.compile(r"ANOMALY_DETECTION_BAND\(([a-z][a-zA-Z0-9_]*), (\d+(\.\d+)?)\)")
# One piece of a composite alarm's rule (CloudWatch API, PutCompositeAlarm, AlarmRule). Names are quoted here, which
# AWS wants where they have spaces or brackets in them, and ours may.
RULE_PIECE = re.compile(
    r'\s*(?:(?P<state>ALARM|OK|INSUFFICIENT_DATA)\("(?P<name>[^"]+)"\)|(?P<word>AND|OR|NOT|TRUE|FALSE|\(|\)))\s*'
)
MISSING = {"breaching", "notBreaching", "ignore", "missing"}
ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")
ONE_METRIC = {"MetricName", "Namespace", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic"}
DASHBOARD_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")


class LimitError(ValueError):
    """CloudWatch would refuse the request."""


def _must(condition: object, sentence: str) -> None:
    if not condition:
        raise LimitError(sentence)


def check_alarm(request: dict[str, Any]) -> None:
    """Raises LimitError for a request of PutMetricAlarm that CloudWatch refuses (API reference)."""
    _check_common(request)
    _must(request.get("TreatMissingData", "missing") in MISSING, "an unknown treatment of missing data")
    periods = request.get("EvaluationPeriods", 0)
    _must(periods >= 1, "at least one evaluation period")
    _must(1 <= request.get("DatapointsToAlarm", periods) <= periods, "datapoints to alarm within evaluation periods")
    if "ThresholdMetricId" in request:
        period = _check_band(request)
    else:
        _must(request.get("ComparisonOperator") in COMPARISONS, "an unknown comparison")
        _must(isinstance(request.get("Threshold"), int | float), "a static alarm has a threshold")
        _must(abs(request["Threshold"]) < float("inf"), "a threshold is finite")
        period = _check_math(request, returned=1) if "Metrics" in request else _check_single(request)
    longest = 7 * 86_400 if period >= 3600 else 86_400
    _must(period * periods <= longest, "a day is evaluated at most, a week with periods of an hour")


def check_composite(request: dict[str, Any]) -> None:
    """Raises LimitError for a request of PutCompositeAlarm that CloudWatch refuses (API reference)."""
    _check_common(request)
    rule = request.get("AlarmRule", "")
    _must(1 <= len(rule) <= 10_240, "a rule has 1 to 10,240 characters")
    children = _children(rule)
    _must(len(children) <= 100, "at most 100 children")
    _must(request["AlarmName"] not in children, "a composite alarm does not look at itself")
    _must(all(len(name) <= 255 for name in children), "a name has 1 to 255 characters")
    unknown = request.keys() - {"AlarmName", "AlarmRule", "AlarmDescription", "ActionsEnabled", "Tags", *ACTIONS}
    _must(not unknown, f"fields that PutCompositeAlarm does not have: {sorted(unknown)}")


def _children(rule: str) -> set[str]:
    """The names in a rule, which is checked: operands and operators take turns, brackets are closed."""
    names: set[str] = set()
    position, depth, operand = 0, 0, True  # operand: whether one comes next
    while position < len(rule):
        piece = RULE_PIECE.match(rule, position)
        _must(piece, f"neither a state with a quoted name nor an operator: {rule[position : position + 40]}")
        assert piece
        position = piece.end()
        word = piece["word"] or "state"
        _must(operand == (word in ("state", "TRUE", "FALSE", "NOT", "(")), f"{word} at the wrong place")
        depth += {"(": 1, ")": -1}.get(word, 0)
        _must(depth >= 0, "a bracket that was not opened")
        operand = word in ("AND", "OR", "NOT", "(")
        names |= {piece["name"]} - {None}
    _must(depth == 0 and not operand, "a rule that ends too early")
    return names


def _check_common(request: dict[str, Any]) -> None:
    name = request.get("AlarmName", "")
    _must(1 <= len(name) <= 255, "a name has 1 to 255 characters")
    _must(name.isprintable(), "a name has no control characters")
    _must(len(request.get("AlarmDescription", "")) <= 1024, "a description has at most 1,024 characters")
    for field in ACTIONS:
        actions = request.get(field, [])
        _must(len(actions) <= 5, f"{field}: at most five")
        _must(all(action.startswith("arn:") and len(action) <= 1024 for action in actions), f"{field}: ARNs")
    _check_tags(request.get("Tags", []))


def _check_band(request: dict[str, Any]) -> int:
    """An alarm on a band looks at a metric and at the band around it, and returns both."""
    _must(request.get("ComparisonOperator") in BAND_COMPARISONS, "a comparison that is not for bands")
    _must("Threshold" not in request, "no threshold beside ThresholdMetricId")
    period = _check_math(request, returned=2)
    queries = {query["Id"]: query for query in request["Metrics"]}
    _must(request["ThresholdMetricId"] in queries, "ThresholdMetricId is the id of a query")
    band = BAND.fullmatch(queries[request["ThresholdMetricId"]].get("Expression", ""))
    _must(band, "ThresholdMetricId is the id of a band")
    assert band
    _must("MetricStat" in queries.get(band[1], {}), "a band is about a metric of the alarm")
    _must(queries[band[1]].get("ReturnData", True), "the metric of the band is returned")
    _must(float(band[2]) > 0, "a band has a width")
    return period


def _check_tags(tags: list[dict[str, str]]) -> None:
    _must(len(tags) <= 50, "at most 50 tags")
    _must(len({tag["Key"] for tag in tags}) == len(tags), "a tag only once")
    for tag in tags:
        _must(1 <= len(tag["Key"]) <= 128 and not tag["Key"].startswith("aws:"), "a tag's key has 1 to 128 characters")
        _must(len(tag["Value"]) <= 256, "a tag's value has at most 256 characters")


def _check_period(period: Any) -> int:
    _must(isinstance(period, int) and (period in {10, 20, 30} or period % 60 == 0), "a period is a multiple of 60")
    _must(period > 0, "a period is positive")
    return int(period)


def _check_metric(metric: dict[str, Any]) -> None:
    _must(1 <= len(metric.get("MetricName", "")) <= 255, "a metric's name has 1 to 255 characters")
    _must(1 <= len(metric.get("Namespace", "")) <= 255, "a namespace has 1 to 255 characters")
    dimensions = metric.get("Dimensions", [])
    _must(len(dimensions) <= 30, "at most 30 dimensions")
    _must(len({dimension["Name"] for dimension in dimensions}) == len(dimensions), "a dimension only once")
    for dimension in dimensions:
        _must(1 <= len(dimension["Name"]) <= 255, "a dimension's name has 1 to 255 characters")
        _must(1 <= len(dimension["Value"]) <= 1024, "a dimension's value has 1 to 1,024 characters")
        _must(dimension["Value"].isascii() and dimension["Value"].strip(), "a dimension's value is ASCII, not blank")


def _check_single(request: dict[str, Any]) -> int:
    _must(("Statistic" in request) != ("ExtendedStatistic" in request), "either a statistic or an extended one")
    if "Statistic" in request:
        _must(request["Statistic"] in STATISTICS, "an unknown statistic")
    else:
        _must(EXTENDED.fullmatch(request["ExtendedStatistic"]), "an unknown extended statistic")
    # With a unit that the metric does not have an alarm never gets data; CloudWatch advises to leave it out.
    _must("Unit" not in request, "no unit")
    _check_metric(request)
    return _check_period(request.get("Period"))


def _check_math(request: dict[str, Any], returned: int) -> int:
    _must(not ONE_METRIC & request.keys(), "no single metric beside Metrics")
    queries = request.get("Metrics", [])
    _must(1 <= len(queries) <= 10, "at most ten metrics")
    _must([query.get("ReturnData", True) for query in queries].count(True) == returned, "others that return data")
    ids = [query.get("Id", "") for query in queries]
    _must(len(set(ids)) == len(ids), "an id only once")
    periods = set()
    for query in queries:
        _must(
            QUERY_ID.fullmatch(query.get("Id", "")) and len(query["Id"]) <= 255, "an id starts with a lower-case letter"
        )
        _must(("Expression" in query) != ("MetricStat" in query), "either an expression or a metric")
        if "Expression" in query:
            _must(1 <= len(query["Expression"]) <= 2048, "an expression has 1 to 2,048 characters")
            _must("SEARCH" not in query["Expression"].upper(), "no SEARCH in an alarm")
            continue
        stat = query["MetricStat"]
        _check_metric(stat["Metric"])
        _must(stat["Stat"] in STATISTICS or EXTENDED.fullmatch(stat["Stat"]), "an unknown statistic")
        periods.add(_check_period(stat["Period"]))
    _must(len(periods) == 1, "one period")
    return periods.pop()


def check_dashboard(request: dict[str, Any]) -> None:
    """Raises LimitError for a request of PutDashboard that CloudWatch refuses or shows wrongly."""
    _must(DASHBOARD_NAME.fullmatch(request.get("DashboardName", "")), "letters, digits, dash and underscore, 1 to 255")
    body = json.loads(request["DashboardBody"])
    widgets = body["widgets"]
    _must(len(widgets) <= 500, "at most 500 widgets")
    taken: set[tuple[int, int]] = set()
    metrics = 0
    for widget in widgets:
        cells = _cells(widget)
        _must(not taken & cells, "widgets do not overlap")
        taken |= cells
        metrics += _check_widget(widget)
    _must(metrics <= 2500, "at most 2,500 metrics")


def _cells(widget: dict[str, Any]) -> set[tuple[int, int]]:
    x, y, width, height = (widget[field] for field in ("x", "y", "width", "height"))
    _must(0 <= x <= 23 and 1 <= width <= 24 and x + width <= 24, "24 columns")
    _must(y >= 0 and 1 <= height <= 1000, "rows of 1 to 1,000")
    return {(column, row) for column in range(x, x + width) for row in range(y, y + height)}


def _check_widget(widget: dict[str, Any]) -> int:
    properties = widget["properties"]
    match widget["type"]:
        case "text":
            _must(properties["markdown"], "a text widget has text")
            return 0
        case "alarm":
            _must(1 <= len(properties["alarms"]) <= 100, "1 to 100 alarms")
            _must(all(":alarm:" in arn for arn in properties["alarms"]), "ARNs of alarms")
            return 0
        case "metric":
            _must(properties["region"], "a metric widget has a region")
            _check_period(properties["period"])
            _must(1 <= len(properties["metrics"]) <= 500, "at most 500 metrics in a widget")
            for namespace, name, *dimensions, options in properties["metrics"]:
                _must(namespace and name and len(dimensions) % 2 == 0, "pairs of dimensions")
                _must(options["stat"] in STATISTICS or EXTENDED.fullmatch(options["stat"]), "an unknown statistic")
            return len(properties["metrics"])
        case unknown:
            raise LimitError(f"an unknown widget: {unknown}")
