"""The rules for lines in the configuration document: all fields, their limits, and what is said about mistakes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost.configuration import (
    ECS_FIELDS,
    CustomPattern,
    Levels,
    Lift,
    LogRule,
    Match,
    Redact,
    Sample,
    ServiceRule,
    parse,
)
from watchpost.configuration.model import LEVELS, PATTERNS
from watchpost.errors import ConfigurationError


def logs(**fields: Any) -> str:
    return json.dumps({"logs": fields})


def rule(**fields: Any) -> dict[str, Any]:
    return {"name": "r", "drop": True, "log_group": "/x"} | fields


def test_every_field_of_a_rule_is_read() -> None:
    found = parse(
        logs(
            rules=[
                {
                    "name": "health",
                    "log_group": "/aws/lambda/*",
                    "service": "orders*",
                    "lines": ["application", "metric"],
                    "match": {
                        "text": "GET",
                        "regex": "^GET /health",
                        "level": ["debug", "info"],
                        "fields": {"app.path": "/health", "app.code": [1, 2.5, True]},
                    },
                    "drop": True,
                },
                {"name": "sampled", "sample": {"rate": 0.25, "errors": True}},
                {"name": "one", "sample": {"one_in": 10}},
                {"name": "least", "levels": {"minimum": "warn"}},
                {"name": "some", "levels": ["info", "error"], "service": "x"},
                {"name": "team", "labels": {"team": "shop"}, "lines": "platform"},
            ]
        )
    )

    match = Match("GET", "^GET /health", ("debug", "info"), {"app.path": ("/health",), "app.code": (1, 2.5, True)})
    assert found.logs.rules == (
        LogRule("health", "/aws/lambda/*", "orders*", ("application", "metric"), match, drop=True),
        LogRule("sampled", sample=Sample(0.25, errors=True)),
        LogRule("one", sample=Sample(0.1)),
        LogRule("least", levels=Levels(("warn", "error", "fatal"))),
        LogRule("some", service="x", levels=Levels(("info", "error"))),
        LogRule("team", lines=("platform",), labels={"team": "shop"}),
    )


def test_every_field_of_redact_lift_and_services_is_read() -> None:
    found = parse(
        json.dumps(
            {
                "services": [{"log_group": "*", "name": "orders", "labels": {"team": "shop"}}],
                "logs": {
                    "redact": {
                        "patterns": ["email", "card", "email"],
                        "custom": [{"name": "customer", "regex": "C-[0-9]{8}"}],
                        "keys": ["password", "set-cookie"],
                    },
                    "lift": [
                        {"field": "order.amount", "type": "double"},
                        {"field": "user", "to": "user.id", "log_group": "/aws/*"},
                        {"field": "ip", "to": "client.ip", "type": "ip"},
                    ],
                },
            }
        )
    )

    assert found.services == (ServiceRule("*", "orders", labels={"team": "shop"}),)
    assert found.logs.redact == Redact(
        ("email", "card"), (CustomPattern("customer", "C-[0-9]{8}"),), ("password", "set-cookie")
    )
    assert found.logs.lift == (
        Lift("order.amount", "order.amount", "double"),
        Lift("user", "user.id", "keyword", "/aws/*"),
        Lift("ip", "client.ip", "ip"),
    )


@pytest.mark.parametrize(
    ("fields", "path", "expected"),
    [
        ({"rules": {}}, "rules", "a list"),
        ({"rules": [{"drop": True, "log_group": "x"}]}, "rules[0].name", "a text"),
        ({"rules": [rule(name="a b")]}, "rules[0].name", "letters"),
        ({"rules": [rule(name="x" * 65)]}, "rules[0].name", "1 to 64"),
        ({"rules": [rule(), rule()]}, "rules[1]", "no other rule"),
        ({"rules": [{"name": "r"}]}, "rules[0]", "exactly one of drop, sample, levels, labels"),
        ({"rules": [rule(sample={"rate": 1})]}, "rules[0]", "exactly one of"),
        ({"rules": [rule(drop=False)]}, "rules[0].drop", "true"),
        ({"rules": [{"name": "r", "drop": True}]}, "rules[0]", "which say what is dropped"),
        ({"rules": [rule(log_group="")]}, "rules[0].log_group", "not empty"),
        ({"rules": [rule(service=1)]}, "rules[0].service", "a text"),
        ({"rules": [rule(lines=["platform"])]}, "rules[0].lines[0]", "application, metric"),
        ({"rules": [rule(lines=[])]}, "rules[0].lines", "at least one"),
        ({"rules": [{"name": "r", "sample": {"rate": 1}, "lines": ["metric"]}]}, "rules[0].lines[0]", "application"),
        ({"rules": [rule(when={})]}, "rules[0].when", "one of"),
        ({"rules": [rule(match={"text": ""})]}, "rules[0].match.text", "not empty"),
        ({"rules": [rule(match={"text": "x" * 1001})]}, "rules[0].match.text", "at most 1000"),
        ({"rules": [rule(match={"regex": "(a+)+b"})]}, "rules[0].match.regex", "linear time"),
        ({"rules": [rule(match={"level": "loud"})]}, "rules[0].match.level", "trace, debug"),
        ({"rules": [rule(match={"fields": {"path": "/x"}})]}, "rules[0].match.fields.path", "app.<name>"),
        ({"rules": [rule(match={"fields": {"app.": "/x"}})]}, "rules[0].match.fields.app.", "app.<name>"),
        ({"rules": [rule(match={"fields": {"app.x": None}})]}, "rules[0].match.fields.app.x", "a text, a number"),
        ({"rules": [rule(match={"fields": {"app.x": [{}]}})]}, "rules[0].match.fields.app.x[0]", "a text, a number"),
        ({"rules": [rule(match={"fields": {"app.x": []}})]}, "rules[0].match.fields.app.x", "at least one"),
        ({"rules": [{"name": "r", "sample": {}}]}, "rules[0].sample", "rate and one_in"),
        ({"rules": [{"name": "r", "sample": {"rate": 1, "one_in": 1}}]}, "rules[0].sample", "rate and one_in"),
        ({"rules": [{"name": "r", "sample": {"rate": 0}}]}, "rules[0].sample.rate", "above 0"),
        ({"rules": [{"name": "r", "sample": {"rate": 1.01}}]}, "rules[0].sample.rate", "up to 1"),
        ({"rules": [{"name": "r", "sample": {"rate": "1"}}]}, "rules[0].sample.rate", "a number"),
        ({"rules": [{"name": "r", "sample": {"one_in": 0}}]}, "rules[0].sample.one_in", "from 1 to 1,000,000"),
        ({"rules": [{"name": "r", "sample": {"one_in": 1000001}}]}, "rules[0].sample.one_in", "from 1 to"),
        ({"rules": [{"name": "r", "sample": {"one_in": 2, "errors": 1}}]}, "rules[0].sample.errors", "true or false"),
        ({"rules": [{"name": "r", "levels": []}]}, "rules[0].levels", "at least one"),
        ({"rules": [{"name": "r", "levels": {"minimum": "x"}}]}, "rules[0].levels.minimum", "trace"),
        ({"rules": [{"name": "r", "levels": {}}]}, "rules[0].levels.minimum", "trace"),
        ({"rules": [{"name": "r", "levels": ["info", 1]}]}, "rules[0].levels[1]", "trace"),
        ({"rules": [{"name": "r", "labels": {}}]}, "rules[0].labels", "at least one"),
        ({"rules": [{"name": "r", "labels": {"a": 1}}]}, "rules[0].labels.a", "a text"),
        ({"rules": [{"name": "r", "labels": {"": "x"}}]}, "rules[0].labels", "names of 1 to 256"),
        ({"rules": [{"name": "r", "labels": {"x" * 257: "x"}}]}, "rules[0].labels", "names of 1 to 256"),
        ({"rules": [{"name": "r", "labels": {"x": "x" * 257}}]}, "rules[0].labels.x", "at most 256"),
        ({"rules": [{"name": "r", "labels": {f"{n}": "x" for n in range(51)}}]}, "rules[0].labels", "at most 50"),
        ({"rules": [rule(name=f"r{n}") for n in range(101)]}, "rules", "at most 100"),
        ({"redact": {"patterns": ["mail"]}}, "redact.patterns[0]", ", ".join(PATTERNS)),
        ({"redact": {"pattern": []}}, "redact.pattern", "custom, keys, patterns"),
        ({"redact": {"custom": [{"name": "email", "regex": "x"}]}}, "redact.custom[0].name", "no other pattern"),
        ({"redact": {"custom": [{"name": "a", "regex": "x"}] * 2}}, "redact.custom[1].name", "no other pattern"),
        ({"redact": {"custom": [{"name": "a", "regex": "x*y"}]}}, "redact.custom[0].regex", "every repeat"),
        ({"redact": {"custom": [{"name": "a", "regex": "x" * 501}]}}, "redact.custom[0].regex", "at most 500"),
        ({"redact": {"custom": [{"name": "a"}]}}, "redact.custom[0].regex", "a text"),
        ({"redact": {"custom": [{"name": f"n{n}", "regex": "x"} for n in range(21)]}}, "redact.custom", "at most 20"),
        ({"redact": {"keys": ["a b"]}}, "redact.keys[0]", "letters"),
        ({"redact": {"keys": ["a-", "--"]}}, "redact.keys[1]", "letters"),
        ({"redact": {"keys": [f"k{n}" for n in range(51)]}}, "redact.keys", "at most 50"),
        ({"lift": [{"type": "long"}]}, "lift[0].field", "a text"),
        ({"lift": [{"field": "a"}]}, "lift[0].type", "keyword, long, double, boolean, date, ip"),
        ({"lift": [{"field": "a", "type": "text"}]}, "lift[0].type", "keyword, long"),
        ({"lift": [{"field": "a..b", "type": "long"}]}, "lift[0].field", "with dots between"),
        ({"lift": [{"field": "a", "to": "b c", "type": "long"}]}, "lift[0].to", "with dots between"),
        ({"lift": [{"field": "a", "to": "client.ip", "type": "keyword"}]}, "lift[0].type", "ip, the type of client.ip"),
        ({"lift": [{"field": "a", "type": "long"}] * 2}, "lift[1]", "each field once"),
        ({"lift": [{"field": f"f{n}", "type": "long"} for n in range(101)]}, "lift", "at most 100"),
    ],
)
def test_a_mistake_is_told_with_its_path_and_what_was_expected(
    fields: dict[str, Any], path: str, expected: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(logs(**fields))

    assert caught.value.path == f"configuration.logs.{path}"
    assert caught.value.found
    assert expected in caught.value.expected


def test_a_refused_expression_is_told_with_what_is_wrong_in_it() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(logs(redact={"custom": [{"name": "a", "regex": "(x+)+y"}]}))

    assert caught.value.found == "'(x+)+y', in which a repeat without an upper bound is not the end of the expression"


@pytest.mark.parametrize(
    "fields",
    [
        {"rules": [rule(name="x" * 64)]},
        {"rules": [rule(name=f"r{n}") for n in range(100)]},
        {"rules": [rule(match={"text": "x" * 1000})]},
        {"rules": [{"name": "r", "sample": {"rate": 1}}]},
        {"rules": [{"name": "r", "sample": {"rate": 5e-324}}]},
        {"rules": [{"name": "r", "sample": {"one_in": 1_000_000}}]},
        {"rules": [{"name": "r", "labels": {f"{n}": "x" * 256 for n in range(50)}}]},
        {"redact": {"custom": [{"name": f"n{n}", "regex": "x" * 500} for n in range(20)]}},
        {"redact": {"keys": [f"k{n}" for n in range(50)]}},
        {"lift": [{"field": f"f{n}", "type": "long"} for n in range(100)]},
        {"lift": [{"field": "a", "type": "long"}, {"field": "a", "type": "double", "log_group": "/x"}]},
    ],
)
def test_the_limits_themselves_are_accepted(fields: dict[str, Any]) -> None:
    parse(logs(**fields))


@pytest.mark.parametrize("name", LEVELS)
def test_a_minimum_keeps_the_level_and_all_above_it(name: str) -> None:
    [found] = parse(logs(rules=[{"name": "r", "levels": {"minimum": name}}])).logs.rules

    assert found.levels == Levels(LEVELS[LEVELS.index(name) :])


@pytest.mark.parametrize(("field", "kind"), ECS_FIELDS.items())
def test_a_field_of_ecs_needs_no_type(field: str, kind: str) -> None:
    assert parse(logs(lift=[{"field": "x", "to": field}])).logs.lift == (Lift("x", field, kind),)


NAMES = st.sampled_from(
    ["name", "log_group", "match", "drop", "sample", "levels", "labels", "lines", "rate", "one_in", "minimum", "regex",
     "text", "fields", "patterns", "custom", "keys", "field", "to", "type"]
)  # fmt: skip  # names are easier to read in rows
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([*LEVELS, *PATTERNS]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["rules", "redact", "lift"]), JSON | st.lists(st.dictionaries(NAMES, JSON))))
def test_every_document_is_either_a_configuration_or_a_clear_refusal(fields: dict[str, Any]) -> None:
    try:
        found = parse(logs(**fields))
    except ConfigurationError:
        return
    assert all(one.name for one in found.logs.rules)
