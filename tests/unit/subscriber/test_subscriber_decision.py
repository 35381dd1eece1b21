"""Which log groups are subscribed, by which rule, how, and under which name."""

from __future__ import annotations

from typing import Any

import pytest
from subscriber.decision import Decision, LogGroup, Tags, TagsNeededError, decide
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

GUARD = Guard("watchpost", {"audit": "destination of the rule audit"})
STREAM = Destination("arn:aws:kinesis:eu-west-1:123456789012:stream/audit", "arn:aws:iam::123456789012:role/writer")


def group(name: str, **fields: Any) -> LogGroup:
    return LogGroup(name, f"arn:aws:logs:eu-west-1:123456789012:log-group:{name}", **fields)


def rule(name: str = "r", match: GroupMatch | None = None, **fields: Any) -> SubscriptionRule:
    return SubscriptionRule(name, match or GroupMatch(glob=("*",)), **fields)


def rules(*given: SubscriptionRule, default: str = "include", **fields: Any) -> Configuration:
    return Configuration(subscriptions=Subscriptions(default, given), **fields)


def decided(name: str, tags: Tags | None = None, configuration: Configuration | None = None, **fields: Any) -> Decision:
    return decide(group(name, **fields), tags or Tags(), configuration or Configuration(), GUARD)


def test_without_any_rule_everything_is_subscribed_to_the_stacks_own_destination_with_every_line() -> None:
    assert decided("/ecs/shop/checkout") == Decision(
        "subscribe",
        "checkout",
        "default",
        "name of the log group",
        "",
        None,
        Retention(30),
        retention_once_covered=True,
    )


def test_the_default_may_exclude_what_no_rule_matches() -> None:
    configuration = rules(rule(match=GroupMatch(prefix=("/ecs/",))), default="exclude")

    assert decided("/ecs/shop", configuration=configuration).action == "subscribe"
    skipped = decided("/aws/rds/db", configuration=configuration)
    assert (skipped.action, skipped.rule, skipped.retention) == ("skip", "default", None)


def test_a_rule_says_how_a_group_is_subscribed() -> None:
    found = rule("audited", service="audit", filter_pattern="?ERROR", destination=STREAM, retention=Retention(7))

    assert decided("/x", configuration=rules(found)) == Decision(
        "subscribe", "audit", "rule audited", "rule audited", "?ERROR", STREAM, Retention(7)
    )


def test_the_first_rule_that_matches_decides() -> None:
    configuration = rules(
        rule("no", GroupMatch(prefix=("/ecs/test",)), exclude=True),
        rule("yes", GroupMatch(prefix=("/ecs/",))),
        rule("never", exclude=True),
    )

    assert decided("/ecs/test-1", configuration=configuration).rule == "rule no"
    assert decided("/ecs/shop", configuration=configuration).rule == "rule yes"
    skipped = decided("/other", configuration=configuration)
    assert (skipped.action, skipped.service, skipped.rule) == ("skip", "", "rule never")
    assert "never" in skipped.reason


MATCHES = [
    (GroupMatch(prefix=("/ecs/", "/eks/")), ["/ecs/a", "/eks/"], ["/aws/ecs/a", "/ECS/a", "/ecs"]),
    (GroupMatch(glob=("/ecs/*-prod", "/x?")), ["/ecs/a/b-prod", "/xy"], ["/ecs/a-prod-2", "a/ecs/a-prod", "/x"]),
    (GroupMatch(regex=("^/ecs/[a-z]+$", "prod")), ["/ecs/shop", "a-prod-b"], ["/ecs/shop1", "/x/ecs/shop"]),
    (
        GroupMatch(prefix=("/ecs/",), glob=("*-prod",), regex=("shop",)),
        ["/ecs/shop-prod"],
        ["/ecs/x-prod", "shop-prod"],
    ),
    (GroupMatch(log_class=("STANDARD",)), ["/x"], []),
    (GroupMatch(log_class=("DELIVERY", "INFREQUENT_ACCESS")), [], ["/x"]),
]


