"""CloudFormation is answered in any case, and told what a person has to do."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import boto3
import pytest
from subscriber import handler
from subscriber.lease import LASTS
from subscriber.run import DEPLOYMENT_BUDGET, run
from watchpost import aws as clients
from watchpost import configuration, settings
from watchpost.configuration import Configuration, Logs
from watchpost.errors import ConfigurationError

from tests.integration.lambda_context import Context
from tests.integration.subscriber_world import (
    REGION,
    SCHEDULE,
    STACK,
    TABLE,
    Bench,
    CloudFormation,
    bench,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def aws() -> Iterator[Bench]:
    with bench() as found:
        found.configuration = Configuration(logs=Logs(retention_days=None))
        yield found


def _never(*_: Any, **__: Any) -> NoReturn:
    raise ConfigurationError("SHIPPER_ARN", "nothing", "a value")


def _statuses(stack: CloudFormation) -> list[str]:
    return [answer["Status"] for answer in stack.answers]


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_a_deployment_subscribes_and_is_answered(aws: Bench, stack: CloudFormation, kind: str) -> None:
    aws.world.group("/a")

    result = aws.run(stack.request(kind))

    assert aws.names("/a") == ["watchpost.service=a"]
    assert (result["subscribed"], result["answer"]) == (1, "SUCCESS")
    assert _statuses(stack) == ["SUCCESS"]


def test_a_single_bad_group_does_not_fail_a_deployment_but_is_in_the_result_and_the_log(
    aws: Bench, stack: CloudFormation, caplog: pytest.LogCaptureFixture
) -> None:
    aws.world.group("/a")
    aws.world.group("/b")
    aws.refuse("PutSubscriptionFilter", "/a")

    result = aws.run(stack.request("Create"))

    assert result["failed"] == 1
    assert aws.names("/b") == ["watchpost.service=b"]
    assert _statuses(stack) == ["SUCCESS"]
    [warning] = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "not allowed" in str(warning.__dict__["result"])


def test_a_deployment_of_many_groups_does_not_wait_for_all_and_the_schedule_goes_on(
    aws: Bench, stack: CloudFormation, caplog: pytest.LogCaptureFixture
) -> None:
    # given more groups than can be subscribed in the time that a deployment waits
    for number in range(300):
        aws.world.group(f"/group/{number:03}")
    aws.world.latency = 2.0
    began = aws.world.clock.now()

    result = aws.run(stack.request("Create"))

    # then it is answered in time, with what is not done in the log
    assert (result["answer"], result["complete"]) == ("SUCCESS", False)
    assert aws.world.clock.now() - began < DEPLOYMENT_BUDGET
    assert [record for record in caplog.records if record.levelname == "WARNING"]
    aws.world.latency = 0.03
    aws.to_next_tick()
    aws.ticks()
    assert len(aws.states()) == 300


def test_a_deployment_does_not_wait_for_a_sweep_that_runs_and_has_another_one_begin(
    aws: Bench, stack: CloudFormation
) -> None:
    aws.world.group("/a")
    now = aws.world.clock.now()
    aws.ledger.claim("somebody else", now + LASTS, now)

    asked = aws.count(lambda: aws.run(stack.request("Update")))

    assert _statuses(stack) == ["SUCCESS"]
    assert asked == {}
    aws.world.clock.sleep(LASTS)
    assert aws.run(SCHEDULE)["subscribed"] == 1


def test_a_deployment_after_a_deletion_that_failed_subscribes_again(aws: Bench, stack: CloudFormation) -> None:
    aws.world.group("/a")
    aws.run(stack.request("Delete"))
    assert aws.ledger.sweep().leaving

    aws.run(stack.request("Create"))

    assert not aws.ledger.sweep().leaving
    assert aws.names("/a") == ["watchpost.service=a"]


def test_a_deployment_that_cannot_list_groups_fails_with_the_reason(aws: Bench, stack: CloudFormation) -> None:
    aws.refuse("DescribeLogGroups")

    assert aws.run(stack.request("Create"))["answer"] == "FAILED"

    [answer] = stack.answers
    assert answer["Status"] == "FAILED"
    assert "not allowed" in answer["Reason"]


@pytest.mark.parametrize("kind", ["Create", "Delete"])
def test_a_setting_that_is_missing_is_answered_too(aws: Bench, stack: CloudFormation, kind: str) -> None:
    run(stack.request(kind), replace(aws.around(), account=_never, ledger=_never))

    [answer] = stack.answers
    assert answer["Status"] == "FAILED"
    assert "SHIPPER_ARN" in answer["Reason"]


CONTEXT = Context(f"{STACK}-subscriber", seconds=300)


@pytest.fixture
def deployed(aws: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """The environment that the template makes, with the simulated account for what the subscriber counts and paces."""
    variables = {name: f"made-up-{name}" for name in settings.Settings.__slots__}
    variables |= {
        "stack": STACK,
        "shipper_arn": aws.shipper,
        "stream_role": "none",
        "log_destination": "none",
        "aws_region": REGION,
        "ledger_table": TABLE,
        "subscription_scope": "groups",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name.upper(), value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    for service in ("CLOUDWATCH_LOGS", "LAMBDA", "RESOURCE_GROUPS_TAGGING_API"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", aws.world.url)
    ssm = boto3.client("ssm", region_name=REGION)
    document = json.dumps({"services": [{"log_group": "/a", "name": "by-rule"}]})
    ssm.put_parameter(Name=variables["config_parameter"], Value=document, Type="String")
    _forget()
    aws.world.throttle = False
    yield aws
    if clients.client.cache_info().currsize:
        for service in ("logs", "lambda", "resourcegroupstaggingapi"):
            clients.client(service).close()
    _forget()


def _forget() -> None:
    """What a process keeps for its life."""
    for kept in (settings.current, clients.client, clients.dynamodb, clients.lambda_, clients.ssm):
        kept.cache_clear()
    configuration._sources.clear()


def _handle(event: Any, context: Context | None = None) -> dict[str, Any]:
    return handler.lambda_handler(event, context or CONTEXT)  # type: ignore[arg-type]


def test_the_handler_works_with_the_environment_and_the_stored_configuration(
    deployed: Bench, stack: CloudFormation, caplog: pytest.LogCaptureFixture
) -> None:
    # given a group with a filter of ours that is left from another way of delivery
    deployed.world.group("/a", filters=[("watchpost.service=old", "made-up-stream_arn")])

    swept = _handle({})
    assert deployed.world.filters("/a") == {"watchpost.service=by-rule": deployed.shipper}
    removed = _handle(stack.request("Delete"))

    assert (swept["renamed"], removed["removed"]) == (1, 1)
    assert deployed.names("/a") == []
    logged = "\n".join(str(record.__dict__) for record in caplog.records)
    assert "request of CloudFormation ended" in logged
    assert "hidden-part" not in logged


def test_the_handler_follows_the_scope_and_the_way_of_delivery_of_the_environment(
    deployed: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.world.group("/a")
    deployed.world.destination(deployed.stream)
    monkeypatch.setenv("SUBSCRIPTION_SCOPE", "account")
    monkeypatch.setenv("STREAM_ARN", deployed.stream)
    monkeypatch.setenv("STREAM_ROLE", "arn:aws:iam::123456789012:role/stream")

    assert _handle({})["covered"] == 1

    assert deployed.world.policy
    assert deployed.world.deliveries("/a") == [deployed.stream]
    assert deployed.entry("/a").via == "account"


def test_log_groups_go_to_another_account_where_the_stack_names_its_destination(
    deployed: Bench, stack: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The filter that pointed to the stack itself goes, and nothing is left when the stack goes."""
    # given a log group that the shipper gets
    deployed.world.group("/a")
    _handle({})
    assert deployed.world.filters("/a") == {"watchpost.service=by-rule": deployed.shipper}

    # when the stack is deployed with another account's destination, and the role for it
    elsewhere = deployed.world.destination(f"arn:aws:logs:{REGION}:999988887777:destination:central-logs")
    monkeypatch.setenv("LOG_DESTINATION", elsewhere)
    monkeypatch.setenv("STREAM_ROLE", "arn:aws:iam::123456789012:role/sender")
    settings.current.cache_clear()
    _handle({})

    # then there is one filter, which carries the service there
    assert deployed.world.filters("/a") == {"watchpost.service=by-rule": elsewhere}
    (found,) = clients.client("logs").describe_subscription_filters(logGroupName="/a")["subscriptionFilters"]
    assert found["roleArn"] == "arn:aws:iam::123456789012:role/sender"
    assert deployed.entry("/a").destination == elsewhere

    # and it goes with the stack
    _handle(stack.request("Delete"))
    assert deployed.names("/a") == []


