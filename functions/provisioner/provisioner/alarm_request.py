"""The body of PutMetricAlarm for one alarm of one resource. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from provisioner import own, placeholders, places

if TYPE_CHECKING:
    from watchpost.settings import Settings

    from provisioner.definitions import AlarmDefinition, KindDefinition, Metric
    from provisioner.inventory import Resource
    from provisioner.overrides import Effective

LONGEST_DESCRIPTION = 1024  # characters (CloudWatch API, PutMetricAlarm)
# Characters of parts of a description, of which the loader bounds title, reason and runbook. Only a reason is cut to
# make room for the others.
LONGEST_SUBJECT = 200
LONGEST_CHANGED = 250


def request(
    kind: KindDefinition, alarm: AlarmDefinition, resource: Resource, effective: Effective, settings: Settings
) -> dict[str, Any]:
    """The body without the name and the tags.

    Raises ExpressionError when the threshold has no value for the resource, PlaceholderError when a placeholder has
    none.
    """
    # What the notifier cannot tell of itself goes past it.
    fallback = own.is_of_notifier(resource, settings)
    topics = [settings.fallback_topic if fallback else topic(effective.severity, settings)]
    return {
        "AlarmDescription": description(alarm, resource, effective),
        "ActionsEnabled": True,
        "AlarmActions": topics,
        "OKActions": topics,
        "EvaluationPeriods": effective.evaluation_periods,
        "DatapointsToAlarm": effective.datapoints_to_alarm,
        "ComparisonOperator": alarm.comparison,
        "TreatMissingData": alarm.treat_missing_data,
        **_threshold(alarm, resource, effective),
        **_looked_at(kind, alarm, resource, settings),
    }


def topic(severity: str, settings: Settings) -> str:
    """The ARN of the topic that an alarm tells."""
    return settings.critical_topic if severity == "critical" else settings.warning_topic


def description(alarm: AlarmDefinition, resource: Resource, effective: Effective) -> str:
    """What it is about, why it is as it is, what to do first, and who changed it."""
    head = f"{alarm.title} of {_subject(resource)}. "
    changed = f"\nChanged: {_cut(effective.sentence, LONGEST_CHANGED)}" if effective.sentence else ""
    tail = f"\nRunbook: {alarm.runbook}{changed}"
    return head + _cut(alarm.reason, LONGEST_DESCRIPTION - len(head) - len(tail)) + tail


def _subject(resource: Resource) -> str:
    """What an alarm is about, in words: a service has one resource of the kind `logs`, which has no name of its own."""
    return _cut(resource.service if resource.name == resource.kind else resource.name, LONGEST_SUBJECT)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def _threshold(alarm: AlarmDefinition, resource: Resource, effective: Effective) -> dict[str, float]:
    if alarm.threshold is None:  # it follows a band
        return {}
    # Where somebody says another one, it does not matter that the facts for this one are missing.
    return {"Threshold": alarm.threshold.value(resource.facts) if effective.threshold is None else effective.threshold}


def _place(
    kind: KindDefinition, resource: Resource, settings: Settings, *own: tuple[tuple[str, str], ...]
) -> dict[str, Any]:
    namespace, dimensions = places.place(kind, resource, settings.metric_namespace, *own)
    return {"Namespace": namespace, "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions]}


def _looked_at(kind: KindDefinition, alarm: AlarmDefinition, resource: Resource, settings: Settings) -> dict[str, Any]:
    """The part of PutMetricAlarm that says which numbers the alarm is about."""
    values = places.values(kind, resource, settings.metric_namespace)
    where = [_place(kind, resource, settings, alarm.dimensions, metric.dimensions) for metric in alarm.metrics]
    metrics = [replace(metric, name=placeholders.fill(metric.name, values)) for metric in alarm.metrics]
    if alarm.anomaly:
        one = _query(replace(metrics[0], id="metric"), alarm.period, where[0])
        band = f"ANOMALY_DETECTION_BAND(metric, {alarm.anomaly.band:g})"
        # An alarm on a band returns both (CloudWatch API, PutMetricAlarm, ThresholdMetricId).
        return {
            "Metrics": [one, {"Id": "band", "Expression": band, "ReturnData": True}],
            "ThresholdMetricId": "band",
        }
    if len(metrics) > 1:
        pairs = zip(metrics, where, strict=True)
        return {"Metrics": [_query(metric, alarm.period, place) for metric, place in pairs]}
    statistic = "ExtendedStatistic" if metrics[0].statistic.startswith("p") else "Statistic"
    single = {"MetricName": metrics[0].name, "Period": alarm.period, statistic: metrics[0].statistic}
    return {**where[0], **single}


def _query(metric: Metric, period: int, place: dict[str, Any]) -> dict[str, Any]:
    query: dict[str, Any] = {"Id": metric.id, "ReturnData": metric.returned}
    if metric.label:
        query["Label"] = metric.label
    if metric.expression:
        return {**query, "Expression": metric.expression}
    stat = {"Metric": {**place, "MetricName": metric.name}, "Period": period, "Stat": metric.statistic}
    return {**query, "MetricStat": stat}
