"""The rules: what is left out, sampled and labelled, in which lines and in which order."""

from __future__ import annotations

import json
from typing import Any

import pytest
from shipper.formats import parse
from shipper.line import APP, METRIC, PLATFORM, Line, Metric
from shipper.rules import Rules, compiled
from watchpost import configuration
from watchpost.configuration import Configuration

GROUP = "/aws/lambda/orders"


def made(*rules: dict[str, Any], group: str = GROUP, **document: Any) -> Rules:
    rules = tuple({"name": f"r{number}"} | rule for number, rule in enumerate(rules))
    found = compiled(configuration.parse(json.dumps(document | {"logs": {"rules": rules}})), group)
    assert found is not None
    return found


def drop(**match: Any) -> Rules:
    return made({"name": "dropped", "log_group": "*", "match": match, "drop": True})


LINE = {
    "level": "INFO",
    "message": "GET /health took 3 ms",
    "path": "/health",
    "http": {"status": 200, "tags": ["a", "b"]},
    "a.b": {"c": 1},
    "ok": True,
    "correlation_id": "c-1",
    "service": "orders",
    "cold_start": False,
}


@pytest.mark.parametrize(
    ("match", "matches"),
    [
        ({"text": "/health"}, True),
        ({"text": "/Health"}, False),
        ({"regex": "^GET /[a-z]{1,9} took"}, True),
        ({"regex": "took [0-9]{1,3} ms$"}, True),
        ({"regex": "^took"}, False),
        ({"level": "info"}, True),
        ({"level": ["debug", "info"]}, True),
        ({"level": ["debug"]}, False),
        ({"fields": {"app.path": "/health"}}, True),
        ({"fields": {"app.path": ["/x", "/health"]}}, True),
        ({"fields": {"app.path": "/healthy"}}, False),
        ({"fields": {"app.http.status": 200}}, True),
        ({"fields": {"app.http.status": 200.0}}, True),
        ({"fields": {"app.http.status": "200"}}, False),
        ({"fields": {"app.http.tags": "b"}}, True),
        ({"fields": {"app.http.tags": "c"}}, False),
        ({"fields": {"app.http": "x"}}, False),
        ({"fields": {"app.a.b.c": 1}}, True),
        ({"fields": {"app.a.b.c": True}}, False),
        ({"fields": {"app.ok": True}}, True),
        ({"fields": {"app.ok": 1}}, False),
        ({"fields": {"app.missing": "x"}}, False),
        ({"fields": {"correlation.id": "c-1"}}, True),
        ({"fields": {"service.name": "orders"}}, True),
        ({"fields": {"faas.coldstart": False}}, True),
        ({"fields": {"trace.id": "x"}}, False),
        ({"text": "/health", "level": "info", "fields": {"app.path": "/health"}}, True),
        ({"text": "/health", "level": "warn"}, False),
    ],
)
def test_a_rule_concerns_the_lines_for_which_all_of_its_conditions_hold(match: dict[str, Any], matches: bool) -> None:
    raw = json.dumps(LINE)

    assert drop(**match).apply(parse(raw), raw, None) == ("dropped" if matches else None)


@pytest.mark.parametrize(
    ("rule", "group", "left_out"),
    [
        ({"log_group": "/aws/lambda/orders*"}, "/aws/lambda/orders-api", True),
        ({"log_group": "/aws/lambda/orders*"}, "/aws/lambda/Orders", False),
        ({"service": "shop-*"}, "/aws/lambda/shop-api", True),  # the function's name
        ({"service": "shop"}, "/aws/lambda/shop-api", False),
        ({"service": "named"}, "/named/x", True),  # by the configuration
        ({"service": "named", "log_group": "/other"}, "/named/x", False),
    ],
)
def test_a_rule_is_limited_to_log_groups_and_services(rule: dict[str, Any], group: str, left_out: bool) -> None:
    document = {
        "services": [{"log_group": "/named/*", "name": "named"}],
        "logs": {"rules": [{"name": "r", "drop": True} | rule]},
    }
    found = compiled(configuration.parse(json.dumps(document)), group)

    assert (found.apply(Line.of("x"), "x", None) if found else None) == ("r" if left_out else None)


def test_the_service_that_a_line_names_counts_before_that_of_its_log_group() -> None:
    rules = made({"service": "mine", "drop": True})

    assert rules.apply(Line.of("x", service="mine"), "x", None) == "r0"
    assert rules.apply(Line.of("x"), "x", None) is None


def test_the_service_that_the_caller_knows_counts_where_the_line_names_none() -> None:
    found = configuration.parse(json.dumps({"logs": {"rules": [{"name": "r", "service": "filter", "drop": True}]}}))
    known, unknown = compiled(found, GROUP, "filter"), compiled(found, GROUP)

    assert known is not None
    assert unknown is not None
    assert known.apply(Line.of("x"), "x", None) == "r"
    assert unknown.apply(Line.of("x"), "x", None) is None


