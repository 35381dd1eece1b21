"""Single log groups in an account with one policy for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from watchpost import names

from tests.integration.subscriber_scope_world import CONFIGURATION, WRITES, groups_of_every_kind
from tests.integration.subscriber_world import (
    BY_RULE,
    SCHEDULE,
    Bench,
    bench,
    created,
    group_arn,
    queued,
    tagged,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def aws() -> Iterator[Bench]:
    with bench() as found:
        found.configuration = CONFIGURATION
        yield found


def test_a_new_group_is_covered_by_the_policy_without_a_write(aws: Bench) -> None:
    aws.scope = "account"
    aws.sweep()
    aws.world.group("/new", {"service": "n"})

    asked = aws.count(lambda: aws.run(queued(created("/new"))))

    assert not set(asked) & set(WRITES)
    assert aws.world.deliveries("/new") == [aws.shipper]
    assert (aws.entry("/new").via, aws.entry("/new").service) == ("account", "n")


@pytest.mark.parametrize("name", ["/bank/new", "/tagged"])
def test_a_new_group_to_skip_is_excluded_from_the_policy(aws: Bench, name: str) -> None:
    aws.scope = "account"
    aws.sweep()
    aws.world.group(name, {names.OWNER_TAG: "other"} if name == "/tagged" else {})

    aws.run(queued(created(name)))

    assert aws.world.deliveries(name) == []
    assert aws.entry(name).state == "skipped"


def test_a_new_group_with_a_rule_of_its_own_is_excluded_and_has_its_filter(aws: Bench) -> None:
    aws.scope = "account"
    aws.sweep()
    aws.world.group("/elsewhere/new")

    aws.run(queued(created("/elsewhere/new")))

    assert aws.world.deliveries("/elsewhere/new") == [BY_RULE]


def test_a_group_whose_tags_no_longer_exclude_it_is_included_again(aws: Bench) -> None:
    aws.world.group("/tagged", {names.OWNER_TAG: "other"})
    aws.scope = "account"
    aws.sweep()
    assert aws.world.deliveries("/tagged") == []

    aws.world.groups["/tagged"].tags.clear()
    aws.run(queued(tagged(group_arn("/tagged"))))

    assert aws.world.deliveries("/tagged") == [aws.shipper]
    assert aws.entry("/tagged").via == "account"


def test_a_new_group_has_a_filter_while_there_is_no_policy_yet(aws: Bench) -> None:
    aws.scope = "account"
    aws.world.group("/new")

    aws.run(queued(created("/new")))
    assert aws.names("/new") == ["watchpost.service=new"]

    aws.sweep()
    assert aws.world.deliveries("/new") == [aws.shipper]
    assert aws.names("/new") == []


def test_a_new_group_that_the_policy_has_no_room_for_asks_for_a_sweep(aws: Bench) -> None:
    for number in range(122):
        aws.world.group(f"/bank/{number:03}/{'x' * 195}")
    aws.scope = "account"
    aws.sweep()
    assert aws.world.policy
    for number in range(10):
        aws.world.group(f"/bank/new-{number}/{'x' * 200}")
        aws.run(queued(created(f"/bank/new-{number}/{'x' * 200}")))

    assert aws.ledger.sweep().again
    aws.run(SCHEDULE)
    assert aws.world.policy is None
    assert [name for name in aws.world.names if name.startswith("/bank") and aws.world.deliveries(name)] == []


def test_an_exclusion_that_an_event_told_about_while_groups_were_listed_stays(aws: Bench) -> None:
    groups_of_every_kind(aws, 3)
    aws.scope = "account"
    aws.sweep()

    def announce(_: Any) -> None:
        aws.world.group("/zoo", {names.OWNER_TAG: "other"})
        aws.run(queued(created("/zoo")))

    aws.world.before("GetResources", announce, times=1)

    aws.sweep()

    assert aws.world.deliveries("/zoo") == []
