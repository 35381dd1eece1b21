"""Whether an alarm is as it should be, by what the two mean rather than by how AWS spells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Everything that PutMetricAlarm sets. What it does not know (states, times, ARNs) is not compared.
_FIELDS = (
    "AlarmDescription",
    "AlarmActions",
    "OKActions",
    "InsufficientDataActions",
    "Namespace",
    "MetricName",
    "Statistic",
    "ExtendedStatistic",
    "Period",
    "Unit",
    "EvaluationPeriods",
    "Threshold",
    "ThresholdMetricId",
    "ComparisonOperator",
    "TreatMissingData",
    "EvaluateLowSampleCountPercentile",
)
# Everything that PutCompositeAlarm sets.
_OF_COMPOSITES = (
    "AlarmDescription",
    "AlarmActions",
    "OKActions",
    "InsufficientDataActions",
    "ActionsSuppressor",
    "ActionsSuppressorWaitPeriod",
    "ActionsSuppressorExtensionPeriod",
)
_ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")
_OF_ONE_METRIC = ("Namespace", "MetricName", "Statistic", "ExtendedStatistic", "Period", "Unit", "Dimensions")
_KEPT = ("ActionsEnabled", "DatapointsToAlarm", "Dimensions", "Metrics", "AlarmRule", *_FIELDS, *_OF_COMPOSITES[-3:])


def differences(desired: Mapping[str, Any], actual: Mapping[str, Any]) -> list[str]:
    """The fields in which two alarms differ, sorted.

    desired: a request of PutMetricAlarm or PutCompositeAlarm; actual: an alarm of DescribeAlarms.
    """
    wanted, found = normalised(desired), normalised(actual)
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def normalised(alarm: Mapping[str, Any]) -> dict[str, Any]:
    """An alarm with AWS's defaults written out and without order where there is none."""
    composite = "AlarmRule" in alarm
    plain = _plain(alarm, _OF_COMPOSITES if composite else _FIELDS)
    if composite:
        return {**plain, "AlarmRule": " ".join(alarm["AlarmRule"].split())}
    plain["DatapointsToAlarm"] = alarm.get("DatapointsToAlarm") or alarm.get("EvaluationPeriods")
    plain["TreatMissingData"] = alarm.get("TreatMissingData") or "missing"
    plain["Threshold"] = None if alarm.get("Threshold") is None else float(alarm["Threshold"])
    plain["Dimensions"] = _dimensions(alarm.get("Dimensions"))
    if "ExtendedStatistic" in plain:
        plain.pop("Statistic", None)
    if alarm.get("Metrics"):
        for name in _OF_ONE_METRIC:
            plain.pop(name, None)
        plain["Metrics"] = sorted((_query(query) for query in alarm["Metrics"]), key=lambda query: str(query["Id"]))
    return plain


def kept_fields(alarm: Mapping[str, Any]) -> dict[str, Any]:
    """An alarm of DescribeAlarms without what is not compared, which is most of it by size."""
    return {name: alarm[name] for name in _KEPT if name in alarm}


def _plain(alarm: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    plain: dict[str, Any] = {name: alarm[name] for name in fields if alarm.get(name) not in (None, "", [])}
    for actions in _ACTIONS:
        if actions in plain:
            plain[actions] = sorted(plain[actions])
    plain["ActionsEnabled"] = alarm.get("ActionsEnabled", True) is not False
    return plain


def _dimensions(dimensions: list[dict[str, str]] | None) -> list[tuple[str, str]]:
    return sorted((dimension["Name"], dimension["Value"]) for dimension in dimensions or [])


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    stat = query.get("MetricStat") or {}
    metric = stat.get("Metric") or {}
    return {
        "Id": query.get("Id"),
        "Expression": query.get("Expression") or None,
        "Label": query.get("Label") or None,
        "ReturnData": query.get("ReturnData") is not False,
        "Namespace": metric.get("Namespace"),
        "MetricName": metric.get("MetricName"),
        "Dimensions": _dimensions(metric.get("Dimensions")),
        "Period": stat.get("Period") or query.get("Period"),
        "Stat": stat.get("Stat"),
        "Unit": stat.get("Unit") or None,
    }
