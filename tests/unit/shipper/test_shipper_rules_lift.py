"""Lifting: which values become typed fields, and that nothing is lost where they do not."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shipper.line import Line
from shipper.rules import compiled
from shipper.rules.conversion import convert
from watchpost import configuration
from watchpost.configuration.model import TYPES


def lifted(app: dict[str, Any], *lifts: dict[str, Any], times: int = 1, **logs: Any) -> Line:
    rules = compiled(configuration.parse(json.dumps({"logs": {"lift": lifts} | logs})), "/aws/lambda/orders")
    assert rules is not None
    line = Line.of("x", app=app)
    for _ in range(times):
        rules.apply(line, json.dumps(app), None)
    return line


AMOUNT = {"field": "order.amount", "type": "double"}


def test_a_field_moves_to_the_container_of_its_type() -> None:
    line = lifted({"order": {"amount": 12.5, "id": 7}}, AMOUNT)

    assert line.typed == {"lifted": {"double": {"order.amount": 12.5}}}
    assert line.app == {"order": {"id": 7}}
    assert line.tags == ()


def test_a_field_of_ecs_gets_its_own_name() -> None:
    line = lifted(
        {"ip": "10.0.0.1", "status": "200", "path": "/x", "verb": "GET"},
        {"field": "ip", "to": "client.ip"},
        {"field": "status", "to": "http.response.status_code"},
        {"field": "verb", "to": "http.request.method"},
        {"field": "path", "to": "url.path"},
    )

    assert line.typed == {
        "client": {"ip": "10.0.0.1"},
        "http": {"response": {"status_code": 200}, "request": {"method": "GET"}},
        "url": {"path": "/x"},
    }
    assert line.app is None


@pytest.mark.parametrize("app", [{"order": {"amount": 1.5}}, {"order.amount": 1.5}, {"order": {}, "order.amount": 1.5}])
def test_a_dot_may_be_nesting_or_stand_in_the_name(app: dict[str, Any]) -> None:
    line = lifted(app, AMOUNT)

    assert line.typed == {"lifted": {"double": {"order.amount": 1.5}}}
    assert line.app in (None, {"order": {}})


def test_objects_that_become_empty_go_and_others_stay() -> None:
    line = lifted({"a": {"b": {"c": 1}}, "x": {}}, {"field": "a.b.c", "type": "long"})

    assert line.app == {"x": {}}


def test_a_value_that_is_not_of_the_type_stays_and_the_line_is_tagged() -> None:
    line = lifted({"order": {"amount": "much"}}, AMOUNT)

    assert line.typed is None
    assert line.app == {"order": {"amount": "much"}}
    assert line.tags == ["lift-failed"]


@pytest.mark.parametrize("app", [{}, {"order": {}}, {"order": {"amount": None}}, {"order": 5}])
def test_a_field_that_is_not_there_is_no_failure(app: dict[str, Any]) -> None:
    line = lifted(app, AMOUNT)

    assert line.typed is None
    assert line.tags == ()


def test_of_two_fields_with_one_target_the_first_is_lifted_and_the_other_stays() -> None:
    line = lifted({"a": "x", "b": "y"}, {"field": "a", "to": "user.id"}, {"field": "b", "to": "user.id"})

    assert line.typed == {"user": {"id": "x"}}
    assert line.app == {"b": "y"}
    assert line.tags == ["lift-failed"]


def test_what_is_redacted_is_not_lifted_as_a_number() -> None:
    line = lifted({"pan": 4111111111111111}, {"field": "pan", "type": "long"}, redact={"patterns": ["card"]})

    assert line.typed is None
    assert line.app == {"pan": "[redacted:card]"}
    assert line.tags == ["redacted", "lift-failed"]


@pytest.mark.parametrize(
    ("kind", "value", "becomes"),
    [
        ("keyword", "x", "x"),
        ("keyword", 7, "7"),
        ("keyword", 1.5, "1.5"),
        ("keyword", True, "true"),
        ("keyword", "x" * 1_024, "x" * 1_024),
        ("keyword", "x" * 1_025, None),
        ("keyword", {}, None),
        ("keyword", ["a", 1], ["a", "1"]),
        ("keyword", [], None),
        ("keyword", ["a", {}], None),
        ("keyword", ["a"] * 100, ["a"] * 100),
        ("keyword", ["a"] * 101, None),
        ("long", 7, 7),
        ("long", "7", 7),
        ("long", "-7", -7),
        ("long", "07", None),
        ("long", "7.0", None),
        ("long", " 7", None),
        ("long", 7.0, 7),
        ("long", 7.5, None),
        ("long", True, None),
        ("long", 2**63 - 1, 2**63 - 1),
        ("long", 2**63, None),
        ("long", -(2**63), -(2**63)),
        ("long", -(2**63) - 1, None),
        ("long", "9223372036854775807", 2**63 - 1),
        ("long", "9223372036854775808", None),
        ("long", 2.0**53, 2**53),
        ("long", 2.0**54, None),
        ("long", "٣", None),
        ("double", 12.5, 12.5),
        ("double", 12, 12.0),
        ("double", "12.5", 12.5),
        ("double", "12.50", 12.5),
        ("double", "0.1", 0.1),
        ("double", "-0.25", -0.25),
        ("double", "1e3", None),
        ("double", "NaN", None),
        ("double", "1,5", None),
        ("double", math.inf, None),
        ("double", True, None),
        ("double", 2**53, 2.0**53),
        ("double", 2**53 + 1, None),
        ("double", "0.12345678901234567", None),
        ("boolean", True, True),
        ("boolean", "false", False),
        ("boolean", "False", None),
        ("boolean", 1, None),
        ("date", "2026-11-21", "2026-11-21T00:00:00.000Z"),
        ("date", "2026-11-21T08:00:00Z", "2026-11-21T08:00:00.000Z"),
        ("date", "2026-11-21 08:00:00,5", "2026-11-21T08:00:00.500Z"),
        ("date", "2026-11-21T08:00:00.123456+02:00", "2026-11-21T06:00:00.123456Z"),
        ("date", 1_795_248_000_001, "2026-11-21T08:00:00.001Z"),
        ("date", 253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ("date", 253_402_300_800_000, None),
        ("date", -1, None),
        ("date", 1.5, None),
        ("date", "2026-02-30", None),
        ("date", "0001-01-01T00:00:00+10:00", None),
        ("date", "today", None),
        ("date", "20261121", None),
        ("ip", "10.0.0.1", "10.0.0.1"),
        ("ip", "2001:DB8:0::1", "2001:db8::1"),
        ("ip", "fe80::1%eth0", None),
        ("ip", "10.0.0.256", None),
        ("ip", "10.0.0.0/8", None),
        ("ip", 167772161, None),
    ],
)
def test_values_are_converted_where_nothing_is_lost(kind: str, value: Any, becomes: Any) -> None:
    converted = convert(value, kind)

    assert converted == becomes
    assert type(converted) is type(becomes)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.dates().map(str)
    | st.ip_addresses().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
)
OF_TYPE = {
    "keyword": lambda value: type(value) is str,
    "long": lambda value: type(value) is int and -(2**63) <= value < 2**63,
    "double": lambda value: type(value) is float and math.isfinite(value),
    "boolean": lambda value: type(value) is bool,
    "date": lambda value: datetime.fromisoformat(value).utcoffset() is not None,
    "ip": lambda value: type(value) is str and "%" not in value,
}


@given(VALUES, st.sampled_from(TYPES))
def test_every_value_is_of_the_type_or_left_alone(value: Any, kind: str) -> None:
    converted = convert(value, kind)
    for item in converted if type(converted) is list else [converted]:
        assert item is None or OF_TYPE[kind](item)


@given(st.dictionaries(st.sampled_from(["a", "b", "a.b", "c"]), VALUES))
def test_lifting_again_changes_nothing_more_and_loses_nothing(app: dict[str, Any]) -> None:
    lifts = [
        {"field": "a", "type": "keyword"},
        {"field": "a.b", "type": "double"},
        {"field": "b.a", "to": "user.id"},
        {"field": "c", "type": "long"},
    ]
    text = json.dumps(app)
    once, twice = lifted(json.loads(text), *lifts), lifted(json.loads(text), *lifts, times=2)

    assert repr(once) == repr(twice)
