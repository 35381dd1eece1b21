"""The index templates in dashboards/elasticsearch, held against ECS and against each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
TEMPLATES = ROOT / "dashboards" / "elasticsearch"
ECS = json.loads((ROOT / "tests" / "data" / "ecs-fields.json").read_text())
# ECS's types that not every distribution has, by the core type that is nearest.
NEAREST = {
    "match_only_text": {"text"},
    "wildcard": {"keyword"},
    "constant_keyword": {"keyword"},
    "scaled_float": {"double", "float"},
    "object": {"flattened", "object"},
}
# What is ours, or what ECS leaves to AWS's integrations.
OWN = ("aws.", "metric.", "app", "correlation")


def load(kind: str) -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text()) for path in sorted((TEMPLATES / kind).glob("*.json"))}


def types(properties: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, definition in properties.items():
        if "properties" in definition:
            yield from types(definition["properties"], f"{prefix}{name}.")
        else:
            yield prefix + name, definition["type"]


FIELDS = [
    field
    for component in load("component").values()
    for field in types(component["template"].get("mappings", {}).get("properties", {}))
]


@pytest.mark.parametrize(("field", "kind"), FIELDS)
def test_a_field_has_the_type_that_ecs_gives_it(field: str, kind: str) -> None:
    if field.startswith(OWN):
        assert field not in ECS
    else:
        assert kind in NEAREST.get(ECS[field], {ECS[field]})


@pytest.mark.parametrize(
    ("name", "retention"),
    [("logs-watchpost.app", "30d"), ("logs-watchpost.platform", "14d"), ("metrics-watchpost.line", "90d")],
)
def test_each_data_stream_has_a_template_with_its_lifecycle(name: str, retention: str) -> None:
    template = load("index")[name]

    assert template["index_patterns"] == [f"{name}-*"]
    assert template["data_stream"] == {}
    assert template["priority"] == 500
    assert template["template"]["lifecycle"]["data_retention"] == retention
    assert template["_meta"]["managed_by"] == "watchpost"
    assert set(template["composed_of"]) <= set(load("component"))


def test_every_component_is_used_and_no_field_is_defined_twice() -> None:
    used = {component for template in load("index").values() for component in template["composed_of"]}
    names = [field for field, _ in FIELDS]

    assert used == set(load("component"))
    assert len(names) == len(set(names))
