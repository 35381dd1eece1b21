"""The provisioner against AWS in this process: what it creates, changes, deletes, and leaves alone."""

from __future__ import annotations

import importlib.resources
import io
import json
import zipfile
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from moto import mock_aws
from provisioner import events
from provisioner.deadline import NO_TIME, RESERVE, Deadline
from provisioner.run import Account, run
from watchpost import configuration, names
from watchpost.errors import ConfigurationError, DefinitionError, ProvisioningError
from watchpost.settings import Settings

from tests.unit.provisioner.limits import check_alarm, check_dashboard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from provisioner.result import Result

REGION = "eu-west-1"
WRITES = ("PutMetricAlarm", "DeleteAlarms", "PutDashboard", "DeleteDashboards", "TagResource")
# Alarms of a function without streams, reservation and asynchronous invocations, and those of a service's logs.
PLAIN = {"errors", "error-rate", "throttles", "duration", "recursion"}
CHECKS = {"PutMetricAlarm": check_alarm, "PutDashboard": check_dashboard}


@dataclass
class World:
    """An account in this process, every writing request checked and recorded."""

    account: Account
    role: str
    document: dict[str, Any] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    seconds_left: float = 300.0

    @property
    def cloudwatch(self) -> Any:
        return self.account.cloudwatch

    @property
    def deadline(self) -> Deadline:
        return Deadline(lambda: self.seconds_left, put_interval=0)

    def function(self, name: str, service: str = "orders", **more: Any) -> None:
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("app.py", "def handler(event, context): return None")
        self.account.lambda_.create_function(
            **{"Runtime": "python3.13", "Handler": "app.handler", "Timeout": 30, "Tags": {"service": service}, **more},
            FunctionName=name,
            Role=self.role,
            Code={"ZipFile": code.getvalue()},
        )

    def run(self, **options: Any) -> Result:
        self.writes.clear()
        return run(self.account, self.deadline, **{"apply": True, **options})

    def alarms(self) -> dict[str, Any]:
        pages = self.cloudwatch.get_paginator("describe_alarms").paginate()
        return {alarm["AlarmName"]: alarm for page in pages for alarm in page["MetricAlarms"]}

    def dashboards(self) -> set[str]:
        return {entry["DashboardName"] for entry in self.cloudwatch.list_dashboards()["DashboardEntries"]}


def _settings() -> Settings:
    values = dict.fromkeys(Settings.__slots__, "unused") | {
        "stack": "wp",
        "aws_region": REGION,
        "metric_namespace": "Watchpost",
        "critical_topic": f"arn:aws:sns:{REGION}:123456789012:critical",
        "warning_topic": f"arn:aws:sns:{REGION}:123456789012:warning",
    }
    return Settings(**values)


def _no_cluster() -> Any:
    raise ConfigurationError("secret", "no credentials", "credentials")


def _definitions(folder: Path) -> Path:
    """A copy of the repository's definitions without index templates, to be changed by tests."""
    (folder / "services").mkdir()
    for file in (importlib.resources.files("dashboards") / "services").iterdir():
        (folder / "services" / file.name).write_text(file.read_text())
    return folder


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        trust = {"Version": "2012-10-17", "Statement": []}
        role = boto3.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        made = World(
            Account(
                settings=_settings(),
                cloudwatch=boto3.client("cloudwatch"),
                lambda_=boto3.client("lambda"),
                tagging=boto3.client("resourcegroupstaggingapi"),
                configuration=lambda: configuration.parse(json.dumps(made.document)),
                cluster=_no_cluster,
                definitions=_definitions(tmp_path),
            ),
            role,
        )

        def watch(params: dict[str, Any], model: Any, **_: Any) -> None:
            if model.name in CHECKS:
                CHECKS[model.name](params)
            if model.name in WRITES:
                made.writes.append(model.name)

        made.cloudwatch.meta.events.register("provide-client-params.cloudwatch", watch)
        yield made


