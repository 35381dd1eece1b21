"""Checks the part of the document that says which log groups are shipped, and how: `subscriptions`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from watchpost.configuration import regexes
from watchpost.configuration.model import (
    EXCLUDE,
    INCLUDE,
    LOG_CLASSES,
    RETENTION_DAYS,
    Destination,
    GroupMatch,
    Retention,
    SubscriptionRule,
    Subscriptions,
)
from watchpost.configuration.rules import LONGEST, rule_name

if TYPE_CHECKING:
    from watchpost.configuration.node import Node

MOST_RULES = 200
MOST_ITEMS = 100  # texts of one condition
MOST_TAGS = 50  # what a resource can have (AWS General Reference, "Tag naming limits and requirements")
LONGEST_GROUP = 512  # characters of a log group's name (CloudWatch Logs API, CreateLogGroup)
LONGEST_PATTERN = 1024  # characters (CloudWatch Logs API, PutSubscriptionFilter)
LONGEST_TAG, LONGEST_VALUE = 128, 256  # characters (CloudWatch Logs API, TagResource)

# What a rule that excludes cannot say.
_OF_SUBSCRIBED = ("service", "filter_pattern", "destination")
_SERVICES = ("name", "tag", "capture")
# ARNs of what a filter may point to (CloudWatch Logs API, PutSubscriptionFilter), by whether a role must (True), must
# not (False) or may (None) be given: a function has a permission of its own, and that API's reference leaves it open
# for destinations of CloudWatch Logs.
_DESTINATIONS = {
    re.compile(f"arn:aws[a-z-]{{0,20}}:{service}:[a-z0-9-]{{1,32}}:[0-9]{{12}}:{resource}"): role
    for service, resource, role in (
        ("lambda", "function:[A-Za-z0-9_-]{1,64}(?::[A-Za-z0-9$_-]{1,128})?", False),
        ("kinesis", "stream/[A-Za-z0-9_.-]{1,128}", True),
        ("firehose", "deliverystream/[A-Za-z0-9_.-]{1,64}", True),
        ("logs", r"destination:[^:*\s]{1,512}", None),
    )
}
_ROLE = re.compile(r"arn:aws[a-z-]{0,20}:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,576}")


def subscriptions(node: Node) -> Subscriptions:
    """`subscriptions`. Raises ConfigurationError."""
    fields = node.object({"default", "rules"})
    rules: list[SubscriptionRule] = []
    for item in fields["rules"].items(MOST_RULES):
        rule = _rule(item)
        if any(rule.name == other.name for other in rules):
            raise item.wrong("a name that no other rule has", f"the name {rule.name} a second time")
        rules.append(rule)
    return Subscriptions(fields["default"].choice((INCLUDE, EXCLUDE), Subscriptions().default), tuple(rules))


def _rule(node: Node) -> SubscriptionRule:
    rule = node.object({"name", "match", "exclude", "retention", *_OF_SUBSCRIBED})
    name = rule_name(rule["name"])
    match = _match(rule["match"])
    exclude = rule["exclude"].boolean(default=False)
    for field in _OF_SUBSCRIBED:
        if exclude and rule[field].given:
            raise rule[field].wrong(f"no {field}, since the rule has exclude: true")
    fixed, tag, capture = _service(rule["service"], match)
    return SubscriptionRule(
        name=name,
        match=match,
        exclude=exclude,
        service=fixed,
        service_tag=tag,
        service_capture=capture,
        filter_pattern=rule["filter_pattern"].text(LONGEST_PATTERN) if rule["filter_pattern"].given else "",
        destination=_destination(rule["destination"]) if rule["destination"].given else None,
        retention=_retention(rule["retention"]) if rule["retention"].given else None,
    )


def _match(node: Node) -> GroupMatch:
    conditions = ("prefix", "glob", "regex", "tags", "log_class")
    if not node.given:
        raise node.wrong("an object with at least one of " + ", ".join(conditions))
    match = node.object(set(conditions))
    if not any(field.given for field in match.values()):
        raise node.wrong("at least one of " + ", ".join(conditions))
    return GroupMatch(
        prefix=_names(match["prefix"]),
        glob=_names(match["glob"]),
        regex=tuple(_regex(item) for item in _items(match["regex"])),
        tags=_tags(match["tags"]),
        log_class=tuple(dict.fromkeys(item.one_of(LOG_CLASSES) for item in _items(match["log_class"]))),
    )


def _items(node: Node) -> list[Node]:
    """The texts of a condition: a list, or a single one."""
    if not node.given:
        return []
    if isinstance(node.value, str):
        return [node]
    if not isinstance(node.value, list) or not node.value:
        raise node.wrong("a text, or a list of at least one")
    return node.items(MOST_ITEMS)


def _names(node: Node) -> tuple[str, ...]:
    return tuple(item.string(LONGEST_GROUP) for item in _items(node))


def _regex(node: Node) -> str:
    text = node.string(LONGEST_GROUP)
    reason = regexes.refusal_on_bounded(text, LONGEST_GROUP)
    if reason:
        raise node.wrong(regexes.ACCEPTED_ON_BOUNDED, f"{text[:100]!r}, in which {reason}")
    return text


def _tags(node: Node) -> dict[str, tuple[str, ...]]:
    tags = node.object(None)
    if node.given and not 0 < len(tags) <= MOST_TAGS:
        raise node.wrong(f"1 to {MOST_TAGS} tags", f"{len(tags)} tags")
    for name in tags:
        if not 0 < len(name) <= LONGEST_TAG:
            raise node.wrong(f"names of 1 to {LONGEST_TAG} characters", f"a name of {len(name)} characters")
    return {name: _globs(field) for name, field in tags.items()}


def _globs(node: Node) -> tuple[str, ...]:
    """Globs of a tag's values; none: any value."""
    if not isinstance(node.value, str | list):
        raise node.wrong("a text or a list of texts")
    items = [node] if isinstance(node.value, str) else node.items(MOST_ITEMS)
    return tuple(item.text(LONGEST_VALUE) for item in items)


