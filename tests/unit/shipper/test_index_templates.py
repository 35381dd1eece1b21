"""The index templates in dashboards/elasticsearch, held against ECS and against each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from watchpost.configuration import ECS_FIELDS
from watchpost.configuration.model import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
TEMPLATES = ROOT / "dashboards" / "elasticsearch"
ECS = json.loads((ROOT / "tests" / "data" / "ecs-fields.json").read_text())
# The same for the fields that are only lifted to (ECS 9.4).
ECS |= {
    **dict.fromkeys(
        (
            "client.address", "client.domain", "client.geo.country_iso_code", "destination.address",
            "destination.domain", "device.id", "host.name", "http.request.id", "http.request.method",
            "http.request.mime_type", "http.request.referrer", "http.response.mime_type", "http.version",
            "network.protocol", "network.transport", "organization.id", "organization.name", "server.address",
            "server.domain", "source.address", "span.id", "transaction.id", "url.domain", "url.query", "url.scheme",
            "user.domain", "user.email", "user.id", "user.name", "user.roles", "user_agent.original",
        ),
        "keyword",
    ),
    **dict.fromkeys(("url.full", "url.original", "url.path"), "wildcard"),
    **dict.fromkeys(
        (
            "client.port", "destination.port", "http.request.body.bytes", "http.request.bytes",
            "http.response.body.bytes", "http.response.bytes", "http.response.status_code", "network.bytes",
            "server.port", "source.port", "url.port",
        ),
        "long",
    ),
    **dict.fromkeys(("client.ip", "destination.ip", "server.ip", "source.ip"), "ip"),
}  # fmt: skip  # names are easier to read in rows
# ECS's types that not every distribution has, by the core type that is nearest.
NEAREST = {
    "match_only_text": {"text"},
    "wildcard": {"keyword"},
    "constant_keyword": {"keyword"},
    "scaled_float": {"double", "float"},
    "object": {"flattened", "object"},
}
# What is ours, or what ECS leaves to AWS's integrations.
OWN = ("aws.", "metric.", "app", "correlation", "lifted.")


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


LIFTED = load("component")["watchpost-lifted"]["template"]["mappings"]


def test_every_field_that_can_be_lifted_to_is_mapped_with_the_type_that_the_configuration_gives_it() -> None:
    mapped = dict(types(LIFTED["properties"]))

    assert {name: kind for name, kind in mapped.items() if not name.startswith("lifted.")} == ECS_FIELDS


def test_each_type_has_a_container_in_which_every_name_gets_that_type() -> None:
    containers = LIFTED["properties"]["lifted"]["properties"]
    templates = [
        (body["path_match"], body["mapping"]["type"]) for item in LIFTED["dynamic_templates"] for body in item.values()
    ]

    assert set(containers) == set(TYPES)
    assert all(
        container == {"type": "object", "dynamic": True, "subobjects": False} for container in containers.values()
    )
    assert templates == [(f"lifted.{kind}.*", kind) for kind in TYPES]


def test_a_lifted_field_never_lies_in_an_object_that_the_pipeline_writes() -> None:
    """Given that, a document and what was lifted can be put together without looking inside."""
    written = {
        field.partition(".")[0]
        for name, component in load("component").items()
        if name != "watchpost-lifted"
        for field, _ in types(component["template"]["mappings"]["properties"])
    }

    assert written.isdisjoint(LIFTED["properties"])


@pytest.mark.parametrize("name", ["logs-watchpost.app", "metrics-watchpost.line"])
def test_lines_that_have_application_fields_can_have_lifted_ones(name: str) -> None:
    assert "watchpost-lifted" in load("index")[name]["composed_of"]
