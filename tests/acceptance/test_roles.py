"""Each role may do what its function needs, and the account enforces that it may do no more."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from local.state import tool
from tests.acceptance.helpers import client_as

if TYPE_CHECKING:
    from local.account import Account


def _refused(call: Any, **arguments: Any) -> bool:
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException"}
    return False


def test_the_shipper_may_publish_metrics_and_no_alarms(account: Account) -> None:
    cloudwatch = client_as(account, "shipper", "cloudwatch")
    datum = {"MetricName": "m", "Value": 1.0, "Dimensions": [{"Name": "Service", "Value": "roles-test"}]}

    cloudwatch.put_metric_data(Namespace="Watchpost", MetricData=[datum])

    assert _refused(cloudwatch.put_metric_data, Namespace="AnotherNamespace", MetricData=[datum])
    assert _refused(cloudwatch.describe_alarms)


def test_the_shipper_may_write_dead_letters_and_not_read_them(account: Account) -> None:
    s3, bucket = client_as(account, "shipper", "s3"), account.outputs()["DeadLetterBucket"]

    s3.put_object(Bucket=bucket, Key="dead-letters/roles-test", Body=b"")

    assert _refused(s3.put_object, Bucket=bucket, Key="config/roles-test", Body=b"")
    assert _refused(s3.get_object, Bucket=bucket, Key="dead-letters/roles-test")
    assert _refused(s3.delete_object, Bucket=bucket, Key="dead-letters/roles-test")
    account.client("s3").delete_object(Bucket=bucket, Key="dead-letters/roles-test")


@pytest.mark.parametrize(
    ("component", "may", "may_not"),
    [
        ("shipper", "ElasticsearchSecret", "NotificationSecret"),
        ("provisioner", "ElasticsearchSecret", "NotificationSecret"),
        ("replay", "ElasticsearchSecret", "NotificationSecret"),
    ],
)
def test_each_function_may_read_its_own_secret_only(account: Account, component: str, may: str, may_not: str) -> None:
    secrets, outputs = client_as(account, component, "secretsmanager"), account.outputs()

    assert secrets.get_secret_value(SecretId=outputs[may])["SecretString"]

    assert _refused(secrets.get_secret_value, SecretId=outputs[may_not])


def test_the_notifier_may_read_the_secrets_of_receivers_and_of_evidence_only(account: Account) -> None:
    secrets, outputs = client_as(account, "notifier", "secretsmanager"), account.outputs()
    foreign = account.client("secretsmanager").create_secret(Name="somebody-elses", SecretString="{}")["ARN"]

    for may in ("NotificationSecret", "ElasticsearchSecret"):
        assert secrets.get_secret_value(SecretId=outputs[may])["SecretString"]

    assert _refused(secrets.get_secret_value, SecretId=foreign)


def test_the_canary_may_read_both_secrets_and_items_by_their_key_only(account: Account) -> None:
    outputs = account.outputs()
    secrets, table = client_as(account, "canary", "secretsmanager"), client_as(account, "canary", "dynamodb")

    for may in ("NotificationSecret", "ElasticsearchSecret"):
        assert secrets.get_secret_value(SecretId=outputs[may])["SecretString"]
    table.get_item(TableName=outputs["IncidentTable"], Key={"pk": {"S": "canary"}})

    assert _refused(table.scan, TableName=outputs["IncidentTable"])
    # That the key is its own is for AWS to enforce: the emulator knows no keys in conditions.


def test_the_provisioner_may_touch_its_own_alarms_only(account: Account) -> None:
    cloudwatch = client_as(account, "provisioner", "cloudwatch")

    assert _refused(cloudwatch.delete_alarms, AlarmNames=["somebody-elses"])


@pytest.mark.parametrize("name", ["watchpost/roles/test", "somebody-elses"])
def test_the_provisioner_may_make_alarms_that_tell_the_stacks_topics_and_do_nothing_else(
    account: Account, name: str
) -> None:
    cloudwatch = client_as(account, "provisioner", "cloudwatch")
    stops = f"arn:aws:automate:{cloudwatch.meta.region_name}:ec2:stop"

    assert _refused(
        cloudwatch.put_composite_alarm, AlarmName=name, AlarmRule='ALARM("watchpost/x")', AlarmActions=[stops]
    )


@pytest.mark.parametrize("component", ["shipper", "provisioner", "notifier"])
def test_only_the_subscriber_may_subscribe(account: Account, component: str) -> None:
    logs = client_as(account, component, "logs")

    assert _refused(
        logs.put_subscription_filter,
        logGroupName="/test/roles",
        filterName="f",
        filterPattern="",
        destinationArn="arn:aws:lambda:us-east-1:000000000000:function:watchpost-shipper",
    )


def test_the_doctor_finds_that_every_role_allows_what_its_function_needs(account: Account) -> None:
    environment = {"PATH": os.environ["PATH"], **account.state.read_env()}
    command = [tool("project", "watchpost"), "doctor", "--json"]

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    [found] = [check for check in json.loads(done.stdout)["checks"] if check["name"] == "roles"]
    assert found["status"] == "ok", found
