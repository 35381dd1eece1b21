"""Documents that Elasticsearch refuses, and what they are changed to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from shipper import bulk, rescue
from shipper.bulk import Refusal

DOCUMENT: dict[str, Any] = {
    "@timestamp": "2026-11-21T08:00:00.000Z",
    "message": "x",
    "event": {"dataset": "watchpost.app"},
    "user": {"id": "seven", "name": "n"},
    "trace": {"id": "t"},
    "app": {"a": 1},
}


def refusal(reason: str, kind: str = "document_parsing_exception", status: int = 400) -> Refusal:
    return Refusal(0, status, kind, reason)


def rescued(reason: str, step: int = 0, **changes: Any) -> dict[str, Any]:
    one = bulk.item("logs", "id-1", DOCUMENT | changes)
    action, document = rescue.rescued(one, refusal(reason), step).splitlines()
    assert json.loads(action) == {"create": {"_index": "logs", "_id": "id-1"}}, (
        "the same document, found by the same id"
    )
    made: dict[str, Any] = json.loads(document)
    return made


def test_the_field_that_elasticsearch_names_moves_under_app_as_text() -> None:
    made = rescued("[1:97] failed to parse field [user.id] of type [long] in document with id '1'")

    assert made["user"] == {"name": "n"}
    assert made["app"] == {"a": 1, "user.id": "seven"}
    assert made["tags"] == ["rescued"]
    assert {name: made[name] for name in ("@timestamp", "message", "event", "trace")} == {
        name: DOCUMENT[name] for name in ("@timestamp", "message", "event", "trace")
    }


def test_a_value_that_stands_where_an_object_is_expected_moves_as_a_whole() -> None:
    made = rescued("object mapping for [user.id.deep] tried to parse field [user.id.deep] as object", user={"id": [1]})

    assert made["app"] == {"a": 1, "user.id": "[1]"}


def test_app_itself_becomes_text() -> None:
    made = rescued("failed to parse field [app] of type [flattened] in document with id '1'")

    assert made["app"] == {"json": '{"a":1}'}
    assert made["user"] == DOCUMENT["user"]


@pytest.mark.parametrize(
    ("reason", "step"),
    [
        ("nothing that names a field", 0),
        ("failed to parse field [message] of type [text]", 0),
        ("failed to parse field [nowhere.to.be.found] of type [long]", 0),
        ("failed to parse field [user.id] of type [long]", 1),
    ],
)
def test_without_a_field_to_move_everything_moves_that_can(reason: str, step: int) -> None:
    made = rescued(reason, step)

    assert made["app"] == {
        "json": '{"a":1}',
        "user": '{"id":"seven","name":"n"}',
        "trace": '{"id":"t"}',
    }
    assert set(made) == {"@timestamp", "message", "event", "app", "tags"}


@pytest.mark.parametrize(
    ("one", "mendable"),
    [
        (refusal("x"), True),
        (refusal("x", "illegal_argument_exception"), True),
        (refusal("x", "index_not_found_exception", 404), False),
        (refusal("x", "security_exception", 403), False),
        (refusal("x", "document_parsing_exception", 500), False),
        (refusal("x", "index_closed_exception"), False),
    ],
)
def test_only_what_is_the_documents_fault_is_mended(one: Refusal, mendable: bool) -> None:
    assert rescue.is_mendable(one) is mendable
