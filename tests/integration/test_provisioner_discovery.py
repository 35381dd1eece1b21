"""Discovery: what the tagging API lists, matched to kinds and services."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from provisioner.deadline import NO_TIME, RESERVE
from provisioner.definitions import KindDefinition, Source
from provisioner.discovery import Skipped, Unknown, discover
from watchpost import names

from tests.integration.services_account.account import Services, arn, definitions, services_account

if TYPE_CHECKING:
    from collections.abc import Iterator

GLOBAL = "arn:aws:apigateway:eu-west-1::"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    with services_account(monkeypatch) as made:
        yield made


def _kind(name: str, types: tuple[str, ...]) -> KindDefinition:
    source = Source(types=types, arn=re.compile(r"^arn:aws:made-up:.*:(?P<name>[^:]+)$"))
    return KindDefinition(kind=name, title=name, namespace="N", dimensions=(), alarms=(), widgets=(), source=source)


@pytest.mark.parametrize(
    ("kind", "listed_as", "resource_arn", "name", "facts"),
    [
        ("alb", "elasticloadbalancing:loadbalancer/app", arn("elasticloadbalancing", "loadbalancer/app/web/50dc"),
         "web", {"load_balancer": "app/web/50dc"}),
        ("ecs", "ecs:service", arn("ecs", "service/shop/api"), "shop/api",
         {"cluster": "shop", "service_name": "api"}),
        ("events_rule", "events:rule", arn("events", "rule/nightly"), "nightly", {"rule": "nightly", "bus": None}),
        ("events_rule", "events:rule", arn("events", "rule/shop/paid"), "shop/paid", {"rule": "paid", "bus": "shop"}),
        ("events_rule", "events:rule", arn("events", "rule/aws.partner/x.com/1/paid"), "aws.partner/x.com/1/paid",
         {"rule": "paid", "bus": "aws.partner/x.com/1"}),
        ("states", "states:stateMachine", arn("states", "stateMachine:checkout"), "checkout",
         {"arn": arn("states", "stateMachine:checkout")}),
        ("scheduler", "scheduler:schedule-group", arn("scheduler", "schedule-group/reports"), "reports", {}),
        ("appsync", "appsync:apis", arn("appsync", "apis/abc123"), "abc123", {}),
        ("cloudfront", "cloudfront:distribution", "arn:aws:cloudfront::123456789012:distribution/E1", "E1", {}),
    ],
)  # fmt: skip
def test_a_kind_without_a_describe_call_is_read_from_the_arn(  # noqa: PLR0917
    account: Services, kind: str, listed_as: str, resource_arn: str, name: str, facts: dict[str, str | None]
) -> None:
    """The group `name` is the name, the others are facts; the tags go along, for what is set by them."""
    account.tag(listed_as, resource_arn, service="orders", team="a")

    found = account.one(kind)

    assert (found.kind, found.name, found.service, found.arn) == (kind, name, "orders", resource_arn)
    assert found.facts == facts
    assert found.tags == {"service": "orders", "team": "a"}


def test_the_first_tag_that_is_not_empty_names_the_service_else_the_stack_does(account: Services) -> None:
    # given schedule groups with several tags
    stack = {"aws:cloudformation:stack-name": "shop"}
    for name, tags in {
        "first": {"app": "a", "service": "b", **stack},
        "empty": {"app": "", "service": "b", **stack},
        "stack": {"app": "", "other": "c", **stack},
        "none": {"other": "c"},
    }.items():
        account.tag("scheduler:schedule-group", arn("scheduler", f"schedule-group/{name}"), **tags)

    # when they are discovered
    inventory = account.discover("scheduler", tags=("app", "service"))

    # then the tags count in their order, and what has no service has a reason
    assert {one.name: one.service for one in inventory.resources} == {"first": "a", "empty": "b", "stack": "shop"}
    assert inventory.skipped == [Skipped("none", "no stack, and no tag that names its service: app, service")]


def test_what_belongs_to_the_stack_is_a_service_and_what_is_another_stacks_is_left_to_it(account: Services) -> None:
    # given a queue and a function of this stack's, a queue of another stack's, and one that only has such a name
    account.queue("one", {"service": "x", "aws:cloudformation:stack-name": "wp"})
    account.queue("two", {"service": "x", names.OWNER_TAG: "another"})
    account.queue("three", {"service": "x", names.OWNER_TAG: "wp"})
    account.function("wp-shipper")
    account.queue("wp-shipper", {"service": "orders"})

    # when they are discovered
    inventory = account.discover("lambda", "sqs")

    # then its own are the service that Watchpost itself is, whatever their tags say
    assert {(one.kind, one.name): one.service for one in inventory.resources} == {
        ("sqs", "one"): "watchpost",
        ("sqs", "three"): "watchpost",
        ("lambda", "wp-shipper"): "watchpost",
        ("sqs", "wp-shipper"): "orders",
    }
    assert inventory.skipped == [Skipped("two", "part of another stack of Watchpost")]


def test_watchposts_pipeline_is_one_resource_with_the_logs_of_its_functions(account: Services) -> None:
    account.function("wp-shipper")

    inventory = account.discover("lambda", "logs", "watchpost")

    assert {(one.kind, one.name, one.service) for one in inventory.resources} == {
        ("lambda", "wp-shipper", "watchpost"),
        ("watchpost", "pipeline", "watchpost"),  # and no log lines: its own are not shipped
    }
    [pipeline] = [one for one in inventory.resources if one.kind == "watchpost"]
    assert pipeline.facts == {"stack": "wp"}
    assert set(inventory.log_groups["watchpost"]) == names.own_log_groups("wp")


def test_a_run_that_leaves_watchpost_out_looks_at_nothing_of_it(account: Services) -> None:
    account.function("wp-shipper")
    account.function("orders-api")

    inventory = account.discover("lambda", "watchpost", own=False)

    assert [one.name for one in inventory.resources] == ["orders-api"]
    assert (inventory.unknown, inventory.log_groups) == ([], {})


def test_an_arn_that_no_definition_is_for_has_a_reason(account: Services) -> None:
    """Such as an alias of a function, which is watched with its function."""
    account.function("orders-api")
    alias = account.tag("lambda:function", arn("lambda", "function:orders-api:live"))

    inventory = account.discover("lambda")

    assert [one.name for one in inventory.resources] == ["orders-api"]
    assert inventory.skipped == [Skipped(alias, "no definition is for an ARN of this form")]


def test_every_page_of_the_listing_is_read(account: Services) -> None:
    for number in range(201):
        account.tag("scheduler:schedule-group", arn("scheduler", f"schedule-group/g{number}"))

    inventory = account.discover("scheduler")

    assert {one.name for one in inventory.resources} == {f"g{number}" for number in range(201)}
    assert account.made == {"get_resources": 3}


@pytest.mark.parametrize(("types", "runs"), [(1, 1), (100, 1), (101, 2), (200, 2)])
def test_all_types_are_asked_for_in_as_few_runs_as_the_api_takes(account: Services, types: int, runs: int) -> None:
    kinds = [_kind(f"k{number}", (f"made-up:t{number}", "made-up:t0")) for number in range(types)]

    discover(kinds, account.reader(), ["service"])

    assert account.tagging.pages == runs


def test_two_definitions_of_one_type_both_get_its_resources(account: Services) -> None:
    """A second definition is how somebody adds alarms of their own, without any Python."""
    account.function("orders-api")
    [kind] = [kind for kind in definitions() if kind.kind == "lambda"]

    inventory = discover([kind, replace(kind, kind="lambda_own")], account.reader(), ["service"])

    assert [(one.kind, one.name) for one in inventory.resources] == [
        ("lambda", "orders-api"),
        ("lambda_own", "orders-api"),
    ]
    assert account.made["get_function_event_invoke_config"] == 1


@pytest.mark.parametrize("broken", [1, 2])
def test_a_listing_that_breaks_is_no_listing(account: Services, broken: int) -> None:
    """Half of it would make the other half look deleted."""
    for number in range(150):
        account.tag("scheduler:schedule-group", arn("scheduler", f"schedule-group/g{number}"))
    account.tagging.broken = broken

    inventory = account.discover("scheduler", "logs")

    assert (inventory.resources, inventory.skipped) == ([], [])
    [unknown] = inventory.unknown
    assert (unknown.kind, unknown.service, unknown.resource) == ("", "", "")
    assert "AccessDeniedException" in unknown.reason


def test_every_service_has_its_log_lines_even_when_its_resources_could_not_be_read(account: Services) -> None:
    # given a queue that can be read, one that cannot, a function of a listing that is refused, and a deleted stream
    account.queue("read", {"service": "one"})
    account.queue("refused", {"service": "two"})
    account.tag("lambda:function", arn("lambda", "function:f"), service="three")
    account.tag("kinesis:stream", arn("kinesis", "stream/gone"), service="four")
    url = account.client("sqs").get_queue_url(QueueName="refused")["QueueUrl"]
    account.refuse("sqs", "GetQueueAttributes", QueueUrl=url)
    account.refuse("lambda", "ListFunctions")

    # when they are discovered
    inventory = account.discover("lambda", "sqs", "kinesis", "logs")

    # then only the service whose only resource is gone has none
    assert sorted(one.service for one in inventory.resources if one.kind == "logs") == ["one", "three", "two"]
    assert {(one.kind, one.service, one.resource) for one in inventory.unknown} == {
        ("sqs", "two", "refused"),
        ("lambda", "three", ""),
    }
    assert [one.resource for one in inventory.skipped] == ["gone"]


def test_the_account_is_one_resource_and_no_service_with_log_lines(account: Services) -> None:
    account.function("orders-api")

    inventory = account.discover("account", "lambda", "logs")

    assert {(one.kind, one.name, one.service) for one in inventory.resources} == {
        ("account", "account", "account"),
        ("lambda", "orders-api", "orders"),
        ("logs", "logs", "orders"),
    }
    [quota] = [one.facts for one in inventory.resources if one.kind == "account"]
    assert quota == {"concurrency_quota": 1000}


def test_without_time_nothing_is_asked_and_everything_is_unknown(account: Services) -> None:
    account.tag("scheduler:schedule-group", arn("scheduler", "schedule-group/g"))
    account.seconds = iter([RESERVE - 0.001])

    inventory = account.discover("scheduler")

    assert account.made == {}
    assert [NO_TIME in one.reason for one in inventory.unknown] == [True]

    account.seconds = iter([RESERVE])
    assert [one.name for one in account.discover("scheduler").resources] == ["g"]


def test_what_was_not_looked_at_in_time_is_unknown_one_by_one(account: Services) -> None:
    # given three streams and time for the listing and two calls
    for name in ("a", "b", "c"):
        account.client("kinesis").create_stream(StreamName=name, ShardCount=1)
        account.tag("kinesis:stream", arn("kinesis", f"stream/{name}"))
    account.seconds = iter([300.0] * 3)

    # when they are discovered
    inventory = account.discover("kinesis")

    # then the third keeps what it has
    assert [one.name for one in inventory.resources] == ["a", "b"]
    assert inventory.unknown == [Unknown(NO_TIME, "kinesis", "orders", "c")]


def test_which_resources_there_is_no_time_for_is_not_the_same_in_each_run(account: Services) -> None:
    """Else those at the end of a large account would never get their alarms."""
    for name in ("a", "b", "c"):
        account.client("kinesis").create_stream(StreamName=name, ShardCount=1)
        account.tag("kinesis:stream", arn("kinesis", f"stream/{name}"))
    account.seconds = iter([300.0] * 2)

    inventory = account.discover("kinesis", shuffle=list.reverse)

    assert [one.name for one in inventory.resources] == ["c"]


def test_a_pace_that_runs_out_of_time_leaves_the_rest_too(account: Services) -> None:
    """Whoever paces the calls knows earlier than the deadline that one cannot be made any more."""

    class OutOfTime(Exception):  # noqa: N818
        pass

    def call(client: object, operation: str, /, **parameters: object) -> dict[str, object]:
        raise OutOfTime

    kinds = [kind for kind in definitions() if kind.kind == "sqs"]
    inventory = discover(kinds, account.reader(call, OutOfTime), ["service"])

    assert [NO_TIME in one.reason for one in inventory.unknown] == [True]
