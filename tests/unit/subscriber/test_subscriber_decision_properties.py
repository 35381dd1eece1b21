"""What holds for every decision, whatever the configuration, the names and the tags are."""

from __future__ import annotations

import dataclasses
import fnmatch
import re

from hypothesis import given
from hypothesis import strategies as st
from subscriber.decision import LogGroup, Tags, TagsNeededError, decide
from subscriber.guard import Guard
from watchpost import names
from watchpost.configuration import (
    Configuration,
    Destination,
    GroupMatch,
    Logs,
    Retention,
    ServiceRule,
    SubscriptionRule,
    Subscriptions,
)

STACK = "watchpost"
GUARD = Guard(STACK, {"audit": "destination of the rule audit"}, {"/lines": "reads the stream logs"})
OWN = [*sorted(names.own_log_groups(STACK)), "/aws/lambda/audit", "/lines"]
LOG_CLASSES = ("STANDARD", "INFREQUENT_ACCESS", "DELIVERY")

# What CloudWatch Logs allows in the name of a log group, and what it does not.
ALLOWED = st.text(alphabet="abcXYZ019._-/#", min_size=1, max_size=512) | st.sampled_from(["/a/b", "/ecs/a-b", "/"])
NAMES = ALLOWED | st.text(min_size=1, max_size=20) | st.from_regex("/aws/lambda/[a-c]{1,3}", fullmatch=True)
GLOBS = st.sampled_from(["*", "/a*", "/ecs/*", "*[a-c]", "?", "[z-a]", "["]) | st.text(max_size=5)
REGEXES = st.sampled_from(["^/(?P<s>[^/]*)", "(?P<s>a|b)$", "a", "^/ecs/", "(?P<s>)", "^(?!/a)"])
TAG = st.sampled_from(["service", "team", "app"])
VALUES = st.sampled_from(["", " ", "shop", " x "]) | st.text(max_size=10)
TAGS = st.builds(Tags, st.dictionaries(TAG, VALUES, max_size=2), st.dictionaries(TAG, VALUES, max_size=2))
OWNED = st.tuples(TAGS, VALUES, st.booleans()).map(
    lambda drawn: (
        Tags({**drawn[0].group, names.OWNER_TAG: drawn[1]}, drawn[0].function)
        if drawn[2]
        else Tags(drawn[0].group, {**drawn[0].function, names.OWNER_TAG: drawn[1]})
    )
)