def _service(node: Node, match: GroupMatch) -> tuple[str | None, str | None, str | None]:
    """The fixed name, the name of a tag and the name of a group in a regex: at most one of them."""
    if not node.given:
        return None, None, None
    if isinstance(node.value, str):
        return _not_blank(node), None, None
    if not isinstance(node.value, dict):
        raise node.wrong("a text, or an object with exactly one of " + ", ".join(_SERVICES))
    service = node.object(set(_SERVICES))
    given = [field for field in _SERVICES if service[field].given]
    if len(given) != 1:
        raise node.wrong("exactly one of " + ", ".join(_SERVICES), " and ".join(given) or "none of them")
    if given == ["name"]:
        return _not_blank(service["name"]), None, None
    if given == ["tag"]:
        return None, service["tag"].string(LONGEST_TAG), None
    return None, None, _capture(service["capture"], match)


def _not_blank(node: Node) -> str:
    name = node.string(LONGEST)
    if not name.strip():
        raise node.wrong("a text that is not blank")
    return name


def _capture(node: Node, match: GroupMatch) -> str:
    known = dict.fromkeys(name for regex in match.regex for name in re.compile(regex).groupindex)
    if not known:
        raise node.wrong("a regex in match with a group that has a name, such as (?P<service>[^/]+)")
    return node.one_of(tuple(known))


def _destination(node: Node) -> Destination:
    fields = node.object({"arn", "role"})
    arn, role = fields["arn"].string(), fields["role"].optional()
    needs_role = [needs for pattern, needs in _DESTINATIONS.items() if pattern.fullmatch(arn)]
    if not needs_role:
        known = "Lambda function, a Kinesis stream, a Firehose delivery stream or a CloudWatch Logs destination"
        raise fields["arn"].wrong(f"the ARN of a {known}")
    if role is not None and not _ROLE.fullmatch(role):
        raise fields["role"].wrong("the ARN of an IAM role")
    if needs_role == [True] and role is None:
        raise fields["role"].wrong("the ARN of the IAM role that CloudWatch Logs writes to this destination as")
    if needs_role == [False] and role is not None:
        raise fields["role"].wrong("no role: CloudWatch Logs calls a function by the function's own permission")
    return Destination(arn, role)


def _retention(node: Node) -> Retention:
    fields = node.object({"days", "overrule"})
    days = fields["days"]
    if not isinstance(days.value, int) or isinstance(days.value, bool) or days.value not in RETENTION_DAYS:
        raise days.wrong("one of " + ", ".join(map(str, RETENTION_DAYS)))
    return Retention(days.value, fields["overrule"].boolean(default=False))
