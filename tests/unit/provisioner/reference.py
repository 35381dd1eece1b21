"""What AWS documents about metrics, and what is wrong with a definition by it.

CloudWatch accepts an alarm on a metric, dimension or statistic that does not exist, without any error.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from provisioner.definitions import AlarmDefinition, KindDefinition, Metric

METRICS: dict[tuple[str, str], dict[str, Any]] = {
    (item["namespace"], item["metric"]): item
    for item in json.loads((Path(__file__).parents[2] / "data" / "cloudwatch-metrics.json").read_text(encoding="utf-8"))
}

Dimensions = frozenset[str]


def _dimensions(*sets: str) -> frozenset[Dimensions]:
    return frozenset(frozenset(one.split()) for one in sets)


# Dimensions of metrics that no recommended alarm in the reference is about, by the services' own documentation.
OF_NAMESPACE: dict[str, frozenset[Dimensions]] = {
    "AWS/Lambda": _dimensions("FunctionName"),
    "AWS/ApiGateway": _dimensions("ApiName Stage", "ApiId Stage"),
    "AWS/SQS": _dimensions("QueueName"),
    "AWS/SNS": _dimensions("TopicName"),
    "AWS/Kinesis": _dimensions("StreamName"),
    "AWS/DynamoDB": _dimensions("TableName", "TableName GlobalSecondaryIndexName"),
    "AWS/Scheduler": _dimensions("ScheduleGroup"),
    "AWS/ECS": _dimensions("ClusterName ServiceName"),
    "AWS/RDS": _dimensions("DBInstanceIdentifier"),
    "AWS/S3": _dimensions("BucketName FilterId"),
    "AWS/CloudFront": _dimensions("DistributionId Region"),
}
# Where the reference's recommended alarms do not say all, or not what is so.
OF_METRIC: dict[tuple[str, str], frozenset[Dimensions]] = {
    # Recommended for TableName alone, but published for each operation only (DynamoDB Developer Guide, "DynamoDB
    # metrics and dimensions"; an alarm of AWS's own samples had the same mistake and never rang).
    ("AWS/DynamoDB", "SystemErrors"): _dimensions("TableName Operation"),
    # Recommended for HTTP APIs, published by REST APIs as well (API Gateway Developer Guide, "API Gateway metrics").
    ("AWS/ApiGateway", "IntegrationLatency"): _dimensions("ApiName Stage", "ApiId Stage"),
    # Throttles of the whole account, beside those of a function (Lambda Developer Guide, "Types of metrics").
    ("AWS/Lambda", "Throttles"): _dimensions("", "FunctionName"),
}
# Recommended for the whole account; published for each group of schedules as well (Scheduler User Guide).
_ALSO_OF_NAMESPACE = ("AWS/Scheduler",)


@dataclass(frozen=True, slots=True)
class Known:
    """What there is to know about a metric."""

    unit: str
    statistics: frozenset[str]
    dimensions: frozenset[Dimensions]


def _addition(unit: str, statistics: str, *dimensions: str) -> Known:
    return Known(unit, frozenset(statistics.split()), _dimensions(*dimensions))


_EVENTS = ("RuleName", "RuleName EventBusName")
_ALB = "LoadBalancer"
_STATES = "StateMachineArn"
_LOGS = "LogGroupName DestinationType FilterName"
# What Watchpost's own functions count, by the statistics that say something (functions/*/*/result.py, counts.py).
_PIPELINE = {
    **dict.fromkeys(("DeliveryLagSeconds",), ("Seconds", "Percentiles Maximum")),
    **dict.fromkeys(("PipelineLagSeconds", "OldestDeadLetterSeconds"), ("Seconds", "Maximum")),
    **dict.fromkeys(
        ("GroupsSkipped", "GroupsUnsubscribed", "GroupsOverdue", "DeadLettersPending"), ("Count", "Maximum")
    ),
    **dict.fromkeys(("GroupsCovered",), ("Count", "Maximum SampleCount")),
    **dict.fromkeys(("DeadLettersReplayed",), ("Count", "Sum SampleCount")),
    **dict.fromkeys(
        (
            *("LinesReceived", "LinesFiltered", "DocumentsDelivered", "DocumentsDuplicate", "DocumentsRescued"),
            *("DocumentsTruncated", "DocumentsRejected", "DeadLettered", "MetricLinesInvalid", "MetricsPublished"),
            *("MetricsLogged", "MetricsSkipped", "DimensionSetsCapped", "PayloadsInvalid", "PayloadsRefused"),
            *("ControlMessages", "BulkRequests", "DeadLettersFailed", "DeadLettersRejected", "CallsThrottled"),
            *("NotificationsDelivered", "NotificationsDeferred", "NotificationsUndelivered", "JanitorErrors"),
        ),
        ("Count", "Sum"),
    ),
}
# Metrics that the reference does not have, with where they are documented.
ADDITIONS: dict[tuple[str, str], Known] = {
    **{("Watchpost/Pipeline", name): _addition(*known, "Stack") for name, known in _PIPELINE.items()},
    # The shipper counts the lines of each service and reads REPORT lines (functions/shipper/shipper/metrics.py).
    ("{metric_namespace}", "LogErrors"): _addition("Count", "Sum", "Service"),
    ("{metric_namespace}", "LogLines"): _addition("Count", "Sum", "Service"),
    ("{metric_namespace}", "MemoryUtilization"): _addition("Percent", "Maximum", "Service"),
    # A service's own metric has whatever unit the service says.
    ("{metric_namespace}", "{metric_name}"): _addition("", "Sum SampleCount", "Service"),
    # EventBridge User Guide, "Monitoring Amazon EventBridge": with RuleName alone on the default bus, with
    # EventBusName and RuleName on a custom bus. Counts: Sum and SampleCount.
    **{
        ("AWS/Events", name): _addition("Count", "Sum SampleCount", *_EVENTS)
        for name in (
            "FailedInvocations",
            "Invocations",
            "InvocationsFailedToBeSentToDlq",
            "ThrottledRules",
            "TriggeredRules",
        )
    },
    # Step Functions Developer Guide, "Monitoring Step Functions metrics using CloudWatch".
    **{
        ("AWS/States", name): _addition("Count", "Sum", _STATES)
        for name in (
            "ExecutionsStarted",
            "ExecutionsSucceeded",
            "ExecutionsFailed",
            "ExecutionsTimedOut",
            "ExecutionThrottled",
        )
    },
    ("AWS/States", "ExecutionTime"): _addition("Milliseconds", "Average Maximum Minimum", _STATES),
    # CloudWatch Logs User Guide, "Monitoring with CloudWatch metrics": for subscription filters.
    **{
        ("AWS/Logs", name): _addition("Count", "Sum", _LOGS)
        for name in ("DeliveryErrors", "DeliveryThrottling", "ForwardedLogEvents")
    },
    # User Guide for Application Load Balancers, "CloudWatch metrics". Target groups have a dimension of their own.
    **{
        ("AWS/ApplicationELB", name): _addition("Count", "Sum", _ALB)
        for name in (
            "HTTPCode_ELB_5XX_Count",
            "HTTPCode_Target_5XX_Count",
            "RequestCount",
            "TargetConnectionErrorCount",
        )
    },
    ("AWS/ApplicationELB", "TargetResponseTime"): _addition("Seconds", "Average Percentiles", _ALB),
    ("AWS/ApplicationELB", "UnHealthyHostCount"): _addition(
        "Count", "Average Minimum Maximum", "LoadBalancer TargetGroup", "LoadBalancer TargetGroup AvailabilityZone"
    ),
    # AppSync Developer Guide, "Using CloudWatch to monitor and log GraphQL API data". The number of values of
    # Latency is the number of requests, as there is one for each.
    ("AWS/AppSync", "4XXError"): _addition("Count", "Sum", "GraphQLAPIId"),
    ("AWS/AppSync", "5XXError"): _addition("Count", "Sum", "GraphQLAPIId"),
    ("AWS/AppSync", "Latency"): _addition("Millisecond", "Average Maximum SampleCount", "GraphQLAPIId"),
}
# As the documentation spells statistics.
_SPELLINGS = {
    "Min": "Minimum",
    "Max": "Maximum",
    "Sample Count": "SampleCount",
    "Samples": "SampleCount",
    "Data Samples": "SampleCount",
    "Percentile": "Percentiles",
}
_IN_BRACKETS = re.compile(r"\s*\([^)]*\)")
# A unit in the reference, and the same unit of a fact.
_UNITS = {
    "Milliseconds": "milliseconds",
    "Millisecond": "milliseconds",
    "Seconds": "seconds",
    "Bytes": "bytes",
}
# One of these is one piece of work that did not get done.
_WORK_LOST = re.compile(r"Failed|TimedOut|Dropped|DeadLetter(?!Seconds)|Dlq|DestinationDelivery")
# Each request counts as 0 or 1, so that an average is a share.
_PER_REQUEST = re.compile(r"Error|4xx|5xx|Exceeded|Throttle")


def known(namespace: str, name: str) -> Known | None:
    """What is documented about a metric, or None when it does not exist."""
    addition = ADDITIONS.get((namespace, name))
    item = METRICS.get((namespace, name))
    if addition or not item:
        return addition
    recommended = frozenset(frozenset(alarm["dimensions"]) for alarm in item.get("recommended_alarms", []))
    dimensions = OF_METRIC.get((namespace, name)) or recommended or OF_NAMESPACE[namespace]
    if namespace in _ALSO_OF_NAMESPACE:
        dimensions |= OF_NAMESPACE[namespace]
    return Known(item["unit"] or "", _statistics(item["statistics"] or ""), dimensions)


def _statistics(text: str) -> frozenset[str]:
    parts = (part.strip() for part in _IN_BRACKETS.sub("", text).split(","))
    return frozenset("Percentiles" if "percentile" in part else _SPELLINGS.get(part, part) for part in parts)


def rings(alarm: AlarmDefinition, value: float, threshold: float) -> bool:
    """Whether a datapoint of this value counts as breaching."""
    return {
        "GreaterThanThreshold": value > threshold,
        "GreaterThanOrEqualToThreshold": value >= threshold,
        "LessThanThreshold": value < threshold,
        "LessThanOrEqualToThreshold": value <= threshold,
    }[alarm.comparison]


def faults(kind: KindDefinition) -> list[str]:
    """What is wrong with a definition by the documentation; nothing when it is right."""
    found = [f"{where}: {what}" for where, metric, own in _uses(kind) for what in _of_metric(kind, metric, own)]
    for alarm in kind.alarms:
        found += [f"{alarm.id}: {what}" for what in _of_alarm(kind, alarm)]
    return found


def _uses(kind: KindDefinition) -> Iterator[tuple[str, Metric, tuple[tuple[str, str], ...]]]:
    for alarm in kind.alarms:
        for metric in alarm.metrics:
            yield alarm.id, metric, alarm.dimensions + metric.dimensions
    for widget in kind.widgets:
        for metric in widget.metrics:
            yield widget.title, metric, ()


def _of_metric(kind: KindDefinition, metric: Metric, own: tuple[tuple[str, str], ...]) -> Iterator[str]:
    if metric.expression:
        return
    documented = known(kind.namespace, metric.name)
    if documented is None:
        yield f"{kind.namespace} has no metric {metric.name}"
        return
    dimensions = {**dict(kind.dimensions), **dict(own)}
    optional = {f"{{{name}}}" for name, fact in kind.facts.items() if fact.optional}
    always = {name for name, value in dimensions.items() if value not in optional}
    for names in {frozenset(dimensions), frozenset(always)}:
        if names not in documented.dimensions:
            yield f"{metric.name} has no dimensions {sorted(names)}"
    wanted = "Percentiles" if metric.statistic.startswith("p") else metric.statistic
    if wanted not in documented.statistics:
        yield f"{metric.name} has no statistic {metric.statistic}"


def _of_alarm(kind: KindDefinition, alarm: AlarmDefinition) -> Iterator[str]:
    if re.search(r"\d", alarm.id):
        yield "a number in the id, and so in the alarm's name"
    if alarm.threshold is None:
        return
    returned = next(metric for metric in alarm.metrics if metric.returned)
    documented = known(kind.namespace, returned.name)
    if documented:
        for name in sorted(alarm.threshold.names):
            if _UNITS.get(documented.unit, "") != _time_or_size(kind.facts[name].unit):
                yield f"{returned.name} is in {documented.unit}, the threshold in {kind.facts[name].unit}"
    if not alarm.threshold.names:
        yield from _of_constant(alarm, returned, alarm.threshold.value({}))


def _of_constant(alarm: AlarmDefinition, returned: Metric, threshold: float) -> Iterator[str]:
    if returned.statistic == "Average" and _PER_REQUEST.search(returned.name) and "Rate" not in returned.name:
        if not rings(alarm, 1, threshold):
            yield "an average of zeros and ones never gets there"
    # How many values there are says nothing of what they count.
    elif _WORK_LOST.search(returned.name) and returned.statistic != "SampleCount" and not rings(alarm, 1, threshold):
        yield "one failure does not ring"
    counted = returned.statistic in ("Sum", "SampleCount")
    if counted and rings(alarm, 0, threshold) and alarm.treat_missing_data != "breaching":
        yield "no data is what it waits for, and counts as good"


def _time_or_size(unit: str) -> str:
    return unit if unit in _UNITS.values() else ""
