"""What the subscriber does to log groups: to all of them, to a new one, and when the stack is deleted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from watchpost.aws import code_of
from watchpost.errors import PayloadError

from subscriber import filters
from subscriber.account import find, pages, tags_of
from subscriber.decision import decide, refusal
from subscriber.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from watchpost.configuration import Configuration

    from subscriber.account import Account
    from subscriber.decision import LogGroup

# Seconds that are left when no further group is begun: for the calls of one group and the answer to CloudFormation.
RESERVE = 20.0
GONE = "the log group is gone"
_SEPARATOR = "|"  # not allowed in names of log groups (CloudWatch Logs API, CreateLogGroup)


@dataclass(slots=True)
class Removal:
    """What a removal did. left: for each group that still has (or may have) filters of ours, why."""

    removed: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    next_token: str | None = None  # the first group that was not looked at, when the time was over


def sweep(account: Account, configuration: Configuration, remaining: Callable[[], float], token: str = "") -> Result:
    """Bring the filters of all log groups in order.

    remaining: seconds until Lambda ends the invocation. token: `next_token` of a run that ran out of time. Groups that
    fail are in the result. Raises PayloadError for a token that is none, botocore's errors when listing fails.
    """
    result = Result()
    for group, here in _walk(account, token):
        if remaining() < RESERVE:
            result.next_token = here
            break
        treat(group, account, configuration, result)
    return result


def new_group(account: Account, configuration: Configuration, name: str) -> Result:
    """Bring the filters of one log group in order. Raises botocore's errors when it cannot be looked up."""
    result = Result()
    group = find(account.logs, name)
    if group is None:
        result.skip(name, GONE)
    else:
        treat(group, account, configuration, result)
    return result


def remove_all(account: Account, remaining: Callable[[], float]) -> Removal:
    """Remove every filter of ours from all log groups; foreign ones stay.

    Raises botocore's errors when groups cannot be listed.
    """
    removal = Removal()
    for group, here in _walk(account, ""):
        if remaining() < RESERVE:
            removal.next_token = here
            break
        try:
            _remove_ours(group.name, account, removal)
        except (BotoCoreError, ClientError) as error:
            if code_of(error) != "ResourceNotFoundException":  # a group that is gone took its filters with it
                removal.left[group.name] = f"{type(error).__name__}: {error}"[:500]
    return removal


def treat(group: LogGroup, account: Account, configuration: Configuration, result: Result) -> None:
    """Decide about one group, act, and note the outcome. Errors of AWS are noted, not raised."""
    reason = refusal(group, configuration, account.stack)
    if reason:
        result.skip(group.name, reason)
        return
    try:
        decision = decide(group, tags_of(group, account), configuration, account.stack)
        if decision.action == "skip":
            result.skip(group.name, decision.reason)
            return
        outcome = filters.subscribe(account, group.name, decision.service)
    except (BotoCoreError, ClientError) as error:
        _note(error, group, account, result)
        return
    result.add(group.name, outcome)
    if group.retention_days is None and configuration.logs.retention_days is not None:
        _set_retention(group, configuration.logs.retention_days, account, result)


def _set_retention(group: LogGroup, days: int, account: Account, result: Result) -> None:
    try:
        account.logs.put_retention_policy(logGroupName=group.name, retentionInDays=days)
    except (BotoCoreError, ClientError) as error:
        _note(error, group, account, result)
        return
    result.retention_set.append(group.name)


def _note(error: BotoCoreError | ClientError, group: LogGroup, account: Account, result: Result) -> None:
    """A group that was deleted meanwhile is skipped. "Not found" alone does not say so: it may be the shipper."""
    try:
        gone = code_of(error) == "ResourceNotFoundException" and find(account.logs, group.name) is None
    except (BotoCoreError, ClientError):
        gone = False
    if gone:
        result.skip(group.name, GONE)
    else:
        result.fail(group.name, error)


def _remove_ours(group: str, account: Account, removal: Removal) -> None:
    ours = [item for item in filters.read(account.logs, group) if filters.is_ours(item, account.destinations)]
    for item in ours:
        filters.remove(account.logs, group, item["filterName"])
    if ours:
        removal.removed.append(group)


def _walk(account: Account, token: str) -> Iterator[tuple[LogGroup, str]]:
    """All log groups, each with the token that leads to it again.

    A token is the last group that was done and AWS's token of the page, so that a page is not begun anew for ever.
    Groups come in the order of their names (CloudWatch Logs API, DescribeLogGroups).
    """
    if token and _SEPARATOR not in token:
        raise PayloadError("malformed", "next_token as a sweep returned it")
    done, _, page_token = token.partition(_SEPARATOR)
    for page in pages(account.logs, page_token):
        for group in page.groups:
            if group.name > done:
                yield group, f"{done}{_SEPARATOR}{page.token}"
                done = group.name
