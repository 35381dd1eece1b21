"""One policy for the whole account instead of a filter for each group, and the way from one to the other and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from watchpost import names
from watchpost.configuration import (
    Configuration,
    GroupMatch,
    SubscriptionRule,
    Subscriptions,
)

from tests.integration.subscriber_scope_world import (
    CONFIGURATION,
    NOTHING_KEPT,
    OWN,
    RULES,
    WRITES,
    groups_of_every_kind,
)
from tests.integration.subscriber_world import BY_RULE, FOREIGN, STACK, SWEEP, TIMEOUT, Bench, bench

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def aws() -> Iterator[Bench]:
    with bench() as found:
        found.configuration = CONFIGURATION
        yield found


class _Watch:
    """Looks at where lines would go after each write."""

    def __init__(self, aws: Bench, groups: list[str], destination: str) -> None:
        self._aws, self._groups, self._destination = aws, groups, destination
        self.wrong: list[str] = []
        self.doubles = 0
        for operation in WRITES:
            aws.world.after(operation, lambda _: self.look())

    def look(self) -> None:
        world = self._aws.world
        for name in self._groups:
            delivered = world.deliveries(name)
            self.doubles += len(delivered) > 1
            if set(delivered) != {self._destination}:
                self.wrong.append(f"{name} is delivered to {delivered}")
        for name in ("/bank/api", OWN, "/tagged"):
            if world.deliveries(name):
                self.wrong.append(f"{name} is delivered to {world.deliveries(name)}")


def _expect_single(aws: Bench, groups: list[str]) -> None:
    """Nothing is double and nothing missing, whatever the scope."""
    assert [name for name in groups if aws.world.deliveries(name) != [aws.shipper]] == []
    assert aws.world.deliveries("/errors/api") == [aws.shipper]
    assert aws.world.deliveries("/elsewhere/api") == [BY_RULE]
    assert [aws.world.deliveries(name) for name in ("/bank/api", OWN, "/tagged")] == [[], [], []]


def test_one_policy_covers_all_groups_but_those_that_are_excluded_or_have_a_filter_of_their_own(aws: Bench) -> None:
    groups = groups_of_every_kind(aws)
    aws.scope = "account"

    result = aws.sweep()

    policy = aws.world.policy
    assert policy
    assert policy.name == names.account_policy(STACK)
    assert set(policy.excluded) == {"/bank/api", "/errors/api", "/elsewhere/api", OWN, "/tagged"}
    _expect_single(aws, groups)
    assert [name for name in groups if aws.names(name)] == []
    entry = aws.entry(groups[0])
    assert (entry.state, entry.via, entry.filter, entry.service) == ("covered", "account", "", "s")
    assert entry.destination == aws.shipper
    assert aws.entry("/errors/api").via == "filter"
    assert (result["covered"], result["subscribed"], result["skipped"]) == (62, 2, 3)
    assert aws.ledger.sweep().scope == "account"


def test_a_second_sweep_of_an_account_with_a_policy_writes_nothing_and_looks_at_no_single_group(aws: Bench) -> None:
    groups_of_every_kind(aws)
    aws.scope = "account"
    aws.sweep()
    before = aws.ledger.read()

    asked = aws.count(aws.sweep)

    assert not set(asked) & set(WRITES)
    assert asked["DescribeSubscriptionFilters"] == 2  # the two with filters of their own
    assert aws.ledger.read() == before


def test_groups_of_another_class_do_not_take_room_in_the_policy(aws: Bench) -> None:
    aws.world.group("/a", log_class="INFREQUENT_ACCESS")
    aws.scope = "account"

    aws.sweep()

    assert aws.world.policy
    assert set(aws.world.policy.excluded) == set()


@pytest.mark.parametrize("seconds", [TIMEOUT, 35.0])
def test_switching_to_the_policy_and_back_has_no_gap_and_nothing_double_at_the_end(aws: Bench, seconds: float) -> None:
    # given groups with filters, and somebody who looks after each write
    groups = groups_of_every_kind(aws)
    aws.sweep()
    _expect_single(aws, groups)
    watch = _Watch(aws, groups, aws.shipper)

    for scope in ("account", "groups"):
        # when the stack is switched, in as many invocations as it takes
        aws.scope = scope
        watch.doubles = 0
        aws.run(SWEEP, seconds)
        aws.to_next_tick()
        aws.ticks(seconds)

        # then every line was delivered at every moment, and in the end once
        assert watch.wrong == []
        assert watch.doubles > 0
        _expect_single(aws, groups)
        assert bool(aws.world.policy) == (scope == "account")
        assert {aws.entry(name).via for name in groups} == {"account" if scope == "account" else "filter"}


def test_the_policy_stays_until_a_sweep_of_single_groups_is_complete(aws: Bench) -> None:
    groups = groups_of_every_kind(aws)
    aws.scope = "account"
    aws.sweep()

    aws.scope = "groups"
    assert not aws.run(SWEEP, 35)["complete"]

    assert aws.world.policy
    assert [name for name in groups if aws.shipper not in aws.world.deliveries(name)] == []


def test_a_group_that_fails_keeps_the_policy_for_one_more_sweep_and_no_longer(aws: Bench) -> None:
    groups = groups_of_every_kind(aws, 3)
    aws.scope = "account"
    aws.sweep()
    aws.scope = "groups"
    aws.refuse("PutSubscriptionFilter", groups[0])

    aws.sweep()
    assert aws.world.deliveries(groups[0]) == [aws.shipper]

    aws.sweep()
    assert aws.world.policy is None
    assert aws.entry(groups[0]).missed == 2


def test_a_group_that_gets_a_rule_of_its_own_is_never_without_delivery(aws: Bench) -> None:
    groups = groups_of_every_kind(aws, 3)
    aws.scope = "account"
    aws.sweep()
    watch = _Watch(aws, groups, aws.shipper)
    pattern = SubscriptionRule("one", GroupMatch(prefix=(groups[0],)), filter_pattern="?WARN")

    aws.sweep(Configuration(subscriptions=Subscriptions(rules=(*RULES, pattern)), logs=NOTHING_KEPT))

    assert watch.wrong == []
    assert aws.world.policy
    assert groups[0] in aws.world.policy.excluded
    assert [item.pattern for item in aws.world.groups[groups[0]].filters.values()] == ["?WARN"]

    aws.sweep(CONFIGURATION)
    assert watch.wrong == []
    _expect_single(aws, groups)


def test_what_a_narrower_configuration_leaves_out_is_excluded_from_the_policy(aws: Bench) -> None:
    groups = groups_of_every_kind(aws, 3)
    aws.scope = "account"
    aws.sweep()
    out = SubscriptionRule("out", GroupMatch(prefix=(groups[0],)), exclude=True)

    aws.sweep(Configuration(subscriptions=Subscriptions(rules=(*RULES, out)), logs=NOTHING_KEPT))

    assert aws.world.deliveries(groups[0]) == []
    assert aws.entry(groups[0]).state == "skipped"


def test_a_foreign_policy_is_never_touched_and_the_filters_of_groups_stay(aws: Bench) -> None:
    groups = groups_of_every_kind(aws, 3)
    aws.sweep()
    aws.world.put_policy("siem", FOREIGN, groups)
    before = aws.world.policy
    aws.scope = "account"

    result = aws.sweep()

    assert aws.world.policy == before
    assert [aws.names(name) for name in groups] == [["watchpost.service=s"]] * 3
    assert [problem for problem in result["problems"] if "siem" in problem]
    assert [problem for problem in aws.ledger.sweep().problems if "siem" in problem]
    assert {aws.entry(name).via for name in groups} == {"filter"}


def test_a_list_that_is_too_long_for_the_policy_leaves_filters_for_each_group(aws: Bench) -> None:
    # given an account with a policy, and then more exclusions than it can name
    groups = groups_of_every_kind(aws, 3)
    aws.scope = "account"
    aws.sweep()
    watch = _Watch(aws, groups, aws.shipper)
    for number in range(130):
        aws.world.group(f"/bank/{number:03}/{'x' * 200}")

    # when it is swept
    result = aws.sweep()

    # then groups have filters instead, without a gap, and the policy with the shorter list is gone
    assert watch.wrong == []
    assert aws.world.policy is None
    _expect_single(aws, groups)
    assert [problem for problem in result["problems"] if "bytes" in problem]


def test_a_policy_that_cannot_be_looked_at_leaves_what_it_covers_as_it_is(aws: Bench) -> None:
    groups = groups_of_every_kind(aws, 3)
    aws.scope = "account"
    aws.sweep()
    aws.world.group("/new")
    aws.refuse("DescribeAccountPolicies")

    result = aws.sweep()

    assert [aws.world.deliveries(name) for name in groups] == [[aws.shipper]] * 3
    assert aws.shipper in aws.world.deliveries("/new")
    assert [problem for problem in result["problems"] if "not allowed" in problem]


def test_tags_that_cannot_be_read_leave_the_policy_as_it_is(aws: Bench) -> None:
    groups = groups_of_every_kind(aws, 3)
    aws.scope = "account"
    aws.sweep()
    before = aws.world.policy
    aws.refuse("GetResources")

    result = aws.sweep()

    assert aws.world.policy == before
    assert [aws.entry(name).state for name in groups] == ["covered"] * 3
    assert [problem for problem in result["problems"] if "not allowed" in problem]
