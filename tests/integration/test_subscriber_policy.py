"""The account-level subscription policy against an account that takes one, as strictly as it is documented."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from botocore.exceptions import ClientError
from subscriber import policy
from subscriber.policy import PolicyOutcome
from watchpost import names
from watchpost.calls import Calls

from tests.integration.logs_account.state import Policy
from tests.integration.logs_account.world import Refusal, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STACK = "watchpost"
OURS = names.account_policy(STACK)
STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/watchpost-logs"
ROLE = "arn:aws:iam::123456789012:role/watchpost-stream"
LONGEST = [*(f"/{number:02}".ljust(508, "x") for number in range(49)), "/last".ljust(488, "x")]  # 25,600 bytes
ODD = ['/a"', '/a", "/b', '/a"]', "/a\\", "/a\n", "/ä", "/a b", "", "a" * 513, "[", "*"]


class Account(NamedTuple):
    """An account, the way to call it, and where the policy shall deliver to."""

    world: World
    call: Callable[..., dict[str, Any]]
    shipper: str

    def ensure(self, *excluded: str) -> PolicyOutcome:
        return policy.ensure(self.call, STACK, self.shipper, None, excluded)

    def change(self, how: Callable[..., PolicyOutcome], log_group: str) -> PolicyOutcome:
        return how(self.call, STACK, self.shipper, None, log_group)

    def excluded(self) -> frozenset[str]:
        return self.world.policies[OURS].excluded

    @property
    def writes(self) -> int:
        return self.world.requests["PutAccountPolicy"] + self.world.requests["DeleteAccountPolicy"]


@pytest.fixture
def account() -> Iterator[Account]:
    with World() as world:
        calls = Calls(world.clock.now, world.clock.sleep, remaining=lambda: 900.0)
        world.destination(STREAM)
        yield Account(world, partial(calls, world.client("logs")), world.function("watchpost-shipper"))


def _refusing(code: str) -> Callable[[dict[str, Any]], None]:
    def act(_: dict[str, Any]) -> None:
        raise Refusal(code)

    return act


def test_a_policy_delivers_every_group_once_but_the_excluded_ones(account: Account) -> None:
    for name in ("/a", "/b", "/b-2"):
        account.world.group(name)

    assert account.ensure("/b") == PolicyOutcome("put")

    assert account.world.deliveries("/a") == account.world.deliveries("/b-2") == [account.shipper]
    assert account.world.deliveries("/b") == []


@pytest.mark.parametrize("excluded", [(), ("/b",), ("/b", "/a"), tuple(ODD), (*ODD, "/a")])
def test_the_same_policy_is_not_written_again(account: Account, excluded: tuple[str, ...]) -> None:
    account.ensure(*excluded)

    assert account.ensure(*reversed(excluded)) == PolicyOutcome("unchanged")

    assert account.writes == 1


def test_a_policy_that_says_the_same_in_another_way_is_not_written_again(account: Account) -> None:
    """AWS may give a document back in a form of its own."""
    document = {"Distribution": "ByLogStream", "FilterPattern": "", "DestinationArn": account.shipper}
    selection = ' LogGroupName  NOT IN  [ "/b","/a" ] '
    account.world.policies[OURS] = Policy(OURS, json.dumps(document, indent=2), selection)

    assert account.ensure("/a", "/b") == PolicyOutcome("unchanged")
    assert account.writes == 0


@pytest.mark.parametrize(
    ("document", "selection"),
    [
        ({"FilterPattern": "ERROR"}, 'LogGroupName NOT IN ["/a"]'),
        ({"DestinationArn": "arn:aws:lambda:eu-west-1:123456789012:function:former"}, 'LogGroupName NOT IN ["/a"]'),
        ({"RoleArn": ROLE}, 'LogGroupName NOT IN ["/a"]'),
        (None, 'LogGroupName NOT IN ["/a"]'),
        ({}, 'LogGroupName NOT IN ["/a", "/b"]'),
        ({}, "LogGroupName NOT IN []"),
        ({}, None),
        ({}, 'LogGroupName IN ["/a"]'),
        ({}, 'LogGroupName NOT IN ["/a"'),
        ({}, 'LogGroupName NOT IN ["/a",]'),
        ({}, "LogGroupName NOT IN [1]"),
    ],
)
def test_a_policy_of_ours_that_differs_is_replaced(
    account: Account, document: dict[str, str] | None, selection: str | None
) -> None:
    before = {"DestinationArn": account.shipper, "FilterPattern": ""}
    text = "{" if document is None else json.dumps(before | document)
    account.world.policies[OURS] = Policy(OURS, text, selection)

    assert account.ensure("/a") == PolicyOutcome("put")

    assert json.loads(account.world.policies[OURS].document) == before
    assert account.world.policies[OURS].selection == 'LogGroupName NOT IN ["/a"]'


def test_a_policy_goes_over_to_a_stream_with_its_role_and_back(account: Account) -> None:
    account.ensure()

    assert policy.ensure(account.call, STACK, STREAM, ROLE, ()).state == "put"
    assert policy.ensure(account.call, STACK, STREAM, ROLE, ()).state == "unchanged"
    assert json.loads(account.world.policies[OURS].document)["RoleArn"] == ROLE

    assert account.ensure().state == "put"
    assert "RoleArn" not in json.loads(account.world.policies[OURS].document)


def test_a_foreign_policy_blocks_and_is_not_touched(account: Account) -> None:
    account.world.put_policy("audit", STREAM, ["/x"])
    before = account.world.policies["audit"]

    outcome = account.ensure("/a")

    assert (outcome.state, outcome.held_by) == ("blocked", ("audit",))
    assert "audit" in outcome.reason
    assert account.world.policies == {"audit": before}
    assert account.writes == 0


def test_a_policy_that_somebody_puts_in_the_same_moment_blocks_too(account: Account) -> None:
    account.world.before("PutAccountPolicy", lambda _: account.world.put_policy("audit", STREAM), times=1)

    outcome = account.ensure("/a")

    assert (outcome.state, outcome.held_by) == ("blocked", ("audit",))
    assert list(account.world.policies) == ["audit"]


def test_a_place_that_is_taken_by_nobody_known_blocks_too(account: Account) -> None:
    account.world.before("PutAccountPolicy", _refusing("LimitExceededException"))

    assert (account.ensure().state, account.ensure().held_by) == ("blocked", ())


def test_where_both_have_a_place_ours_is_kept_up_and_the_other_one_left(account: Account) -> None:
    """The quota is AWS's to change."""
    account.world.policy_quota = 2
    account.ensure("/a")
    account.world.put_policy("audit", STREAM)
    theirs = account.world.policies["audit"]

    assert account.ensure("/b").state == "put"

    assert account.excluded() == {"/b"}
    assert account.world.policies["audit"] is theirs


