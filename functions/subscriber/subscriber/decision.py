"""What becomes of a log group: whether it is subscribed, how, and by which rule. Pure: what it needs is handed in.

What the name and the class of a group settle is settled first, so that its tags need not be read: a group of
Watchpost, the canary's, one that `logs.exclude` names, one that a rule excludes by its name. A decision that was made
without tags is therefore the same with any.
"""

from __future__ import annotations

import fnmatch
import functools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from watchpost import names
from watchpost.configuration import Retention

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from watchpost.configuration import Configuration, Destination, GroupMatch, SubscriptionRule

    from subscriber.guard import Guard

# The one class whose groups can have subscription filters (CloudWatch Logs User Guide, "Log classes").
SUBSCRIBABLE_CLASS = "STANDARD"
# What decides, where it is no rule with a name.
BY_GUARD, BY_CLASS, BY_DEFAULT = "recursion guard", "log class", "default"
BY_CANARY = "canary"
_LAMBDA_PREFIX = "/aws/lambda/"
# A function's name (Lambda API, CreateFunction). Groups of Lambda@Edge and hand-made ones below the prefix differ.
_FUNCTION_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class TagsNeededError(Exception):
    """The tags of a log group have to be read before anything can be decided. The message is the group's name."""


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
    service: str  # "" when skipped
    # Which rule decides, for people: "rule databases", "logs.exclude: /x/*", or one of those above.
    rule: str
    reason: str  # for people; of a group to subscribe: where its service's name comes from
    filter_pattern: str = ""  # "" is every line
    destination: Destination | None = None  # None: the stack's own
    # What the configuration says for this group, not yet compared with what the group has; None: leave it alone.
    retention: Retention | None = None
    # Whether that is for groups that are covered only: what nobody ships must not expire because of us.
    retention_once_covered: bool = False


def decide(group: LogGroup, tags: Tags | None, configuration: Configuration, guard: Guard) -> Decision:
    """Decide about one log group.

    The first of these decides: the guard, whether it is the canary's, the class of the group, `logs.exclude`, the rules
    in their order, the default; but for the guard's look at tags, which comes after what names and classes settle. What
    the guard refuses keeps its retention too. tags: None where they were not read. Raises TagsNeededError when they are
    None and the decision could depend on them.
    """
    settled = _by_name(group, configuration, guard)
    if settled:
        return settled
    if tags is None:
        raise TagsNeededError(group.name)
    reason = guard.refusal(group, tags)
    rules = configuration.subscriptions.rules
    rule = next((rule for rule in rules if _fits(group, rule.match) and _has_tags(tags, rule.match)), None)
    if group.log_class != SUBSCRIBABLE_CLASS:
        return _of_another_class(group, rule.retention if rule and not reason else None)
    if reason:
        return _skip(BY_GUARD, reason)
    if rule and rule.exclude:
        return _excluded(rule)
    if not rule and configuration.subscriptions.default == "exclude":
        return _no_rule()
    return _subscribe(group, tags, configuration, rule)


def _by_name(group: LogGroup, configuration: Configuration, guard: Guard) -> Decision | None:
    """The decision that is the same with any tags, or None where there is none.

    A retention that a rule would set is not settled by names: the guard may keep it away from the group.
    """
    reason = guard.refusal(group, None)
    if reason:
        return _skip(BY_GUARD, reason)
    if group.name == names.canary_log_group(guard.stack):
        # No rule is for it: a canary that a rule leaves out would tell of an outage.
        return Decision("subscribe", names.CANARY_SERVICE, BY_CANARY, "the line that the canary looks for")
    glob = configuration.excludes(group.name)
    fitting = [rule for rule in configuration.subscriptions.rules if _fits(group, rule.match)]
    if group.log_class != SUBSCRIBABLE_CLASS:
        # A group that is not to be shipped is none of our business, its retention included.
        return _of_another_class(group, None) if glob or not any(rule.retention for rule in fitting) else None
    if glob:
        return _skip(f"logs.exclude: {glob}", f"excluded by the configuration: {glob}")
    if not fitting:
        return _no_rule() if configuration.subscriptions.default == "exclude" else None
    first = fitting[0]
    return _excluded(first) if first.exclude and not first.match.tags and not first.retention else None


