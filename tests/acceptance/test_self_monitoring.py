"""Watchpost watches itself: its own alarms and dashboard, traces, and what shipping costs, in a region of their own."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from watchpost.names import COMPONENTS

from tests.acceptance import readback
from tests.acceptance.helpers import eventually
from tests.acceptance.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.account import Account

NAME, REGION = "own", "ca-central-1"
PIPELINE = f"{NAME}/watchpost/pipeline"


@pytest.fixture(scope="module")
def world(account: Account) -> Iterator[Region]:
    """A stack with traces and a stream, whose provisioner ran once after the deployment."""
    world = Region(account, NAME, REGION)
    world.logs.create_log_group(logGroupName="/team/orders-log", tags={"service": "orders"})
    url = urlsplit(account.elasticsearch_url)
    address = f"{url.scheme}://{url.hostname}:{url.port}"
    world.deploy(ElasticsearchUrl=address, Tracing="Active", Delivery="kinesis")
    login = json.dumps({"username": url.username, "password": url.password})
    account.client("secretsmanager", REGION).put_secret_value(
        SecretId=world.outputs["ElasticsearchSecret"], SecretString=login
    )
    world.account.invoke(world.outputs["ProvisionerFunction"], {"action": "apply"}, REGION)
    yield world
    world.delete()


def test_every_function_of_a_traced_stack_sends_traces(world: Region) -> None:
    functions = world.account.client("lambda", REGION)

    modes = {
        component: functions.get_function_configuration(FunctionName=f"{NAME}-{component}")["TracingConfig"]["Mode"]
        for component in COMPONENTS
    }

    assert modes == dict.fromkeys(COMPONENTS, "Active")


def test_the_pipeline_the_functions_queues_tables_and_the_stream_have_alarms(world: Region) -> None:
    readback.check(world.account.client("cloudwatch", REGION), NAME)
    alarms = world.alarms()

    found = {name.split("/")[2] for name in alarms if name.startswith(f"{NAME}/watchpost/")}
    functions = {f"{NAME}-{component}" for component in COMPONENTS}
    assert found >= {"pipeline", "service", f"{NAME}-announcements", *functions}
    assert alarms[f"{NAME}/watchpost/{NAME}-shipper/iterator-age"]["Threshold"] == 60_000
    assert alarms[f"{PIPELINE}/lag"]["Dimensions"] == [{"Name": "Stack", "Value": NAME}]


def test_alarms_about_the_notifier_go_past_it(world: Region) -> None:
    alarms, outputs = world.alarms(), world.outputs

    own = {name: alarm for name, alarm in alarms.items() if name.startswith(f"{NAME}/watchpost/{NAME}-notifier/")}
    assert own
    assert all(alarm["AlarmActions"] == [outputs["FallbackTopic"]] for alarm in own.values())
    assert f"{NAME}-notifier" not in alarms[f"{NAME}/watchpost/service/unhealthy"]["AlarmRule"]
    assert alarms[f"{PIPELINE}/lag"]["AlarmActions"] == [outputs["WarningTopic"]]


def test_the_templates_alarms_are_there_once_and_stay(world: Region) -> None:
    """They watch what makes the others, so the provisioner neither makes, changes nor deletes them."""
    before = world.alarms()
    assert f"{NAME}/watchpost/provisioner/fails" in before
    assert f"{NAME}/watchpost/{NAME}-provisioner/errors" not in before

    answer = world.account.invoke(world.outputs["ProvisionerFunction"], {"action": "apply"}, REGION)

    assert (answer["alarms"]["created"], answer["alarms"]["updated"], answer["alarms"]["deleted"]) == ([], [], [])
    assert world.alarms().keys() == before.keys()


def test_a_dead_letter_rings_the_templates_alarm(world: Region) -> None:
    """CloudWatch would make this datapoint of the line that the shipper prints; the emulator makes none."""
    datum = {"MetricName": "DeadLettered", "Value": 1, "Dimensions": [{"Name": "Stack", "Value": NAME}]}
    world.account.client("cloudwatch", REGION).put_metric_data(Namespace="Watchpost/Pipeline", MetricData=[datum])

    def state() -> str:
        return str(world.alarms()[f"{NAME}/watchpost/shipper/dead-letters"]["StateValue"])

    eventually(lambda: state() == "ALARM", "the alarm of dead letters")


def test_a_deployment_leaves_watchposts_own_alarms_and_dashboard_as_they_are(world: Region) -> None:
    """Its resources are changed at the same time. A stack's first deployment makes none of them, the next run does."""
    cloudwatch, before = world.account.client("cloudwatch", REGION), world.alarms().keys()
    functions, name = world.account.client("lambda", REGION), f"{NAME}-provisioner"
    before_it = functions.get_function_configuration(FunctionName=name)

    url = urlsplit(world.account.elasticsearch_url)
    address = f"{url.scheme}://{url.hostname}:{url.port}"
    world.deploy(ElasticsearchUrl=address, Delivery="kinesis", KibanaSpace="another", Tracing="PassThrough")

    assert functions.get_function_configuration(FunctionName=name)["TracingConfig"]["Mode"] == "PassThrough"
    assert before_it["TracingConfig"]["Mode"] == "Active"
    assert world.alarms().keys() == before
    bodies = cloudwatch.list_dashboards(DashboardNamePrefix=f"{NAME}-")["DashboardEntries"]
    assert {f"{NAME}-watchpost", f"{NAME}-overview"} <= {one["DashboardName"] for one in bodies}


def test_the_command_tells_what_shipping_costs_by_service(world: Region) -> None:
    # given an hour of lines, in figures that AWS and the shipper would have published
    cloudwatch, at = world.account.client("cloudwatch", REGION), datetime.now(UTC) - timedelta(minutes=30)

    def publish(namespace: str, name: str, value: float, **dimensions: str) -> None:
        where = [{"Name": key, "Value": text} for key, text in dimensions.items()]
        datum = {"MetricName": name, "Value": value, "Timestamp": at, "Dimensions": where}
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=[datum])

    publish("Watchpost", "LogLines", 3000, Service="orders")
    publish("AWS/Lambda", "Invocations", 100, FunctionName=f"{NAME}-shipper")
    publish("AWS/Lambda", "Duration", 50_000, FunctionName=f"{NAME}-shipper")
    publish("AWS/Logs", "IncomingBytes", 1_000_000, LogGroupName="/team/orders-log")

    # when somebody asks
    asked = world.command("cost", "--since", "1h", "--json")

    # then the service has its lines, bytes and share
    assert asked.returncode == 0, asked.stdout + asked.stderr
    (orders,) = [one for one in json.loads(asked.stdout)["services"] if one["service"] == "orders"]
    assert (orders["lines"], orders["bytes"], orders["share"]) == (3000, 1_000_000, 1.0)
    assert orders["usd"]["total"] > orders["usd"]["metrics"] > 0
