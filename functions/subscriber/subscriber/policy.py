"""The account-level subscription policy: one filter for all log groups but those it names.

A policy is ours when it has our name (names.account_policy). An account has place for one (CloudWatch Logs API,
PutAccountPolicy), so a foreign one blocks ours; it is never touched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError
from watchpost import names
from watchpost.aws import code_of
from watchpost.errors import PermanentError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

# call("put_account_policy", **parameters): a paced and retried call of CloudWatch Logs that raises botocore's errors.
Call = Callable[..., dict[str, Any]]

KIND = "SUBSCRIPTION_FILTER_POLICY"
PATTERN = ""  # every line
# "up to 25KB in length … determined by using its UTF-8 bytes" (PutAccountPolicy, selectionCriteria). That a KB has
# 1,024 bytes is our reading.
MAX_BYTES = 25_600
# What a name of a log group may hold (CloudWatch Logs API, LogGroupName).
_GROUP_NAME = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")
_SELECTION = re.compile(r"\s*LogGroupName\s+NOT\s+IN\s*(\[.*\])\s*", re.DOTALL)


class PolicyTooLongError(PermanentError):
    """More log groups are excluded than one policy can name.

    Attributes: size (bytes of the list), groups (how many it has).
    """

    def __init__(self, size: int, groups: int) -> None:
        super().__init__(
            f"the account-level policy would exclude {groups} log groups by a list of {size} bytes, "
            f"expected at most {MAX_BYTES} bytes"
        )
        self.size = size
        self.groups = groups


@dataclass(frozen=True, slots=True)
class PolicyOutcome:
    """What became of the policy.

    put: it is in force as asked for, by a write. unchanged: the same without a write. removed, absent: there is none of
    ours. blocked, too_long: nothing was written, and what was in force before still is; reason says why, for people.
    """

    state: Literal["put", "unchanged", "removed", "absent", "blocked", "too_long"]
    reason: str = ""
    held_by: tuple[str, ...] = ()  # names of the policies that have the place


@dataclass(frozen=True, slots=True)
class _Found:
    """The policies of the account: ours, if there is one, and the names of the others."""

    ours: Mapping[str, Any] | None
    foreign: tuple[str, ...]


def selection(excluded: Collection[str]) -> str:
    """The selection of all log groups but these: `LogGroupName NOT IN ["a", "b"]`, sorted; "" for no exclusion.

    What cannot be the name of a log group is left out: no group has it, and a list with it would be refused as a whole.
    Raises PolicyTooLongError over MAX_BYTES.
    """
    wanted = _names(excluded)
    if not wanted:
        return ""  # whether AWS takes an empty list is not documented
    text = f"LogGroupName NOT IN {json.dumps(sorted(wanted))}"
    if len(text.encode()) > MAX_BYTES:
        raise PolicyTooLongError(len(text.encode()), len(wanted))
    return text


def ensure(call: Call, stack: str, destination: str, role: str | None, excluded: Collection[str]) -> PolicyOutcome:
    """Have the policy deliver all groups but the excluded ones. One that does so already is not written again.

    destination: ARN of the function or stream. role: ARN of what CloudWatch Logs writes to a stream as; None for a
    function. Raises botocore's errors, apart from the quota of policies, which is the outcome `blocked`.
    """
    found = _find(call, stack)
    if found.ours is None and found.foreign:
        # To put it all the same could only fail, or do harm to the other one.
        return _blocked(found.foreign)
    if found.ours is not None and _is_as_wanted(found.ours, destination, role):
        present = _excluded(found.ours)
        if present is not None and present == _names(excluded):
            return PolicyOutcome("unchanged")
    return _put(call, stack, destination, role, excluded)


def exclude(call: Call, stack: str, destination: str, role: str | None, log_group: str) -> PolicyOutcome:
    """Add one name to the list of the policy in force. Errors and outcomes are those of `ensure`, and `absent`.

    Two who change the list at the same moment may lose the change of one: the next `ensure` puts that right.
    """
    return _change(call, stack, destination, role, lambda present: present | _names([log_group]))


def include(call: Call, stack: str, destination: str, role: str | None, log_group: str) -> PolicyOutcome:
    """Take one name out of the list of the policy in force. As `exclude` otherwise."""
    return _change(call, stack, destination, role, lambda present: present - {log_group})


def remove(call: Call, stack: str) -> PolicyOutcome:
    """Remove our policy, and no other. Raises botocore's errors."""
    if _find(call, stack).ours is None:
        return PolicyOutcome("absent")
    try:
        call("delete_account_policy", policyName=names.account_policy(stack), policyType=KIND)
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":  # somebody else was quicker
            return PolicyOutcome("absent")
        raise
    return PolicyOutcome("removed")


