"""The search for secrets at the end of the acceptance run finds what it looks for, wherever it stands.

The search itself is in tests/secret_search.py; tests/conftest.py has it run before the account is stopped.
"""

from __future__ import annotations

import base64
import gzip
import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests import secret_search, secrets_seen
from tests.secrets_seen import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.account import Account

REGION = "me-central-1"  # nothing else is here
NAME = f"planted-{uuid.uuid4().hex[:8]}"
INDEX = f"planted-{uuid.uuid4().hex[:8]}"
ALARM = {
    "Namespace": "N",
    "MetricName": "m",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
TEMPLATE = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
BUS = {"EventPattern": '{"source": ["nobody"]}'}


def _log(account: Account, secret: str) -> None:
    logs = account.client("logs", REGION)
    logs.create_log_group(logGroupName=NAME)
    logs.create_log_stream(logGroupName=NAME, logStreamName="s")
    events = [{"timestamp": secret_search.now_ms(), "message": f"url=http://u:{secret}@host"}]
    logs.put_log_events(logGroupName=NAME, logStreamName="s", logEvents=events)


def _metric(account: Account, secret: str) -> None:
    datum: dict[str, Any] = {"MetricName": "m", "Value": 1.0, "Dimensions": [{"Name": "d", "Value": secret}]}
    account.client("cloudwatch", REGION).put_metric_data(Namespace="Planted", MetricData=[datum])


def _alarm(account: Account, secret: str) -> None:
    account.client("cloudwatch", REGION).put_metric_alarm(AlarmName=NAME, AlarmDescription=f"see {secret}", **ALARM)


def _dashboard(account: Account, secret: str) -> None:
    widget = {"type": "text", "x": 0, "y": 0, "width": 6, "height": 6, "properties": {"markdown": secret}}
    body = json.dumps({"widgets": [widget]})
    account.client("cloudwatch", REGION).put_dashboard(DashboardName=NAME, DashboardBody=body)


def _letter(account: Account, secret: str) -> None:
    s3 = account.client("s3")
    s3.create_bucket(Bucket=NAME)
    login = base64.b64encode(f"watchpost:{secret}".encode()).decode()
    letter = {"kind": "document", "original": {"headers": f"Basic {login}"}}
    s3.put_object(Bucket=NAME, Key="dead-letters/a.gz", Body=gzip.compress(json.dumps(letter).encode()))


def _document(account: Account, secret: str) -> None:
    account.elasticsearch("POST", f"{INDEX}/_doc", json={"message": f'a "{secret}"'}).raise_for_status()


def _stack(account: Account, secret: str) -> None:
    template = {**TEMPLATE, "Parameters": {"P": {"Type": "String"}}}
    cloudformation = account.client("cloudformation", REGION)
    parameters = [{"ParameterKey": "P", "ParameterValue": secret}]
    cloudformation.create_stack(StackName=NAME, TemplateBody=json.dumps(template), Parameters=parameters)


def _parameter(account: Account, secret: str) -> None:
    account.client("ssm", REGION).put_parameter(Name=f"/{NAME}/x", Value=f'{{"a": "{secret}"}}', Type="String")


def _table(account: Account, secret: str) -> None:
    dynamodb = account.client("dynamodb", REGION)
    about = {"KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
    dynamodb.create_table(TableName=NAME, AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}], **about)
    dynamodb.put_item(TableName=NAME, Item={"k": {"S": "1"}, "v": {"S": secret}})


def _queue(account: Account, secret: str) -> None:
    sqs = account.client("sqs", REGION)
    url = sqs.create_queue(QueueName=NAME)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=secret.encode().hex())


def _rule(account: Account, secret: str) -> None:
    events = account.client("events", REGION)
    events.put_rule(Name=NAME, **BUS)
    target = {"Id": "1", "Arn": f"arn:aws:sqs:{REGION}:000000000000:{NAME}", "Input": json.dumps({"token": secret})}
    events.put_targets(Rule=NAME, Targets=[target])


def _file(account: Account, secret: str) -> None:
    (account.state.run / f"{NAME}.log").write_text(f"+ curl -H 'authorization: ApiKey {secret}'\n")


def _message(account: Account, secret: str) -> None:
    secrets_seen.shown(NAME, json.dumps({"text": f"{secret} rings"}))


PLANTS: dict[str, Callable[[Account, str], None]] = {
    f"log group {NAME} ({REGION})": _log,
    f"metrics ({REGION})": _metric,
    f"alarm {NAME} ({REGION})": _alarm,
    f"dashboard {NAME} ({REGION})": _dashboard,
    f"object s3://{NAME}/dead-letters/a.gz": _letter,
    f"document in {INDEX}": _document,
    f"stack {NAME} ({REGION})": _stack,
    f"parameter /{NAME}/x ({REGION})": _parameter,
    f"table {NAME} ({REGION})": _table,
    f"queue {NAME} ({REGION})": _queue,
    f"rule {NAME} ({REGION})": _rule,
    f"file run/{NAME}.log": _file,
    NAME: _message,
}


@pytest.fixture(scope="module")
def told(account: Account) -> list[str]:
    """What the search says of an account in which one secret stands in every kind of place."""
    secret = f"Planted+{uuid.uuid4().hex}/x"
    for plant in PLANTS.values():
        plant(account, secret)
    wrong = secret_search.found([Secret(secret, "the planted secret")], secret_search.places(account))
    assert not any(secret in one for one in wrong), "a secret is told whole"
    return wrong


@pytest.mark.parametrize("place", PLANTS, ids=[plant.__name__.strip("_") for plant in PLANTS.values()])
def test_a_secret_is_found_in_every_kind_of_place(told: list[str], place: str) -> None:
    assert [one for one in told if one.endswith(f" in {place}")] != []


def test_a_secret_is_found_nowhere_else(told: list[str]) -> None:
    assert {one.partition(" in ")[2] for one in told} == {*PLANTS}


def test_the_secrets_of_the_run_are_known_to_the_search(account: Account) -> None:
    """A search without anything to look for finds nothing either."""
    told = [secret.what for secret in secret_search.secrets_of(account)]

    assert "the administrator's password" in told
    assert any(what.endswith(".password") for what in told)
