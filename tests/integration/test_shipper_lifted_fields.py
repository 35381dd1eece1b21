"""Lifted fields in a real Elasticsearch: they have their types, and two services cannot fall out over them."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from elasticsearch import Elasticsearch
from shipper.line import Line
from shipper.rules import compiled
from watchpost.configuration import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPLATES = Path(__file__).parents[2] / "dashboards" / "elasticsearch"
STREAM = "logs-watchpost.app"
CONFIGURATION = parse(
    json.dumps(
        {
            "logs": {
                "lift": [
                    {"field": "order.amount", "type": "double"},
                    {"field": "order", "type": "keyword", "log_group": "/aws/lambda/other"},
                    {"field": "code", "type": "long", "log_group": "/aws/lambda/orders"},
                    {"field": "code", "type": "keyword", "log_group": "/aws/lambda/other"},
                    {"field": "ip", "to": "client.ip"},
                    {"field": "peer", "type": "ip"},
                    {"field": "path", "to": "url.path"},
                    {"field": "status", "to": "http.response.status_code"},
                    {"field": "due", "type": "date"},
                    {"field": "paid", "type": "boolean"},
                ]
            }
        }
    )
)


class Stream:
    """A data stream of its own, with the templates as they are."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.name = f"{STREAM}-t{uuid.uuid4().hex}"
        self.client = Elasticsearch(
            f"{parts.scheme}://{parts.hostname}:{parts.port}", basic_auth=(parts.username or "", parts.password or "")
        )

    def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"accept": "application/json"} | ({"content-type": "application/json"} if body is not None else {})
        return self.client.perform_request(method, path, headers=headers, body=body).body

    def install(self) -> None:
        namespace = self.name.removeprefix(f"{STREAM}-")
        for path in sorted((TEMPLATES / "component").glob("*.json")):
            self.request("PUT", f"/_component_template/{path.stem}-{namespace}", json.loads(path.read_text()))
        body = json.loads((TEMPLATES / "index" / f"{STREAM}.json").read_text())
        body["index_patterns"] = [self.name]
        body["composed_of"] = [f"{name}-{namespace}" for name in body["composed_of"]]
        body["priority"] = 900
        self.request("PUT", f"/_index_template/{self.name}", body)

    def add(self, app: dict[str, Any], service: str = "orders") -> Line:
        """Index a line that a service wrote, as its document has it."""
        line = Line.of("order", app=app)
        rules = compiled(CONFIGURATION, f"/aws/lambda/{service}")
        assert rules is not None
        assert rules.apply(line, json.dumps(app), None) is None
        document = {"@timestamp": "2026-11-21T08:00:00.000Z", "message": line.message} | (line.typed or {})
        if line.app:
            document["app"] = line.app
        self.request("POST", f"/{self.name}/_create/{uuid.uuid4().hex}?refresh=true", document)
        return line

    def count(self, query: dict[str, Any]) -> int:
        return int(self.request("POST", f"/{self.name}/_count", {"query": query})["count"])

    def type_of(self, field: str) -> str:
        found = self.request("GET", f"/{self.name}/_field_caps?fields={field}")["fields"][field]
        return ",".join(found)


@pytest.fixture
def stream(elasticsearch_url: str) -> Iterator[Stream]:
    """A data stream of its own."""
    made = Stream(elasticsearch_url)
    made.install()
    yield made
    made.client.close()


def test_a_lifted_number_is_compared_as_a_number(stream: Stream) -> None:
    # given amounts of which the larger one comes first in the alphabet
    stream.add({"order": {"amount": 100.5}})
    stream.add({"order": {"amount": "9.5"}})

    assert stream.type_of("lifted.double.order.amount") == "double"
    assert stream.count({"range": {"lifted.double.order.amount": {"gt": 9.5}}}) == 1
    assert stream.count({"range": {"lifted.double.order.amount": {"gte": 9.5}}}) == 2