def test_rules_are_evaluated_in_order_and_the_first_that_leaves_a_line_out_names_it() -> None:
    rules = made(
        {"name": "labels", "labels": {"noise": "yes"}, "match": {"text": "noise"}},
        {"name": "first", "drop": True, "match": {"fields": {"labels.noise": "yes"}}},
        {"name": "second", "drop": True, "match": {"text": "o"}},
    )

    assert rules.apply(Line.of("noise"), "noise", None) == "first"
    assert rules.apply(Line.of("other"), "other", None) == "second"
    assert rules.apply(Line.of("x"), "x", None) is None


@pytest.mark.parametrize(
    "rule", [{"drop": True, "log_group": "*"}, {"sample": {"rate": 5e-324}}, {"levels": ["fatal"]}]
)
def test_platform_and_metric_lines_stay(rule: dict[str, Any]) -> None:
    rules = made(rule)

    assert rules.apply(Line.of("x", kind=APP, level="info"), "x", None) == "r0"
    assert rules.apply(Line.of("x", kind=PLATFORM, level="info"), "x", None) is None
    assert rules.apply(Line.of("x", kind=METRIC, level="info"), "x", None) is None


def test_a_drop_rule_that_names_metric_lines_drops_them() -> None:
    rules = made({"drop": True, "lines": ["metric"], "match": {"fields": {"metric.name": "noise"}}})

    assert rules.apply(Line.of("x", kind=METRIC, metric=Metric("noise", 1.0)), "x", None) == "r0"
    assert rules.apply(Line.of("x", kind=METRIC, metric=Metric("other", 1.0)), "x", None) is None
    assert rules.apply(Line.of("x", kind=METRIC), "x", None) is None


@pytest.mark.parametrize("level", ["trace", "debug", "info", "warn", "error", "fatal", None])
def test_levels_below_the_minimum_are_left_out_and_lines_without_a_level_stay(level: str | None) -> None:
    rules = made({"levels": {"minimum": "warn"}})

    assert rules.apply(Line.of("x", level=level), "x", None) == ("r0" if level in ("trace", "debug", "info") else None)


@pytest.mark.parametrize("level", ["debug", "info", "error", None])
def test_levels_that_are_not_in_the_list_are_left_out(level: str | None) -> None:
    rules = made({"levels": ["info", "error"]})

    assert rules.apply(Line.of("x", level=level), "x", None) == ("r0" if level == "debug" else None)


def test_static_labels_of_services_and_rules_are_added_and_the_lines_own_count_more() -> None:
    rules = made(
        {"labels": {"tier": "gold", "who": "rule"}, "lines": ["application", "metric"]},
        services=[{"log_group": "*", "name": "orders", "labels": {"team": "shop", "tier": "none", "who": "service"}}],
    )
    application, metric, platform = (
        Line.of("x"),
        Line.of("x", kind=METRIC, labels={"who": "line"}),
        Line.of("x", kind=PLATFORM),
    )

    for line in (application, metric, platform):
        assert rules.apply(line, "x", None) is None

    assert application.labels == {"tier": "gold", "who": "rule", "team": "shop"}
    assert metric.labels == {"tier": "gold", "who": "line", "team": "shop"}
    assert platform.labels == {"tier": "none", "who": "service", "team": "shop"}


def test_nothing_is_made_where_nothing_concerns_a_log_group() -> None:
    assert compiled(Configuration(), GROUP) is None
    found = configuration.parse(
        json.dumps(
            {
                "services": [{"log_group": "*", "name": "orders"}],
                "logs": {
                    "rules": [{"name": "r", "drop": True, "log_group": "/other"}],
                    "lift": [{"field": "a", "type": "long", "log_group": "/other"}],
                },
            }
        )
    )
    assert compiled(found, GROUP) is None
    assert compiled(found, "/other") is not None


def test_rules_are_made_once_for_each_configuration_and_log_group() -> None:
    text = json.dumps({"logs": {"redact": {"patterns": ["email"]}}})
    first, second = configuration.parse(text), configuration.parse(text)

    assert compiled(first, GROUP) is compiled(first, GROUP)
    assert compiled(first, GROUP) is not compiled(first, "/other")
    assert compiled(first, GROUP) is not compiled(second, GROUP)


def test_rules_look_at_a_line_as_it_was_written_and_what_stays_is_redacted() -> None:
    document = {
        "logs": {"rules": [{"name": "r", "match": {"text": "ada@"}, "drop": True}], "redact": {"patterns": ["email"]}}
    }
    rules = compiled(configuration.parse(json.dumps(document)), GROUP)
    assert rules is not None
    other = Line.of("bob@example.com")

    assert rules.apply(Line.of("ada@example.com"), "ada@example.com", None) == "r"
    assert rules.apply(other, other.message, None) is None
    assert other.message == "[redacted:email]"