def _change(
    call: Call,
    stack: str,
    destination: str,
    role: str | None,
    change: Callable[[frozenset[str]], frozenset[str]],
) -> PolicyOutcome:
    ours = _find(call, stack).ours
    if ours is None:
        return PolicyOutcome("absent")
    present = _excluded(ours)
    if present is None:
        # Putting a list without what somebody wrote there could subscribe groups that must not be.
        name = names.account_policy(stack)
        return PolicyOutcome("blocked", f"the list of the policy {name} is not one that Watchpost wrote", (name,))
    wanted = change(present)
    if wanted == present:
        return PolicyOutcome("unchanged")
    return _put(call, stack, destination, role, wanted)


def _put(call: Call, stack: str, destination: str, role: str | None, excluded: Collection[str]) -> PolicyOutcome:
    try:
        criteria = selection(excluded)
    except PolicyTooLongError as error:
        return PolicyOutcome("too_long", str(error))
    try:
        call(
            "put_account_policy",
            policyName=names.account_policy(stack),
            policyType=KIND,
            policyDocument=json.dumps(_document(destination, role)),
            scope="ALL",
            **({"selectionCriteria": criteria} if criteria else {}),
        )
    except ClientError as error:
        if code_of(error) == "LimitExceededException":  # somebody took the place in this moment
            return _blocked(_find(call, stack).foreign)
        raise
    return PolicyOutcome("put")


def _blocked(foreign: tuple[str, ...]) -> PolicyOutcome:
    holders = ", ".join(foreign) or "unknown"
    return PolicyOutcome("blocked", f"the account's place for a subscription policy is taken by: {holders}", foreign)


def _document(destination: str, role: str | None) -> dict[str, str]:
    """The policy's document. Without Distribution lines are grouped by log stream, as a filter's are."""
    return {"DestinationArn": destination, "FilterPattern": PATTERN} | ({"RoleArn": role} if role else {})


def _is_as_wanted(policy: Mapping[str, Any], destination: str, role: str | None) -> bool:
    """Whether the document says what ours would, however it is written. What AWS adds to it does not count."""
    try:
        document = json.loads(policy["policyDocument"])
    except ValueError:
        return False
    wanted = {"RoleArn": None, **_document(destination, role)}
    return isinstance(document, dict) and all(document.get(key) == value for key, value in wanted.items())


def _excluded(policy: Mapping[str, Any]) -> frozenset[str] | None:
    """The names in a policy's list, or None when it cannot be understood."""
    text = policy.get("selectionCriteria")
    if not text:
        return frozenset()
    match = _SELECTION.fullmatch(text)
    try:
        found = json.loads(match[1]) if match else None
    except ValueError:
        return None
    return frozenset(found) if isinstance(found, list) and all(isinstance(item, str) for item in found) else None


def _names(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(text for text in texts if _GROUP_NAME.fullmatch(text))


def _find(call: Call, stack: str) -> _Found:
    ours, foreign, page = None, [], _page(call, None)
    while True:
        for policy in page.get("accountPolicies", []):
            if policy["policyName"] == names.account_policy(stack):
                ours = policy
            else:
                foreign.append(policy["policyName"])
        if not page.get("nextToken"):
            return _Found(ours, tuple(foreign))
        page = _page(call, page["nextToken"])


def _page(call: Call, token: str | None) -> dict[str, Any]:
    try:
        return call("describe_account_policies", policyType=KIND, **({"nextToken": token} if token else {}))
    except ClientError as error:
        # One of the errors that the operation has; what else it could mean than "none" is not documented.
        if code_of(error) == "ResourceNotFoundException":
            return {}
        raise