def test_a_destination_of_another_region_is_told_for_each_log_group(
    deployed: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.world.group("/a")
    elsewhere = deployed.world.destination("arn:aws:logs:us-east-2:999988887777:destination:central-logs")
    monkeypatch.setenv("LOG_DESTINATION", elsewhere)

    _handle({})

    assert deployed.states() == {"/a": "failed"}
    assert "region" in deployed.entry("/a").reason


def test_a_sweep_reads_a_configuration_that_has_just_been_changed(deployed: Bench) -> None:
    deployed.world.group("/a")
    _handle({"detail-type": "Scheduled Event"})
    document = json.dumps({"services": [{"log_group": "/a", "name": "changed"}]})
    boto3.client("ssm", region_name=REGION).put_parameter(
        Name="made-up-config_parameter", Value=document, Type="String", Overwrite=True
    )

    _handle({"detail-type": "Parameter Store Change"})

    assert deployed.names("/a") == ["watchpost.service=changed"]


def test_an_invalid_configuration_leaves_the_stored_version_before_it_in_force(deployed: Bench) -> None:
    deployed.world.group("/a")
    boto3.client("ssm", region_name=REGION).put_parameter(
        Name="made-up-config_parameter", Value='{"services": 7}', Type="String", Overwrite=True
    )

    result = _handle({})

    assert deployed.names("/a") == ["watchpost.service=by-rule"]
    [problem] = result["problems"]
    assert "services" in problem
    assert deployed.ledger.sweep().problems == (problem,)


def test_a_deletion_that_needs_more_time_has_lambda_invoke_the_function_again(
    deployed: Bench, stack: CloudFormation
) -> None:
    deployed.world.group("/a")
    _handle({})
    invoked: list[dict[str, Any]] = []

    def accept(params: dict[str, Any], model: Any, **_: Any) -> Any:
        invoked.append({"path": params["url_path"], "body": json.loads(params["body"]), "headers": params["headers"]})

        class Http:
            status_code = 202

        return Http(), {"StatusCode": 202, "ResponseMetadata": {"HTTPStatusCode": 202}}

    clients.lambda_().meta.events.register("before-call.lambda.Invoke", accept)

    assert _handle(stack.request("Delete"), replace(CONTEXT, seconds=10))["answer"] == "NONE YET"
    assert stack.answers == []
    [link] = invoked
    assert "watchpost-subscriber" in link["path"]
    assert link["headers"]["X-Amz-Invocation-Type"] == "Event"

    _handle(link["body"], replace(CONTEXT, aws_request_id="second"))
    assert _statuses(stack) == ["SUCCESS"]
    assert deployed.names("/a") == []
