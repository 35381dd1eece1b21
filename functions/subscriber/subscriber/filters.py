"""The subscription filters of one log group: what they are, what they should be, and the way there.

A filter is ours when its name starts with names.FILTER_PREFIX and it points to the stack's own shipper or stream, or
when the ledger says that we put it. Every other one is foreign and never touched, a filter of another Watchpost stack
included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError
from watchpost import names
from watchpost.aws import code_of
from watchpost.calls import OutOfTimeError

from subscriber.surroundings import AWS_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from watchpost.ledger import Entry

    from subscriber.account import Account

# Seconds that the second half of an exchange may use of the time that is kept free: a group must not stay without any
# filter because the time was over between the two calls.
EXCHANGE_RESERVE = 8.0
_ARROW = " -> "  # between a filter's name and its destination; no name can hold the ":" of the ARN behind it


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filter that a group should have."""

    name: str
    pattern: str
    destination: str  # ARN
    role: str | None = None  # ARN of what CloudWatch Logs writes to the destination as


@dataclass(frozen=True, slots=True)
class Ownership:
    """Which filters of a group are ours."""

    destinations: frozenset[str]  # ARNs of the stack's own shipper, with and without its alias, and stream
    recorded: frozenset[tuple[str, str]] = frozenset()  # name and destination, as the ledger has them

    def has(self, item: Mapping[str, Any]) -> bool:
        """Whether a filter was put by this stack."""
        name, destination = item["filterName"], item["destinationArn"]
        ours = destination in self.destinations or (name, destination) in self.recorded
        return ours and name.startswith(names.FILTER_PREFIX)


@dataclass(frozen=True, slots=True)
class Present:
    """The filters that a group has, as just read."""

    items: Sequence[Mapping[str, Any]]
    own: Ownership

    @property
    def ours(self) -> list[Mapping[str, Any]]:
        """Those that this stack put."""
        return [item for item in self.items if self.own.has(item)]


@dataclass(frozen=True, slots=True)
class Plan:
    """What one log group needs."""

    put: bool  # whether the wanted filter is missing or differs
    stale: tuple[Mapping[str, Any], ...]  # filters of ours under another name
    foreign: tuple[str, ...]  # names of the others, which take places too


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one log group's filters. held_by: who has the places, where it is blocked."""

    state: Literal["subscribed", "renamed", "unchanged", "blocked"]
    reason: str = ""
    held_by: tuple[str, ...] = ()
    kept: tuple[str, str] = ("", "")  # where it is blocked: name and destination of a filter of ours that stays


def ownership(account: Account, entry: Entry | None) -> Ownership:
    """What is ours in a group, by what the ledger has of it."""
    recorded = {(entry.filter, entry.destination)} if entry and entry.filter else set()
    # An entry of a group whose filter was about to be replaced names the ones before as well.
    for held in entry.held_by if entry and entry.state == "failed" else ():
        name, arrow, destination = held.partition(_ARROW)
        if arrow:
            recorded.add((name, destination))
    return Ownership(account.destinations, frozenset(recorded))


def as_text(item: Mapping[str, Any]) -> str:
    """A filter as the ledger keeps it beside the one that takes its place."""
    return f"{item['filterName']}{_ARROW}{item['destinationArn']}"


def plan(present: Present, wanted: Wanted) -> Plan:
    """Compare a group's filters with the one it should have. Pure."""
    ours = {item["filterName"]: item for item in present.ours}
    return Plan(
        put=wanted.name not in ours or _of(ours[wanted.name]) != wanted,
        stale=tuple(item for name, item in ours.items() if name != wanted.name),
        foreign=tuple(item["filterName"] for item in present.items if not present.own.has(item)),
    )


def read(account: Account, group: str, own: Ownership) -> Present:
    """All filters of a group. Raises botocore's errors and OutOfTimeError."""
    pages = account.calls.pages(account.logs, "describe_subscription_filters", logGroupName=group)
    return Present([item for page in pages for item in page["subscriptionFilters"]], own)


def subscribe(
    account: Account,
    group: str,
    wanted: Wanted,
    present: Present,
    before_put: Callable[[Sequence[Mapping[str, Any]]], None],
) -> Outcome:
    """Give a group the wanted filter. An equal one is left alone, without any write.

    before_put: called with the filters of ours that will go, before anything is
    written. Raises botocore's errors and OutOfTimeError; the quota of filters is the outcome `blocked`.
    """
    need = plan(present, wanted)
    if wanted.name in need.foreign:
        return _name_taken(wanted, need)
    if not need.put and not need.stale:
        return Outcome("unchanged")
    stale = list(need.stale)
    if need.put:
        before_put(stale)
        if not _put(account, group, wanted):
            # Somebody may have taken the place, even the name, since the filters were read.
            need = plan(read(account, group, present.own), wanted)
            stale = list(need.stale)
            if wanted.name in need.foreign:
                return _name_taken(wanted, need)
            if need.put and not stale:
                return Outcome("blocked", "no place is left for a subscription filter", need.foreign)
            if need.put:
                _exchange(account, group, stale.pop(), wanted)
    for item in stale:
        remove(account, group, item["filterName"])
    return Outcome("renamed" if need.stale else "subscribed")


def remove(account: Account, group: str, name: str) -> None:
    """Remove a filter; one that is gone, with or without its group, is no error. Raises botocore's other errors."""
    try:
        account.call("delete_subscription_filter", logGroupName=group, filterName=name)
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise


def remove_ours(account: Account, group: str, entry: Entry | None) -> int:
    """Remove every filter of ours from a group and say how many there were. Raises botocore's errors."""
    ours = read(account, group, ownership(account, entry)).ours
    for item in ours:
        remove(account, group, item["filterName"])
    return len(ours)


def _name_taken(wanted: Wanted, need: Plan) -> Outcome:
    """PutSubscriptionFilter would silently overwrite a foreign filter of the wanted name."""
    kept = (need.stale[0]["filterName"], need.stale[0]["destinationArn"]) if need.stale else ("", "")
    return Outcome("blocked", f"a foreign filter has the name {wanted.name}", need.foreign, kept)


def _of(item: Mapping[str, Any]) -> Wanted:
    return Wanted(
        item["filterName"], item.get("filterPattern", ""), item["destinationArn"], item.get("roleArn") or None
    )


def _exchange(account: Account, group: str, old: Mapping[str, Any], new: Wanted) -> None:
    """Replace a filter where there is no place for both: the one moment in which lines can be missed."""
    remove(account, group, old["filterName"])
    try:
        _put_or_raise(account, group, new, EXCHANGE_RESERVE)
    except (*AWS_ERRORS, OutOfTimeError):
        _put_or_raise(account, group, _of(old), 0)  # the wrong name is better than no line at all
        raise


def _put(account: Account, group: str, wanted: Wanted) -> bool:
    """Put a filter, and say whether there was a place for it."""
    try:
        _put_or_raise(account, group, wanted)
    except ClientError as error:
        # The quota is AWS's to change, so it is met and not known.
        if code_of(error) == "LimitExceededException":
            return False
        raise
    return True


def _put_or_raise(account: Account, group: str, wanted: Wanted, reserve: float | None = None) -> None:
    calls = account.calls if reserve is None else account.calls.within(reserve)
    role = {"roleArn": wanted.role} if wanted.role else {}
    calls(
        account.logs,
        "put_subscription_filter",
        logGroupName=group,
        filterName=wanted.name,
        filterPattern=wanted.pattern,
        destinationArn=wanted.destination,
        **role,
    )
