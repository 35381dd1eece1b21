"""The template gives the subscriber what its code counts on, and refuses what must never happen."""

from __future__ import annotations

import re

import pytest
from subscriber.lease import LASTS
from subscriber.leave import SERVICE_TIMEOUT
from subscriber.run import DEPLOYMENT_BUDGET
from watchpost import names

from tests.unit.template import TEMPLATE, number, resource


def _statement(name: str, sid: str) -> str:
    found = re.search(rf"Sid: {sid}\n(.*?)(?=- Sid: |\Z)", resource(name), re.DOTALL)
    assert found
    return found[1]


def test_cloudformation_waits_as_long_as_the_code_works() -> None:
    assert number("Subscriptions", "ServiceTimeout") == SERVICE_TIMEOUT
    assert number("SubscriberFunction", "Timeout") > DEPLOYMENT_BUDGET


def test_a_lease_whose_owner_died_is_over_before_the_next_tick() -> None:
    tick = re.search(r"rate\((\d+) minutes\)", resource("SubscriberFunction"))
    assert tick
    assert int(tick[1]) * 60 > LASTS


def test_an_announcement_is_not_given_to_a_second_invocation_while_the_first_one_works_on_it() -> None:
    assert number("AnnouncementQueue", "VisibilityTimeout") > number("SubscriberFunction", "Timeout")


@pytest.mark.parametrize("component", names.COMPONENTS)
def test_the_role_may_never_subscribe_the_stacks_own_log_groups(component: str) -> None:
    denied = _statement("SubscriberRole", "NeverOurOwn")

    assert "Effect: Deny" in denied
    assert f":log-group:/aws/lambda/${{AWS::StackName}}-{component}*" in denied


def test_the_role_may_never_subscribe_a_log_group_that_carries_any_stacks_tag() -> None:
    denied = _statement("SubscriberRole", "NeverThoseOfAnotherStack")

    assert "Effect: Deny" in denied
    assert re.search(rf'"Null":\s+aws:ResourceTag/{names.OWNER_TAG}: "false"', denied)
    groups = re.findall(r"Type: AWS::Logs::LogGroup\n.*?(?=^  \S)", TEMPLATE, re.MULTILINE | re.DOTALL)
    # all but that of the canary's line, which is shipped
    own = [group for group in groups if names.canary_log_group("${AWS::StackName}") not in group]
    assert len(own) == len(groups) - 1 == len(names.COMPONENTS)
    assert all("own-tags" in group for group in own)


def test_one_permission_lets_all_log_groups_of_this_account_invoke_the_shipper() -> None:
    found = re.findall(r"Type: AWS::Lambda::Permission\n.*?(?=^  \S)", TEMPLATE, re.MULTILINE | re.DOTALL)
    to_logs = [one for one in found if "Principal: !Sub logs.${AWS::URLSuffix}" in one]

    # one for the alias, and one for filters that still point to the function itself
    targets = [match[1] for one in to_logs if (match := re.search("FunctionName: (.+)", one))]
    assert targets == ["!Ref ShipperFunction.Alias", "!GetAtt ShipperFunction.Arn"]
    for logs in to_logs:
        assert "SourceAccount: !Ref AWS::AccountId" in logs
        assert "log-group:*" in logs


def test_cloudwatch_logs_may_write_to_this_stream_only() -> None:
    role = resource("StreamRole")

    assert re.findall(r"Action: (kinesis:\S+)\n\s+Resource: (.+)", role) == [
        ("kinesis:PutRecord", "!GetAtt LogStream.Arn")
    ]
    assert "aws:SourceArn: !Sub arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:*" in role
    passed = _statement("PassStreamRolePolicy", "PassStreamRole")
    assert "Resource: !GetAtt StreamRole.Arn" in passed
    assert "iam:PassedToService: !Sub logs.${AWS::URLSuffix}" in passed


def test_the_alarm_watches_the_metric_that_sweeps_publish() -> None:
    alarm = resource("GroupsOverdueAlarm")

    assert "Namespace: Watchpost/Pipeline" in alarm
    assert "MetricName: GroupsOverdue" in alarm
    assert "Name: Stack, Value: !Ref AWS::StackName" in alarm
    assert re.search(r"Threshold: 0\n\s+ComparisonOperator: GreaterThanThreshold", alarm)
