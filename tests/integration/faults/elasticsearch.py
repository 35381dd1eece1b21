"""The real Elasticsearch, as its administrator: templates, documents, and what must be removed again."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

DEFINITIONS = Path(__file__).parents[3] / "dashboards" / "elasticsearch"
KINDS = ("logs-watchpost.app", "logs-watchpost.platform", "metrics-watchpost.line")
PATIENCE = 30.0  # seconds for one answer, on a busy machine


class Elasticsearch:
    """The real one, as its administrator."""

    def __init__(self, url: str) -> None:
        self.url = url
        parts = urlsplit(url)
        self.credentials = {"username": parts.username or "", "password": parts.password or ""}
        self.namespace = f"f{uuid.uuid4().hex[:12]}"
        self._session = requests.Session()
        self._installed: list[str] = []

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._session.request(method, f"{self.url}/{path}", json=body, timeout=PATIENCE)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def install(self, namespace: str, priority: int, extra: dict[str, Any] | None = None) -> None:
        """The project's templates, for one namespace only: others use the cluster too.

        extra: properties of application documents that are mapped otherwise.
        """
        for path in sorted((DEFINITIONS / "component").glob("*.json")):
            self._install(f"_component_template/{path.stem}-{namespace}", json.loads(path.read_text()))
        for path in sorted((DEFINITIONS / "index").glob("*.json")):
            body = json.loads(path.read_text())
            body["index_patterns"] = [f"{path.stem}-{namespace}"]
            body["composed_of"] = [f"{name}-{namespace}" for name in body["composed_of"]]
            body["priority"] = priority
            if extra and path.stem == KINDS[0]:
                body["template"]["mappings"] = {"properties": extra}
            self._install(f"_index_template/{path.stem}-{namespace}", body)

    def _install(self, path: str, body: Any) -> None:
        self.ask("PUT", path, body)
        self._installed.insert(0, path)

    def documents(self, namespace: str, log_group: str) -> list[dict[str, Any]]:
        """Every document of a log group, in all three data streams."""
        streams = ",".join(f"{kind}-{namespace}" for kind in KINDS)
        self.ask("POST", f"{streams}/_refresh?ignore_unavailable=true")
        query = {"term": {"aws.cloudwatch.log_group": log_group}}
        found = self.ask(
            "POST", f"{streams}/_search?ignore_unavailable=true", {"size": 10_000, "query": query, "sort": ["_doc"]}
        )
        assert found["hits"]["total"]["value"] <= 10_000
        return [hit["_source"] for hit in found["hits"]["hits"]]

    def clean(self, *namespaces: str) -> None:
        """Remove the documents and templates of these namespaces."""
        for name in (f"{kind}-{namespace}" for namespace in namespaces for kind in KINDS):
            if self._session.delete(f"{self.url}/_data_stream/{name}", timeout=PATIENCE).ok:
                continue
            # The smallest distribution knows no such request. An index that is no longer written to can be deleted.
            if self._session.post(f"{self.url}/{name}/_rollover", timeout=PATIENCE).ok:
                backing = sorted(self.ask("GET", f"{name}/_settings"))
                self.ask("DELETE", ",".join(backing[:-1]))
        for path in self._installed:
            # A template that a data stream still needs stays; it concerns no other namespace.
            self._session.delete(f"{self.url}/{path}", timeout=PATIENCE)
        self._session.close()
