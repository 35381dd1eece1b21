"""Queries in the Kibana Query Language as Elasticsearch's query DSL, by the type of the field."""

from __future__ import annotations

import importlib.resources
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost.errors import QueryError
from watchpost.search import kql, kql_fields, kql_literals, kql_parser

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEFAULT = ["message", "error.message"]


def words(text: str, kind: str = "best_fields", fields: list[str] | None = None) -> dict[str, Any]:
    return {"multi_match": {"fields": fields or DEFAULT, "query": text, "type": kind, "lenient": True}}


def pattern(query: str, fields: list[str] | None = None) -> dict[str, Any]:
    return {"query_string": {"fields": fields or DEFAULT, "query": query, "lenient": True}}


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", {"match_all": {}}),
        ("*", {"match_all": {}}),
        ("*:*", {"match_all": {}}),
        ("time out", words("time out")),
        ('"time out"', words("time out", "phrase")),
        ("time* out", pattern("time* out")),
        ("service.name: orders", {"match": {"service.name": "orders"}}),
        ('service.name: "orders"', {"match_phrase": {"service.name": "orders"}}),
        ("service.name: *", {"exists": {"field": "service.name"}}),
        ("service.name: ord*s", {"wildcard": {"service.name": {"value": "ord*s"}}}),
        (r"service.name: a\\b\*?[x]*", {"wildcard": {"service.name": {"value": r"a\\b\*\?[x]*"}}}),
        ("service.name: my sh*", {"wildcard": {"service.name": {"value": "my sh*"}}}),
        ("message: time*", {"query_string": {"fields": ["message"], "query": "time*"}}),
        ("message: a-b/c* ~d?", {"query_string": {"fields": ["message"], "query": r"a\-b\/c* \~d\?"}}),
        (r"message: a \AND b* \or c", {"query_string": {"fields": ["message"], "query": r"a \AND b* or c"}}),
        ("message: BAND* NOTE", {"query_string": {"fields": ["message"], "query": "BAND* NOTE"}}),
        ("app.order.id: o-17", {"match": {"app.order.id": "o-17"}}),
        ("app.order.id: o-*", {"query_string": {"fields": ["app.order.id"], "query": r"o\-*"}}),
        ("app.state: OR*", {"query_string": {"fields": ["app.state"], "query": "OR*"}}),
        ("app.order.id: *", {"exists": {"field": "app.order.id"}}),
        ("app: o-*", {"wildcard": {"app": {"value": "o-*"}}}),
        ("app.*: o-17", {"match": {"app": "o-17"}}),
        ('labels.*: "o-17"', {"match_phrase": {"labels": "o-17"}}),
        ("correlation.*: *17", {"wildcard": {"correlation": {"value": "*17"}}}),
        ("app.*: *", {"exists": {"field": "app"}}),
        ("app*: *", {"exists": {"field": "app*"}}),
        ("error.*: *", {"exists": {"field": "error.*"}}),
        ("error.*: x", words("x", fields=["error.*"])),
        ('*: "x y"', words("x y", "phrase", ["*"])),
        ("error.*: x*", pattern("x*", ["error.*"])),
        ('"error.*": x', {"match": {"error.*": "x"}}),
        ("faas.coldstart: true", {"match": {"faas.coldstart": "true"}}),
        ("lifted.double.amount >= 1.5e3", {"range": {"lifted.double.amount": {"gte": "1.5e3"}}}),
        ("metric.value < -1", {"range": {"metric.value": {"lt": "-1"}}}),
        ("@timestamp > now-1h/h", {"range": {"@timestamp": {"gt": "now-1h/h"}}}),
        ("@timestamp: 2026-11-21", {"range": {"@timestamp": {"gte": "2026-11-21", "lte": "2026-11-21"}}}),
        ('client.ip: "10.0.0.0/8"', {"match_phrase": {"client.ip": "10.0.0.0/8"}}),
        ("client.ip <= 10.0.0.9", {"range": {"client.ip": {"lte": "10.0.0.9"}}}),
        ("not a: b", {"bool": {"must_not": [{"match": {"a": "b"}}]}}),
        ("a: b and c: d", {"bool": {"filter": [{"match": {"a": "b"}}, {"match": {"c": "d"}}]}}),
        ("a: b and not c: d", {"bool": {"filter": [{"match": {"a": "b"}}], "must_not": [{"match": {"c": "d"}}]}}),
        ("not a: b and not c: d", {"bool": {"must_not": [{"match": {"a": "b"}}, {"match": {"c": "d"}}]}}),
        (
            "a: (b or c)",
            {"bool": {"should": [{"match": {"a": "b"}}, {"match": {"a": "c"}}], "minimum_should_match": 1}},
        ),
    ],
)
def test_each_kind_of_field_is_searched_in_its_own_way(text: str, query: dict[str, Any]) -> None:
    assert kql.to_elasticsearch(text) == query


