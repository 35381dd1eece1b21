"""Alarms and dashboards of services in a region of their own, through the deployed provisioner and the command."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.acceptance import readback
from tests.acceptance.helpers import archive, eventually
from tests.acceptance.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.account import Account

NAME, REGION = "fifth", "us-west-2"
FUNCTIONS = ("shop-api", "shop-worker")
UNHEALTHY = f"{NAME}/shop/service/unhealthy"


def _function(account: Account, name: str, role: str) -> None:
    account.client("lambda", REGION).create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": archive()},
        Tags={"service": "shop"},
        Timeout=10,
    )


@pytest.fixture(scope="module")
def world(account: Account) -> Iterator[Region]:
    """A stack that was deployed when a service of functions, queues, a topic and a table was there already."""
    world = Region(account, NAME, REGION)
    shipper = account.outputs()["ShipperFunction"]
    role = account.client("lambda").get_function_configuration(FunctionName=shipper)["Role"]
    for name in FUNCTIONS:
        _function(account, name, role)
    sqs = account.client("sqs", REGION)
    dead = sqs.create_queue(QueueName="shop-dead", tags={"service": "shop"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    sqs.create_queue(QueueName="shop-orders", tags={"service": "shop"}, Attributes={"RedrivePolicy": redrive})
    account.client("sns", REGION).create_topic(Name="shop-events", Tags=[{"Key": "service", "Value": "shop"}])
    account.client("dynamodb", REGION).create_table(
        TableName="shop-items",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=[{"Key": "service", "Value": "shop"}],
    )
    account.client("cloudwatch", REGION).put_metric_alarm(
        AlarmName=f"{NAME}/somebody/elses/alarm",
        Namespace="Custom",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    url = urlsplit(account.elasticsearch_url)
    world.deploy(ElasticsearchUrl=f"{url.scheme}://{url.hostname}:{url.port}")
    login = json.dumps({"username": url.username, "password": url.password})
    account.client("secretsmanager", REGION).put_secret_value(
        SecretId=world.outputs["ElasticsearchSecret"], SecretString=login
    )
    yield world
    world.delete()


def _run(world: Region) -> dict[str, Any]:
    """One run of the deployed provisioner; what it leaves is checked by CloudWatch's documented limits."""
    answer = dict(world.account.invoke(world.outputs["ProvisionerFunction"], {"action": "apply"}, REGION))
    alarms, dashboards = readback.check(world.account.client("cloudwatch", REGION), NAME)
    assert alarms > len(FUNCTIONS)
    assert dashboards >= 2
    return answer


def _changed(answer: dict[str, Any]) -> dict[str, list[str]]:
    kinds = ("created", "updated", "deleted")
    return {kind: [item["name"] for item in answer["alarms"][kind]] for kind in kinds}


def test_the_deployment_made_alarms_for_every_kind_of_resource_and_one_that_pages(world: Region) -> None:
    alarms = world.alarms()

    resources = {name.split("/")[2] for name in alarms if name.startswith(f"{NAME}/shop/")}
    assert {*FUNCTIONS, "shop-orders", "shop-dead", "shop-events", "shop-items", "logs", "service"} <= resources
    rule = alarms[UNHEALTHY]["AlarmRule"]
    assert f'"{NAME}/shop/shop-api/error-rate"' in rule
    assert alarms[f"{NAME}/shop/shop-api/error-rate"].get("AlarmActions", []) == []
    assert alarms[UNHEALTHY]["AlarmActions"] == [world.outputs["CriticalTopic"]]
    bodies = world.account.client("cloudwatch", REGION).list_dashboards(DashboardNamePrefix=f"{NAME}-")
    assert {f"{NAME}-shop", f"{NAME}-overview"} <= {one["DashboardName"] for one in bodies["DashboardEntries"]}


def test_a_second_run_writes_nothing_and_the_plan_says_so(world: Region) -> None:
    # given the run after the deployment, which puts Watchpost's own alarms
    _run(world)

    answer = _run(world)
    planned = world.command("plan")

    assert _changed(answer) == {"created": [], "updated": [], "deleted": []}
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert "Nothing to change" in planned.stdout


def test_a_changed_timeout_changes_one_alarm(world: Region) -> None:
    world.account.client("lambda", REGION).update_function_configuration(FunctionName="shop-api", Timeout=20)

    planned = world.command("plan", "--json")
    answer = _run(world)

    assert planned.returncode == 1
    assert _changed(answer)["updated"] == [f"{NAME}/shop/shop-api/duration"]
    assert world.alarms()[f"{NAME}/shop/shop-api/duration"]["Threshold"] == 18_000


