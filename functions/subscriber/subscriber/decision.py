"""Whether a log group is subscribed, and under which service's name. Pure: what it needs to know is handed in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from watchpost import names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watchpost.configuration import Configuration

# The one class whose groups can have subscription filters (CloudWatch Logs User Guide, "Log classes").
SUBSCRIBABLE_CLASS = "STANDARD"
_LAMBDA_PREFIX = "/aws/lambda/"
# A function's name (Lambda API, CreateFunction). Groups of Lambda@Edge and hand-made ones below the prefix differ.
_FUNCTION_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class LogGroup:
    """A log group, as DescribeLogGroups tells it."""

    name: str
    arn: str  # without the ":*" at its end
    log_class: str = SUBSCRIBABLE_CLASS
    retention_days: int | None = None  # None: its events never expire

    @property
    def function(self) -> str | None:
        """The Lambda function that the group is named after, or None."""
        name = self.name.removeprefix(_LAMBDA_PREFIX)
        return name if name != self.name and _FUNCTION_NAME.fullmatch(name) else None


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of a log group, and of the function it is named after (none when there is no such function)."""

    group: Mapping[str, str] = field(default_factory=dict)
    function: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of a log group. A group to subscribe has a service."""

    action: Literal["subscribe", "skip"]
    service: str
    reason: str  # for people


def decide(group: LogGroup, tags: Tags, configuration: Configuration, stack: str) -> Decision:
    """Decide about one log group.

    stack: name of the CloudFormation stack that Watchpost runs in. The first of these names the service: a rule of
    the configuration, a tag of the group, a tag of its function, the function's name, the end of the group's name.
    """
    reason = refusal(group, configuration, stack) or _owner(tags)
    if reason:
        return Decision("skip", "", reason)
    rule = configuration.rule_for(group.name)
    if rule:
        return Decision("subscribe", rule.name, f"rule for {rule.log_group}")
    for source, found in (("log group", tags.group), ("function", tags.function)):
        tag = next((name for name in configuration.service_tags if found.get(name)), None)
        if tag:
            return Decision("subscribe", found[tag], f"tag {tag} of the {source}")
    if group.function:
        return Decision("subscribe", group.function, "name of the function")
    return Decision("subscribe", group.name.rstrip("/").rsplit("/", 1)[-1] or group.name, "name of the log group")


def refusal(group: LogGroup, configuration: Configuration, stack: str) -> str | None:
    """Why a group is skipped whatever its tags are, or None. Asked first, it saves reading the tags."""
    if group.name in names.own_log_groups(stack):
        return "Watchpost's own log group: shipping it would never end"
    if group.log_class != SUBSCRIBABLE_CLASS:
        return f"log class {group.log_class}, which cannot have subscription filters"
    glob = configuration.excludes(group.name)
    return f"excluded by the configuration: {glob}" if glob else None


def _owner(tags: Tags) -> str | None:
    # Two stacks that shipped each other's lines would never end either, so any stack's tag is refused.
    for found in (tags.group, tags.function):
        if names.OWNER_TAG in found:
            return f"log group of the Watchpost stack {found[names.OWNER_TAG]}: shipping it would never end"
    return None