def test_a_whole_number_that_comes_first_does_not_make_a_double_a_long(stream: Stream) -> None:
    stream.add({"order": {"amount": 1}})
    stream.add({"order": {"amount": 1.5}})

    assert stream.type_of("lifted.double.order.amount") == "double"
    assert stream.count({"range": {"lifted.double.order.amount": {"gt": 1, "lt": 2}}}) == 1


def test_addresses_are_found_by_their_network_under_the_name_of_ecs_and_under_their_own(stream: Stream) -> None:
    stream.add({"ip": "10.1.2.3", "peer": "2001:db8::1"})
    stream.add({"ip": "192.0.2.1"})

    assert stream.type_of("client.ip") == stream.type_of("lifted.ip.peer") == "ip"
    assert stream.count({"term": {"client.ip": "10.0.0.0/8"}}) == 1
    assert stream.count({"term": {"lifted.ip.peer": "2001:db8::/32"}}) == 1


def test_dates_booleans_and_fields_of_ecs_have_their_types(stream: Stream) -> None:
    stream.add({"due": "2026-11-21T10:00:00+02:00", "paid": "true", "path": "/orders", "status": "503"})
    stream.add({"due": 1_795_248_000_001, "paid": False, "status": 200})

    assert stream.count({"term": {"lifted.date.due": "2026-11-21T08:00:00.000Z"}}) == 1
    assert stream.count({"range": {"lifted.date.due": {"gt": "2026-11-21T08:00:00.000Z"}}}) == 1
    assert stream.count({"term": {"lifted.boolean.paid": True}}) == 1
    assert stream.count({"term": {"url.path": "/orders"}}) == 1
    assert stream.count({"range": {"http.response.status_code": {"gte": 500}}}) == 1


def test_two_services_with_different_ideas_of_a_field_are_both_indexed(stream: Stream) -> None:
    # given a service whose `code` is a number and whose `order` is an object, and one where both are texts
    stream.add({"code": 7, "order": {"amount": 2.5}})
    stream.add({"code": "seven", "order": "o-1"}, service="other")

    # then each is found as what it is
    assert stream.count({"match_all": {}}) == 2
    assert stream.count({"range": {"lifted.long.code": {"gte": 7}}}) == 1
    assert stream.count({"term": {"lifted.keyword.code": "seven"}}) == 1
    assert stream.count({"term": {"lifted.keyword.order": "o-1"}}) == 1


def test_names_of_which_one_is_the_beginning_of_the_other_do_not_meet(stream: Stream) -> None:
    """`order` as a value and `order.amount` below it would be a conflict if the names were objects."""
    stream.request("POST", f"/{stream.name}/_create/1?refresh=true", _document({"order": 1.5}))
    stream.request("POST", f"/{stream.name}/_create/2?refresh=true", _document({"order.amount": 2.5}))

    assert stream.count({"exists": {"field": "lifted.double.order"}}) == 1
    assert stream.count({"exists": {"field": "lifted.double.order.amount"}}) == 1


def _document(lifted: dict[str, float]) -> dict[str, Any]:
    return {"@timestamp": "2026-11-21T08:00:00.000Z", "lifted": {"double": lifted}}


def test_a_value_that_is_not_of_the_type_stays_under_app_and_is_indexed(stream: Stream) -> None:
    line = stream.add({"order": {"amount": "much"}, "ip": "somewhere"})

    assert line.tags == ["lift-failed"]
    assert stream.count({"term": {"app.order.amount": "much"}}) == 1
    assert stream.count({"term": {"app.ip": "somewhere"}}) == 1


def test_fields_that_nobody_lifts_do_not_become_fields_of_the_index(stream: Stream) -> None:
    stream.add({f"unknown-{number}": number for number in range(2_000)})

    found = stream.request("GET", f"/{stream.name}/_field_caps?fields=*")["fields"]
    assert "app.unknown-1" not in found
    assert len(found) < 300
