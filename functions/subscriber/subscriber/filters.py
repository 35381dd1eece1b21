"""The subscription filters of one log group: what they are, what they should be, and the way there.

A filter is ours when its name starts with names.FILTER_PREFIX and its destination is our shipper or our stream. Every
other one is foreign and never touched, a filter of another Watchpost stack included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import BotoCoreError, ClientError
from watchpost import names
from watchpost.aws import code_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import SubscriptionFilterTypeDef

    from subscriber.account import Account

PATTERN = ""  # every line


@dataclass(frozen=True, slots=True)
class Plan:
    """What one log group needs."""

    wanted: str  # name of the filter that it should have
    put: bool  # whether that filter is missing or differs
    stale: tuple[str, ...]  # filters of ours under another name
    foreign: tuple[str, ...]  # names of the others, which take places too


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one log group's filters. held_by: who has the places, where it is blocked."""

    state: Literal["subscribed", "renamed", "unchanged", "blocked"]
    reason: str = ""
    held_by: tuple[str, ...] = ()


def is_ours(item: SubscriptionFilterTypeDef, destinations: Collection[str]) -> bool:
    """Whether a filter was put by this stack: by its name and its destination."""
    return item["filterName"].startswith(names.FILTER_PREFIX) and item["destinationArn"] in destinations


def plan(
    existing: Iterable[SubscriptionFilterTypeDef], service: str, destination: str, former: Collection[str] = ()
) -> Plan:
    """Compare a group's filters with the one it should have for a service. Pure.

    destination: ARN that it should point to. former: ARNs that filters of ours may still point to.
    """
    wanted = names.subscription_filter(service)
    own = {destination, *former}
    ours = {
        item["filterName"]: (item.get("filterPattern", ""), item["destinationArn"])
        for item in existing
        if is_ours(item, own)
    }
    return Plan(
        wanted=wanted,
        put=ours.get(wanted) != (PATTERN, destination),
        stale=tuple(name for name in ours if name != wanted),
        foreign=tuple(item["filterName"] for item in existing if not is_ours(item, own)),
    )


def read(logs: CloudWatchLogsClient, group: str) -> list[SubscriptionFilterTypeDef]:
    """All filters of a group. Raises botocore's errors."""
    pages = logs.get_paginator("describe_subscription_filters").paginate(logGroupName=group)
    return [item for page in pages for item in page["subscriptionFilters"]]


def subscribe(account: Account, group: str, service: str) -> Outcome:
    """Give a group the filter of a service. An equal one is left alone, without any write.

    Raises botocore's errors, apart from the quota of filters, which is the outcome `blocked`.
    """
    need = plan(read(account.logs, group), service, account.destination, account.former)
    if need.wanted in need.foreign:
        # PutSubscriptionFilter would silently overwrite it.
        return Outcome("blocked", f"a foreign filter has the name {need.wanted}", need.foreign)
    if not need.put and not need.stale:
        return Outcome("unchanged")
    stale = list(need.stale)
    if need.put and not _put(account, group, need.wanted):
        if not stale:
            return Outcome("blocked", "no place is left for a subscription filter", need.foreign)
        _exchange(account, group, stale.pop(), need.wanted)
    for name in stale:
        remove(account.logs, group, name)
    return Outcome("renamed" if need.stale else "subscribed")


def remove(logs: CloudWatchLogsClient, group: str, name: str) -> None:
    """Remove a filter; one that is gone, with or without its group, is no error. Raises botocore's other errors."""
    try:
        logs.delete_subscription_filter(logGroupName=group, filterName=name)
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise


def _exchange(account: Account, group: str, old: str, new: str) -> None:
    """Replace a filter where there is no place for both: the one moment in which lines can be missed."""
    remove(account.logs, group, old)
    try:
        _put_or_raise(account, group, new)
    except (BotoCoreError, ClientError):
        _put_or_raise(account, group, old)  # the wrong name is better than no line at all
        raise


def _put(account: Account, group: str, name: str) -> bool:
    """Put a filter, and say whether there was a place for it."""
    try:
        _put_or_raise(account, group, name)
    except ClientError as error:
        # The quota is AWS's to change, so it is met and not known.
        if code_of(error) == "LimitExceededException":
            return False
        raise
    return True


def _put_or_raise(account: Account, group: str, name: str) -> None:
    role: dict[str, Any] = {"roleArn": account.role} if account.role else {}
    account.logs.put_subscription_filter(
        logGroupName=group, filterName=name, filterPattern=PATTERN, destinationArn=account.destination, **role
    )
