"""What is kept and why, and what may go. Nothing here asks AWS."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from janitor.model import Reason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from janitor.model import Group, Inventory, Numbered

# Kinds of reasons, to be counted by.
NEWEST, YOUNG, AGE_UNKNOWN, EXCLUDED, REPLICA = "newest", "young", "age unknown", "excluded", "replica"
ALIAS, WEIGHTED, PROVISIONED = "alias", "weighted route", "provisioned concurrency"
EVENT_SOURCE, POLICY = "event source", "resource policy"
USED, SHARED = "used", "shared"
OWN, EXISTS, NOT_A_FUNCTION, PROTECTED = "own", "function exists", "not a function", "protected"

GROUPS = "/aws/lambda/"  # how the names of functions' log groups begin
# What Lambda@Edge calls a replica, and so the log group of one, in the regions where CloudFront runs it (CloudFront
# Developer Guide, "CloudWatch metrics and logs for edge functions").
_REPLICA = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]+\..+")
# Letters of a function's name, and how many (Lambda API, CreateFunction: 64; AWS's own have been seen longer).
_FUNCTION = re.compile(r"[A-Za-z0-9_-]{1,140}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """A version, and why it is kept; None: it may go."""

    version: Numbered
    kept: Reason | None


def decide(
    versions: Iterable[Numbered], references: Mapping[int, Reason], keep: int, before: datetime
) -> list[Verdict]:
    """What becomes of the versions of one function or layer, the oldest number first.

    references: by number, what still needs a version. keep: how many of the newest numbers stay. before: what is from
    then or later stays.
    """
    ordered = sorted(versions, key=lambda one: one.number)
    newest = {one.number for one in ordered[max(0, len(ordered) - keep) :]}
    return [Verdict(one, references.get(one.number) or _kept(one, newest, keep, before)) for one in ordered]


def _kept(version: Numbered, newest: Collection[int], keep: int, before: datetime) -> Reason | None:
    if version.number in newest:
        return Reason(NEWEST, f"one of the newest {keep}")
    if version.since is None:
        return Reason(AGE_UNKNOWN, "nobody knows how old it is")
    if version.since >= before:
        return Reason(YOUNG, f"from {version.since:%Y-%m-%d}, which is too young")
    return None


def references(
    aliases: Iterable[Mapping[str, Any]],
    provisioned: Iterable[Mapping[str, Any]],
    mapped: Mapping[int, str],
) -> dict[int, Reason]:
    """The versions of a function that something refers to.

    aliases: items of ListAliases. provisioned: items of ListProvisionedConcurrencyConfigs. mapped: UUIDs of event
    source mappings by version; those of an alias keep what the alias keeps.
    """
    found: dict[int, Reason] = {}
    for alias in aliases:
        name = alias.get("Name", "")
        _add(found, str(alias.get("FunctionVersion", "")), Reason(ALIAS, f"alias {name}"))
        for number in (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}:
            _add(found, str(number), Reason(WEIGHTED, f"weighted route of alias {name}"))
    for config in provisioned:
        qualifier = qualifier_of(str(config.get("FunctionArn", "")))
        _add(found, qualifier, Reason(PROVISIONED, "it has provisioned concurrency"))
    for mapped_number, uuid in mapped.items():
        found.setdefault(mapped_number, Reason(EVENT_SOURCE, f"event source mapping {uuid}"))
    return found


def _add(found: dict[int, Reason], version: str, reason: Reason) -> None:
    number = number_of(version)
    if number is not None:  # not $LATEST, and not the name of an alias
        found.setdefault(number, reason)


def number_of(version: str) -> int | None:
    """The number of a published version, None for $LATEST and for names of aliases."""
    return int(version) if version.isascii() and version.isdecimal() else None


def qualifier_of(arn: str) -> str:
    """What a function's ARN is qualified with: a version, an alias, or "" for nothing."""
    # arn:<partition>:lambda:<region>:<account>:function:<name>:<qualifier>
    return [*arn.split(":"), *[""] * 8][7]


def is_replica(function: str) -> bool:
    """Whether a function of this name is a replica that Lambda@Edge made: `us-east-1.<name>`."""
    return bool(_REPLICA.fullmatch(function))


def group_kept(
    group: Group, inventory: Inventory, own: Collection[str], before: datetime, last_event: datetime | None = None
) -> Reason | None:
    """Why a log group is no orphan, or one that is kept; None: its function is gone for long.

    own: names of the stack's own log groups. before: what was created, or written to, then or later stays.
    """
    function = group.name.removeprefix(GROUPS)
    if group.name in own:
        return Reason(OWN, "of this Watchpost")
    if is_replica(function):
        return Reason(REPLICA, "of a replica of Lambda@Edge")
    if not group.name.startswith(GROUPS) or not _FUNCTION.fullmatch(function):
        return Reason(NOT_A_FUNCTION, "no function has such a name")
    if function in inventory.functions or group.name in inventory.log_groups:
        return Reason(EXISTS, "its function exists")
    latest = max(group.created, last_event or group.created)
    if latest >= before:
        return Reason(YOUNG, f"{'written to' if latest == last_event else 'created'} on {latest:%Y-%m-%d}")
    return None
