"""CloudFormation is answered in any case, and told what a person has to do."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from subscriber import handler
from subscriber.account import Account
from subscriber.run import NAMED, Surroundings, run
from subscriber.sweep import RESERVE
from watchpost import aws as clients
from watchpost import configuration, settings
from watchpost.configuration import Configuration
from watchpost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "eu-west-1"


@dataclass
class CloudFormation:
    """Takes the answers to its requests."""

    url: str = ""
    answers: list[dict[str, Any]] = field(default_factory=list)

    def request(self, kind: str) -> dict[str, Any]:
        return {
            "RequestType": kind,
            "ResponseURL": self.url,
            "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/watchpost/1",
            "RequestId": "request",
            "LogicalResourceId": "Subscriptions",
            "ResourceProperties": {},
        }


@pytest.fixture
def cloudformation() -> Iterator[CloudFormation]:
    found = CloudFormation()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            found.answers.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}/answer?signature=hidden-part"
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def account() -> Iterator[Account]:
    # moto hands its own domains to a fake and lets the answers to CloudFormation through.
    with mock_aws(config={"core": {"passthrough": {"urls": ["http://127.0.0.1.*"]}}}):
        role = boto3.client("iam", region_name=REGION).create_role(RoleName="any", AssumeRolePolicyDocument="{}")
        lambda_ = boto3.client("lambda", region_name=REGION)
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as files:
            files.writestr("app.py", "")
        shipper = lambda_.create_function(
            FunctionName="watchpost-shipper",
            Runtime="python3.13",
            Role=role["Role"]["Arn"],
            Handler="app.handler",
            Code={"ZipFile": archive.getvalue()},
        )
        yield Account("watchpost", shipper["FunctionArn"], boto3.client("logs", region_name=REGION), lambda_)


def _around(account: Account, remaining: float = 300) -> Surroundings:
    return Surroundings(lambda: account, Configuration, lambda: remaining, "stream")


def _filters(account: Account, group: str) -> list[str]:
    found = account.logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
    return [item["filterName"] for item in found]


def _deny(account: Account, operation: str, group: str) -> None:
    def refuse(params: dict[str, Any], **_: Any) -> None:
        if params["logGroupName"] == group:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not allowed"}}, operation)

    account.logs.meta.events.register(f"before-parameter-build.cloudwatch-logs.{operation}", refuse)


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_a_deployment_subscribes_and_is_answered(account: Account, cloudformation: CloudFormation, kind: str) -> None:
    account.logs.create_log_group(logGroupName="/a")

    result = run(cloudformation.request(kind), _around(account))

    assert _filters(account, "/a") == ["watchpost.service=a"]
    assert (result["subscribed"], result["answer"]) == (["/a"], "SUCCESS")
    assert [answer["Status"] for answer in cloudformation.answers] == ["SUCCESS"]


def test_a_single_bad_group_does_not_fail_a_deployment_but_is_in_the_result_and_the_log(
    account: Account, cloudformation: CloudFormation, caplog: pytest.LogCaptureFixture
) -> None:
    account.logs.create_log_group(logGroupName="/a")
    account.logs.create_log_group(logGroupName="/b")
    _deny(account, "PutSubscriptionFilter", "/a")

    result = run(cloudformation.request("Create"), _around(account))

    assert [item["log_group"] for item in result["failed"]] == ["/a"]
    assert _filters(account, "/b") == ["watchpost.service=b"]
    assert cloudformation.answers[0]["Status"] == "SUCCESS"
    [warning] = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "not allowed" in str(warning.__dict__["result"])


def test_a_deployment_that_cannot_list_groups_fails_with_the_reason(
    account: Account, cloudformation: CloudFormation
) -> None:
    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not allowed"}}, "DescribeLogGroups")

    account.logs.meta.events.register("before-parameter-build.cloudwatch-logs.DescribeLogGroups", refuse)

    result = run(cloudformation.request("Create"), _around(account))

    assert result["answer"] == "FAILED"
    [answer] = cloudformation.answers
    assert answer["Status"] == "FAILED"
    assert "not allowed" in answer["Reason"]


def test_a_setting_that_is_missing_is_answered_too(cloudformation: CloudFormation) -> None:
    def broken() -> Account:
        raise ConfigurationError("SHIPPER_ARN", "nothing", "a value")

    run(cloudformation.request("Delete"), Surroundings(broken, Configuration, lambda: 300, "stream"))

    [answer] = cloudformation.answers
    assert answer["Status"] == "FAILED"
    assert "SHIPPER_ARN" in answer["Reason"]


def test_a_deletion_needs_no_configuration_and_leaves_no_filter(
    account: Account, cloudformation: CloudFormation
) -> None:
    # given subscribed groups, and a configuration that is gone
    account.logs.create_log_group(logGroupName="/a")
    run(cloudformation.request("Create"), _around(account))

    def gone() -> Configuration:
        raise ConfigurationError("parameter", "nothing", "a document")

    # when the stack is deleted
    result = run(cloudformation.request("Delete"), Surroundings(lambda: account, gone, lambda: 300, "stream"))

    # then nothing of ours is left
    assert result["removed"] == ["/a"]
    assert _filters(account, "/a") == []
    assert [answer["Status"] for answer in cloudformation.answers] == ["SUCCESS", "SUCCESS"]


def test_a_deletion_that_left_filters_says_where_and_how_to_remove_them(
    account: Account, cloudformation: CloudFormation
) -> None:
    account.logs.create_log_group(logGroupName="/a")
    account.logs.create_log_group(logGroupName="/b")
    run(cloudformation.request("Create"), _around(account))
    _deny(account, "DeleteSubscriptionFilter", "/a")

    result = run(cloudformation.request("Delete"), _around(account))

    assert (result["removed"], list(result["left"])) == (["/b"], ["/a"])
    reason = cloudformation.answers[-1]["Reason"]
    assert cloudformation.answers[-1]["Status"] == "FAILED"
    assert "/a" in reason
    assert "aws logs delete-subscription-filter" in reason


@pytest.mark.parametrize(("count", "more"), [(NAMED, False), (NAMED + 1, True)])
def test_a_deletion_that_left_many_filters_names_some_and_counts_the_others(
    account: Account, cloudformation: CloudFormation, count: int, more: bool
) -> None:
    for number in range(count):
        account.logs.create_log_group(logGroupName=f"/group/{number}")
        _deny(account, "DescribeSubscriptionFilters", f"/group/{number}")

    run(cloudformation.request("Delete"), _around(account))

    reason = cloudformation.answers[-1]["Reason"]
    assert reason.count("/group/") == NAMED
    assert ("and 1 more" in reason) == more


def test_a_deletion_without_time_is_not_called_done(account: Account, cloudformation: CloudFormation) -> None:
    account.logs.create_log_group(logGroupName="/a")
    run(cloudformation.request("Create"), _around(account))

    run(cloudformation.request("Delete"), _around(account, RESERVE - 0.001))

    assert cloudformation.answers[-1]["Status"] == "FAILED"
    assert "time was over" in cloudformation.answers[-1]["Reason"]
    assert _filters(account, "/a")


@dataclass
class Context:
    """What Lambda hands to a handler."""

    function_name: str = "watchpost-subscriber"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:watchpost-subscriber"
    aws_request_id: str = "request"
    log_stream_name: str = "stream"

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


@pytest.fixture
def deployed(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """The environment that the template makes."""
    variables = {name: f"made-up-{name}" for name in settings.Settings.__slots__}
    variables |= {
        "stack": account.stack,
        "shipper_arn": account.destination,
        "stream_role": "none",
        "aws_region": REGION,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name.upper(), value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    document = json.dumps({"services": [{"log_group": "/a", "name": "by-rule"}]})
    ssm = boto3.client("ssm", region_name=REGION)
    ssm.put_parameter(Name=variables["config_parameter"], Value=document, Type="String")
    _forget()
    yield account
    _forget()


def _forget() -> None:
    """What a process keeps for its life."""
    for kept in (settings.current, clients.logs, clients.lambda_, clients.ssm):
        kept.cache_clear()
    configuration._sources.clear()


def test_the_handler_works_with_the_environment_and_the_stored_configuration(
    deployed: Account, cloudformation: CloudFormation, caplog: pytest.LogCaptureFixture
) -> None:
    deployed.logs.create_log_group(logGroupName="/a")

    swept = handler.lambda_handler({}, Context())  # type: ignore[arg-type]
    removed = handler.lambda_handler(cloudformation.request("Delete"), Context())  # type: ignore[arg-type]

    assert swept["subscribed"] == removed["removed"] == ["/a"]
    logged = "\n".join(str(record.__dict__) for record in caplog.records)
    assert "request of CloudFormation ended" in logged
    assert "hidden-part" not in logged
