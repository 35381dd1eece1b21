"""The default alarms have the figures that were agreed on, and the documentation shows them as they are."""

from __future__ import annotations

import importlib.resources
from pathlib import Path
from typing import Any

import pytest
from provisioner import loader

from tests.unit.provisioner import alarm_table

KINDS = {kind.kind: kind for kind in loader.load(importlib.resources.files("dashboards") / "services")}
DOCUMENT = (Path(__file__).parents[3] / "docs" / "alarms.md").read_text(encoding="utf-8")
DAY_S, DAY_MS = 86_400, 86_400_000
ABOVE, FROM = "GreaterThanThreshold", "GreaterThanOrEqualToThreshold"
NONE: dict[str, Any] = {}

# Kind, metric, statistic, period in seconds, facts, what the threshold then is, comparison, M and N.
AGREED: list[tuple[str, str, str, int, dict[str, Any], float, str, int, int]] = [
    ("lambda", "Errors", "Sum", 300, NONE, 1, FROM, 1, 1),
    ("lambda", "Throttles", "Sum", 60, NONE, 1, FROM, 5, 5),
    ("lambda", "Duration", "p99", 60, {"timeout_ms": 10_000}, 9_000, ABOVE, 3, 5),
    ("lambda", "ConcurrentExecutions", "Maximum", 60, {"reserved_concurrency": 50}, 45, ABOVE, 10, 10),
    ("lambda", "IteratorAge", "Maximum", 60, {"stream_retention_ms": DAY_MS}, 60_000, ABOVE, 5, 5),
    ("lambda", "IteratorAge", "Maximum", 60, {"stream_retention_ms": 500_000}, 50_000, ABOVE, 5, 5),
    ("lambda", "DeadLetterErrors", "Sum", 60, NONE, 0, ABOVE, 1, 1),
    ("lambda", "DestinationDeliveryFailures", "Sum", 60, NONE, 0, ABOVE, 1, 1),
    ("lambda", "AsyncEventsDropped", "Sum", 60, NONE, 0, ABOVE, 1, 1),
    ("lambda", "AsyncEventAge", "Maximum", 60, {"maximum_event_age_ms": 60_000}, 30_000, ABOVE, 3, 3),
    ("lambda", "RecursiveInvocationsDropped", "Sum", 60, NONE, 0, ABOVE, 1, 1),
    ("logs", "MemoryUtilization", "Maximum", 60, NONE, 90, ABOVE, 3, 5),
    ("account", "ClaimedAccountConcurrency", "Maximum", 60, {"concurrency_quota": 1000}, 900, ABOVE, 10, 10),
    ("apigateway_rest", "5XXError", "Average", 60, NONE, 0.05, ABOVE, 3, 3),
    ("apigateway_rest", "4XXError", "Average", 60, NONE, 0.05, ABOVE, 5, 5),
    ("apigateway_rest", "Latency", "p95", 60, NONE, 2500, FROM, 5, 5),
    ("apigateway_http", "5xx", "Average", 60, NONE, 0.05, ABOVE, 3, 3),
    ("apigateway_http", "4xx", "Average", 60, NONE, 0.05, ABOVE, 5, 5),
    ("apigateway_http", "Latency", "p95", 60, NONE, 2500, FROM, 5, 5),
    ("apigateway_http", "IntegrationLatency", "p95", 60, NONE, 2000, FROM, 5, 5),
    ("sqs", "ApproximateAgeOfOldestMessage", "Maximum", 60, {"retention_s": 4 * DAY_S}, 0.4 * DAY_S, FROM, 5, 5),
    ("sqs", "ApproximateAgeOfOldestMessage", "Maximum", 60, {"retention_s": 60}, 300, FROM, 5, 5),
    ("sqs", "ApproximateNumberOfMessagesVisible", "Maximum", 60, NONE, 0, ABOVE, 1, 1),
    ("sqs", "ApproximateNumberOfMessagesNotVisible", "Maximum", 60, {"in_flight_quota": 20_000}, 16_000, ABOVE, 5, 5),
    (
        "kinesis",
        "GetRecords.IteratorAgeMilliseconds",
        "Maximum",
        60,
        {"retention_ms": DAY_MS},
        0.1 * DAY_MS,
        ABOVE,
        5,
        5,
    ),
    ("kinesis", "WriteProvisionedThroughputExceeded", "Average", 60, NONE, 0.01, ABOVE, 5, 5),
    ("kinesis", "ReadProvisionedThroughputExceeded", "Average", 60, NONE, 0.01, ABOVE, 5, 5),
    ("dynamodb", "ReadThrottleEvents", "Sum", 60, NONE, 10, ABOVE, 5, 5),
    ("dynamodb", "WriteThrottleEvents", "Sum", 60, NONE, 10, ABOVE, 5, 5),
    ("dynamodb_index", "ReadThrottleEvents", "Sum", 60, NONE, 10, ABOVE, 5, 5),
    ("dynamodb_index", "WriteThrottleEvents", "Sum", 60, NONE, 10, ABOVE, 5, 5),
    ("sns", "NumberOfNotificationsFailed", "Sum", 60, NONE, 0, ABOVE, 5, 5),
    ("sns", "NumberOfNotificationsRedrivenToDlq", "Sum", 60, NONE, 0, ABOVE, 1, 1),
    ("sns", "NumberOfNotificationsFailedToRedriveToDlq", "Sum", 60, NONE, 0, ABOVE, 1, 1),
    ("events_rule", "FailedInvocations", "Sum", 60, NONE, 0, ABOVE, 1, 1),
    ("events_rule", "InvocationsFailedToBeSentToDlq", "Sum", 60, NONE, 0, ABOVE, 1, 1),
    ("events_rule", "ThrottledRules", "Sum", 60, NONE, 0, ABOVE, 1, 1),
    ("states", "ExecutionsFailed", "Sum", 60, NONE, 0, ABOVE, 1, 1),
    ("states", "ExecutionsTimedOut", "Sum", 60, NONE, 0, ABOVE, 1, 1),
    ("states", "ExecutionThrottled", "Sum", 60, NONE, 0, ABOVE, 3, 3),
    ("log_delivery", "DeliveryErrors", "Sum", 60, NONE, 0, ABOVE, 3, 3),
    ("log_delivery", "DeliveryThrottling", "Sum", 60, NONE, 0, ABOVE, 3, 3),
    ("ecs", "CPUUtilization", "Average", 60, NONE, 80, ABOVE, 5, 5),
    ("ecs", "MemoryUtilization", "Average", 60, NONE, 80, ABOVE, 5, 5),
]


