"""The part of the configuration document about log groups: its fields, their limits, what is said about mistakes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from watchpost.configuration import (
    RETENTION_DAYS,
    Configuration,
    Destination,
    GroupMatch,
    Retention,
    SubscriptionRule,
    Subscriptions,
    parse,
)
from watchpost.errors import ConfigurationError

RULES = "configuration.subscriptions.rules"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:audit"
STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/audit"
DELIVERY = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/audit"
LOGS = "arn:aws:logs:eu-west-1:123456789012:destination:central"
ROLE = "arn:aws:iam::123456789012:role/service/writer"


def document(*rules: Any, **fields: Any) -> str:
    return json.dumps({"subscriptions": {"rules": list(rules)} | fields})


def rule(**fields: Any) -> dict[str, Any]:
    return {"name": "r", "match": {"prefix": "/"}} | fields


def read(**fields: Any) -> SubscriptionRule:
    [found] = parse(document(rule(**fields))).subscriptions.rules
    return found


def mistake(*rules: Any, **fields: Any) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        parse(document(*rules, **fields))
    return caught.value


def test_without_the_section_everything_is_included_by_no_rule() -> None:
    assert parse("{}").subscriptions == Subscriptions("include", ()) == Configuration().subscriptions


def test_every_field_of_a_rule_is_read() -> None:
    found = parse(
        document(
            {"name": "databases", "match": {"prefix": "/aws/rds/"}, "exclude": True, "retention": {"days": 7}},
            {
                "name": "containers",
                "match": {
                    "prefix": ["/ecs/", "/eks/"],
                    "glob": ["/e*"],
                    "regex": "^/ecs/(?P<service>[^/]+)/",
                    "tags": {"team": ["shop", "pay*"], "app": "*", "stage": []},
                    "log_class": ["STANDARD", "DELIVERY"],
                },
                "exclude": False,
                "service": {"capture": "service"},
                "filter_pattern": "?ERROR ?WARN",
                "destination": {"arn": STREAM, "role": ROLE},
                "retention": {"days": 14, "overrule": True},
            },
            {"name": "short", "match": {"glob": "/x*"}, "service": "checkout"},
            {"name": "long", "match": {"log_class": "STANDARD"}, "service": {"name": "checkout"}},
            {"name": "tagged", "match": {"tags": {"app": "*"}}, "service": {"tag": "app"}},
            default="exclude",
        )
    )

    match = GroupMatch(
        prefix=("/ecs/", "/eks/"),
        glob=("/e*",),
        regex=("^/ecs/(?P<service>[^/]+)/",),
        tags={"team": ("shop", "pay*"), "app": ("*",), "stage": ()},
        log_class=("STANDARD", "DELIVERY"),
    )
    assert found.subscriptions == Subscriptions(
        "exclude",
        (
            SubscriptionRule("databases", GroupMatch(prefix=("/aws/rds/",)), exclude=True, retention=Retention(7)),
            SubscriptionRule(
                "containers",
                match,
                service_capture="service",
                filter_pattern="?ERROR ?WARN",
                destination=Destination(STREAM, ROLE),
                retention=Retention(14, overrule=True),
            ),
            SubscriptionRule("short", GroupMatch(glob=("/x*",)), service="checkout"),
            SubscriptionRule("long", GroupMatch(log_class=("STANDARD",)), service="checkout"),
            SubscriptionRule("tagged", GroupMatch(tags={"app": ("*",)}), service_tag="app"),
        ),
    )


@pytest.mark.parametrize(
    ("fields", "path", "found", "expected"),
    [
        ({"enabled": True}, ".enabled", "an unknown field", "exclude, filter_pattern"),
        ({"name": ""}, ".name", '""', "a text"),
        ({"name": "a b"}, ".name", '"a b"', "1 to 64 letters"),
        ({"name": "n" * 65}, ".name", "nnn", "1 to 64 letters"),
        ({"match": {}}, ".match", "{}", "at least one of prefix"),
        ({"match": []}, ".match", "[]", "an object"),
        ({"match": {"name": "/x"}}, ".match.name", "an unknown field", "prefix"),
        ({"match": {"prefix": []}}, ".match.prefix", "[]", "a list of at least one"),
        ({"match": {"prefix": 7}}, ".match.prefix", "7", "a text, or a list"),
        ({"match": {"prefix": ""}}, ".match.prefix", '""', "a text that is not empty"),
        ({"match": {"glob": ["/x", None]}}, ".match.glob[1]", "null", "a text that is not empty"),
        ({"match": {"glob": ["/x"] * 101}}, ".match.glob", "101 items", "at most 100"),
        ({"match": {"prefix": "/" * 513}}, ".match.prefix", "513 characters", "at most 512"),
        ({"match": {"glob": "/" * 513}}, ".match.glob", "513 characters", "at most 512"),
        ({"match": {"regex": "/" * 513}}, ".match.regex", "513 characters", "at most 512"),
        ({"match": {"regex": ["/x", "(a+)+$"]}}, ".match.regex[1]", "multiply", "takes few steps"),
        ({"match": {"regex": "(a|a)*b"}}, ".match.regex", "multiply", "takes few steps"),
        ({"match": {"regex": "(?<=/+)x"}}, ".match.regex", "fixed-width", "takes few steps"),
        ({"match": {"regex": "("}}, ".match.regex", "a mistake", "takes few steps"),
        ({"match": {"tags": {}}}, ".match.tags", "0 tags", "1 to 50"),
        ({"match": {"tags": {str(tag): "x" for tag in range(51)}}}, ".match.tags", "51 tags", "1 to 50"),
        ({"match": {"tags": ["team"]}}, ".match.tags", '["team"]', "an object"),
        ({"match": {"tags": {"": "x"}}}, ".match.tags", "0 characters", "1 to 128"),
        ({"match": {"tags": {"t" * 129: "x"}}}, ".match.tags", "129 characters", "1 to 128"),
        ({"match": {"tags": {"team": 5}}}, ".match.tags.team", "5", "a text or a list"),
        ({"match": {"tags": {"team": None}}}, ".match.tags.team", "null", "a text or a list"),
        ({"match": {"tags": {"team": ["x", 5]}}}, ".match.tags.team[1]", "5", "a text"),
        ({"match": {"tags": {"team": "x" * 257}}}, ".match.tags.team", "257 characters", "at most 256"),
        ({"match": {"log_class": "standard"}}, ".match.log_class", '"standard"', "INFREQUENT_ACCESS"),
        ({"match": {"log_class": []}}, ".match.log_class", "[]", "a list of at least one"),
        ({"exclude": "yes"}, ".exclude", '"yes"', "true or false"),
        ({"exclude": True, "service": "x"}, ".service", '"x"', "exclude: true"),
        ({"exclude": True, "filter_pattern": ""}, ".filter_pattern", '""', "exclude: true"),
        ({"exclude": True, "destination": {"arn": FUNCTION}}, ".destination", FUNCTION, "exclude: true"),
        ({"service": ""}, ".service", '""', "a text that is not empty"),
        ({"service": " "}, ".service", '" "', "not blank"),
        ({"service": "s" * 257}, ".service", "257 characters", "at most 256"),
        ({"service": ["x"]}, ".service", '["x"]', "name, tag, capture"),
        ({"service": {}}, ".service", "none of them", "exactly one of"),
        ({"service": {"name": "x", "tag": "y"}}, ".service", "name and tag", "exactly one of"),
        ({"service": {"fixed": "x"}}, ".service.fixed", "an unknown field", "capture"),
        ({"service": {"name": "\t"}}, ".service.name", '"\\t"', "not blank"),
        ({"service": {"tag": "t" * 129}}, ".service.tag", "129 characters", "at most 128"),
        ({"service": {"capture": "service"}}, ".service.capture", '"service"', "(?P<service>"),
        ({"filter_pattern": None}, ".filter_pattern", "null", "a text"),
        ({"filter_pattern": "x" * 1025}, ".filter_pattern", "1025 characters", "at most 1024"),
        ({"destination": FUNCTION}, ".destination", FUNCTION, "an object"),
        ({"destination": {}}, ".destination.arn", "nothing", "a text"),
        ({"destination": {"arn": FUNCTION, "role": ROLE}}, ".destination.role", ROLE, "no role"),
        ({"destination": {"arn": STREAM}}, ".destination.role", "nothing", "IAM role"),
        ({"destination": {"arn": DELIVERY}}, ".destination.role", "nothing", "IAM role"),
        ({"destination": {"arn": STREAM, "role": STREAM}}, ".destination.role", STREAM, "IAM role"),
        ({"destination": {"arn": STREAM, "roles": ROLE}}, ".destination.roles", "an unknown field", "arn, role"),
        ({"retention": 14}, ".retention", "14", "an object"),
        ({"retention": {}}, ".retention.days", "nothing", "1, 3, 5"),
        ({"retention": {"days": 31}}, ".retention.days", "31", "1, 3, 5"),
        ({"retention": {"days": True}}, ".retention.days", "true", "1, 3, 5"),
        ({"retention": {"days": 14.0}}, ".retention.days", "14.0", "1, 3, 5"),
        ({"retention": {"days": None}}, ".retention.days", "null", "1, 3, 5"),
        ({"retention": {"days": 14, "overrule": 1}}, ".retention.overrule", "1", "true or false"),
        ({"retention": {"days": 14, "always": True}}, ".retention.always", "an unknown field", "overrule"),
    ],
)
def test_a_mistake_is_told_with_its_path_what_was_found_and_what_was_expected(
    fields: dict[str, Any], path: str, found: str, expected: str
) -> None:
    error = mistake(rule(**fields))

    assert error.path == f"{RULES}[0]{path}"
    assert found in error.found
    assert expected in error.expected


@pytest.mark.parametrize(
    ("section", "path"),
    [
        ([], ""),
        ({"include": []}, ".include"),
        ({"default": "all"}, ".default"),
        ({"default": None}, ".default"),
        ({"rules": {}}, ".rules"),
        ({"rules": ["x"]}, ".rules[0]"),
        ({"rules": [{"name": "r"}]}, ".rules[0].match"),
        ({"rules": [{"match": {"prefix": "/"}}]}, ".rules[0].name"),
        ({"rules": [rule(), rule()]}, ".rules[1]"),
    ],
)
def test_a_mistake_outside_of_a_rule_is_told_with_its_path(section: Any, path: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(json.dumps({"subscriptions": section}))

    assert caught.value.path == f"configuration.subscriptions{path}"


def test_there_may_be_200_rules_and_not_one_more() -> None:
    rules = [rule(name=f"r{number}") for number in range(201)]

    assert len(parse(document(*rules[:200])).subscriptions.rules) == 200
    assert mistake(*rules).path == RULES


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "n" * 64},
        {"match": {"prefix": "/" * 512}},
        {"match": {"glob": "/" * 512}},
        {"match": {"glob": ["/x"] * 100}},
        {"match": {"regex": "/" * 512}},
        {"match": {"tags": {"t" * 128: "x" * 256}}},
        {"match": {"tags": {str(tag): "" for tag in range(50)}}},
        {"service": "s" * 256},
        {"service": {"tag": "t" * 128}},
        {"filter_pattern": ""},
        {"filter_pattern": "x" * 1024},
        {"exclude": False, "service": "x", "filter_pattern": "x", "destination": {"arn": FUNCTION}},
    ],
)
def test_the_largest_values_are_taken(fields: dict[str, Any]) -> None:
    assert read(**fields)


@pytest.mark.parametrize(
    ("arn", "role"),
    [
        (FUNCTION, None),
        (f"{FUNCTION}:live", None),
        (f"{FUNCTION}:$LATEST", None),
        (STREAM, ROLE),
        (DELIVERY, ROLE),
        (LOGS, None),
        (LOGS, ROLE),
        (STREAM.replace(":aws:", ":aws-us-gov:"), ROLE.replace(":aws:", ":aws-us-gov:")),
        (STREAM.replace(":aws:", ":aws-cn:"), ROLE.replace(":aws:", ":aws-cn:")),
    ],
)
def test_what_a_filter_may_point_to_is_taken(arn: str, role: str | None) -> None:
    fields = {"arn": arn} | ({"role": role} if role else {})

    assert read(destination=fields).destination == Destination(arn, role)


@pytest.mark.parametrize(
    "arn",
    [
        "audit",
        "arn:aws:s3:::bucket",
        "arn:aws:sqs:eu-west-1:123456789012:audit",
        "arn:aws:logs:eu-west-1:123456789012:log-group:/x",
        FUNCTION.replace("123456789012", "12345678901"),
        FUNCTION.replace("eu-west-1", ""),
        f"{FUNCTION}:a:b",
        f"{FUNCTION}\n",
        f" {FUNCTION}",
        FUNCTION.replace("audit", ""),
        FUNCTION.replace("audit", "a" * 65),
        STREAM.replace("stream/", "stream:"),
        STREAM + "/consumer/x:1",
        f"{LOGS}*",
    ],
)
def test_what_no_filter_can_point_to_is_refused(arn: str) -> None:
    error = mistake(rule(destination={"arn": arn, "role": ROLE}))

    assert error.path == f"{RULES}[0].destination.arn"
    assert "Kinesis stream" in error.expected


def test_a_capture_may_be_in_any_of_the_regexes_and_the_mistake_names_those_there_are() -> None:
    match = {"regex": ["^/ecs/(?P<service>[^/]+)", "^/eks/(?P<pod>[^/]+)"]}

    assert read(match=match, service={"capture": "service"}).service_capture == "service"
    assert read(match=match, service={"capture": "pod"}).service_capture == "pod"
    error = mistake(rule(match=match, service={"capture": "name"}))
    assert (error.path, error.expected) == (f"{RULES}[0].service.capture", "one of service, pod")


@pytest.mark.parametrize("days", RETENTION_DAYS)
def test_every_retention_that_cloudwatch_takes_is_taken(days: int) -> None:
    assert read(retention={"days": days}).retention == Retention(days)
