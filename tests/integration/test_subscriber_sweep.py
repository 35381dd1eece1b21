"""The subscriber against CloudWatch Logs as moto has it: two filters a group, and destinations that must exist."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from subscriber import sweep as work
from subscriber.account import Account
from subscriber.run import Surroundings, run
from subscriber.sweep import RESERVE
from watchpost import names
from watchpost.configuration import Configuration, Logs, ServiceRule
from watchpost.errors import PayloadError, SubscriptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REGION = "eu-west-1"
STACK = "watchpost"
WRITES = ("Put", "Delete", "Create", "Tag")
CONFIGURATION = Configuration(
    services=(ServiceRule("/ecs/*", "containers"),), logs=Logs(exclude=("/aws/rds/*",), retention_days=30)
)


@dataclass
class Aws:
    """An AWS account in this process. calls: the operations that the subscriber's own client asked for."""

    account: Account
    logs: Any  # a second client, whose calls are not counted
    lambda_: Any
    foreign: str  # ARN of somebody else's function
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def writes(self) -> list[str]:
        return [operation for operation, _ in self.calls if operation.startswith(WRITES)]

    def group(self, name: str, tags: dict[str, str] | None = None, *filters: tuple[str, str]) -> str:
        self.logs.create_log_group(logGroupName=name, tags=tags or {})
        for filter_name, destination in filters:
            self.logs.put_subscription_filter(
                logGroupName=name, filterName=filter_name, filterPattern="", destinationArn=destination
            )
        return name

    def filters(self, group: str) -> dict[str, str]:
        found = self.logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
        return {item["filterName"]: item["destinationArn"] for item in found}

    def retention(self, group: str) -> int | None:
        [found] = self.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        return found.get("retentionInDays")

    def before(self, operation: str, act: Callable[[dict[str, Any]], None]) -> None:
        """Act before each call of an operation; what is raised is what the caller gets."""
        event = f"before-parameter-build.cloudwatch-logs.{operation}"
        self.account.logs.meta.events.register(event, lambda params, **_: act(params))


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    with mock_aws():
        lambda_ = boto3.client("lambda", region_name=REGION)
        ours, foreign = (_function(lambda_, name, {}) for name in (f"{STACK}-shipper", "somebody-else"))
        logs = boto3.client("logs", region_name=REGION)
        found = Aws(Account(STACK, ours, logs, lambda_), boto3.client("logs", region_name=REGION), lambda_, foreign)

        def note(params: dict[str, Any], model: Any, **_: Any) -> None:
            found.calls.append((model.name, dict(params)))

        logs.meta.events.register("before-parameter-build.cloudwatch-logs.*", note)
        yield found


def _function(lambda_: Any, name: str, tags: dict[str, str]) -> str:
    roles = boto3.client("iam", region_name=REGION)
    try:
        role = roles.get_role(RoleName="any")["Role"]["Arn"]
    except ClientError:
        role = roles.create_role(RoleName="any", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("app.py", "")
    made = lambda_.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": archive.getvalue()},
        Tags=tags,
    )
    return str(made["FunctionArn"])


def _around(aws: Aws, configuration: Configuration = CONFIGURATION, remaining: float = 300) -> Surroundings:
    return Surroundings(lambda: aws.account, lambda: configuration, lambda: remaining, "stream")


def _sweep(aws: Aws, configuration: Configuration = CONFIGURATION) -> dict[str, Any]:
    return run({"action": "sweep"}, _around(aws, configuration))


def _created(group: str) -> dict[str, Any]:
    detail = {
        "eventSource": "logs.amazonaws.com",
        "eventName": "CreateLogGroup",
        "requestParameters": {"logGroupName": group},
    }
    return {"source": "aws.logs", "detail-type": "AWS API Call via CloudTrail", "detail": detail}


def _denied(operation: str) -> ClientError:
    return ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not allowed"}}, operation)