def _fits(group: LogGroup, match: GroupMatch) -> bool:
    """Whether the conditions of a rule hold that are not about tags."""
    name = group.name
    return (
        (not match.prefix or name.startswith(match.prefix))
        and (not match.glob or any(_glob(glob).match(name) for glob in match.glob))
        and (not match.regex or any(_regex(regex).search(name) for regex in match.regex))
        and (not match.log_class or group.log_class in match.log_class)
    )


# 200 rules have more expressions than Python's own caches hold, and a sweep comes to each of them for each group.
@functools.lru_cache(maxsize=4096)
def _regex(regex: str) -> re.Pattern[str]:
    return re.compile(regex)


@functools.lru_cache(maxsize=4096)
def _glob(glob: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(glob))


def _has_tags(tags: Tags, match: GroupMatch) -> bool:
    return all(_has_tag(tags, name, globs) for name, globs in match.tags.items())


def _has_tag(tags: Tags, name: str, globs: tuple[str, ...]) -> bool:
    values = [found[name] for found in (tags.group, tags.function) if name in found]
    return any(not globs or any(_glob(glob).match(value) for glob in globs) for value in values)


def _skip(rule: str, reason: str, retention: Retention | None = None) -> Decision:
    return Decision("skip", "", rule, reason, retention=retention)


def _excluded(rule: SubscriptionRule) -> Decision:
    return _skip(f"rule {rule.name}", f"excluded by the rule {rule.name}", rule.retention)


def _no_rule() -> Decision:
    return _skip(BY_DEFAULT, "no rule matches it, and the default is exclude")


def _of_another_class(group: LogGroup, retention: Retention | None) -> Decision:
    reason = f"log class {group.log_class}, which cannot have subscription filters"
    return _skip(BY_CLASS, reason, retention)


def _subscribe(group: LogGroup, tags: Tags, configuration: Configuration, rule: SubscriptionRule | None) -> Decision:
    sources = _services(group, tags, configuration, rule)
    service, reason = next((name.strip(), source) for name, source in sources if name.strip())
    days = configuration.logs.retention_days
    own = rule.retention if rule else None
    return Decision(
        "subscribe",
        service,
        f"rule {rule.name}" if rule else BY_DEFAULT,
        reason,
        filter_pattern=rule.filter_pattern if rule else "",
        destination=rule.destination if rule else None,
        retention=own or (None if days is None else Retention(days)),
        retention_once_covered=own is None,
    )


def _services(
    group: LogGroup, tags: Tags, configuration: Configuration, rule: SubscriptionRule | None
) -> Iterator[tuple[str, str]]:
    """What may name the service, the first first, each with where it comes from. The first that is not blank counts."""
    fixed = configuration.rule_for(group.name)
    if fixed:
        yield fixed.name, f"services: {fixed.log_group}"
    if rule:
        yield from _services_of_rule(group, tags, rule)
    # All tags of the group before those of its function.
    for source, found in (("log group", tags.group), ("function", tags.function)):
        for tag in configuration.service_tags:
            yield found.get(tag, ""), f"tag {tag} of the {source}"
    if group.function:
        yield group.function, "name of the function"
    yield group.name.rstrip("/").rsplit("/", 1)[-1], "name of the log group"
    yield group.name, "name of the log group"
    yield "unnamed", "nothing that could name it"  # unless AWS begins to allow blank names


def _services_of_rule(group: LogGroup, tags: Tags, rule: SubscriptionRule) -> Iterator[tuple[str, str]]:
    if rule.service is not None:
        yield rule.service, f"rule {rule.name}"
    if rule.service_tag is not None:
        for source, found in (("log group", tags.group), ("function", tags.function)):
            yield found.get(rule.service_tag, ""), f"rule {rule.name}: tag {rule.service_tag} of the {source}"
    if rule.service_capture is not None:
        for regex in rule.match.regex:
            found_in_name = _regex(regex).search(group.name)
            captured = found_in_name.groupdict().get(rule.service_capture) if found_in_name else None
            yield captured or "", f"rule {rule.name}: {rule.service_capture} in its name"
