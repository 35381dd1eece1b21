"""The canary in a deployed stack: what it says when all is well, and when each joint is broken in turn."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from watchpost import names

from local import emulator
from tests import tables
from tests.acceptance.canary_world import HEARTBEAT, World, deployed, logs_to_stream
from tests.acceptance.helpers import block_writes, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.account import Account

NAME, REGION, ENVIRONMENT = "canaries", "eu-south-1", "cage"
STREAMING, STREAMING_REGION = "streaming", "eu-south-2"
TEMPLATE = "_index_template/logs-watchpost.app"
STAND_IN = "_index_template/stand-in"  # as most clusters have one for all logs


@pytest.fixture(scope="module")
def world(account: Account) -> Iterator[World]:
    """A stack in which lines reach the real Elasticsearch, through a relay."""
    with deployed(account, NAME, REGION, ENVIRONMENT) as made:
        assert made.run()["state"] == "well"
        yield made


def lag(world: World) -> list[float]:
    """What CloudWatch has of the stack's lag."""
    now = datetime.now(UTC)
    points = world.client("cloudwatch").get_metric_statistics(
        Namespace="Watchpost/Pipeline",
        MetricName="PipelineLagSeconds",
        Dimensions=[{"Name": "Stack", "Value": world.stack.name}],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=1),
        Period=3600,
        Statistics=["SampleCount", "Maximum"],
    )["Datapoints"]
    return [sum(one["SampleCount"] for one in points), max((one["Maximum"] for one in points), default=0.0)]


def test_a_line_goes_through_the_whole_path_is_counted_and_leaves_nothing(world: World) -> None:
    world.pings.clear()
    before, _ = lag(world)
    lying = world.documents(world.data_stream)  # of a run by schedule, or of an earlier test

    result = world.run()

    # it arrived, and its time is published
    assert (result["state"], result["joints"], result["removed"]) == ("well", [], 1)
    after, longest = lag(world)
    assert after == before + 1
    assert 0 < result["lag_seconds"] <= longest + 0.001
    # the address outside was asked for, once
    assert (result["heartbeat"], world.pings) == ("pinged", [HEARTBEAT])
    # nothing is left of it, and nothing was ever where services' lines are
    assert world.documents(world.data_stream) <= lying
    assert world.documents(f"logs-watchpost.*-{ENVIRONMENT},metrics-watchpost.*-{ENVIRONMENT}") == 0


def test_no_alarm_no_page_and_no_service_is_made_of_it(world: World) -> None:
    cloudwatch = world.client("cloudwatch")

    alarms = cloudwatch.describe_alarms(AlarmNamePrefix=f"{NAME}/{names.CANARY_SERVICE}")["MetricAlarms"]
    pages = cloudwatch.list_dashboards(DashboardNamePrefix=f"{NAME}-")["DashboardEntries"]
    planned = world.stack.command("plan", "--json").stdout

    assert alarms == []
    assert [one["DashboardName"] for one in pages if "canary" in one["DashboardName"]] == []
    assert names.CANARY_SERVICE not in planned


def test_the_ledger_says_that_its_log_group_is_covered(world: World) -> None:
    entry = world.stack.ledger()[names.canary_log_group(NAME)]

    assert (entry.state, entry.service, entry.rule) == ("covered", names.CANARY_SERVICE, "canary")


def test_the_alarm_tells_when_no_lag_is_published(world: World) -> None:
    # given the alarm as the template has it: no data is as bad as a long lag
    [alarm] = world.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{NAME}/watchpost/canary/")["MetricAlarms"]
    assert (alarm["MetricName"], alarm["TreatMissingData"]) == ("PipelineLagSeconds", "breaching")

    world.messages("CriticalTopic")
    world.messages("FallbackTopic")

    # when there is none (the emulator looks at an alarm when there is data: CloudWatch's part is played here)
    reason = "no datapoints were received for 5 periods and 5 missing datapoints were treated as [Breaching]"
    for state in ("ALARM", "OK"):
        world.client("cloudwatch").set_alarm_state(AlarmName=alarm["AlarmName"], StateValue=state, StateReason=reason)

    # then the topic of critical alarms is told
    alarms = world.messages("CriticalTopic")
    assert [one["Subject"].partition(":")[0] for one in alarms] == ["ALARM", "OK"]
    # and with it the notifier, which has no receiver here: what nobody takes goes to the fallback topic
    eventually(
        lambda: any("pipeline lag" in one["Subject"] for one in world.messages("FallbackTopic")), "the notification"
    )


@dataclass(frozen=True)
class Fault:
    """A joint that is broken, and mended again. joint: what must be named. says: a part of what must be said of it."""

    name: str
    joint: str
    says: str
    snap: Callable[[World], Any]
    mend: Callable[[World], Any]


def _unsubscribe(world: World) -> None:
    group = names.canary_log_group(NAME)
    for one in world.stack.filters(group):
        world.stack.logs.delete_subscription_filter(logGroupName=group, filterName=one)


def _block(world: World, value: Any) -> None:
    block_writes(world.account, world.data_stream, value)