def test_a_sweep_subscribes_each_group_under_its_services_name(aws: Aws) -> None:
    # given groups of every kind
    _function(aws.lambda_, "pay-api", {"service": "payments"})
    aws.group("/aws/lambda/pay-api")
    aws.group("/aws/lambda/without-tags")
    aws.group("/custom/tagged", {"Service": "checkout"})
    aws.group("/ecs/shop")
    aws.group("/aws/rds/db")
    aws.group(f"/aws/lambda/{STACK}-shipper")
    aws.group("/aws/lambda/other-shipper", {names.OWNER_TAG: "other"})

    # when all are swept
    result = _sweep(aws)

    # then each has the filter of its service, and the others a reason
    expected = {
        "/aws/lambda/pay-api": "payments",
        "/aws/lambda/without-tags": "without-tags",
        "/custom/tagged": "checkout",
        "/ecs/shop": "containers",
    }
    for group, service in expected.items():
        assert aws.filters(group) == {f"watchpost.service={service}": aws.account.destination}
    assert result["complete"] is True
    assert result["subscribed"] == result["retention_set"] == sorted(expected)
    skipped = {item["log_group"]: item["reason"] for item in result["skipped"]}
    assert set(skipped) == {"/aws/rds/db", f"/aws/lambda/{STACK}-shipper", "/aws/lambda/other-shipper"}
    assert all(skipped.values())
    assert [group for group in skipped if aws.filters(group) or aws.retention(group)] == []


def test_a_second_sweep_writes_nothing(aws: Aws) -> None:
    aws.group("/a", {"service": "a"}, ("audit", aws.foreign))
    aws.group("/aws/rds/db")
    _sweep(aws)
    assert aws.writes()
    aws.calls.clear()

    result = _sweep(aws)

    assert aws.writes() == []
    assert result["unchanged"] == 1
    assert result["subscribed"] == result["renamed"] == result["retention_set"] == []


def test_foreign_filters_are_left_as_they_are(aws: Aws) -> None:
    # given a filter of somebody else, and one that is named like ours but leads elsewhere
    aws.group("/a", {"service": "a"}, ("audit", aws.foreign))
    aws.group("/b", {"service": "b"}, ("watchpost.service=old", aws.foreign))

    _sweep(aws)

    ours = aws.account.destination
    assert aws.filters("/a") == {"audit": aws.foreign, "watchpost.service=a": ours}
    assert aws.filters("/b") == {"watchpost.service=old": aws.foreign, "watchpost.service=b": ours}


def test_a_foreign_filter_with_the_very_name_is_not_overwritten(aws: Aws) -> None:
    aws.group("/a", {"service": "a"}, ("watchpost.service=a", aws.foreign))

    result = _sweep(aws)

    assert aws.filters("/a") == {"watchpost.service=a": aws.foreign}
    [blocked] = result["blocked"]
    assert (blocked["log_group"], blocked["held_by"]) == ("/a", ["watchpost.service=a"])


def test_a_service_that_was_renamed_has_its_filter_replaced(aws: Aws) -> None:
    aws.group("/a", {"service": "new"}, ("watchpost.service=old", aws.account.destination))

    result = _sweep(aws)

    assert result["renamed"] == ["/a"]
    assert aws.filters("/a") == {"watchpost.service=new": aws.account.destination}
    # the new one comes before the old one goes, so that no line is missed
    assert [name for name in aws.writes() if "Filter" in name] == ["PutSubscriptionFilter", "DeleteSubscriptionFilter"]


def test_a_renamed_service_keeps_its_place_when_all_are_taken(aws: Aws) -> None:
    aws.group("/a", {"service": "new"}, ("audit", aws.foreign), ("watchpost.service=old", aws.account.destination))

    result = _sweep(aws)

    assert result["renamed"] == ["/a"]
    assert aws.filters("/a") == {"audit": aws.foreign, "watchpost.service=new": aws.account.destination}


