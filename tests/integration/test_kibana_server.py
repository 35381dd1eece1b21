"""The made-up Kibana refuses what Kibana refuses: else the tests that use it would prove nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.integration.kibana_server.server import API_KEY, Kibana

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADERS = {"authorization": f"ApiKey {API_KEY}", "kbn-xsrf": "true"}
VIEW = {
    "type": "index-pattern",
    "id": "view",
    "attributes": {"title": "logs-*"},
    "references": [],
    "coreMigrationVersion": "8.8.0",
    "typeMigrationVersion": "8.0.0",
}
DASHBOARD = {
    **VIEW,
    "type": "dashboard",
    "id": "board",
    "attributes": {"title": "Board", "panelsJSON": "[]"},
    "references": [{"type": "index-pattern", "id": "view", "name": "x"}],
    "typeMigrationVersion": "8.9.0",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Kibana]:
    made = Kibana()
    yield made
    made.close()


@pytest.fixture
def empty(server: Kibana) -> Kibana:
    server.store.objects.clear()
    return server


def _import(kibana: Kibana, *objects: dict[str, Any], name: str = "a.ndjson", **more: Any) -> requests.Response:
    content = "\n".join(map(json.dumps, objects))
    options = {"params": {"overwrite": "true"}, "headers": HEADERS, "files": {"file": (name, content)}} | more
    return requests.post(f"{kibana.url}/api/saved_objects/_import", timeout=5, **options)


def test_it_takes_what_is_right(empty: Kibana) -> None:
    assert _import(empty, VIEW, DASHBOARD).json()["success"] is True
    assert _import(empty, VIEW, DASHBOARD).json()["successCount"] == 2


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"headers": {"authorization": HEADERS["authorization"]}}, 400),
        ({"headers": {"kbn-xsrf": "true"}}, 401),
        ({"headers": HEADERS | {"authorization": "ApiKey other"}}, 401),
        ({"params": {"overwrit": "true"}}, 400),
        ({"name": "a.json"}, 400),
        ({"files": {"data": ("a.ndjson", "{}")}}, 400),
        ({"files": None, "data": "{}"}, 400),
    ],
)
def test_it_refuses_requests_of_another_form(empty: Kibana, more: dict[str, Any], status: int) -> None:
    assert _import(empty, VIEW, **more).status_code == status
    assert empty.store.objects == {}


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (DASHBOARD, "missing_references"),
        (VIEW | {"type": "visual"}, "unsupported_type"),
        (VIEW | {"attributes": {"title": "x", "titel": "y"}}, "unknown"),
        (VIEW | {"attributes": {"title": 7}}, "unknown"),
        (VIEW | {"attributes": {}}, "unknown"),
        (VIEW | {"typeMigrationVersion": "8.0.1"}, "unknown"),
        (VIEW | {"coreMigrationVersion": "9.0.0"}, "unknown"),
        (VIEW | {"extra": 1}, "unknown"),
        (DASHBOARD | {"references": [], "attributes": {"title": "x", "panelsJSON": []}}, "unknown"),
        (DASHBOARD | {"references": [], "attributes": {"title": "x", "panelsJSON": "["}}, "unknown"),
    ],
)
def test_it_answers_200_with_success_false_for_objects_it_does_not_take(
    empty: Kibana, wrong: dict[str, Any], error: str
) -> None:
    answer = _import(empty, wrong)
    assert answer.status_code == 200
    assert answer.json()["success"] is False
    assert [one["error"]["type"] for one in answer.json()["errors"]] == [error]
    assert empty.store.objects == {}


def test_an_object_that_is_there_is_a_conflict_unless_it_may_be_replaced(empty: Kibana) -> None:
    _import(empty, VIEW)
    again = _import(empty, VIEW, params={})
    assert [one["error"]["type"] for one in again.json()["errors"]] == ["conflict"]


def test_one_object_twice_in_an_import_is_refused(empty: Kibana) -> None:
    assert _import(empty, VIEW, VIEW).status_code == 400


def test_an_import_that_is_too_large_is_refused(empty: Kibana) -> None:
    empty.most_bytes = 500
    try:
        assert _import(empty, VIEW, DASHBOARD).status_code == 413
    finally:
        empty.most_bytes = 26_214_400


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"type": "dashboard", "objects": [{"type": "dashboard", "id": "board"}]},
        {"type": "dashboard", "deep": True},
        {"type": "visual"},
        {"objects": [{"type": "dashboard", "id": "missing"}]},
    ],
)
def test_exports_that_kibana_refuses_are_refused(empty: Kibana, body: dict[str, Any]) -> None:
    answer = requests.post(f"{empty.url}/api/saved_objects/_export", json=body, headers=HEADERS, timeout=5)
    assert answer.status_code == 400


def test_an_export_follows_references_and_tells_how_many_there_are(empty: Kibana) -> None:
    _import(empty, VIEW, DASHBOARD)
    body = {"type": "dashboard", "hasReference": {"type": "index-pattern", "id": "view"}, "includeReferencesDeep": True}
    answer = requests.post(f"{empty.url}/api/saved_objects/_export", json=body, headers=HEADERS, timeout=5)
    *objects, details = map(json.loads, answer.text.split("\n"))
    assert [one["id"] for one in objects] == ["board", "view"]
    assert details["exportedCount"] == 2


def test_calls_that_are_not_promised_are_not_there(empty: Kibana) -> None:
    for path in ("/api/saved_objects/_find", "/api/saved_objects/_bulk_get", "/api/dashboards"):
        assert requests.get(empty.url + path, headers=HEADERS, timeout=5).status_code == 404
