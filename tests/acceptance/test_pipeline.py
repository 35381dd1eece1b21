"""A log line ends as a document, a metric, an alarm and a notification, through the deployed stack."""

from __future__ import annotations

import base64
import json
import time
import uuid
from typing import TYPE_CHECKING

from local.demo.receiver import receiving
from tests import secrets_seen
from tests.acceptance.helpers import (
    archive,
    dead_letters,
    documents,
    early_in_a_minute,
    eventually,
    filters,
    new_group,
    packed,
    published,
    subscription_event,
    write,
)

if TYPE_CHECKING:
    from local.account import Account


def test_a_new_log_group_subscribes_itself_and_its_lines_become_documents(account: Account) -> None:
    # given a new log group that is tagged with its service
    group = new_group(account, {"service": "checkout"})
    eventually(lambda: filters(account, group), "the subscription")
    assert filters(account, group) == ["watchpost.service=checkout"]

    # when lines are written
    write(account, group, [json.dumps({"level": "WARN", "message": "low on stock", "item": 7}), "plain text"])

    # then each is one document of that service
    found = eventually(lambda: len(documents(account, group)) >= 2 and documents(account, group), "the documents")
    assert [(item["message"], item["service"]["name"]) for item in found] == [
        ("low on stock", "checkout"),
        ("plain text", "checkout"),
    ]
    assert found[0]["log"]["level"] == "warn"
    assert found[0]["app"]["item"] == 7


def test_the_retention_of_a_group_that_never_expires_is_set(account: Account) -> None:
    group = new_group(account)
    eventually(lambda: filters(account, group), "the subscription")

    described = account.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]

    assert described[0]["retentionInDays"] == 30


def test_watchposts_own_log_groups_are_never_subscribed(account: Account) -> None:
    # given a sweep over all groups of the account
    account.invoke(account.outputs()["SubscriberFunction"], {"action": "sweep"})

    # then none of ours has a filter
    own = account.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/watchpost-")["logGroups"]
    names = [group["logGroupName"] for group in own if group["logGroupName"].count("-") == 1]
    assert len(names) >= 4
    assert [name for name in names if filters(account, name)] == []


def test_the_shipper_refuses_lines_of_its_own_log_group(account: Account) -> None:
    own = "/aws/lambda/watchpost-shipper"

    account.invoke(account.outputs()["ShipperFunction"], subscription_event(own, ["a line about a line"]))

    assert documents(account, own) == []


def test_a_payload_delivered_twice_makes_its_documents_once(account: Account) -> None:
    # given a payload
    group = f"/test/{uuid.uuid4().hex[:12]}"
    event = subscription_event(group, ["one", "two", "MONITORING|1|Count|things|test"])

    # when it is delivered twice
    for _ in range(2):
        account.invoke(account.outputs()["ShipperFunction"], event)

    # then every line is there once
    assert sorted(item["message"] for item in documents(account, group)) == [
        "MONITORING|1|Count|things|test",
        "one",
        "two",
    ]


def test_a_metric_line_becomes_a_metric_with_the_service_as_dimension(account: Account) -> None:
    service = f"svc-{uuid.uuid4().hex[:8]}"
    lines = [f"MONITORING|{time.time():.0f}|{value}|latency|answer-time" for value in (10, 20, 30)]
    event = subscription_event("/test/metric", lines, filter_name=f"watchpost.service={service}")

    account.invoke(account.outputs()["ShipperFunction"], event)

    assert published(account, "answer-time", service) == (60, 3)


def test_a_payload_that_is_none_ends_in_the_dead_letters_and_not_in_a_crash_loop(account: Account) -> None:
    # given something that is not gzip
    marker = base64.b64encode(f"not gzip {uuid.uuid4().hex}".encode()).decode()
    event = {"awslogs": {"data": marker}}

    # when it arrives, the invocation succeeds, because the original is kept
    account.invoke(account.outputs()["ShipperFunction"], event)

    # then it can be found, with the reason
    kept = [letter for letter in dead_letters(account) if letter["kind"] == "payload" and marker in json.dumps(letter)]
    assert len(kept) == 1
    assert kept[0]["reason"]


def test_a_control_message_is_ignored(account: Account) -> None:
    before = len(dead_letters(account))
    event = packed({"messageType": "CONTROL_MESSAGE", "logGroup": "", "logStream": "", "logEvents": []})

    account.invoke(account.outputs()["ShipperFunction"], event)

    assert len(dead_letters(account)) == before


def test_errors_in_the_logs_of_a_service_ring_its_alarm_only_and_the_webhook_is_told(account: Account) -> None:
    # given two services with alarms, and a receiver
    names = [f"svc-{uuid.uuid4().hex[:8]}" for _ in range(2)]
    functions = account.client("lambda")
    for name in names:
        shipper = functions.get_function_configuration(FunctionName=account.outputs()["ShipperFunction"])
        functions.create_function(
            FunctionName=name,
            Runtime=shipper["Runtime"],
            Role=shipper["Role"],
            Handler="app.handler",
            Code={"ZipFile": archive()},
            Tags={"service": name},
        )
    account.invoke(account.outputs()["ProvisionerFunction"], {"action": "apply"})
    with receiving() as receiver:
        hook = {"name": "test", "type": "webhook", "url": receiver.url, "allow_insecure": True, "allow_private": True}
        secret = account.outputs()["NotificationSecret"]
        receivers = json.dumps({"receivers": [hook]})
        account.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=receivers)

        # when one of them logs errors
        early_in_a_minute()
        errors = [json.dumps({"level": "ERROR", "message": f"failure {number}"}) for number in range(6)]
        event = subscription_event("/test/alarm", errors, filter_name=f"watchpost.service={names[0]}")
        account.invoke(account.outputs()["ShipperFunction"], event)
        other = subscription_event("/test/alarm", ["all is well"], filter_name=f"watchpost.service={names[1]}")
        account.invoke(account.outputs()["ShipperFunction"], other)

        # then a readable message comes, about that one
        message = eventually(
            lambda: next((item for item in receiver.messages if item["service"] == names[0]), None), "the notification"
        )
        assert message["state"] == "ALARM"
        assert names[0] in message["text"]
        secrets_seen.shown("messages to the receiver of the pipeline", json.dumps(receiver.messages))

    # and the other's alarm stays calm
    states = {
        alarm["AlarmName"].split("/")[1]: alarm["StateValue"]
        for name in names
        for alarm in account.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"watchpost/{name}/")["MetricAlarms"]
        if alarm.get("MetricName") == "LogErrors"
    }
    assert states == {names[0]: "ALARM", names[1]: "OK"}
