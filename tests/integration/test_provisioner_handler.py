"""The handler as Lambda calls it: its environment, its clients, its log."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import requests
from provisioner import events, handler
from provisioner.deadline import RESERVE
from watchpost import aws, settings
from watchpost.errors import PayloadError
from watchpost.settings import Settings

from tests.integration.lambda_context import Context
from tests.integration.services_account.account import make_ledger
from tests.unit.provisioner.world import prepared

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from provisioner.run import Account

NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing listens there
PARAMETER = "/watchpost/wp/config"
CONTEXT = Context("wp-provisioner", seconds=300, log_stream_name="the-stream")


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Account]:
    """The environment of the deployed function, with nothing kept of other tests."""
    with prepared(monkeypatch, tmp_path) as world:
        world.function("orders-api")
        own = {"elasticsearch_url": NOWHERE, "elasticsearch_secret": "search", "config_parameter": PARAMETER}
        for name in Settings.__slots__:
            monkeypatch.setenv(name.upper(), own.get(name, getattr(world.account.settings, name)))
        boto3.client("ssm").put_parameter(Name=PARAMETER, Value="{}", Type="String")
        make_ledger(world.account.settings.ledger_table)
        boto3.client("secretsmanager").create_secret(Name="search", SecretString="{}")
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", NOWHERE)
        kept = (settings.current, aws.client, aws.ssm, aws.secrets)
        for cached in kept:
            cached.cache_clear()
        yield world.account
        for cached in kept:
            cached.cache_clear()


def _of_orders(result: dict[str, Any]) -> list[str]:
    """The alarms that would be made of the service; Watchpost's own come besides."""
    return [change["name"] for change in result["alarms"]["created"] if change["name"].startswith("wp/orders/")]


def test_the_handler_plans_with_the_definitions_that_are_installed(deployed: Account) -> None:
    result = handler.lambda_handler({"action": "plan"}, CONTEXT)

    assert len(_of_orders(result)) == 7
    assert [item["name"] for item in result["dashboards"]["created"]] == ["wp-orders", "wp-watchpost", "wp-overview"]
    assert result["templates"]["failed"][0]["name"] == "elasticsearch"
    assert deployed.cloudwatch.describe_alarms()["MetricAlarms"] == []


def test_the_handler_reads_a_configuration_that_was_just_pushed(deployed: Account) -> None:
    handler.lambda_handler({"action": "plan"}, CONTEXT)
    pushed = '{"alarms": {"lambda.throttles": {"enabled": false}}}'
    boto3.client("ssm").put_parameter(Name=PARAMETER, Value=pushed, Type="String", Overwrite=True)

    result = handler.lambda_handler({"action": "plan"}, CONTEXT)

    assert len(_of_orders(result)) == 6


def test_the_handler_refuses_what_it_does_not_know(deployed: Account) -> None:
    with pytest.raises(PayloadError, match="unknown action"):
        handler.lambda_handler({"action": "destroy"}, CONTEXT)


def test_a_deployment_does_not_wait_for_all_that_a_run_may_take(
    deployed: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given that deployments wait for less than a run leaves free at its end, and not for the 300 s of the invocation
    monkeypatch.setattr(events, "DEPLOYMENT", RESERVE - 1)
    request = {
        "RequestType": "Create",
        "ResponseURL": f"{NOWHERE}/secret",
        "StackId": "arn:stack",
        "RequestId": "1",
        "LogicalResourceId": "Provisioning",
    }

    with pytest.raises(requests.RequestException):
        handler.lambda_handler(request, CONTEXT)

    assert deployed.cloudwatch.describe_alarms()["MetricAlarms"] == []


def test_the_log_tells_the_result_and_no_secret_address(deployed: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever knows the address can answer in our place."""
    output = io.StringIO()
    monkeypatch.setattr(handler.logger.registered_handler, "stream", output)
    request = {
        "RequestType": "Create",
        "ResponseURL": f"{NOWHERE}/secret",
        "StackId": "arn:stack",
        "RequestId": "1",
        "LogicalResourceId": "Provisioning",
    }

    # Nobody takes the answer, so that Lambda tries again.
    with pytest.raises(requests.RequestException) as caught:
        handler.lambda_handler(request, CONTEXT)

    lines = [json.loads(line) for line in output.getvalue().splitlines()]
    [told] = [line["result"] for line in lines if line["message"] == "reconciled"]
    assert told["alarms"]["created"] == 7
    assert "wp/orders/orders-api/errors" in told["examples"]["alarms"]["created"]
    assert told["without_alarm"]["no stream source"] == 1
    assert [line["level"] for line in lines if "left to the schedule" in line["message"]] == ["WARNING"]
    # (by this the shipper knows Watchpost's own functions)
    assert {line["service"] for line in lines} == {"watchpost-provisioner"}
    assert NOWHERE + "/secret" not in output.getvalue() + str(caught.value)