class _Raw(io.BytesIO):
    """The body of an answer as botocore reads it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        while chunk := self.read():
            yield chunk


def _refuse(client: Any, operation: str, when: Callable[[str], bool] = lambda _: True) -> None:
    """Answer matching requests as AWS does when a role lacks the permission."""

    def answer(request: Any, **_: Any) -> AWSResponse | None:
        body = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
        if not when(request.url + body):
            return None
        refusal = json.dumps({"__type": "AccessDeniedException", "message": f"not allowed: {operation}"}).encode()
        headers = {"x-amzn-errortype": "AccessDeniedException", "content-type": "application/json"}
        return AWSResponse(request.url, 403, headers, _Raw(refusal))

    client.meta.events.register_first(
        f"before-send.{client.meta.service_model.service_id.hyphenize()}.{operation}", answer
    )


def _named(*alarms: str, function: str = "orders-api", service: str = "orders") -> set[str]:
    return {f"wp/{service}/{function}/{alarm}" for alarm in alarms}


def test_the_first_run_creates_everything_and_the_second_writes_nothing(world: World) -> None:
    # given two services
    world.function("orders-api")
    world.function("mail", service="mailing")

    # when the provisioner runs twice
    first = world.run()
    second = world.run()

    # then everything was created once
    expected = (
        _named(*PLAIN)
        | _named(*PLAIN, function="mail", service="mailing")
        | {"wp/orders/logs/errors", "wp/mailing/logs/errors"}
    )
    assert set(first.alarms.created) == set(world.alarms()) == expected
    assert set(first.dashboards.created) == world.dashboards() == {"wp-orders", "wp-mailing"}
    assert first.services == 2
    assert first.failures() == []
    # and nothing the second time
    assert world.writes == []
    assert second.alarms.unchanged == len(expected)
    assert second.dashboards.unchanged == 2
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
    lambda_ = world.account.lambda_
    lambda_.create_event_source_mapping(EventSourceArn=stream, FunctionName="worker", StartingPosition="LATEST")
    lambda_.put_function_concurrency(FunctionName="worker", ReservedConcurrentExecutions=40)
    lambda_.put_function_event_invoke_config(
        FunctionName="worker", MaximumEventAgeInSeconds=600, DestinationConfig={"OnFailure": {"Destination": arn}}
    )

    # (this AWS takes a dead-letter queue and does not tell it again)
    def remember(parsed: dict[str, Any], **_: Any) -> None:
        parsed["DeadLetterConfig"] = {"TargetArn": arn}

    lambda_.meta.events.register("after-call.lambda.GetFunctionConfiguration", remember)

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
    world.account.lambda_.update_function_configuration(FunctionName="orders-api", Timeout=10)

    result = world.run()

    assert result.alarms.updated == ["wp/orders/orders-api/duration"]
    assert world.writes == ["PutMetricAlarm"]
    assert world.alarms()["wp/orders/orders-api/duration"]["Threshold"] == pytest.approx(9_000)


def test_a_deleted_function_takes_its_alarms_along(world: World) -> None:
    world.function("orders-api")
    world.function("orders-old")
    world.run()
    world.account.lambda_.delete_function(FunctionName="orders-old")

    result = world.run()

    assert set(result.alarms.deleted) == _named(*PLAIN, function="orders-old")
    assert set(world.alarms()) == _named(*PLAIN) | {"wp/orders/logs/errors"}
    assert result.dashboards.updated == ["wp-orders"]


def test_the_last_function_takes_the_service_along(world: World) -> None:
    world.function("orders-api")
    world.run()
    world.account.lambda_.delete_function(FunctionName="orders-api")

    result = world.run()

    assert world.alarms() == {}
    assert result.dashboards.deleted == ["wp-orders"]
    assert world.dashboards() == set()


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
    assert result.alarms.updated == ["wp/orders/orders-api/throttles"]
    assert world.alarms()["wp/orders/orders-api/throttles"]["Threshold"] == before["Threshold"]
    assert result.dashboards.updated == ["wp-orders"]
    assert world.run().dashboards.unchanged == 1


def _foreign_alarm(world: World, name: str, **more: Any) -> None:
    world.cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="Mine",
        MetricName="M",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        **more,
    )


def test_what_is_not_the_stacks_own_is_not_touched(world: World) -> None:
    # given alarms and a dashboard below the stack's prefix that are somebody else's
    world.function("orders-api")
    _foreign_alarm(world, "wp/orders/mine/alarm")
    _foreign_alarm(world, "wp/other/mine/alarm", Tags=[{"Key": names.OWNER_TAG, "Value": "another"}])
    world.cloudwatch.put_dashboard(
        DashboardName="wp-2-shop",
        DashboardBody=json.dumps({"widgets": [_mark("wp-2")]}),
    )

    # when the provisioner runs
    result = world.run()

    # then they are still there
    assert {"wp/orders/mine/alarm", "wp/other/mine/alarm"} <= set(world.alarms())
    assert "wp-2-shop" in world.dashboards()
    assert result.alarms.deleted == []
    assert result.failures() == []


def _mark(stack: str) -> dict[str, Any]:
    properties = {"markdown": f"`watchpost:stack={stack}`"}
    return {"type": "text", "x": 0, "y": 0, "width": 24, "height": 1, "properties": properties}


def test_somebody_elses_alarm_under_our_name_is_told_and_not_overwritten(world: World) -> None:
    world.function("orders-api")
    _foreign_alarm(world, "wp/orders/orders-api/errors")
    world.cloudwatch.put_dashboard(DashboardName="wp-orders", DashboardBody='{"widgets": []}')

    result = world.run()

    assert [item["name"] for item in result.failures()] == ["wp/orders/orders-api/errors", "wp-orders"]
    assert world.alarms()["wp/orders/orders-api/errors"]["Namespace"] == "Mine"
    assert set(result.alarms.created) == _named(*(PLAIN - {"errors"})) | {"wp/orders/logs/errors"}


def test_an_override_deletes_an_alarm_and_says_why(world: World) -> None:
    world.function("orders-api")
    world.run()
    world.document = {"alarms": {"lambda.throttles": {"enabled": False}}}

    result = world.run()

    assert result.alarms.deleted == ["wp/orders/orders-api/throttles"]
    assert [entry["reason"] for entry in result.without_alarm if entry["alarm"] == "throttles"] == [
        "excluded by watchpost.yaml: alarms.lambda.throttles.enabled is false"
    ]


def test_functions_without_a_service_and_our_own_get_no_alarms_and_a_reason(world: World) -> None:
    world.function("untagged", Tags={"team": "a"})
    world.function("wp-shipper")

    result = world.run()

    assert world.alarms() == {}
    assert {entry["resource"]: entry["reason"] for entry in result.without_alarm} == {
        "untagged": "no tag that names its service: service, Service",
        "wp-shipper": "Watchpost's own function",
    }


def test_the_first_tag_that_is_present_names_the_service(world: World) -> None:
    world.document = {"service_tags": ["app", "service"]}
    world.function("one", Tags={"service": "second", "app": "first"})
    world.function("two", Tags={"service": "second", "app": ""})

    world.run()

    assert world.dashboards() == {"wp-first", "wp-second"}


def test_more_than_half_is_not_deleted_unless_allowed(world: World) -> None:
    # given three functions of which two vanish: ten of sixteen alarms
    for name in ("one", "two", "three"):
        world.function(name)
    world.run()
    for name in ("one", "two"):
        world.account.lambda_.delete_function(FunctionName=name)

    # when the provisioner runs, without and with the permission
    refused = world.run()
    kept = set(world.alarms())
    allowed = world.run(allow_mass_deletion=True)

    # then only the second deletes
    assert len(kept) == 16
    assert refused.alarms.deleted == []
    assert "allow_mass_deletion" in refused.alarms.failed[0]["reason"]
    assert len(allowed.alarms.deleted) == 10


def test_alarms_are_deleted_in_batches_that_cloudwatch_takes(world: World) -> None:
    for number in range(21):
        world.function(f"f{number}")
    world.run()
    for number in range(21):
        world.account.lambda_.delete_function(FunctionName=f"f{number}")

    result = world.run(allow_mass_deletion=True)

    assert len(result.alarms.deleted) == 106
    assert world.writes.count("DeleteAlarms") == 2
    assert world.alarms() == {}


def test_one_alarm_that_is_refused_does_not_stop_the_others(world: World) -> None:
    world.function("orders-api")
    _refuse(world.cloudwatch, "PutMetricAlarm", lambda request: "orders-api/throttles" in request)

    result = world.run()

    assert result.alarms.failed == [
        {"name": "wp/orders/orders-api/throttles", "reason": "AccessDeniedException: not allowed: PutMetricAlarm"}
    ]
    assert set(result.alarms.created) == _named(*(PLAIN - {"throttles"})) | {"wp/orders/logs/errors"}
    assert result.dashboards.created == ["wp-orders"]


def test_one_alarm_that_cannot_be_deleted_does_not_keep_the_others(world: World) -> None:
    world.function("orders-api")
    world.function("orders-old")
    world.run()
    world.account.lambda_.delete_function(FunctionName="orders-old")
    _refuse(world.cloudwatch, "DeleteAlarms", lambda request: "orders-old/throttles" in request)

    result = world.run()

    assert [item["name"] for item in result.alarms.failed] == ["wp/orders/orders-old/throttles"]
    assert set(result.alarms.deleted) == _named(*(PLAIN - {"throttles"}), function="orders-old")


def test_what_could_not_be_read_keeps_its_alarms(world: World) -> None:
    """Ignorance is no reason to delete."""
    # given two functions, one of which may not be read any more, and one that is gone
    for name in ("orders-api", "orders-other", "orders-old"):
        world.function(name)
    world.run()
    before = set(world.alarms())
    world.account.lambda_.delete_function(FunctionName="orders-old")
    _refuse(world.account.lambda_, "GetFunctionConcurrency", lambda request: "/orders-other/" in request)

    # when the provisioner runs
    result = world.run()

    # then only the alarms of the one that is gone are deleted, and the dashboard keeps its graphs
    assert before - set(world.alarms()) == _named(*PLAIN, function="orders-old")
    assert [item["name"] for item in result.alarms.failed] == ["orders/lambda/orders-other"]
    assert (result.dashboards.updated, result.dashboards.deleted) == ([], [])


@pytest.mark.parametrize(
    ("client", "operation"),
    [("tagging", "GetResources"), ("lambda_", "ListEventSourceMappings"), ("cloudwatch", "DescribeAlarms")],
)
def test_a_listing_that_is_refused_leaves_everything_as_it_is(world: World, client: str, operation: str) -> None:
    world.function("orders-api")
    world.run()
    before = set(world.alarms()), world.dashboards()
    world.account.lambda_.delete_function(FunctionName="orders-api")
    world.function("new-one", service="orders")
    _refuse(getattr(world.account, client), operation)

    result = world.run()

    assert result.alarms.deleted == []
    assert result.alarms.failed
    fresh = boto3.client("cloudwatch")
    assert {alarm["AlarmName"] for alarm in fresh.describe_alarms()["MetricAlarms"]} >= before[0]
    assert world.dashboards() == before[1]


def test_a_foreign_dashboard_list_that_is_refused_does_not_stop_the_alarms(world: World) -> None:
    world.function("orders-api")
    _refuse(world.cloudwatch, "ListDashboards")

    result = world.run()

    assert set(world.alarms()) == _named(*PLAIN) | {"wp/orders/logs/errors"}
    assert [item["name"] for item in result.dashboards.failed] == ["dashboards"]


def test_without_time_nothing_is_begun_and_everything_is_told(world: World) -> None:
    world.function("orders-api")
    world.seconds_left = RESERVE - 0.001

    result = world.run()

    assert world.writes == []
    assert NO_TIME in result.failures()[0]["reason"]

    world.seconds_left = RESERVE
    assert world.run().failures() == []


def test_time_that_runs_out_in_the_middle_leaves_the_rest_to_the_next_run(world: World) -> None:
    world.function("orders-api")
    left = iter([300.0] * 6)
    clock = Deadline(lambda: next(left, 0.0), put_interval=0)

    result = run(world.account, clock, apply=True)

    done = len(result.alarms.created)
    assert 0 < done < 6
    assert len([item for item in result.alarms.failed if item["reason"] == NO_TIME]) == 6 - done
    world.run()
    assert len(world.alarms()) == 6


def test_a_plan_tells_the_same_and_writes_nothing(world: World) -> None:
    # given one function to create alarms for, one with a changed timeout, one that is gone
    for name in ("changed", "gone"):
        world.function(name)
    world.run()
    world.function("new")
    world.account.lambda_.update_function_configuration(FunctionName="changed", Timeout=10)
    world.account.lambda_.delete_function(FunctionName="gone")

    # when a plan is asked for, and then applied
    world.writes.clear()
    plan = events.handle({"action": "plan"}, "stream", world.deadline, lambda: world.account)
    assert world.writes == []
    done = events.handle({}, "stream", world.deadline, lambda: world.account)

    # then what was planned is what was done
    assert plan == done
    assert plan["alarms"]["updated"] == ["wp/orders/changed/duration"]
    assert len(plan["alarms"]["created"]) == len(plan["alarms"]["deleted"]) == 5


def test_an_invocation_that_left_something_undone_fails_and_names_it(world: World) -> None:
    world.function("orders-api")
    _refuse(world.cloudwatch, "PutMetricAlarm", lambda request: "orders-api/throttles" in request)

    with pytest.raises(ProvisioningError, match="wp/orders/orders-api/throttles"):
        events.handle({"detail-type": "Scheduled Event"}, "stream", world.deadline, lambda: world.account)


def test_a_wrong_definition_leaves_every_alarm_as_it_is(world: World, tmp_path: Path) -> None:
    world.function("orders-api")
    world.run()
    world.writes.clear()
    (tmp_path / "services" / "logs.yaml").write_text("title: broken")

    with pytest.raises(DefinitionError, match=r"services/logs\.yaml"):
        world.run()

    assert world.writes == []
    assert len(world.alarms()) == 6


def test_a_wrong_configuration_leaves_every_alarm_as_it_is(world: World) -> None:
    world.function("orders-api")
    world.run()
    world.document = {"alarms": {"lambda.nonsense": {"enabled": False}}}

    with pytest.raises(ConfigurationError, match=r"configuration\.alarms\.lambda\.nonsense"):
        world.run()

    assert world.writes == []


def test_alarms_of_an_older_version_get_the_tags_they_lack(world: World) -> None:
    """Without the kind in its tags an alarm could not be kept when its kind is unknown."""
    world.function("orders-api")
    _foreign_alarm(world, "wp/orders/orders-api/errors", Tags=[{"Key": names.OWNER_TAG, "Value": "wp"}])

    world.run()

    arn = world.alarms()["wp/orders/orders-api/errors"]["AlarmArn"]
    tags = {tag["Key"]: tag["Value"] for tag in world.cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]}
    assert tags["watchpost:kind"] == "lambda"
    assert tags["watchpost:resource"] == "orders-api"


def test_a_stack_sees_nothing_of_another_whose_name_begins_alike(world: World) -> None:
    world.function("orders-api")
    world.run()
    other = replace(world.account, settings=replace(world.account.settings, stack="wp-orders"))
    run(other, world.deadline, apply=True)
    before = set(world.alarms()), world.dashboards()
    events.handle({}, "stream", world.deadline, lambda: other)

    assert world.run().failures() == []
    assert (set(world.alarms()), world.dashboards()) == before