def test_our_policy_is_found_on_a_later_page(account: Account) -> None:
    account.ensure("/a")
    for number in range(12):
        account.world.put_policy(f"audit-{number:02}", STREAM)

    assert account.ensure("/a").state == "unchanged"
    assert policy.remove(account.call, STACK).state == "removed"
    assert len(account.ensure("/a").held_by) == 12


def test_a_list_of_exactly_25600_bytes_is_put(account: Account) -> None:
    assert len(policy.selection(LONGEST).encode()) == 25_600

    assert account.ensure(*LONGEST).state == "put"
    assert account.ensure(*LONGEST).state == "unchanged"
    assert account.excluded() == set(LONGEST)


@pytest.mark.parametrize("before", [None, "/a"])
def test_a_list_with_one_byte_more_is_not_put_and_the_one_before_stays(account: Account, before: str | None) -> None:
    if before:
        account.ensure(before)
    policies = dict(account.world.policies)

    outcome = account.ensure(*LONGEST[:-1], LONGEST[-1] + "x")

    assert outcome.state == "too_long"
    assert "50 log groups" in outcome.reason
    assert "25601 bytes" in outcome.reason
    assert account.world.policies == policies
    assert account.writes == (1 if before else 0)


def test_a_name_that_makes_the_list_too_long_is_not_added(account: Account) -> None:
    account.ensure(*LONGEST)

    assert account.change(policy.exclude, "/z").state == "too_long"
    assert account.excluded() == set(LONGEST)