@pytest.mark.parametrize(
    ("text", "position", "found", "expected"),
    [
        ("http.response.status_code: 5*", 27, "a wildcard", "a number"),
        ("faas.coldstart: t*", 16, "a wildcard", "true or false"),
        ("@timestamp: 2026*", 12, "a wildcard", "a date"),
        ("lifted.ip.peer: 10.*", 16, "a wildcard", "an address"),
        ("metric.value: ten", 14, "'ten'", "a number"),
        ("metric.value > ten", 15, "'ten'", "a number"),
        ("metric.value > nan", 15, "'nan'", "a number"),
        ("metric.value: 1_000", 14, "'1_000'", "a number"),
        ("faas.coldstart: yes", 16, "'yes'", "true or false"),
        ("@timestamp > yesterday", 13, "'yesterday'", "a date"),
        ("event.ingested: 21.11.2026", 16, "'21.11.2026'", "a date"),
        ("client.ip: 10.0.0.256", 11, "'10.0.0.256'", "an address"),
        ("client.ip: 10.0.0.0/255.0.0.0", 11, "'10.0.0.0/255.0.0.0'", "an address"),
        ("client.ip > 10.0.0.0/8", 12, "a network", "an address to compare with"),
        ("app.count > 5", 0, "a comparison", "logs.lift"),
        ("error.* > 5", 0, "a wildcard", "one field"),
        ("app.order.*: x", 0, "a wildcard", "app.* or a whole name"),
        ("x and app.o*r: *", 6, "a wildcard", "app.* or a whole name"),
    ],
)
def test_what_elasticsearch_would_refuse_is_refused_with_its_place(
    text: str, position: int, found: str, expected: str
) -> None:
    kql.parse(text)  # the language has it

    with pytest.raises(QueryError) as caught:
        kql.to_elasticsearch(text)

    assert (caught.value.position, caught.value.found, caught.value.text) == (position, found, text)
    assert expected in caught.value.expected


@pytest.mark.parametrize(
    "date",
    [
        *("2026-11-21", "2026-11", "2026", '"2026-11-21T06"', '"2026-11-21T06:00"', '"2026-11-21T06:00:00.123Z"'),
        *('"2026-11-21T06:00:00+01:00"', "now", "now-15m", "now+1d/d", "2026-11-21||+1M/d", "1795248000000"),
    ],
)
def test_dates_are_taken_in_the_forms_that_elasticsearch_has(date: str) -> None:
    assert kql.to_elasticsearch(f"@timestamp >= {date}") == {"range": {"@timestamp": {"gte": date.strip('"')}}}


