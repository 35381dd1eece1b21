"""A stack that is deleted leaves nothing of its own in the account, or says what it left and how to remove it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import pytest
from subscriber.leave import NAMED
from subscriber.run import run
from watchpost import names
from watchpost.configuration import (
    Configuration,
    Destination,
    GroupMatch,
    Logs,
    SubscriptionRule,
    Subscriptions,
)
from watchpost.errors import ConfigurationError

from tests.integration.subscriber_world import (
    BY_RULE,
    FOREIGN,
    ROLE,
    TABLE,
    Bench,
    CloudFormation,
    bench,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTHING_KEPT = Logs(retention_days=None)


@pytest.fixture
def aws() -> Iterator[Bench]:
    with bench() as found:
        found.configuration = Configuration(logs=NOTHING_KEPT)
        yield found


def _of_rule(destination: str = BY_RULE) -> Configuration:
    rule = SubscriptionRule("rule", GroupMatch(prefix=("/rule",)), destination=Destination(destination, ROLE))
    return Configuration(subscriptions=Subscriptions(rules=(rule,)), logs=NOTHING_KEPT)


def test_a_deletion_needs_no_configuration_and_takes_our_filters_only(aws: Bench, stack: CloudFormation) -> None:
    # given filters of ours beside those of others, and a configuration that is gone
    ours = aws.shipper
    aws.world.group("/a", filters=[("watchpost.service=a", ours), ("audit", FOREIGN)])
    aws.world.group("/b", filters=[("watchpost.service=b", FOREIGN), ("by-hand", ours)])
    aws.world.group("/c", filters=[("watchpost.service=c", ours), ("watchpost.service=d", ours)])
    aws.world.group("/d")

    def gone(*, fresh: bool) -> NoReturn:
        raise ConfigurationError("parameter", "nothing", "a document")

    # when the stack is deleted
    result = run(stack.request("Delete"), replace(aws.around(), configuration=gone))

    # then nothing of ours is left
    assert result["removed"] == 2
    assert aws.world.filters("/a") == {"audit": FOREIGN}
    assert aws.world.filters("/b") == {"watchpost.service=b": FOREIGN, "by-hand": ours}
    assert aws.world.filters("/c") == {}
    assert stack.answer[0] == "SUCCESS"


@pytest.mark.parametrize("streaming", [True, False])
def test_filters_of_an_earlier_configuration_and_an_earlier_delivery_go_too(
    aws: Bench, stack: CloudFormation, streaming: bool
) -> None:
    # given filters to a rule's destination, and to the way of delivery before the present one
    aws.world.group("/rule/api")
    aws.world.group("/other")
    aws.streaming = not streaming
    aws.sweep(_of_rule())
    assert aws.world.filters("/rule/api") == {"watchpost.service=api": BY_RULE}
    aws.streaming = streaming
    aws.configuration = Configuration()

    aws.delete(stack)

    assert aws.names("/rule/api") == aws.names("/other") == []
    assert stack.answer[0] == "SUCCESS"


def test_the_account_policy_goes_first_and_with_it_the_filters_beside_it(aws: Bench, stack: CloudFormation) -> None:
    for name in ("/rule/api", "/a", "/b"):
        aws.world.group(name)
    aws.scope = "account"
    aws.sweep(_of_rule())
    seen: list[bool] = []
    aws.world.before("DeleteSubscriptionFilter", lambda _: seen.append(aws.world.policy is None))

    aws.delete(stack)

    assert seen == [True]
    assert [aws.world.deliveries(name) for name in ("/rule/api", "/a", "/b")] == [[], [], []]
    assert stack.answer[0] == "SUCCESS"


def test_a_foreign_policy_stays(aws: Bench, stack: CloudFormation) -> None:
    aws.world.put_policy("siem", FOREIGN)

    aws.delete(stack)

    assert aws.world.policy
    assert stack.answer[0] == "SUCCESS"


@pytest.mark.parametrize("loss", ["entries", "table", "unreachable"])
def test_a_lost_ledger_keeps_nothing_from_being_removed(aws: Bench, stack: CloudFormation, loss: str) -> None:
    for name in ("/a", "/b"):
        aws.world.group(name)
    aws.sweep()
    if loss == "entries":
        aws.ledger.remove(["/a", "/b"])
    elif loss == "table":
        aws.dynamodb.delete_table(TableName=TABLE)
    else:
        aws.break_ledger("UpdateItem")

    aws.delete(stack)

    assert aws.names("/a") == aws.names("/b") == []
    assert stack.answer[0] == "SUCCESS"


def test_groups_that_are_known_to_have_no_filter_are_not_looked_at(aws: Bench, stack: CloudFormation) -> None:
    for number in range(30):
        aws.world.group(f"/group/{number}")
    aws.scope = "account"
    aws.sweep()

    asked = aws.count(lambda: aws.delete(stack))

    assert "DescribeSubscriptionFilters" not in asked
    assert stack.answer[0] == "SUCCESS"


def test_a_group_that_is_gone_is_no_reason_to_fail(aws: Bench, stack: CloudFormation) -> None:
    for name in ("/a", "/b"):
        aws.world.group(name)
    aws.sweep()
    aws.world.delete("/a")
    aws.world.before("DeleteSubscriptionFilter", lambda _: aws.world.delete("/b"), times=1)

    aws.delete(stack)

    assert stack.answer[0] == "SUCCESS"


def test_a_deletion_that_left_filters_says_where_and_how_to_remove_them(aws: Bench, stack: CloudFormation) -> None:
    for name in ("/a", "/b"):
        aws.world.group(name)
    aws.sweep()
    aws.refuse("DeleteSubscriptionFilter", "/a")

    [result] = aws.delete(stack)

    assert (result["removed"], list(result["left"])) == (1, ["/a"])
    status, reason = stack.answer
    assert status == "FAILED"
    assert "/a" in reason
    assert "aws logs delete-subscription-filter" in reason


def test_a_deletion_that_left_the_account_policy_names_it_and_how_to_remove_it(
    aws: Bench, stack: CloudFormation
) -> None:
    aws.world.group("/a")
    aws.scope = "account"
    aws.sweep()
    aws.refuse("DeleteAccountPolicy")

    aws.delete(stack)

    status, reason = stack.answer
    assert status == "FAILED"
    assert names.account_policy("watchpost") in reason
    assert "aws logs delete-account-policy" in reason
    assert "delete-subscription-filter" not in reason


@pytest.mark.parametrize(("count", "more"), [(NAMED, False), (NAMED + 1, True)])
def test_a_deletion_that_left_many_filters_names_some_and_counts_the_others(
    aws: Bench, stack: CloudFormation, count: int, more: bool
) -> None:
    for number in range(count):
        aws.world.group(f"/group/{number}")
    aws.refuse("DescribeSubscriptionFilters")

    aws.delete(stack)

    reason = stack.answer[1]
    assert reason.count("/group/") == NAMED
    assert ("and 1 more" in reason) == more


def test_a_deletion_that_is_tried_again_removes_what_was_left(aws: Bench, stack: CloudFormation) -> None:
    for name in ("/a", "/b"):
        aws.world.group(name)
    aws.sweep()
    aws.refuse("DeleteSubscriptionFilter", "/a", times=1)
    aws.delete(stack)

    asked = aws.count(lambda: aws.run(stack.request("Delete")))

    assert aws.names("/a") == []
    assert asked["DescribeSubscriptionFilters"] == 1  # of the other one the ledger knows that it is done
    assert [answer["Status"] for answer in stack.answers] == ["FAILED", "SUCCESS"]