def test_a_replacement_that_fails_puts_the_old_filter_back(aws: Aws) -> None:
    # given a group without a free place, where AWS refuses the new name once the old one is gone
    aws.group("/a", {"service": "new"}, ("audit", aws.foreign), ("watchpost.service=old", aws.account.destination))

    def refuse(params: dict[str, Any]) -> None:
        if params["filterName"].endswith("=new") and "watchpost.service=old" not in aws.filters("/a"):
            raise _denied("PutSubscriptionFilter")

    aws.before("PutSubscriptionFilter", refuse)

    # when it is swept, it fails
    with pytest.raises(SubscriptionError):
        _sweep(aws)

    # then its lines are still shipped
    assert aws.filters("/a") == {"audit": aws.foreign, "watchpost.service=old": aws.account.destination}


def test_a_group_without_a_free_place_is_blocked_and_tells_who_has_them(aws: Aws) -> None:
    aws.group("/a", {"service": "a"}, ("audit", aws.foreign), ("siem", aws.foreign))

    result = _sweep(aws)

    [blocked] = result["blocked"]
    assert (blocked["log_group"], blocked["held_by"]) == ("/a", ["audit", "siem"])
    assert set(aws.filters("/a")) == {"audit", "siem"}
    assert result["failed"] == []


@pytest.mark.parametrize(("days", "expected"), [(30, 30), (None, None)])
def test_retention_is_set_where_a_group_never_expires_and_the_configuration_says_so(
    aws: Aws, days: int | None, expected: int | None
) -> None:
    aws.group("/endless")
    aws.group("/limited")
    aws.logs.put_retention_policy(logGroupName="/limited", retentionInDays=365)

    _sweep(aws, Configuration(logs=Logs(retention_days=days)))

    assert aws.retention("/endless") == expected
    assert aws.retention("/limited") == 365


def test_a_bad_group_does_not_stop_the_others_and_is_named_in_the_error(aws: Aws) -> None:
    for name in ("/a", "/b", "/c"):
        aws.group(name)

    def refuse(params: dict[str, Any]) -> None:
        if params["logGroupName"] == "/b":
            raise _denied("PutSubscriptionFilter")

    aws.before("PutSubscriptionFilter", refuse)

    with pytest.raises(SubscriptionError) as caught:
        _sweep(aws)

    assert set(caught.value.failed) == {"/b"}
    assert "not allowed" in str(caught.value)
    assert [bool(aws.filters(name)) for name in ("/a", "/b", "/c")] == [True, False, True]


def test_a_retention_that_fails_is_a_failure_of_a_group_that_is_subscribed(aws: Aws) -> None:
    aws.group("/a")

    def refuse(params: dict[str, Any]) -> None:
        raise _denied("PutRetentionPolicy")

    aws.before("PutRetentionPolicy", refuse)

    with pytest.raises(SubscriptionError):
        _sweep(aws)
    assert aws.filters("/a")


@pytest.mark.parametrize("operation", ["DescribeSubscriptionFilters", "PutSubscriptionFilter", "PutRetentionPolicy"])
def test_a_group_that_is_deleted_meanwhile_is_skipped(aws: Aws, operation: str) -> None:
    aws.group("/a")
    aws.before(operation, lambda _: aws.logs.delete_log_group(logGroupName="/a"))

    result = _sweep(aws)

    assert result["skipped"] == [{"log_group": "/a", "reason": "the log group is gone"}]
    assert result["failed"] == []


def test_not_found_is_a_failure_while_the_group_is_there(aws: Aws) -> None:
    # given an AWS that cannot find something else, for example the shipper
    aws.group("/a")

    def missing(params: dict[str, Any]) -> None:
        raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, "PutSubscriptionFilter")

    aws.before("PutSubscriptionFilter", missing)

    with pytest.raises(SubscriptionError):
        _sweep(aws)


def test_the_tags_of_a_function_that_may_not_be_read_are_no_reason_to_guess_a_name(aws: Aws) -> None:
    aws.group("/aws/lambda/pay-api")

    def refuse(params: dict[str, Any], **_: Any) -> None:
        raise _denied("ListTags")

    aws.lambda_.meta.events.register("before-parameter-build.lambda.ListTags", refuse)

    with pytest.raises(SubscriptionError):
        _sweep(aws)
    assert aws.filters("/aws/lambda/pay-api") == {}


