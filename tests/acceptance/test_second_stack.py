"""A second stack in the same account, without its Elasticsearch: it deploys, loses nothing, and leaves nothing."""

from __future__ import annotations

import gzip
import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from local import emulator
from tests.acceptance.helpers import filters, published, subscription_event
from tests.acceptance.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.account import Account

NAME = "second"


@pytest.fixture(scope="module")
def group(account: Account) -> str:
    """A log group that no event told about."""
    name = f"/test/unannounced-{uuid.uuid4().hex[:8]}"
    account.client("logs").create_log_group(logGroupName=name, tags={"service": "quiet"})
    return name


@pytest.fixture(scope="module")
def outputs(account: Account, group: str) -> Iterator[dict[str, str]]:
    """A deployed second stack."""
    _region(account).deploy(Delivery="kinesis")
    outputs = account.outputs(NAME)
    login = json.dumps({"username": "somebody", "password": "something"})
    account.client("secretsmanager").put_secret_value(SecretId=outputs["ElasticsearchSecret"], SecretString=login)
    yield outputs
    _region(account).delete()


def _region(account: Account) -> Region:
    return Region(account, NAME, emulator.REGION)


def _letters(account: Account, bucket: str) -> list[dict[str, Any]]:
    s3 = account.client("s3")
    found = s3.list_objects_v2(Bucket=bucket, Prefix="dead-letters/").get("Contents", [])
    keys = [item["Key"] for item in found]
    bodies = [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys]
    return [json.loads(line) for body in bodies for line in gzip.decompress(body).splitlines()]


def test_the_deployment_succeeds_while_elasticsearch_is_down(account: Account, outputs: dict[str, str]) -> None:
    described = account.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"]

    assert described[0]["StackStatus"] == "CREATE_COMPLETE"


def test_a_deployment_subscribes_the_groups_that_were_there(
    account: Account, outputs: dict[str, str], group: str
) -> None:
    assert filters(account, group) == ["watchpost.service=quiet"]


def test_with_kinesis_the_filters_point_to_the_stream_with_a_role_for_it(
    account: Account, outputs: dict[str, str], group: str
) -> None:
    (found,) = account.client("logs").describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
    described = account.client("kinesis").describe_stream_summary(StreamName=f"{NAME}-logs")

    assert found["destinationArn"] == described["StreamDescriptionSummary"]["StreamARN"]
    assert f"role/{NAME}-StreamRole" in found["roleArn"]


def test_lines_are_kept_and_metrics_published_while_elasticsearch_is_down(
    account: Account, outputs: dict[str, str]
) -> None:
    # given a shipper whose Elasticsearch does not answer
    service = f"svc-{uuid.uuid4().hex[:8]}"
    lines = ["one line", "MONITORING|7|Count|things|test"]
    event = subscription_event("/test/outage", lines, filter_name=f"watchpost.service={service}")

    # when it is invoked
    account.invoke(outputs["ShipperFunction"], event)

    # then both documents are in the dead letters, with the reason
    kept = [letter for letter in _letters(account, outputs["DeadLetterBucket"]) if service in json.dumps(letter)]
    assert len(kept) == 2
    assert {letter["kind"] for letter in kept} == {"document"}
    assert all(letter["reason"].startswith("Elasticsearch is unavailable") for letter in kept)

    # and the metric is in CloudWatch
    assert published(account, "things", service) == (7, 1)


def test_an_invocation_that_can_neither_deliver_nor_keep_fails(account: Account, outputs: dict[str, str]) -> None:
    # given a shipper without Elasticsearch whose bucket does not exist
    functions, name = account.client("lambda"), outputs["ShipperFunction"]
    before = functions.get_function_configuration(FunctionName=name)["Environment"]
    broken = {"Variables": {**before["Variables"], "DEAD_LETTER_BUCKET": "no-such-bucket-here"}}
    functions.update_function_configuration(FunctionName=name, Environment=broken)

    # when it is invoked
    payload = json.dumps(subscription_event("/test/outage", ["a line"])).encode()
    answer = functions.invoke(FunctionName=name, Payload=payload)

    # then the invocation does not count as done
    try:
        assert answer.get("FunctionError")
    finally:
        functions.update_function_configuration(FunctionName=name, Environment=before)


def test_the_filters_of_the_first_stack_are_left_alone(account: Account, outputs: dict[str, str]) -> None:
    # given a log group that both stacks subscribe
    first, logs = account.outputs(), account.client("logs")
    shared = f"/test/shared-{uuid.uuid4().hex[:8]}"
    logs.create_log_group(logGroupName=shared)
    account.invoke(first["SubscriberFunction"], {"action": "sweep"})

    # when the second one sweeps
    account.invoke(outputs["SubscriberFunction"], {"action": "sweep"})

    # then the first one's filters are there, and nothing is subscribed that is a stack's own
    groups = [
        item["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate()
        for item in page["logGroups"]
    ]
    held = [
        item["destinationArn"].removesuffix(":live").rsplit(":", 1)[-1]
        for name in groups
        for item in logs.describe_subscription_filters(logGroupName=name)["subscriptionFilters"]
    ]

    assert first["ShipperFunction"] in held
    logs.delete_log_group(logGroupName=shared)
    own = [name for name in groups if name.startswith(("/aws/lambda/watchpost-", "/aws/lambda/second-"))]
    assert [name for name in own if name.count("-") == 1 and filters(account, name)] == []


def test_deleting_the_stack_leaves_none_of_its_filters_alarms_and_dashboards(account: Account, group: str) -> None:
    # given a second stack that was deployed and deleted (by its fixture, or here when this test runs alone)
    _region(account).deploy(Delivery="kinesis")
    assert filters(account, group)

    _region(account).delete()

    assert filters(account, group) == []
    cloudwatch = account.client("cloudwatch")
    assert cloudwatch.describe_alarms(AlarmNamePrefix=f"{NAME}/")["MetricAlarms"] == []
    assert cloudwatch.list_dashboards(DashboardNamePrefix=f"{NAME}-")["DashboardEntries"] == []
