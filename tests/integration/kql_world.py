"""Data streams of a test's own with the project's index templates, and documents for queries to find."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from watchpost.elasticsearch import Cluster
from watchpost.search import kql
from watchpost.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

TEMPLATES = Path(__file__).parents[2] / "dashboards" / "elasticsearch"
APP, PLATFORM, METRIC = "logs-watchpost.app", "logs-watchpost.platform", "metrics-watchpost.line"
# Names that hold what means something in KQL, in Lucene, in rison, in an address, or looks like something else.
HOSTILE = (
    *("a b", "a  b", " a", "a ", "", "*", "a*", "*a", "a?", "a\\", "\\*", 'a"b', '"', "a'b", "a!b", "!", "50%", "%2F"),
    *("a/b/c", "a:b", "a and b", "not a", "a or b", "OR", "null", "true", "(a)", "{a}", "<a>", "a\nb", "a\tb", "\\n"),
    *("[a TO b]", "/a.*/", "a~2", "a^2", "+a -b", "a && b || c", "ünï/日本", "𝄞", "A", "a", "@timestamp", "$LATEST"),
)
DOCUMENTS: Mapping[str, Mapping[str, dict[str, Any]]] = {
    APP: {
        "declined": {
            "@timestamp": "2026-11-21T08:00:00.000Z",
            "service": {"name": "orders"},
            "log": {"level": "error"},
            "message": "Payment declined for order 17: time-out after 3 s",
            "error": {
                "type": "PaymentError",
                "message": "The bank did not answer",
                "stack_trace": "at pay (bank.js:1)",
            },
            "app": {"order": {"id": "o-17", "count": 5}, "note": "a-17", "state": "ORDERED"},
            "correlation": {"id": "c-1"},
            "http": {"response": {"status_code": 502}},
            "client": {"ip": "10.1.2.3"},
            "tags": ["truncated", "redacted"],
            "lifted": {
                "double": {"amount": 9.5},
                "date": {"due": "2026-11-30T12:00:00Z"},
                "keyword": {"shop": "My Shop"},
            },
        },
        "placed": {
            "@timestamp": "2026-11-21T23:59:59.999Z",
            "service": {"name": "orders-api"},
            "log": {"level": "info"},
            "message": "Order 170 placed, paid and shipped",
            "app": {"order": {"id": "o-170", "count": 40}, "state": "NEW"},
            "http": {"response": {"status_code": 200}},
            "client": {"ip": "192.0.2.1"},
            "lifted": {"double": {"amount": 100.5}},
        },
    },
    PLATFORM: {
        "slow": {
            "@timestamp": "2026-11-22T00:00:00.000Z",
            "service": {"name": "orders"},
            "message": "REPORT RequestId: 8d5 Duration: 1500.5 ms",
            "faas": {"coldstart": True, "execution": "8d5"},
            "event": {"outcome": "failure"},
            "aws": {"lambda": {"metrics": {"duration_ms": 1500.5}}},
        },
        "quick": {
            "@timestamp": "2026-11-22T08:00:00.000Z",
            "service": {"name": "payments"},
            "message": "REPORT RequestId: 9e6 Duration: 12 ms",
            "faas": {"coldstart": False, "execution": "9e6"},
            "aws": {"lambda": {"metrics": {"duration_ms": 12}}},
        },
    },
    METRIC: {
        "metric": {
            "@timestamp": "2026-11-23T08:00:00.000Z",
            "service": {"name": "payments"},
            "message": "MONITORING|10|Count|page-view|shop",
            "metric": {"name": "page-view", "value": 10.0},
            "labels": {"page": "home", "kind": "a*b"},
        },
    },
}


class World:
    """Data streams of its own with the templates as they are, and documents in them."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        credentials = Secret("test", {"username": parts.username or "", "password": parts.password or ""})
        self.cluster = Cluster.connect(f"{parts.scheme}://{parts.hostname}:{parts.port}", credentials)
        self.namespace = f"k{uuid.uuid4().hex}"
        self._install()

    def _install(self) -> None:
        for path in sorted((TEMPLATES / "component").glob("*.json")):
            self._send("PUT", f"/_component_template/{path.stem}-{self.namespace}", json.loads(path.read_text()))
        for stream in (APP, PLATFORM, METRIC):
            body = json.loads((TEMPLATES / "index" / f"{stream}.json").read_text())
            body["index_patterns"] = [f"{stream}-{self.namespace}"]
            body["composed_of"] = [f"{name}-{self.namespace}" for name in body["composed_of"]]
            body["priority"] = 950
            self._send("PUT", f"/_index_template/{stream}-{self.namespace}", body)

    def add(self, stream: str, documents: Mapping[str, dict[str, Any]]) -> None:
        """Index documents by their ids; the next search finds them."""
        for name, fields in documents.items():
            document = {"@timestamp": "2026-11-21T08:00:00.000Z"} | fields
            self._send("POST", f"/{stream}-{self.namespace}/_create/{name}", document)
        self._send("POST", f"/{stream}-{self.namespace}/_refresh", None)

    def found(self, query: str | dict[str, Any], **options: Any) -> set[str]:
        """The ids of the documents that a query finds; the query stands inside a filter, as callers send it."""
        translated = query if isinstance(query, dict) else kql.to_elasticsearch(query, **options)
        path = f"/*-watchpost.*-{self.namespace}/_search?allow_partial_search_results=false"
        body = {"query": {"bool": {"filter": [translated]}}, "size": 1000, "_source": False}
        return {hit["_id"] for hit in self._send("POST", path, body)["hits"]["hits"]}

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        return self.cluster.request(method, path, body)
