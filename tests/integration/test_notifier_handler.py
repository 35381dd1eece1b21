"""The notifier as Lambda calls it: settings, secret and configuration from AWS, SNS events and the schedule's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from notifier import handler
from watchpost import aws, configuration, secrets, settings

from tests.integration.lambda_context import Context
from tests.integration.notifier_world import REGION, SETTINGS, VARIABLES, alarm, one_stack
from tests.integration.receivers.webhook import Webhook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.notifier_world import World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A stack, and a process that has read nothing of it yet."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name.upper(), value)
    monkeypatch.setenv("ELASTICSEARCH_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    caches = (settings.current, aws.session, aws.secrets, aws.ssm, aws.dynamodb_brief, handler._made)
    with one_stack() as found:
        for cache in caches:
            cache.cache_clear()
        secrets._kept.clear()
        configuration._sources.clear()
        yield found
    for cache in caches:
        cache.cache_clear()
    secrets._kept.clear()
    configuration._sources.clear()


@pytest.fixture
def pager() -> Iterator[Webhook]:
    with Webhook("pager") as found:
        yield found


def _configure(document: dict[str, Any]) -> None:
    boto3.client("ssm", region_name=REGION).put_parameter(
        Name=SETTINGS.config_parameter, Value=json.dumps(document), Type="String", Overwrite=True
    )


def _tells(*receivers: Webhook) -> None:
    content = json.dumps({"receivers": [receiver.entry for receiver in receivers]})
    manager = boto3.client("secretsmanager", region_name=REGION)
    try:
        manager.create_secret(Name=SETTINGS.notification_secret, SecretString=content)
    except manager.exceptions.ResourceExistsException:
        manager.put_secret_value(SecretId=SETTINGS.notification_secret, SecretString=content)


def _handle(event: Any) -> dict[str, int]:
    return handler.lambda_handler(event, Context("watchpost-notifier"))  # type: ignore[arg-type]


def test_the_handler_reads_the_receivers_from_the_secret(world: World, ops: Webhook, pager: Webhook) -> None:
    _configure({})
    _tells(ops)
    result = _handle(world.message("hello"))

    # when the receiver is changed, then the next notification goes to the new one
    _tells(pager)
    _handle(world.message("hello again"))

    assert (result["messages"], result["delivered"], result["receivers"]) == (1, 1, 1)
    assert ops.messages[0]["severity"] == "critical"
    assert [len(one.messages) for one in (ops, pager)] == [1, 1]


def test_the_handler_reads_routes_from_the_configuration(world: World, ops: Webhook, pager: Webhook) -> None:
    _configure({"notifications": {"routes": [{"severity": "critical", "to": "pager"}]}})
    _tells(ops, pager)

    _handle(world.message(alarm()))

    assert [len(one.messages) for one in (ops, pager)] == [0, 1]


def test_without_configuration_and_secret_a_message_goes_to_the_fallback_topic(world: World) -> None:
    # given a stack of which neither can be read, and an Elasticsearch that does not answer
    result = _handle(world.message(alarm()))

    assert result["undelivered"] == 1
    [told] = world.fallback()
    assert "ResourceNotFoundException" in told["Message"]
    assert "orders — errors in logs" in told["Message"]


def test_the_schedule_tells_what_waited(world: World, ops: Webhook) -> None:
    # given that it is quiet, whenever this test runs
    hours = {"am": {"from": "00:00", "to": "12:00"}, "pm": {"from": "12:00", "to": "00:00"}}
    route = {"to": "ops", "quiet_hours": ["am", "pm"]}
    _configure({"notifications": {"routes": [route], "quiet_hours": hours}})
    _tells(ops)
    assert _handle(world.message("hello", severity="warning"))["deferred"] == 1
    assert ops.messages == []

    # when that is over
    [waiting] = world.items("deferred#").values()
    world.client("dynamodb").put_item(TableName="incidents", Item={**waiting, "due": {"N": "0"}})

    # then it is told, once
    assert _handle({"deferred": True})["delivered"] == 1
    assert [one["title"] for one in ops.messages] == ["s"]
    assert _handle({"deferred": True})["delivered"] == 0