@pytest.mark.parametrize("row", AGREED, ids=lambda row: f"{row[0]}-{row[1]}")
def test_an_alarm_has_the_figures_that_were_agreed_on(row: tuple[Any, ...]) -> None:
    kind, metric, statistic, period, facts, threshold, comparison, datapoints, periods = row
    [alarm] = [
        alarm
        for alarm in KINDS[kind].alarms
        if [one.name for one in alarm.metrics] == [metric]
        and not alarm.anomaly
        and alarm.treat_missing_data == "notBreaching"
    ]
    assert alarm.threshold
    assert alarm.threshold.value(facts) == pytest.approx(threshold)
    assert (alarm.metrics[0].statistic, alarm.period, alarm.comparison) == (statistic, period, comparison)
    assert (alarm.datapoints_to_alarm, alarm.evaluation_periods) == (datapoints, periods)


def test_metric_math_has_the_figures_that_were_agreed_on() -> None:
    found = {
        (kind.kind, alarm.id): (
            {metric.statistic for metric in alarm.metrics if metric.name},
            alarm.period,
            alarm.threshold.value({}) if alarm.threshold else None,
            alarm.comparison,
            (alarm.datapoints_to_alarm, alarm.evaluation_periods),
        )
        for kind in KINDS.values()
        for alarm in kind.alarms
        if len(alarm.metrics) > 1 and kind.kind != "alb"
    }
    assert found == {
        ("lambda", "error-rate"): ({"Sum"}, 60, 5, ABOVE, (3, 3)),
        ("dynamodb", "system-errors"): ({"Sum"}, 60, 0, ABOVE, (3, 5)),
        ("watchpost", "nothing-delivered"): ({"Sum"}, 60, 0, ABOVE, (5, 5)),
    }