def test_a_time_zone_goes_to_dates_only_and_not_to_milliseconds() -> None:
    text = "@timestamp: 2026-11-21 and lifted.date.due > 2026-11-21 and @timestamp < 1795248000000 and a > 5"

    assert kql.to_elasticsearch(text, time_zone="Europe/Berlin")["bool"]["filter"] == [
        {"range": {"@timestamp": {"gte": "2026-11-21", "lte": "2026-11-21", "time_zone": "Europe/Berlin"}}},
        {"range": {"lifted.date.due": {"gt": "2026-11-21", "time_zone": "Europe/Berlin"}}},
        {"range": {"@timestamp": {"lt": "1795248000000"}}},
        {"range": {"a": {"gt": "5"}}},
    ]


def test_a_query_that_was_read_before_is_translated_as_its_text_is() -> None:
    text = "a: b or not c > 5"

    assert kql.to_elasticsearch(kql.parse(text)) == kql.to_elasticsearch(text)


def _levels(query: Any) -> int:
    if isinstance(query, dict):
        return ("bool" in query) + max(map(_levels, query.values()), default=0)
    return max(map(_levels, query), default=0) if isinstance(query, list) else 0


def test_the_deepest_query_stays_below_the_depth_that_elasticsearch_allows() -> None:
    """30 with what is inside the innermost (indices.query.bool.max_nested_depth), of which callers need some."""
    text = "b or not a"
    for _ in range(kql_parser.DEEPEST):
        text = f"b or c and not ({text})"

    assert _levels(kql.to_elasticsearch(text)) == 22


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters=kql_literals.SPACE), max_size=30),
    st.sampled_from(["message", "service.name"]),
)
def test_no_character_of_a_pattern_means_more_than_itself(text: str, field: str) -> None:
    """What is not a wildcard in the query is none in Elasticsearch: each such character is escaped there."""
    escaped = "".join(f"\\{character}" if character in '\\():<>"*{}' else character for character in text)
    query = kql.to_elasticsearch(f"{field}: x{escaped}x*")

    sent = query["query_string"]["query"] if field == "message" else query["wildcard"][field]["value"]
    bare = [
        character
        for index, character in enumerate(sent)
        if character in "*?" and (len(sent[:index]) - len(sent[:index].rstrip("\\"))) % 2 == 0
    ]
    assert bare == ["*"]


def _fields(properties: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, mapping in properties.items():
        path = f"{above}{name}"
        if mapping.get("type", "object") != "object":
            yield path, mapping["type"]
        yield from _fields(mapping.get("properties", {}), f"{path}.")
        yield from _fields(mapping.get("fields", {}), f"{path}.")


def _templates() -> dict[str, str]:
    """Name and type of every field in the component templates, and of one field in each container of lifted ones."""
    found: dict[str, str] = {}
    for file in (importlib.resources.files("dashboards") / "elasticsearch" / "component").iterdir():
        mappings = json.loads(file.read_text())["template"]["mappings"]
        found.update(_fields(mappings["properties"]))
        for rule in mappings.get("dynamic_templates", []):
            for options in rule.values():
                found[options["path_match"].replace("*", "amount")] = options["mapping"]["type"]
    return found


def test_every_field_of_the_templates_is_searched_as_what_it_is() -> None:
    kinds = {"long": "number", "double": "number"}
    templates = _templates()

    assert {name: kql_fields.kind(name) for name in templates} == {
        name: kinds.get(kind, kind) for name, kind in templates.items()
    }


def test_every_field_that_is_named_is_in_the_templates() -> None:
    templates = _templates()

    assert set(kql_fields._KINDS) | set(kql_fields.DEFAULT) | kql_fields.FLATTENED <= set(templates)
    for prefix in kql_fields._BELOW:
        assert any(name.startswith(prefix) for name in templates), prefix


@pytest.mark.parametrize(
    ("field", "root"),
    [("app", "app"), ("app.order.id", "app"), ("apple", None), ("x.app", None), ("labels.a", "labels")],
)
def test_names_below_a_flattened_field_are_known_by_their_first_part(field: str, root: str | None) -> None:
    assert kql_fields.root(field) == root
