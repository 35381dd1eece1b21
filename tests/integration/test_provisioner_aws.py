"""The provisioner against AWS in this process: what it creates, changes and deletes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from provisioner import events

from tests.unit.provisioner.world import PLAIN, World, named, names_of, prepared

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    with prepared(monkeypatch, tmp_path) as made:
        yield made


def test_the_first_run_creates_everything_and_the_second_writes_nothing(world: World) -> None:
    # given two services
    world.function("orders-api")
    world.function("mail", service="mailing")

    # when the provisioner runs twice
    first = world.run()
    second = world.run()

    # then everything was created once
    expected = (
        named(*PLAIN)
        | named(*PLAIN, function="mail", service="mailing")
        | {"wp/orders/logs/errors", "wp/mailing/logs/errors"}
    )
    composites = {"wp/orders/service/unhealthy", "wp/mailing/service/unhealthy"}
    assert set(names_of(first.alarms.created)) == expected | composites
    assert set(world.alarms()) == expected
    assert set(world.alarms("CompositeAlarms")) == composites
    assert set(names_of(first.dashboards.created)) == world.dashboards() == {"wp-orders", "wp-mailing", "wp-overview"}
    assert first.services == 2
    assert first.failures() == []
    # and nothing the second time
    assert world.writes == []
    assert second.alarms.unchanged == len(expected | composites)
    assert second.dashboards.unchanged == 3
    assert (second.alarms.created, second.alarms.updated, second.alarms.deleted) == ([], [], [])


def test_everything_that_is_true_of_a_function_decides_about_its_alarms(world: World) -> None:
    # given a function with a stream, a reservation, a dead-letter queue and a destination
    queue = boto3.client("sqs").create_queue(QueueName="letters")["QueueUrl"]
    arn = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    kinesis = boto3.client("kinesis")
    kinesis.create_stream(StreamName="events", ShardCount=1)
    stream = kinesis.describe_stream(StreamName="events")["StreamDescription"]["StreamARN"]
    world.function("worker", DeadLetterConfig={"TargetArn": arn}, Timeout=60)
    lambda_ = world.client("lambda")
    lambda_.create_event_source_mapping(EventSourceArn=stream, FunctionName="worker", StartingPosition="LATEST")
    lambda_.put_function_concurrency(FunctionName="worker", ReservedConcurrentExecutions=40)
    lambda_.put_function_event_invoke_config(
        FunctionName="worker", MaximumEventAgeInSeconds=600, DestinationConfig={"OnFailure": {"Destination": arn}}
    )

    # (this AWS takes a dead-letter queue and does not tell it again)
    def remember(parsed: dict[str, Any], **_: Any) -> None:
        parsed["Functions"][0]["DeadLetterConfig"] = {"TargetArn": arn}

    def through_an_alias(parsed: dict[str, Any], **_: Any) -> None:
        parsed["EventSourceMappings"][0]["FunctionArn"] += ":live"

    lambda_.meta.events.register("after-call.lambda.ListFunctions", remember)
    lambda_.meta.events.register("after-call.lambda.ListEventSourceMappings", through_an_alias)

    # when the provisioner runs
    world.run()

    # then every alarm is there, with the thresholds of its configuration
    alarms = world.alarms()
    thresholds = {name.rpartition("/")[2]: alarm["Threshold"] for name, alarm in alarms.items() if "worker" in name}
    assert thresholds["duration"] == pytest.approx(54_000)
    assert thresholds["concurrency"] == pytest.approx(36)
    assert thresholds["event-age"] == pytest.approx(300_000)
    assert thresholds["iterator-age"] == pytest.approx(60_000)
    assert set(thresholds) >= {"dead-letter-errors", "destination-failures", "events-dropped"}
    assert len(thresholds) == 11


def test_a_changed_timeout_changes_exactly_one_alarm(world: World) -> None:
    world.function("orders-api")
    world.run()
    world.client("lambda").update_function_configuration(FunctionName="orders-api", Timeout=10)

    result = world.run()

    [change] = result.alarms.updated
    assert change.as_dict() == {
        "name": "wp/orders/orders-api/duration",
        "what": [{"field": "Threshold", "before": 27_000, "after": 9_000}],
    }
    # (the dashboard draws the threshold)
    assert world.writes == ["PutMetricAlarm", "PutDashboard"]
    assert world.alarms()["wp/orders/orders-api/duration"]["Threshold"] == pytest.approx(9_000)


def test_a_deleted_function_takes_its_alarms_along(world: World) -> None:
    world.function("orders-api")
    world.function("orders-old")
    world.run()
    world.client("lambda").delete_function(FunctionName="orders-old")

    result = world.run()

    assert set(names_of(result.alarms.deleted)) == named(*PLAIN, function="orders-old")
    assert names_of(result.alarms.updated) == ["wp/orders/service/unhealthy"]
    assert set(world.alarms()) == named(*PLAIN) | {"wp/orders/logs/errors"}
    assert names_of(result.dashboards.updated) == ["wp-orders", "wp-overview"]


def test_the_last_function_takes_the_service_along(world: World) -> None:
    world.function("orders-api")
    world.run()
    world.client("lambda").delete_function(FunctionName="orders-api")

    result = world.run()

    assert world.alarms() == {}
    assert names_of(result.dashboards.deleted) == ["wp-orders"]
    assert world.dashboards() == {"wp-overview"}


def test_what_was_changed_by_hand_is_put_back(world: World) -> None:
    # given an alarm and a dashboard that somebody edited
    world.function("orders-api")
    world.run()
    before = world.alarms()["wp/orders/orders-api/throttles"]
    edited = {key: value for key, value in before.items() if key in ("AlarmName", "MetricName", "Namespace", "Period")}
    world.cloudwatch.put_metric_alarm(
        **edited, EvaluationPeriods=1, Statistic="Sum", Threshold=99, ComparisonOperator="GreaterThanThreshold"
    )
    body = json.loads(world.cloudwatch.get_dashboard(DashboardName="wp-orders")["DashboardBody"])
    body["widgets"].pop()
    world.cloudwatch.put_dashboard(DashboardName="wp-orders", DashboardBody=json.dumps(body))

    # when the provisioner runs
    result = world.run()

    # then both are as they were
    assert names_of(result.alarms.updated) == ["wp/orders/orders-api/throttles"]
    assert world.alarms()["wp/orders/orders-api/throttles"]["Threshold"] == before["Threshold"]
    assert names_of(result.dashboards.updated) == ["wp-orders"]
    assert world.run().dashboards.unchanged == 2


def test_an_override_deletes_an_alarm_and_says_why(world: World) -> None:
    world.function("orders-api")
    world.run()
    world.document = {"alarms": {"lambda.throttles": {"enabled": False}}}

    result = world.run()

    assert names_of(result.alarms.deleted) == ["wp/orders/orders-api/throttles"]
    assert [entry["reason"] for entry in result.without_alarm if entry["alarm"] == "throttles"] == [
        "excluded by watchpost.yaml: alarms.lambda.throttles.enabled is false"
    ]


def test_a_plan_tells_the_same_and_writes_nothing(world: World) -> None:
    # given one function to create alarms for, one with a changed timeout, one that is gone with its service
    world.function("changed")
    world.function("gone", service="closed")
    world.run()
    text = world.cloudwatch.get_dashboard(DashboardName="wp-closed")["DashboardBody"]
    plan_widgets = len(json.loads(text)["widgets"])
    world.function("new")
    world.client("lambda").update_function_configuration(FunctionName="changed", Timeout=10)
    world.client("lambda").delete_function(FunctionName="gone")

    # when a plan is asked for, and then applied
    world.writes.clear()
    plan = events.handle({"action": "plan"}, "stream", world.deadline, lambda: world.account)
    assert world.writes == []
    done = events.handle({}, "stream", world.deadline, lambda: world.account)

    # then what was planned is what was done
    assert plan == done
    assert [item["name"] for item in plan["alarms"]["updated"]] == [
        "wp/orders/service/unhealthy",
        "wp/orders/changed/duration",
    ]
    assert len(plan["alarms"]["created"]) == 5
    assert len(plan["alarms"]["deleted"]) == 7
    assert plan["dashboards"]["deleted"] == [
        {"name": "wp-closed", "what": [{"field": "widgets", "before": plan_widgets, "after": None}]}
    ]
    assert world.dashboards() == {"wp-orders", "wp-overview"}
