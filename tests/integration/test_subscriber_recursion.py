"""Nothing is subscribed that logs what is shipped: shipping it would never end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from watchpost import names
from watchpost.configuration import (
    Configuration,
    Destination,
    GroupMatch,
    Logs,
    ServiceRule,
    SubscriptionRule,
    Subscriptions,
)

from tests.integration.logs_account.state import function_arn
from tests.integration.subscriber_world import BY_RULE, ROLE, STACK, Bench, bench, created, queued

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTHING_KEPT = Logs(retention_days=None)


@pytest.fixture
def aws() -> Iterator[Bench]:
    with bench() as found:
        found.configuration = Configuration(logs=NOTHING_KEPT)
        yield found


def _to(destination: str, role: str | None = None) -> Configuration:
    rule = SubscriptionRule("siem", GroupMatch(prefix=("/shop",)), destination=Destination(destination, role))
    return Configuration(subscriptions=Subscriptions(rules=(rule,)), logs=NOTHING_KEPT)


def _expect_refused(aws: Bench, *groups: str) -> None:
    """By a sweep, by an event, and under an account policy too."""
    for scope in ("groups", "account"):
        aws.scope = scope
        aws.sweep()
        aws.run(queued(*(created(group) for group in groups)))
        for group in groups:
            assert aws.world.deliveries(group) == []
            assert (aws.entry(group).state, aws.entry(group).rule) == ("skipped", "recursion guard")


@pytest.mark.parametrize("component", names.COMPONENTS)
def test_the_stacks_own_groups_are_refused_even_when_a_rule_names_them(aws: Bench, component: str) -> None:
    group = aws.world.group(f"/aws/lambda/{STACK}-{component}")
    everything = SubscriptionRule("everything", GroupMatch(prefix=("/",)))
    aws.configuration = Configuration(
        services=(ServiceRule("*", "everything"),), subscriptions=Subscriptions(rules=(everything,)), logs=NOTHING_KEPT
    )

    _expect_refused(aws, group)


def test_groups_of_a_second_stack_are_refused_by_their_tags_or_those_of_their_functions(aws: Bench) -> None:
    aws.world.group("/aws/lambda/second-shipper", {names.OWNER_TAG: "second"})
    aws.world.function("second-subscriber", {names.OWNER_TAG: "second"})
    aws.world.group("/aws/lambda/second-subscriber")

    _expect_refused(aws, "/aws/lambda/second-shipper", "/aws/lambda/second-subscriber")


def test_the_group_of_a_function_that_is_the_destination_of_a_rule_is_refused(aws: Bench) -> None:
    aws.world.group("/aws/lambda/forwarder")
    aws.world.group("/shop/api")
    aws.configuration = _to(aws.world.function("forwarder"))

    _expect_refused(aws, "/aws/lambda/forwarder")

    assert aws.world.deliveries("/shop/api") == [function_arn("forwarder")]


def test_the_group_of_a_function_that_reads_the_stream_of_a_rule_is_refused(aws: Bench) -> None:
    aws.world.group("/aws/lambda/reader")
    aws.world.mapping(BY_RULE, "reader")
    aws.configuration = _to(BY_RULE, ROLE)

    _expect_refused(aws, "/aws/lambda/reader")


def test_the_group_of_another_function_that_reads_the_stacks_own_stream_is_refused(aws: Bench) -> None:
    aws.world.group("/aws/lambda/reader")
    aws.world.mapping(aws.stream, f"{STACK}-shipper")
    aws.world.mapping(aws.stream, "reader")
    aws.streaming = True

    _expect_refused(aws, "/aws/lambda/reader")


def test_a_group_of_another_name_that_such_a_function_writes_to_is_refused(aws: Bench) -> None:
    aws.world.group("/logs/of/reader")
    aws.world.mapping(aws.stream, "reader")
    aws.function_groups["reader"] = "/logs/of/reader"
    aws.streaming = True

    _expect_refused(aws, "/logs/of/reader")


def test_a_destination_in_another_account_refuses_no_group_of_this_one(aws: Bench) -> None:
    elsewhere = function_arn("forwarder").replace("123456789012", "210987654321")
    aws.world.destination(elsewhere)
    aws.world.group("/aws/lambda/forwarder")

    aws.sweep(_to(elsewhere))

    assert aws.entry("/aws/lambda/forwarder").state == "covered"


def test_a_rule_that_excludes_has_no_destination_to_guard(aws: Bench) -> None:
    aws.world.group("/aws/lambda/forwarder")
    rule = SubscriptionRule(
        "out", GroupMatch(prefix=("/shop",)), exclude=True, destination=Destination(aws.world.function("forwarder"))
    )

    aws.sweep(Configuration(subscriptions=Subscriptions(rules=(rule,)), logs=NOTHING_KEPT))

    assert aws.entry("/aws/lambda/forwarder").state == "covered"


def test_readers_that_cannot_be_found_out_are_told_and_the_run_goes_on(aws: Bench) -> None:
    aws.world.group("/a")
    aws.streaming = True
    aws.refuse("ListEventSourceMappings")

    result = aws.sweep()

    assert aws.entry("/a").state == "covered"
    assert [problem for problem in result["problems"] if "recursion guard" in problem and aws.stream in problem]