def test_conditions_are_those_that_were_agreed_on() -> None:
    found = {
        (kind.kind, alarm.id): ("not " if alarm.when.negated else "") + alarm.when.fact
        for kind in KINDS.values()
        for alarm in kind.alarms
        if alarm.when
    }
    assert found == {
        ("lambda", "concurrency"): "reserved_concurrency",
        ("lambda", "iterator-age"): "stream_source",
        ("lambda", "dead-letter-errors"): "dead_letter_target",
        ("lambda", "destination-failures"): "destination",
        ("lambda", "events-dropped"): "asynchronous",
        ("lambda", "event-age"): "asynchronous",
        ("sqs", "oldest-message"): "not dead_letter_queue",
        ("sqs", "dead-letters"): "dead_letter_queue",
        ("sns", "redriven"): "has_dead_letter_queue",
        ("sns", "redrive-failed"): "has_dead_letter_queue",
        ("rds", "free-storage"): "storage_bytes",
        ("rds", "connections"): "max_connections",
        ("rds", "cpu-credits"): "burstable",
        ("s3", "server-errors"): "request_metrics",
        ("s3", "client-errors"): "request_metrics",
    }


def test_what_only_its_owner_can_judge_is_for_demand_only() -> None:
    """That usage stops, or is unlike yesterday's, is a fault of some services and the evening of others."""
    found = {(kind.kind, alarm.id) for kind in KINDS.values() for alarm in kind.alarms if not alarm.enabled}
    assert found == {
        *((kind, "usage-stopped") for kind in ("lambda", "apigateway_rest", "apigateway_http", "alb", "sqs", "sns")),
        *((kind, "usage-stopped") for kind in ("kinesis", "states", "metric")),
        ("sqs", "receiving-stopped"),
        *((kind, "latency-anomaly") for kind in ("apigateway_rest", "apigateway_http")),
        *((kind, "requests-anomaly") for kind in ("apigateway_rest", "apigateway_http")),
        ("lambda", "duration-anomaly"),
        ("lambda", "invocations-anomaly"),
        ("metric", "anomaly"),
        # which has no data unless the configuration says so
        ("logs", "memory"),
    }


def test_every_kind_shows_graphs_and_a_service_knows_which_tell_its_health() -> None:
    assert [kind.kind for kind in KINDS.values() if not kind.widgets] == []
    healthy = {kind.kind for kind in KINDS.values() if any(widget.health for widget in kind.widgets)}
    assert healthy >= {"logs", "lambda", "apigateway_rest", "apigateway_http", "alb", "sqs", "states", "ecs"}


def test_the_documentation_shows_every_alarm_as_it_is() -> None:
    shown = DOCUMENT[DOCUMENT.index(alarm_table.BEGIN) : DOCUMENT.index(alarm_table.END) + len(alarm_table.END)]
    assert shown == alarm_table.table(KINDS.values())


def test_the_documentation_names_every_field() -> None:
    fields = loader.REQUIRED | loader.OPTIONAL | loader.loader_source.SOURCE_FIELDS
    fields |= loader.loader_source.FACT_REQUIRED | loader.loader_source.FACT_OPTIONAL
    fields |= loader.loader_alarms.ALARM_REQUIRED | loader.loader_alarms.ALARM_OPTIONAL
    fields |= loader.loader_alarms.WIDGET_REQUIRED | loader.loader_alarms.WIDGET_OPTIONAL
    fields |= loader.loader_metrics.QUERY_REQUIRED | loader.loader_metrics.QUERY_OPTIONAL
    assert [field for field in sorted(fields) if f"`{field}`" not in DOCUMENT] == []


def test_the_documentations_example_is_right() -> None:
    start = DOCUMENT.index("```yaml\n# yaml-language-server") + len("```yaml\n")
    example = loader.parse("services/firehose.yaml", DOCUMENT[start : DOCUMENT.index("```", start)])
    assert example.kind == "firehose"
    assert example.alarms
    assert example.widgets