def test_one_name_is_added_and_taken_out_again(account: Account) -> None:
    account.ensure("/a")

    assert account.change(policy.exclude, "/b") == PolicyOutcome("put")
    assert account.excluded() == {"/a", "/b"}
    assert account.change(policy.exclude, "/b") == PolicyOutcome("unchanged")

    assert account.change(policy.include, "/a") == PolicyOutcome("put")
    assert account.excluded() == {"/b"}
    assert account.change(policy.include, "/a") == PolicyOutcome("unchanged")

    assert account.change(policy.include, "/b") == PolicyOutcome("put")
    assert account.world.policies[OURS].selection is None
    assert account.writes == 4


@pytest.mark.parametrize("foreign", [False, True])
def test_without_a_policy_of_ours_no_name_is_added_or_taken_out(account: Account, foreign: bool) -> None:
    if foreign:
        account.world.put_policy("audit", STREAM, ["/b"])

    assert account.change(policy.exclude, "/a") == PolicyOutcome("absent")
    assert account.change(policy.include, "/b") == PolicyOutcome("absent")
    assert account.writes == 0


def test_a_list_that_somebody_else_wrote_is_not_replaced_by_one_name(account: Account) -> None:
    """What it left out is not known, and could be what must never be subscribed."""
    account.ensure("/a")
    account.world.policies[OURS].selection = 'LogGroupName NOT IN ["/a"'

    outcome = account.change(policy.exclude, "/b")

    assert (outcome.state, outcome.held_by) == ("blocked", (OURS,))
    assert account.writes == 1


def test_only_our_policy_is_removed(account: Account) -> None:
    account.world.policy_quota = 2
    account.ensure("/a")
    account.world.put_policy("audit", STREAM)

    assert policy.remove(account.call, STACK) == PolicyOutcome("removed")
    assert list(account.world.policies) == ["audit"]
    assert policy.remove(account.call, STACK) == PolicyOutcome("absent")
    assert account.world.requests["DeleteAccountPolicy"] == 1


def test_the_policy_of_another_stack_is_foreign(account: Account) -> None:
    account.ensure("/a")

    other = policy.ensure(account.call, "watchpost-2", account.shipper, None, ())

    assert (other.state, other.held_by) == ("blocked", (OURS,))
    assert policy.remove(account.call, "watchpost-2").state == "absent"
    assert account.excluded() == {"/a"}


def test_a_policy_that_goes_before_it_is_removed_is_absent(account: Account) -> None:
    account.ensure("/a")
    account.world.before("DeleteAccountPolicy", lambda _: account.world.policies.clear())

    assert policy.remove(account.call, STACK) == PolicyOutcome("absent")


def test_an_account_that_says_not_found_has_no_policy(account: Account) -> None:
    account.world.before("DescribeAccountPolicies", _refusing("ResourceNotFoundException"))

    assert account.ensure("/a") == PolicyOutcome("put")


@pytest.mark.parametrize("operation", ["DescribeAccountPolicies", "PutAccountPolicy", "DeleteAccountPolicy"])
def test_a_refused_call_is_raised(account: Account, operation: str) -> None:
    account.ensure("/a")
    account.world.before(operation, _refusing("AccessDeniedException"))

    with pytest.raises(ClientError, match="AccessDenied"):
        policy.remove(account.call, STACK) if operation.startswith("Delete") else account.ensure("/b")
    assert account.excluded() == {"/a"}


def test_names_that_no_group_has_cannot_break_out_of_the_list(account: Account) -> None:
    assert account.ensure(*ODD, "/a").state == "put"
    assert account.world.policies[OURS].selection == 'LogGroupName NOT IN ["/a"]'
    for name in ODD:
        assert account.change(policy.exclude, name).state == "unchanged"