def _remove_template(world: World) -> None:
    # Elasticsearch removes no template that is the only one of a data stream.
    stand_in = {"index_patterns": ["logs-watchpost.app-*"], "data_stream": {}, "priority": 1}
    world.account.elasticsearch("PUT", STAND_IN, json=stand_in).raise_for_status()
    world.account.elasticsearch("DELETE", TEMPLATE).raise_for_status()


def _put_template_back(world: World) -> None:
    world.account.invoke(world.stack.outputs["ProvisionerFunction"], {"action": "apply"}, REGION)
    world.account.elasticsearch("GET", TEMPLATE).raise_for_status()
    world.account.elasticsearch("DELETE", STAND_IN).raise_for_status()


def _concurrency(world: World, reserved: int | None) -> None:
    functions, name = world.client("lambda"), f"{NAME}-shipper"
    if reserved is None:
        functions.delete_function_concurrency(FunctionName=name)
    else:
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)


PUT = "cloudwatch:PutMetricData"
FAULTS = [
    Fault("subscription removed", "subscription", "not subscribed", _unsubscribe, lambda world: world.stack.sweep()),
    Fault(
        "shipper throttled",
        "shipper",
        "reserved concurrency is 0",
        lambda world: _concurrency(world, 0),
        lambda world: _concurrency(world, None),
    ),
    Fault(
        "secret wrong",
        "secret",
        "refuses the login",
        lambda world: world.set_login({**world.login, "password": "wrong-4711"}),
        lambda world: world.set_login(world.login),
    ),
    Fault(
        "Elasticsearch down",
        "elasticsearch",
        "unavailable",
        lambda world: world.relay.cut(),
        lambda world: world.relay.mend(),
    ),
    Fault(
        "Elasticsearch read-only",
        "read-only",
        "write",
        lambda world: _block(world, True),  # the value of a setting
        lambda world: _block(world, None),
    ),
    Fault("template missing", "templates", "logs-watchpost.app", _remove_template, _put_template_back),
    Fault(
        "metrics of the canary refused",
        "metrics",
        "of the canary: AccessDenied",
        lambda world: world.deny("canary", PUT),
        lambda world: world.allow("canary"),
    ),
    Fault(
        "metrics of the shipper refused",
        "metrics",
        "of the shipper: AccessDenied",
        lambda world: world.deny("shipper", PUT),
        lambda world: world.allow("shipper"),
    ),
]


def told(world: World, subject: str) -> dict[str, Any]:
    """The message about something, when it is all that the canary told the fallback topic."""
    mine = [one for one in world.messages("FallbackTopic") if one["Subject"].startswith("[watchpost]")]
    # A run by schedule may have been under way when the schedule was switched off, and have told the same.
    assert {one["Subject"] for one in mine} == {subject}
    return mine[0]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_broken_joint_is_noticed_named_and_told(world: World, fault: Fault, request: pytest.FixtureRequest) -> None:
    """By mail, which needs neither the shipper, nor Elasticsearch, nor CloudWatch's metrics, nor the notifier."""
    # given a pipeline that was well
    world.messages("FallbackTopic")
    world.pings.clear()

    # when the joint breaks
    fault.snap(world)
    try:
        result = world.run()
    finally:
        fault.mend(world)

    # then it is named, and it alone, and the address outside is not asked for
    assert result["state"] == "broken"
    assert [one["joint"] for one in result["joints"]] == [fault.joint]
    assert fault.says in result["joints"][0]["seen"]
    assert (result["heartbeat"], world.pings) == ("withheld", [])

    # and somebody is told, with what to do
    message = told(world, f"[watchpost] {NAME}: the pipeline is broken: {fault.joint}")
    assert fault.says in message["Message"]
    assert result["joints"][0]["todo"] in message["Message"]
    assert world.login["password"] not in message["Message"]
    row = (fault.name, fault.joint, result["joints"][0]["seen"][:100])
    tables.add(request, "broken joints", [row], ("broken", "named", "what the canary says"))

    # and when it is mended, that too. S3 knows whole seconds: what the shipper kept in this one would count again.
    over = int(time.time()) + 1
    eventually(lambda: time.time() >= over, "the next second")
    again = world.run()
    assert (again["state"], again["heartbeat"], world.pings) == ("well", "pinged", [HEARTBEAT]), again
    told(world, f"[watchpost] {NAME}: the pipeline is well again")


def test_doctor_says_what_the_canary_saw_last(world: World) -> None:
    world.run()

    done = world.stack.command("doctor", "--only", "canary")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "its line arrived after" in done.stdout


def test_a_line_goes_through_the_stream_too(account: Account) -> None:
    """With Delivery=kinesis. What CloudWatch Logs puts into the stream is put there by the test."""
    with deployed(account, STREAMING, STREAMING_REGION, "cage2", Delivery="kinesis") as world, logs_to_stream(world):
        [destination] = world.stack.filters(names.canary_log_group(STREAMING)).values()
        assert destination == f"arn:aws:kinesis:{STREAMING_REGION}:{emulator.ACCOUNT}:stream/{STREAMING}-logs"

        result = world.run()

        assert (result["state"], result["heartbeat"], result["removed"]) == ("well", "pinged", 1), result
        assert world.pings == [HEARTBEAT]
