"""Opsgenie's Alert API. Rules: docs.opsgenie.com/docs/alert-api (fields and limits) and docs/response (answers)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.integration.receivers.rules import fields, list_of, one_of, text
from tests.integration.receivers.server import JSON, Answer, FakeReceiver, Request

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator


def _details(value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, dict) or not all(isinstance(entry, str) for entry in value.values()):
        yield f"{at}: no object with texts"
    elif sum(len(name) + len(entry) for name, entry in value.items()) > 8000:
        yield f"{at}: more than 8,000 characters"


_CREATE = fields(
    {"message": text(130)},
    {
        "alias": text(512),
        "description": text(15_000),
        "entity": text(512),
        "source": text(100),
        "priority": one_of("P1", "P2", "P3", "P4", "P5"),
        "tags": list_of(text(50), 20, 0),
        "details": _details,
        "note": text(25_000),
        "user": text(100),
    },
)
_ACTION = fields({}, {"source": text(100), "note": text(25_000), "user": text(100)})
_NOTE = fields({"note": text(25_000)}, {"source": text(100), "user": text(100)})
_PATH = re.compile(r"/v2/alerts/([^/]+)/(close|notes)")


def problems(request: Request) -> list[str]:
    """Which rules the body of a request breaks, by its path; one for a path that does not exist."""
    address = urlsplit(request.path)
    if address.path == "/v2/alerts":
        return list(_CREATE(request.json, "body"))
    path = _PATH.fullmatch(address.path)
    if path is None or parse_qs(address.query) != {"identifierType": ["alias"]}:
        return [f"no such path {request.path}"]
    return list((_ACTION if path[2] == "close" else _NOTE)(request.json, "body"))


class Opsgenie(FakeReceiver):
    """An account. open: open alerts by alias, each as it was created. counts: how often each was created while open.

    notes: by alias. closed: aliases in the order in which they were closed. What is asked of an alias that is not open
    is answered 202 all the same: the real one finds out later.
    """

    def __init__(self, name: str, *, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(name, tls=tls)
        self.open: dict[str, Any] = {}
        self.counts: dict[str, int] = {}
        self.notes: dict[str, list[str]] = {}
        self.closed: list[str] = []

    @property
    def entry(self) -> dict[str, Any]:
        return {**self._common("opsgenie"), "url": self.url, "api_key": self.secret}

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"GenieKey {self.secret}":
            return self.refuse(["authorization"], self._said(401, "Could not authenticate"))
        if not request.headers.get("content-type", "").startswith("application/json"):
            return self.refuse(["content-type"], self._said(415, "Unsupported media type"))
        found = problems(request)
        if found:
            return self.refuse(found, self._said(422, "Request body is not processable."))
        self._done(urlsplit(request.path).path, request.json)
        self.messages.append(request.json)
        return self._said(202, None)

    def _done(self, path: str, body: Any) -> None:
        action = _PATH.fullmatch(path)
        if action is None:
            self._create(body)
        elif action[2] == "close":
            self._close(unquote(action[1]), body)
        else:
            self.notes.setdefault(unquote(action[1]), []).append(body["note"])

    def _create(self, body: Any) -> None:
        self.counts[body["alias"]] = self.counts.get(body["alias"], 0) + 1 if body["alias"] in self.open else 1
        self.open.setdefault(body["alias"], body)

    def _close(self, alias: str, body: Any) -> None:
        self.open.pop(alias, None)
        self.closed.append(alias)
        self.notes.setdefault(alias, []).append(body.get("note", ""))

    def _said(self, status: int, message: str | None) -> Answer:
        body = {"took": 0.001, "requestId": "8d5e0cd7-0000-4000-8000-000000000000"}
        body |= {"result": "Request will be processed"} if message is None else {"message": message}
        return Answer(status, json.dumps(body).encode(), JSON)

    def text(self, message: Any) -> str:
        return "\n".join(str(message[name]) for name in ("message", "description", "note") if name in message)
