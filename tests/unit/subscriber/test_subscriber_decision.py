"""Which log groups are subscribed, and under which name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from subscriber.decision import Decision, LogGroup, Tags, decide
from watchpost import names
from watchpost.configuration import Configuration, Logs, ServiceRule

STACK = "watchpost"


def _group(name: str, **fields: object) -> LogGroup:
    return LogGroup(name, f"arn:aws:logs:eu-west-1:123456789012:log-group:{name}", **fields)  # type: ignore[arg-type]


def _decide(
    name: str, tags: Tags | None = None, configuration: Configuration | None = None, **fields: object
) -> Decision:
    return decide(_group(name, **fields), tags or Tags(), configuration or Configuration(), STACK)


@pytest.mark.parametrize("component", names.COMPONENTS)
def test_the_stacks_own_groups_are_refused_even_when_a_rule_names_them(component: str) -> None:
    rules = Configuration(services=(ServiceRule("*", "everything"),))

    decision = _decide(f"/aws/lambda/{STACK}-{component}", configuration=rules)

    assert decision.action == "skip"
    assert "own log group" in decision.reason


@pytest.mark.parametrize("tags", [Tags(group={names.OWNER_TAG: "other"}), Tags(function={names.OWNER_TAG: "other"})])
def test_groups_of_another_watchpost_stack_are_refused(tags: Tags) -> None:
    decision = _decide("/aws/lambda/other-shipper", tags)

    assert decision.action == "skip"
    assert "other" in decision.reason


def test_a_group_that_only_begins_like_an_own_one_is_subscribed() -> None:
    assert _decide(f"/aws/lambda/{STACK}-shipper-2").action == "subscribe"


@pytest.mark.parametrize("log_class", ["INFREQUENT_ACCESS", "DELIVERY"])
def test_classes_that_cannot_have_filters_are_skipped_with_the_class_as_reason(log_class: str) -> None:
    decision = _decide("/aws/lambda/orders", log_class=log_class)

    assert decision.action == "skip"
    assert log_class in decision.reason


def test_an_excluded_group_is_skipped_with_the_glob_as_reason() -> None:
    configuration = Configuration(logs=Logs(exclude=("/aws/rds/*",)))

    assert _decide("/aws/rds/db", configuration=configuration).reason.endswith("/aws/rds/*")
    assert _decide("/aws/lambda/orders", configuration=configuration).action == "subscribe"


RULE = Configuration(services=(ServiceRule("/aws/lambda/orders-*", "by-rule"),))
BOTH = Tags(group={"service": "by-group"}, function={"service": "by-function"})


@pytest.mark.parametrize(
    ("name", "tags", "configuration", "service"),
    [
        ("/aws/lambda/orders-api", BOTH, RULE, "by-rule"),
        ("/aws/lambda/orders-api", BOTH, None, "by-group"),
        ("/aws/lambda/orders-api", Tags(function={"Service": "by-function"}), None, "by-function"),
        ("/aws/lambda/orders-api", Tags(group={"service": ""}), None, "orders-api"),
        ("/aws/lambda/orders-api", Tags(group={"team": "shop"}), None, "orders-api"),
        ("/aws/lambda/us-east-1.edge", Tags(), None, "us-east-1.edge"),
        ("/ecs/shop/checkout", Tags(), None, "checkout"),
        ("/ecs/shop/", Tags(), None, "shop"),
        ("plain", Tags(), None, "plain"),
        ("/", Tags(), None, "/"),
    ],
)
def test_the_first_source_that_names_the_service_counts(
    name: str, tags: Tags, configuration: Configuration | None, service: str
) -> None:
    assert _decide(name, tags, configuration).service == service


def test_the_order_of_the_configured_tags_decides_between_two_tags() -> None:
    configuration = Configuration(service_tags=("team", "service"))

    assert _decide("/x", Tags(group={"service": "a", "team": "b"}), configuration).service == "b"


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
    assert _group(name).function == function


# What CloudWatch Logs allows in the name of a log group.
NAMES = st.text(alphabet="abcXYZ019._-/#", min_size=1, max_size=512)


@given(NAMES, st.dictionaries(st.sampled_from(["service", "Service", "x"]), st.text(max_size=256)))
def test_every_group_to_subscribe_has_a_service_and_a_filter_name_that_the_api_takes(
    name: str, tags: dict[str, str]
) -> None:
    decision = _decide(name, Tags(group=tags))

    assert decision.action == "subscribe"
    filter_name = names.subscription_filter(decision.service)
    assert len(names.FILTER_PREFIX) < len(filter_name) <= 512
    assert not set(filter_name) & set(":*")
