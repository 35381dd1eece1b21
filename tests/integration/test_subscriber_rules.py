"""Rules decide which log groups are subscribed, how, and for how long they keep their lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from watchpost.configuration import (
    Configuration,
    Destination,
    GroupMatch,
    Logs,
    Retention,
    ServiceRule,
    SubscriptionRule,
    Subscriptions,
)

from tests.integration.subscriber_world import BY_RULE, FOREIGN, ROLE, Bench, bench

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watchpost.ledger import Entry

CONFIGURATION = Configuration(
    services=(ServiceRule("/ecs/*", "containers"),), logs=Logs(exclude=("/aws/rds/*",), retention_days=30)
)
LEAVE_ALONE = Logs(retention_days=None)


@pytest.fixture
def aws() -> Iterator[Bench]:
    with bench() as found:
        found.configuration = CONFIGURATION
        yield found


def _rules(*rules: SubscriptionRule, default: str = "include") -> Configuration:
    return Configuration(subscriptions=Subscriptions(default, rules), logs=LEAVE_ALONE)


def _rule(prefix: str, name: str = "rule", **fields: Any) -> SubscriptionRule:
    return SubscriptionRule(name, GroupMatch(prefix=(prefix,)), **fields)


@pytest.mark.parametrize(
    ("has", "rule", "default", "expected"),
    [
        (None, None, 30, 30),
        (None, None, None, None),
        (365, None, 30, 365),
        (None, Retention(14), 30, 14),
        (365, Retention(14), 30, 365),
        (365, Retention(14, overrule=True), 30, 14),  # shorter
        (7, Retention(14, overrule=True), 30, 14),  # longer
        (14, Retention(14, overrule=True), 30, 14),
    ],
)
def test_retention_is_set_where_a_group_never_expires_or_a_rule_overrules(
    aws: Bench, has: int | None, rule: Retention | None, default: int | None, expected: int | None
) -> None:
    aws.world.group("/a", retention=has)
    configuration = Configuration(
        logs=Logs(retention_days=default), subscriptions=Subscriptions(rules=(_rule("/", retention=rule),))
    )

    asked = aws.count(lambda: aws.sweep(configuration))

    assert aws.world.groups["/a"].retention == expected
    assert asked.get("PutRetentionPolicy", 0) == (has != expected)


def test_a_rule_sets_the_retention_of_groups_that_it_excludes_too(aws: Bench) -> None:
    aws.world.group("/a")

    aws.sweep(_rules(_rule("/", exclude=True, retention=Retention(7))))

    assert (aws.world.groups["/a"].retention, aws.names("/a")) == (7, [])


@pytest.mark.parametrize(("rule", "expected"), [(None, None), (Retention(14), 14)])
def test_what_nobody_ships_does_not_expire_unless_a_rule_says_so(
    aws: Bench, rule: Retention | None, expected: int | None
) -> None:
    """A group whose places are taken keeps its events: they are nowhere else."""
    aws.world.group("/a", filters=[("audit", FOREIGN), ("siem", FOREIGN)])

    aws.sweep(
        Configuration(logs=Logs(retention_days=30), subscriptions=Subscriptions(rules=(_rule("/", retention=rule),)))
    )

    assert aws.entry("/a").state == "blocked"
    assert aws.world.groups["/a"].retention == expected


def test_a_retention_that_fails_is_told_of_a_group_that_is_covered(aws: Bench) -> None:
    aws.world.group("/a")
    aws.refuse("PutRetentionPolicy")

    result = aws.sweep()

    assert aws.names("/a") == ["watchpost.service=a"]
    assert aws.entry("/a").state == "covered"
    assert "retention could not be set" in aws.entry("/a").reason
    assert [item["log_group"] for item in result["examples"]["failed"]] == ["/a"]


def test_what_a_narrower_configuration_leaves_out_is_unsubscribed(aws: Bench) -> None:
    # given two groups that are shipped, one of them with a foreign filter too
    aws.world.group("/shop/api", filters=[("audit", FOREIGN)])
    aws.world.group("/bank/api")
    aws.sweep(_rules())

    # when only one is included any more
    result = aws.sweep(_rules(_rule("/bank"), default="exclude"))

    # then the other has lost our filter and nothing else
    assert aws.world.filters("/shop/api") == {"audit": FOREIGN}
    assert aws.names("/bank/api") == ["watchpost.service=api"]
    assert result["removed"] == 1
    entry = aws.entry("/shop/api")
    assert (entry.state, entry.rule, entry.filter) == ("skipped", "default", "")


def test_groups_that_are_known_to_have_no_filter_of_ours_are_not_asked_again(aws: Bench) -> None:
    aws.world.group("/aws/rds/db")
    assert aws.count(aws.sweep)["DescribeSubscriptionFilters"] == 1

    assert "DescribeSubscriptionFilters" not in aws.count(aws.sweep)


def test_filters_of_ours_that_the_ledger_does_not_know_are_found_where_nothing_should_be(aws: Bench) -> None:
    """As after the loss of the ledger."""
    aws.world.group("/aws/rds/db", filters=[("watchpost.service=db", aws.shipper)])

    aws.sweep()

    assert aws.names("/aws/rds/db") == []


def test_a_rules_pattern_and_destination_are_those_of_the_filter(aws: Bench) -> None:
    aws.world.group("/shop/api")
    rule = _rule("/shop", filter_pattern="?ERROR", destination=Destination(BY_RULE, ROLE))

    aws.sweep(_rules(rule))

    found = aws.world.groups["/shop/api"].filters["watchpost.service=api"]
    assert (found.pattern, found.destination, found.role) == ("?ERROR", BY_RULE, ROLE)
    assert (aws.entry("/shop/api").destination, aws.entry("/shop/api").rule) == (BY_RULE, "rule rule")


def test_a_changed_pattern_or_destination_is_put_again_in_place(aws: Bench) -> None:
    aws.world.group("/shop/api")
    aws.sweep(_rules(_rule("/shop", filter_pattern="?ERROR", destination=Destination(BY_RULE, ROLE))))

    for rule in (_rule("/shop", filter_pattern="?WARN", destination=Destination(BY_RULE, ROLE)), _rule("/shop")):
        asked = aws.count(lambda rule=rule: aws.sweep(_rules(rule)))  # type: ignore[misc]
        assert (asked.get("PutSubscriptionFilter"), asked.get("DeleteSubscriptionFilter")) == (1, None)

    assert aws.world.filters("/shop/api") == {"watchpost.service=api": aws.shipper}


def test_a_filter_to_a_rules_destination_is_removed_when_the_rule_is_gone(aws: Bench) -> None:
    """Its destination does not tell that it is ours: the ledger does."""
    aws.world.group("/shop/api")
    aws.sweep(_rules(_rule("/shop", destination=Destination(BY_RULE, ROLE))))

    aws.sweep(_rules(_rule("/shop", exclude=True)))

    assert aws.names("/shop/api") == []


def test_the_ledger_knows_of_a_filter_to_a_rules_destination_before_it_is_put(aws: Bench) -> None:
    aws.world.group("/shop/api")
    seen: list[Entry | None] = []
    aws.world.before("PutSubscriptionFilter", lambda _: seen.append(aws.ledger.get("/shop/api")))

    aws.sweep(_rules(_rule("/shop", destination=Destination(BY_RULE, ROLE))))

    [entry] = seen
    assert entry
    assert (entry.filter, entry.destination) == ("watchpost.service=api", BY_RULE)


@pytest.mark.parametrize("before", ["own", "rule", "other rule"])
def test_a_rename_to_a_rules_destination_that_breaks_off_leaves_nothing_behind(aws: Bench, before: str) -> None:
    # given a group whose filter is to be renamed, and an invocation that ends between the two filters
    another = aws.world.destination(f"{BY_RULE}-2")
    first = {"own": None, "rule": Destination(BY_RULE, ROLE), "other rule": Destination(another, ROLE)}[before]
    aws.world.group("/shop/api")
    aws.sweep(_rules(_rule("/shop", service="old", destination=first)))
    aws.refuse("DeleteSubscriptionFilter", times=1)
    renamed = _rules(_rule("/shop", service="new", destination=Destination(BY_RULE, ROLE)))
    assert aws.sweep(renamed)["failed"] == 1
    assert aws.names("/shop/api") == ["watchpost.service=new", "watchpost.service=old"]

    # when the next sweep comes
    aws.sweep(renamed)

    # then only the new one is there
    assert aws.world.filters("/shop/api") == {"watchpost.service=new": BY_RULE}
    assert aws.entry("/shop/api").held_by == ()


def test_another_way_of_delivery_turns_the_filters_round(aws: Bench) -> None:
    aws.world.group("/a")
    aws.sweep()

    aws.streaming = True
    asked = aws.count(aws.sweep)
    assert aws.world.filters("/a") == {"watchpost.service=a": aws.stream}
    assert (asked.get("PutSubscriptionFilter"), asked.get("DeleteSubscriptionFilter")) == (1, None)

    aws.streaming = False
    aws.sweep()
    assert aws.world.filters("/a") == {"watchpost.service=a": aws.shipper}