@pytest.mark.parametrize(("match", "matching", "others"), MATCHES)
def test_all_conditions_must_hold_and_of_each_one_of_its_items(
    match: GroupMatch, matching: list[str], others: list[str]
) -> None:
    configuration = rules(rule("r", match))

    assert {decided(name, configuration=configuration).rule for name in matching} <= {"rule r"}
    assert {decided(name, configuration=configuration).rule for name in others} <= {"default"}


@pytest.mark.parametrize(
    ("wanted", "tags", "matches"),
    [
        ({"team": ("shop", "pay*")}, Tags({"team": "shop"}), True),
        ({"team": ("shop", "pay*")}, Tags({}, {"team": "payment"}), True),
        ({"team": ("shop",)}, Tags({"team": "find"}, {"team": "shop"}), True),
        ({"team": ("shop",)}, Tags({"team": "shops"}), False),
        ({"team": ("shop",)}, Tags({"Team": "shop"}), False),
        ({"team": ()}, Tags({"team": ""}), True),
        ({"team": ("*",)}, Tags({"team": ""}), True),
        ({"team": ("",)}, Tags({"team": ""}), True),
        ({"team": ("",)}, Tags({"team": "x"}), False),
        ({"team": ()}, Tags({"app": "x"}), False),
        ({"team": ("*",)}, Tags(), False),
        ({"team": ("*",), "app": ("*",)}, Tags({"team": "x"}, {"app": "y"}), True),
        ({"team": ("*",), "app": ("*",)}, Tags({"team": "x"}), False),
    ],
)
def test_each_tag_must_be_on_the_group_or_its_function_with_one_of_the_values(
    wanted: dict[str, tuple[str, ...]], tags: Tags, matches: bool
) -> None:
    found = decided("/x", tags, rules(rule("r", GroupMatch(tags=wanted))))

    assert found.rule == ("rule r" if matches else "default")


@pytest.mark.parametrize("log_class", ["INFREQUENT_ACCESS", "DELIVERY"])
def test_classes_that_cannot_have_filters_are_skipped_but_a_rules_retention_applies(log_class: str) -> None:
    retention = Retention(3, overrule=True)

    other = rule("other", GroupMatch(log_class=("STANDARD",)), retention=Retention(1))
    match = GroupMatch(log_class=("INFREQUENT_ACCESS", "DELIVERY"))

    for one in (rule("r", match, retention=retention), rule("r", match, retention=retention, exclude=True)):
        found = decided("/x", configuration=rules(other, one), log_class=log_class)
        assert (found.action, found.rule, found.retention) == ("skip", "log class", retention)
        assert log_class in found.reason
    assert decided("/x", log_class=log_class).retention is None  # logs.retention_days is for subscribed groups


def test_a_rules_retention_goes_before_that_for_all_and_applies_where_it_excludes() -> None:
    own, excluded = Retention(7), Retention(3, overrule=True)
    configuration = rules(
        rule("own", GroupMatch(prefix=("/own",)), retention=own),
        rule("none", GroupMatch(prefix=("/none",)), exclude=True),
        rule("out", GroupMatch(prefix=("/out",)), exclude=True, retention=excluded),
        logs=Logs(retention_days=90),
    )

    assert decided("/own", configuration=configuration).retention == own
    assert decided("/other", configuration=configuration).retention == Retention(90)
    assert decided("/none", configuration=configuration).retention is None
    out = decided("/out", configuration=configuration)
    assert (out.action, out.retention) == ("skip", excluded)


def test_no_retention_for_all_leaves_groups_alone() -> None:
    assert decided("/x", configuration=Configuration(logs=Logs(retention_days=None))).retention is None


