"""The configuration document: every mistake is told with its path."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost.configuration import (
    PLATFORM_CHOICES,
    RETENTION_DAYS,
    AlarmOverride,
    Alarms,
    Configuration,
    Logs,
    ServiceRule,
    parse,
)
from watchpost.errors import ConfigurationError


@pytest.mark.parametrize("text", ["", "{}", '{"services": [], "logs": {}, "metrics": {}, "alarms": {}}'])
def test_an_empty_document_is_the_defaults(text: str) -> None:
    assert parse(text) == Configuration()


def test_every_field_of_the_document_is_read() -> None:
    document = {
        "services": [{"log_group": "/aws/lambda/orders-*", "name": "orders", "environment": "prod"}],
        "service_tags": ["team"],
        "logs": {"exclude": ["/aws/rds/*"], "retention_days": 90, "platform": "all", "count": False},
        "metrics": {"dimensions": ["page"], "report": True, "max_dimension_sets": 7},
        "alarms": {"lambda.errors": {"enabled": False}, "lambda.duration": {"threshold": 5}},
    }

    assert parse(json.dumps(document)) == Configuration(
        services=(ServiceRule("/aws/lambda/orders-*", "orders", "prod"),),
        service_tags=("team",),
        logs=Logs(exclude=("/aws/rds/*",), retention_days=90, platform="all", count=False),
        metric_dimensions=("page",),
        alarms=Alarms({"lambda.errors": AlarmOverride(enabled=False), "lambda.duration": AlarmOverride(threshold=5.0)}),
        metric_report=True,
        max_dimension_sets=7,
    )


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ([], "configuration"),
        (None, "configuration"),
        ({"service": []}, "configuration.service"),
        ({"services": {}}, "configuration.services"),
        ({"services": ["x"]}, "configuration.services[0]"),
        ({"services": [{"name": "x"}]}, "configuration.services[0].log_group"),
        ({"services": [{"log_group": "/x", "name": ""}]}, "configuration.services[0].name"),
        ({"services": [{"log_group": "/x", "name": "x", "environment": 1}]}, "configuration.services[0].environment"),
        ({"services": [{"log_group": "/x", "name": "x", "team": "y"}]}, "configuration.services[0].team"),
        ({"service_tags": "team"}, "configuration.service_tags"),
        ({"service_tags": ["team", 1]}, "configuration.service_tags[1]"),
        ({"logs": []}, "configuration.logs"),
        ({"logs": {"exclude": [""]}}, "configuration.logs.exclude[0]"),
        ({"logs": {"retention_days": 31}}, "configuration.logs.retention_days"),
        ({"logs": {"retention_days": True}}, "configuration.logs.retention_days"),
        ({"logs": {"retention_days": "30"}}, "configuration.logs.retention_days"),
        ({"logs": {"retention_days": []}}, "configuration.logs.retention_days"),
        ({"logs": {"platform": "some"}}, "configuration.logs.platform"),
        ({"logs": {"platform": {}}}, "configuration.logs.platform"),
        ({"logs": {"count": 1}}, "configuration.logs.count"),
        ({"metrics": {"dimensions": [None]}}, "configuration.metrics.dimensions[0]"),
        ({"metrics": {"report": "yes"}}, "configuration.metrics.report"),
        ({"metrics": {"max_dimension_sets": 0}}, "configuration.metrics.max_dimension_sets"),
        ({"metrics": {"max_dimension_sets": 1001}}, "configuration.metrics.max_dimension_sets"),
        ({"metrics": {"max_dimension_sets": True}}, "configuration.metrics.max_dimension_sets"),
        ({"metrics": {"max_dimension_sets": 1.5}}, "configuration.metrics.max_dimension_sets"),
        ({"alarms": {"lambda.errors": True}}, "configuration.alarms.lambda.errors"),
        ({"alarms": {"x": {"treshold": 1}}}, "configuration.alarms.x.treshold"),
        ({"alarms": {"x": {"threshold": "5"}}}, "configuration.alarms.x.threshold"),
        ({"alarms": {"x": {"threshold": True}}}, "configuration.alarms.x.threshold"),
        ({"alarms": {"x": {"threshold": float("nan")}}}, "configuration.alarms.x.threshold"),
        ({"alarms": {"x": {"threshold": float("-inf")}}}, "configuration.alarms.x.threshold"),
        ({"alarms": {"x": {"threshold": 10**400}}}, "configuration.alarms.x.threshold"),
        ({"alarms": {"x": {"enabled": "no"}}}, "configuration.alarms.x.enabled"),
    ],
)
def test_a_mistake_is_told_with_its_path_what_was_found_and_what_was_expected(document: Any, path: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(json.dumps(document))

    assert caught.value.path == path
    assert caught.value.found
    assert caught.value.expected


@pytest.mark.parametrize("text", ["{", "services:\n- x", "[" * 100_000])
def test_text_that_is_no_json_is_told(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(text)

    assert caught.value.path == "configuration"


@pytest.mark.parametrize("days", [*RETENTION_DAYS, None])
def test_every_retention_that_cloudwatch_takes_is_taken_and_null_leaves_groups_alone(days: int | None) -> None:
    assert parse(json.dumps({"logs": {"retention_days": days}})).logs.retention_days == days


@pytest.mark.parametrize(
    "days", sorted({days + step for days in RETENTION_DAYS for step in (-1, 1)} - set(RETENTION_DAYS))
)
def test_the_days_beside_them_are_refused(days: int) -> None:
    with pytest.raises(ConfigurationError):
        parse(json.dumps({"logs": {"retention_days": days}}))


@pytest.mark.parametrize("sets", [1, 1000])
def test_the_most_and_the_fewest_dimension_sets(sets: int) -> None:
    assert parse(json.dumps({"metrics": {"max_dimension_sets": sets}})).max_dimension_sets == sets


def test_the_first_rule_that_matches_counts() -> None:
    found = Configuration(services=(ServiceRule("/a/*", "first"), ServiceRule("*", "second")))

    assert found.rule_for("/a/b") == ServiceRule("/a/*", "first")
    assert found.rule_for("/b") == ServiceRule("*", "second")
    assert Configuration().rule_for("/b") is None


def test_globs_tell_upper_from_lower_case() -> None:
    found = Configuration(logs=Logs(exclude=("/aws/rds/*",)))

    assert found.excludes("/aws/rds/db") == "/aws/rds/*"
    assert found.excludes("/aws/RDS/db") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["log_group", "name", "environment", "enabled", "threshold", "exclude", "count"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
TOP = st.dictionaries(st.sampled_from(["services", "service_tags", "logs", "metrics", "alarms"]), JSON)


@given((TOP | JSON).map(json.dumps) | st.text())
def test_every_text_is_either_a_configuration_or_a_clear_refusal(text: str) -> None:
    try:
        found = parse(text)
    except ConfigurationError:
        return
    assert all(found.service_tags)
    assert all(rule.name and rule.log_group for rule in found.services)


NAMES = st.text(min_size=1, max_size=20)


@given(
    st.lists(
        st.builds(ServiceRule, NAMES, NAMES, st.none() | NAMES, st.dictionaries(NAMES, NAMES, max_size=2)), max_size=3
    ),
    st.lists(NAMES, min_size=1, max_size=3),
    st.builds(
        Logs,
        st.lists(NAMES, max_size=3).map(tuple),
        st.none() | st.sampled_from(RETENTION_DAYS),
        st.sampled_from(PLATFORM_CHOICES),
        st.booleans(),
    ),
    st.dictionaries(
        NAMES.filter(lambda name: name not in ("overrides", "composite", "monthly_budget")),  # which are no alarms
        st.builds(AlarmOverride, st.booleans(), st.floats(allow_nan=False, allow_infinity=False)),
    ),
)
def test_what_is_written_is_read_back(
    rules: list[ServiceRule], tags: list[str], logs: Logs, alarms: dict[str, AlarmOverride]
) -> None:
    services = [
        {name: value for name in ServiceRule.__slots__ if (value := getattr(rule, name)) is not None} for rule in rules
    ]
    document = {
        "services": services,
        "service_tags": tags,
        "logs": {name: getattr(logs, name) for name in ("exclude", "retention_days", "platform", "count")},
        "alarms": {name: {"enabled": item.enabled, "threshold": item.threshold} for name, item in alarms.items()},
    }

    found = parse(json.dumps(document))

    assert found == Configuration(tuple(rules), tuple(tags), logs, (), Alarms(alarms))