def few(items: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(items, max_size=2).map(tuple)


RETENTION = st.none() | st.builds(Retention, st.sampled_from([3, 30]), st.booleans())
MATCHES = st.builds(
    GroupMatch,
    prefix=few(st.sampled_from(["/", "/a", "/ecs"])),
    glob=few(GLOBS),
    regex=few(REGEXES),
    tags=st.dictionaries(TAG, few(GLOBS), max_size=1),
    log_class=few(st.sampled_from(LOG_CLASSES)),
)
EXCLUDING = st.builds(SubscriptionRule, name=st.just("out"), match=MATCHES, exclude=st.just(True), retention=RETENTION)
INCLUDING = st.builds(
    SubscriptionRule,
    name=st.sampled_from(["one", "two"]),
    match=MATCHES,
    service=st.none() | VALUES,
    service_tag=st.none() | TAG,
    service_capture=st.none() | st.just("s"),
    filter_pattern=st.sampled_from(["", "ERROR"]),
    destination=st.none() | st.just(Destination("arn:x")),
    retention=RETENTION,
)
RULES = st.lists(EXCLUDING | INCLUDING, max_size=4).map(tuple)
CONFIGURATIONS = st.builds(
    Configuration,
    services=st.lists(st.builds(ServiceRule, GLOBS, VALUES), max_size=2).map(tuple),
    logs=st.builds(Logs, exclude=few(st.sampled_from(["/a*", "/ecs/*", "?"]))),
    subscriptions=st.builds(Subscriptions, st.sampled_from(["include", "exclude"]), RULES),
)
GROUPS = st.builds(LogGroup, NAMES, st.just("arn:x"), st.sampled_from(["STANDARD", *LOG_CLASSES]))


def matches(rule: SubscriptionRule, group: LogGroup, tags: Tags) -> bool:
    """The rule's conditions, said once more and as plainly as possible."""
    match = rule.match
    conditions = [
        not match.prefix or any(group.name.startswith(prefix) for prefix in match.prefix),
        not match.glob or any(fnmatch.fnmatchcase(group.name, glob) for glob in match.glob),
        not match.regex or any(re.search(regex, group.name) for regex in match.regex),
        not match.log_class or group.log_class in match.log_class,
    ]
    for name, globs in match.tags.items():
        values = [found[name] for found in (tags.group, tags.function) if name in found]
        conditions.append(any(fnmatch.fnmatchcase(value, glob) for value in values for glob in globs or ("*",)))
    return all(conditions)


@given(NAMES, TAGS, st.sampled_from(["include", "exclude"]), RULES)
def test_the_first_rule_that_matches_decides(
    name: str, tags: Tags, default: str, rules: tuple[SubscriptionRule, ...]
) -> None:
    group = LogGroup(name, "arn:x")
    first = next((rule for rule in rules if matches(rule, group, tags)), None)

    decision = decide(group, tags, Configuration(subscriptions=Subscriptions(default, rules)), GUARD)

    if first is None:
        assert decision.rule == "default"
        assert (decision.action == "subscribe") == (default == "include")
    else:
        assert decision.rule == f"rule {first.name}"
        assert (decision.action == "skip") == first.exclude
        assert (decision.filter_pattern, decision.destination) == (first.filter_pattern, first.destination)
        assert decision.retention == (first.retention or (None if first.exclude else Retention(30)))


@given(GROUPS, TAGS | OWNED, CONFIGURATIONS, EXCLUDING | INCLUDING, EXCLUDING | INCLUDING)
def test_a_later_rule_never_changes_what_an_earlier_one_decides(
    group: LogGroup, tags: Tags, configuration: Configuration, earlier: SubscriptionRule, later: SubscriptionRule
) -> None:
    # given rules of which one, at the latest the last, matches the group
    rules = (*configuration.subscriptions.rules, dataclasses.replace(earlier, match=GroupMatch(glob=("*",))))
    few_rules, more_rules = (
        dataclasses.replace(configuration, subscriptions=Subscriptions("include", given))
        for given in (rules, (*rules, later))
    )

    assert decide(group, tags, more_rules, GUARD) == decide(group, tags, few_rules, GUARD)


@given(GROUPS, TAGS | OWNED, CONFIGURATIONS)
def test_every_decision_can_be_acted_on(group: LogGroup, tags: Tags, configuration: Configuration) -> None:
    """It is made without an error, has a rule and a reason, and a name for every group to subscribe, and no other."""
    decision = decide(group, tags, configuration, GUARD)

    assert decision.rule
    assert decision.reason
    assert (decision.action == "subscribe") == bool(decision.service)
    assert decision.service == decision.service.strip()
    if decision.action == "skip":
        assert (decision.filter_pattern, decision.destination) == ("", None)


@given(ALLOWED, TAGS)
def test_every_group_to_subscribe_has_a_filter_name_that_the_api_takes(name: str, tags: Tags) -> None:
    decision = decide(LogGroup(name, "arn:x"), tags, Configuration(), GUARD)

    assert decision.action == "subscribe"
    filter_name = names.subscription_filter(decision.service)
    assert len(names.FILTER_PREFIX) < len(filter_name) <= 512
    assert not set(filter_name) & set(":*")


@given(GROUPS, TAGS | OWNED, CONFIGURATIONS)
def test_a_decision_without_tags_is_the_same_with_any(
    group: LogGroup, tags: Tags, configuration: Configuration
) -> None:
    try:
        decision = decide(group, None, configuration, GUARD)
    except TagsNeededError:
        return

    assert decision == decide(group, tags, configuration, GUARD)


@given(st.sampled_from(OWN), st.none() | TAGS | OWNED, CONFIGURATIONS)
def test_groups_of_the_stack_and_of_those_it_sends_to_are_never_subscribed(
    name: str, tags: Tags | None, configuration: Configuration
) -> None:
    decision = decide(LogGroup(name, "arn:x"), tags, configuration, GUARD)

    assert (decision.action, decision.rule, decision.retention) == ("skip", "recursion guard", None)


@given(GROUPS, OWNED, CONFIGURATIONS)
def test_a_group_with_the_owners_tag_is_never_subscribed_and_left_alone(
    group: LogGroup, tags: Tags, configuration: Configuration
) -> None:
    decision = decide(group, tags, configuration, GUARD)

    assert (decision.action, decision.retention) == ("skip", None)