@pytest.mark.parametrize("log_class", ["STANDARD", "DELIVERY"])
def test_logs_exclude_goes_before_every_rule_and_leaves_the_group_alone(log_class: str) -> None:
    configuration = rules(rule(retention=Retention(7)), logs=Logs(exclude=("/y", "/aws/rds/*")))

    found = decided("/aws/rds/db", configuration=configuration, log_class=log_class)

    assert (found.action, found.retention) == ("skip", None)
    if log_class == "STANDARD":
        assert found.rule == "logs.exclude: /aws/rds/*"
        assert found.reason.endswith("/aws/rds/*")


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("/aws/lambda/watchpost-shipper", Tags()),
        ("/aws/lambda/audit", Tags()),
        ("/aws/lambda/other-shipper", Tags(function={names.OWNER_TAG: "other"})),
    ],
)
def test_the_guard_goes_before_every_rule_and_leaves_the_group_alone(name: str, tags: Tags) -> None:
    configuration = rules(
        rule("all", service="x", retention=Retention(3, overrule=True)), services=(ServiceRule("*", "everything"),)
    )

    found = decided(name, tags, configuration)

    assert (found.action, found.rule, found.retention) == ("skip", "recursion guard", None)
    assert found.reason


BY_SERVICES = (ServiceRule("/aws/lambda/orders-*", "by-services"),)
CAPTURE = rule("r", GroupMatch(regex=("^/x/(?P<s>[^/]*)", "/(?P<s>[a-z-]+)$")), service_capture="s")
BOTH = Tags({"service": "by-group", "app": "app-of-group"}, {"service": "by-function", "app": "app-of-function"})
SPACES = Tags({"service": "  ", "app": " \t"}, {"service": " by-function ", "app": ""})
LAMBDA = "/aws/lambda/orders-api"


@pytest.mark.parametrize(
    ("name", "tags", "configuration", "service", "reason"),
    [
        (LAMBDA, BOTH, rules(rule(service="fixed"), services=BY_SERVICES), "by-services", "services: /aws/lambda/or"),
        (LAMBDA, BOTH, rules(rule(service=" fixed ")), "fixed", "rule r"),
        (LAMBDA, BOTH, rules(rule(service_tag="app")), "app-of-group", "rule r: tag app of the log group"),
        (LAMBDA, Tags({}, {"app": "x"}), rules(rule(service_tag="app")), "x", "rule r: tag app of the function"),
        (LAMBDA, SPACES, rules(rule(service_tag="app")), "by-function", "tag service of the function"),
        (LAMBDA, Tags(), rules(rule(service_tag="app")), "orders-api", "name of the function"),
        ("/x/shop/a", BOTH, rules(CAPTURE), "shop", "rule r: s in its name"),
        ("/x//b", BOTH, rules(CAPTURE), "b", "rule r: s in its name"),  # what the first one captures is empty
        ("/y/shop", BOTH, rules(CAPTURE), "shop", "rule r: s in its name"),
        ("/x/", BOTH, rules(CAPTURE), "by-group", "tag service of the log group"),
        (LAMBDA, BOTH, None, "by-group", "tag service of the log group"),
        (LAMBDA, Tags(function={"Service": "by-function"}), None, "by-function", "tag Service of the function"),
        (LAMBDA, Tags(group={"service": ""}), None, "orders-api", "name of the function"),
        (LAMBDA, Tags(group={"team": "shop"}), None, "orders-api", "name of the function"),
        (LAMBDA, Tags(), rules(services=(ServiceRule("*", " "),)), "orders-api", "name of the function"),
        ("/aws/lambda/us-east-1.edge", Tags(), None, "us-east-1.edge", "name of the log group"),
        ("/ecs/shop/", Tags(), None, "shop", "name of the log group"),
        ("plain", Tags(), None, "plain", "name of the log group"),
        ("/", Tags(), None, "/", "name of the log group"),
    ],
)
def test_the_first_source_that_names_the_service_counts_and_is_told(
    name: str, tags: Tags, configuration: Configuration | None, service: str, reason: str
) -> None:
    found = decided(name, tags, configuration)

    assert found.service == service
    assert found.reason.startswith(reason)