def test_all_pages_are_swept(aws: Aws) -> None:
    groups = [aws.group(f"/group/{number:03}") for number in range(101)]

    result = _sweep(aws)

    assert result["subscribed"] == groups


@pytest.mark.parametrize("done", [1, 49, 50, 51, 100])
def test_a_sweep_that_runs_out_of_time_says_where_and_the_next_goes_on_from_there(aws: Aws, done: int) -> None:
    # given time for some groups of several pages
    groups = [aws.group(f"/group/{number:03}") for number in range(101)]
    left = iter([RESERVE] * done + [RESERVE - 0.001])
    around = Surroundings(lambda: aws.account, lambda: CONFIGURATION, lambda: next(left), "stream")

    # when a run stops, and a scheduled one goes on
    first = run({}, around)
    second = run({"source": "aws.events", "next_token": first["next_token"]}, _around(aws))

    # then each did its part, and none did anything twice
    assert (first["complete"], second["complete"]) == (False, True)
    assert first["subscribed"] == groups[:done]
    assert second["subscribed"] == groups[done:]
    assert second["unchanged"] == 0


def test_a_token_that_is_none_is_refused(aws: Aws) -> None:
    with pytest.raises(PayloadError):
        run({"next_token": "somewhere"}, _around(aws))


@pytest.mark.parametrize(
    "event", [{}, {"action": "sweep"}, {"source": "aws.events"}, {"detail-type": "Scheduled Event", "detail": {}}]
)
def test_a_schedule_and_a_call_on_demand_sweep(aws: Aws, event: dict[str, Any]) -> None:
    aws.group("/a")

    assert run(event, _around(aws))["subscribed"] == ["/a"]


def test_a_new_group_is_subscribed_and_no_other(aws: Aws) -> None:
    aws.group("/shop")
    aws.group("/shop-2", {"service": "second"})
    aws.group("/shop-2-more")

    result = run(_created("/shop-2"), _around(aws))

    assert result["subscribed"] == ["/shop-2"]
    assert aws.filters("/shop-2") == {"watchpost.service=second": aws.account.destination}
    assert aws.filters("/shop") == aws.filters("/shop-2-more") == {}


@pytest.mark.parametrize(
    ("group", "tags"), [(f"/aws/lambda/{STACK}-subscriber", {}), ("/other", {names.OWNER_TAG: "other"})]
)
def test_a_new_group_of_watchpost_is_refused(aws: Aws, group: str, tags: dict[str, str]) -> None:
    aws.group(group, tags)

    result = run(_created(group), _around(aws))

    assert [item["log_group"] for item in result["skipped"]] == [group]
    assert aws.filters(group) == {}


def test_a_new_group_that_is_gone_again_is_skipped(aws: Aws) -> None:
    assert run(_created("/gone"), _around(aws))["skipped"] == [
        {"log_group": "/gone", "reason": "the log group is gone"}
    ]


def test_a_removal_takes_our_filters_only(aws: Aws) -> None:
    ours = aws.account.destination
    aws.group("/a", {}, ("watchpost.service=a", ours), ("audit", aws.foreign))
    aws.group("/b", {}, ("watchpost.service=b", aws.foreign), ("by-hand", ours))
    aws.group("/c", {}, ("watchpost.service=c", ours), ("watchpost.service=d", ours))
    aws.group("/d")

    removal = work.remove_all(aws.account, lambda: 300)

    assert removal.removed == ["/a", "/c"]
    assert (removal.left, removal.next_token) == ({}, None)
    assert aws.filters("/a") == {"audit": aws.foreign}
    assert aws.filters("/b") == {"watchpost.service=b": aws.foreign, "by-hand": ours}
    assert aws.filters("/c") == {}


def test_the_result_is_json_for_whoever_called(aws: Aws) -> None:
    aws.group("/a")

    assert set(json.loads(json.dumps(_sweep(aws)))) == {
        *("complete", "next_token", "subscribed", "renamed", "unchanged", "skipped", "blocked", "retention_set"),
        "failed",
    }