def test_what_was_changed_by_hand_is_put_back_and_what_is_foreign_is_left(world: Region) -> None:
    foreign = f"{NAME}/somebody/elses/alarm"
    before = world.alarms()
    edited = before[f"{NAME}/shop/shop-worker/throttles"]
    cloudwatch = world.account.client("cloudwatch", REGION)
    cloudwatch.put_metric_alarm(
        AlarmName=edited["AlarmName"],
        Namespace=edited["Namespace"],
        MetricName=edited["MetricName"],
        Dimensions=edited["Dimensions"],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=5,
        Threshold=1_000_000,
        ComparisonOperator="GreaterThanThreshold",
    )

    answer = _run(world)

    assert _changed(answer)["updated"] == [edited["AlarmName"]]
    assert world.alarms()[edited["AlarmName"]]["Threshold"] == edited["Threshold"]
    assert world.alarms()[foreign]["Threshold"] == 1


def test_a_tag_on_the_resource_changes_its_alarm(world: Region) -> None:
    arn = f"arn:aws:lambda:{REGION}:000000000000:function:shop-worker"
    world.account.client("lambda", REGION).tag_resource(Resource=arn, Tags={"watchpost:errors": "7"})

    answer = _run(world)

    assert _changed(answer)["updated"] == [f"{NAME}/shop/shop-worker/errors"]
    assert world.alarms()[f"{NAME}/shop/shop-worker/errors"]["Threshold"] == 7


def test_a_critical_alarm_rings_by_its_service_and_ends(world: Region) -> None:
    """Of a message in the dead-letter queue AWS would publish this datapoint; the emulator publishes none."""
    cloudwatch = world.account.client("cloudwatch", REGION)

    def publish(messages: float) -> None:
        dimension = {"Name": "QueueName", "Value": "shop-dead"}
        datum = {"MetricName": "ApproximateNumberOfMessagesVisible", "Value": messages, "Dimensions": [dimension]}
        cloudwatch.put_metric_data(Namespace="AWS/SQS", MetricData=[datum])

    publish(1)
    eventually(lambda: world.alarms()[UNHEALTHY]["StateValue"] == "ALARM", "the alarm of the service")


def test_an_error_of_a_function_rings_its_own_alarm(world: Region) -> None:
    dimension = {"Name": "FunctionName", "Value": "shop-api"}
    datum = {"MetricName": "Errors", "Value": 1, "Dimensions": [dimension]}
    world.account.client("cloudwatch", REGION).put_metric_data(Namespace="AWS/Lambda", MetricData=[datum])

    def state() -> str:
        return str(world.alarms()[f"{NAME}/shop/shop-api/errors"]["StateValue"])

    eventually(lambda: state() == "ALARM", "the alarm of the function")


def test_deployments_and_changed_tags_ask_for_a_run(world: Region) -> None:
    """Requests wait for five minutes, in which AWS, other than the emulator, keeps one of equal messages only."""
    queue = world.account.client("sqs", REGION)
    url = queue.get_queue_url(QueueName=f"{NAME}-provisioning.fifo")["QueueUrl"]

    def waiting() -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
        return sum(map(int, queue.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()))

    world.send("CloudFormation Stack Status Change", {"status-details": {"status": "UPDATE_COMPLETE"}})
    for function in FUNCTIONS:
        world.send(
            "Tag Change on Resource", {"service": "lambda", "resource-type": "function", "tags": {"a": function}}
        )

    eventually(lambda: waiting() > 0, "the request for a run")


def test_a_deleted_function_takes_its_alarms_along(world: Region) -> None:
    world.account.client("lambda", REGION).delete_function(FunctionName="shop-worker")

    answer = _run(world)

    deleted = _changed(answer)["deleted"]
    assert deleted
    assert all(name.startswith(f"{NAME}/shop/shop-worker/") for name in deleted)
    assert not [name for name in world.alarms() if "/shop-worker/" in name]
    assert "shop-worker" not in world.alarms()[UNHEALTHY]["AlarmRule"]


def test_a_preview_draws_every_dashboard_as_one_page(world: Region, tmp_path: Any) -> None:
    page = tmp_path / "dashboards.html"
    datum = {
        "MetricName": "Invocations",
        "Value": 12,
        "Timestamp": datetime.now(UTC) - timedelta(minutes=30),
        "Dimensions": [{"Name": "FunctionName", "Value": "shop-api"}],
    }
    world.account.client("cloudwatch", REGION).put_metric_data(Namespace="AWS/Lambda", MetricData=[datum])

    drawn = world.command("plan", "--preview", str(page))

    assert drawn.returncode == 0, drawn.stdout + drawn.stderr
    html = page.read_text()
    assert f"{NAME}-shop" in html
    assert f"{NAME}-overview" in html
    assert "<svg" in html


def test_deleting_the_stack_takes_alarms_and_dashboards_along_and_nothing_else(world: Region) -> None:
    world.delete()

    assert set(world.alarms()) == {f"{NAME}/somebody/elses/alarm"}
    bodies = world.account.client("cloudwatch", REGION).list_dashboards(DashboardNamePrefix=f"{NAME}-")
    assert bodies["DashboardEntries"] == []