def test_the_order_of_the_configured_tags_decides_between_two_tags() -> None:
    configuration = Configuration(service_tags=("team", "service"))

    assert decided("/x", Tags(group={"service": "a", "team": "b"}), configuration).service == "b"


TAGGED = GroupMatch(prefix=("/t",), tags={"team": ("*",)})
SETTLED = [
    ("/aws/lambda/watchpost-shipper", "STANDARD", rules(rule("tagged", TAGGED))),
    ("/aws/lambda/audit", "STANDARD", rules()),
    ("/t", "DELIVERY", rules(rule("tagged", TAGGED))),
    ("/x", "DELIVERY", rules(rule("tagged", TAGGED, retention=Retention(7)))),
    ("/t", "DELIVERY", rules(rule("tagged", TAGGED, retention=Retention(7)), logs=Logs(exclude=("/t",)))),
    ("/t", "STANDARD", rules(rule("tagged", TAGGED), logs=Logs(exclude=("/t",)))),
    ("/t", "STANDARD", rules(rule("out", exclude=True), rule("tagged", TAGGED))),
    ("/x", "STANDARD", rules(rule("tagged", TAGGED), rule("out", exclude=True))),  # the first one cannot match
    ("/x", "STANDARD", rules(rule("tagged", TAGGED), default="exclude")),
]
NEEDED = [
    ("/x", "STANDARD", rules()),  # it may have the owner's tag
    ("/x", "STANDARD", rules(rule(service="fixed"))),
    ("/x", "STANDARD", rules(rule("tagged", TAGGED))),
    ("/t", "STANDARD", rules(rule("tagged", TAGGED), rule("out", exclude=True))),
    ("/t", "STANDARD", rules(rule("tagged", TAGGED, exclude=True), default="exclude")),
    ("/x", "STANDARD", rules(rule("out", exclude=True, retention=Retention(7)))),  # not for one with the owner's tag
    ("/t", "DELIVERY", rules(rule("tagged", TAGGED, retention=Retention(7)))),
    ("/x", "DELIVERY", rules(rule("all", retention=Retention(7)))),
]


@pytest.mark.parametrize(("name", "log_class", "configuration"), SETTLED)
def test_what_names_settle_is_decided_without_tags(name: str, log_class: str, configuration: Configuration) -> None:
    found = decide(group(name, log_class=log_class), None, configuration, GUARD)

    assert found.action == "skip"
    for tags in (Tags(), Tags({"team": "x"}), Tags({names.OWNER_TAG: "other"}), Tags({}, {names.OWNER_TAG: "other"})):
        assert decide(group(name, log_class=log_class), tags, configuration, GUARD) == found


@pytest.mark.parametrize(("name", "log_class", "configuration"), NEEDED)
def test_what_hangs_on_tags_is_not_decided_without_them(
    name: str, log_class: str, configuration: Configuration
) -> None:
    """Each of these has two decisions, with tags of two kinds."""
    with pytest.raises(TagsNeededError, match=name):
        decide(group(name, log_class=log_class), None, configuration, GUARD)

    kinds = (Tags(), Tags({"team": "x"}), Tags({names.OWNER_TAG: "other"}))
    assert len({str(decided(name, tags, configuration, log_class=log_class)) for tags in kinds}) > 1


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("/aws/lambda/orders", "orders"),
        ("/aws/lambda/" + "f" * 64, "f" * 64),
        ("/aws/lambda/" + "f" * 65, None),
        ("/aws/lambda/us-east-1.edge", None),
        ("/aws/lambda/a/b", None),
        ("/aws/lambda/", None),
        ("orders", None),
    ],
)
def test_only_a_name_that_lambda_allows_is_looked_up_as_a_function(name: str, function: str | None) -> None:
    assert group(name).function == function
