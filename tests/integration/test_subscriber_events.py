"""What events tell about single log groups is done once, in any order, and comes again only when that may help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from watchpost import names
from watchpost.configuration import Configuration, Logs

from tests.integration.logs_account.state import function_arn
from tests.integration.subscriber_world import STACK, Bench, bench, created, group_arn, queued, tagged

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def aws() -> Iterator[Bench]:
    with bench() as found:
        found.configuration = Configuration(logs=Logs(exclude=("/excluded/*",), retention_days=None))
        yield found


def _failed(answer: dict[str, Any]) -> list[str]:
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


@pytest.mark.parametrize("wrap", [queued, lambda event: event], ids=["queue", "direct"])
def test_a_new_group_is_subscribed_and_no_other(aws: Bench, wrap: Any) -> None:
    aws.world.group("/shop")
    aws.world.group("/shop-2", {"service": "second"})
    aws.world.group("/shop-2-more")

    answer = aws.run(wrap(created("/shop-2")))

    assert answer.get("batchItemFailures", []) == []
    assert aws.world.filters("/shop-2") == {"watchpost.service=second": aws.shipper}
    assert aws.names("/shop") == aws.names("/shop-2-more") == []
    assert aws.states() == {"/shop-2": "covered"}


def test_tags_of_a_new_group_are_read_from_the_group_which_bulk_does_not_know_yet(aws: Bench) -> None:
    aws.world.group("/shop", {"service": "second"})
    aws.world.late.add("/shop")

    asked = aws.count(lambda: aws.run(queued(created("/shop"))))

    assert aws.entry("/shop").service == "second"
    assert "GetResources" not in asked


@pytest.mark.parametrize("wrap", [queued, lambda event: event], ids=["queue", "direct"])
@pytest.mark.parametrize("of", ["group", "function"])
def test_a_changed_tag_renames_the_filter(aws: Bench, wrap: Any, of: str) -> None:
    aws.world.function("pay", {"service": "old"} if of == "function" else {})
    aws.world.group("/aws/lambda/pay", {"service": "old"} if of == "group" else {})
    aws.run(queued(created("/aws/lambda/pay")))
    assert aws.names("/aws/lambda/pay") == ["watchpost.service=old"]

    tags = aws.world.functions["pay"] if of == "function" else aws.world.groups["/aws/lambda/pay"].tags
    tags["service"] = "new"
    aws.run(wrap(tagged(function_arn("pay") if of == "function" else group_arn("/aws/lambda/pay"))))

    assert aws.names("/aws/lambda/pay") == ["watchpost.service=new"]
    assert aws.entry("/aws/lambda/pay").service == "new"


def test_a_tag_that_makes_a_group_watchposts_own_unsubscribes_it(aws: Bench) -> None:
    aws.world.group("/other")
    aws.run(queued(created("/other")))

    aws.world.groups["/other"].tags[names.OWNER_TAG] = "other"
    aws.run(queued(tagged(group_arn("/other"))))

    assert aws.names("/other") == []
    assert aws.entry("/other").state == "skipped"


@pytest.mark.parametrize(
    ("group", "tags"), [(f"/aws/lambda/{STACK}-subscriber", {}), ("/other", {names.OWNER_TAG: "other"})]
)
def test_a_new_group_of_watchpost_is_refused(aws: Bench, group: str, tags: dict[str, str]) -> None:
    aws.world.group(group, tags)

    aws.run(queued(created(group)))

    assert aws.names(group) == []
    assert (aws.entry(group).state, aws.entry(group).rule) == ("skipped", "recursion guard")


def test_an_event_that_comes_twice_changes_nothing_the_second_time(aws: Bench) -> None:
    aws.world.group("/a")
    aws.run(queued(created("/a")))
    before = aws.entry("/a")
    aws.world.clock.sleep(60)

    asked = aws.count(lambda: aws.run(queued(created("/a"))))

    assert aws.entry("/a") == before
    assert not [operation for operation in asked if operation.startswith(("Put", "Delete"))]


def test_a_group_that_several_messages_are_about_is_treated_once(aws: Bench) -> None:
    aws.world.group("/a")

    asked = aws.count(lambda: aws.run(queued(created("/a"), tagged(group_arn("/a")), created("/a"))))

    assert asked["DescribeSubscriptionFilters"] == 1


def test_a_tag_change_that_comes_before_the_creation_subscribes_and_the_creation_changes_nothing(aws: Bench) -> None:
    aws.world.group("/a", {"service": "s"})

    aws.run(queued(tagged(group_arn("/a"))))
    before = aws.entry("/a")
    aws.run(queued(created("/a")))

    assert aws.names("/a") == ["watchpost.service=s"]
    assert aws.entry("/a") == before


def test_a_creation_that_comes_after_the_deletion_of_the_group_does_nothing(aws: Bench) -> None:
    assert _failed(aws.run(queued(created("/gone"), tagged(group_arn("/gone"))))) == []

    assert aws.states() == {}


def test_a_creation_that_comes_again_after_the_deletion_of_the_group_takes_it_out_of_the_ledger(aws: Bench) -> None:
    aws.world.group("/a")
    aws.run(queued(created("/a")))
    aws.world.delete("/a")

    aws.run(queued(created("/a")))

    assert aws.states() == {}


def test_a_group_that_was_deleted_and_created_again_is_subscribed_again(aws: Bench) -> None:
    aws.world.group("/a")
    aws.run(queued(created("/a")))
    aws.world.delete("/a")
    aws.world.group("/a")

    aws.run(queued(created("/a")))

    assert aws.names("/a") == ["watchpost.service=a"]
    assert aws.entry("/a").state == "covered"


@pytest.mark.parametrize("operation", ["ListTagsForResource", "DescribeSubscriptionFilters", "PutSubscriptionFilter"])
def test_a_group_that_is_deleted_while_it_is_subscribed_leaves_the_ledger(aws: Bench, operation: str) -> None:
    aws.world.group("/a")
    aws.world.before(operation, lambda _: aws.world.delete("/a"), times=1)

    assert _failed(aws.run(queued(created("/a")))) == []

    assert aws.states() == {}
