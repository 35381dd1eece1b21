"""PagerDuty's Events API v2. Rules: developer.pagerduty.com/docs/events-api-v2, Send an alert event, and Overview."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.integration.receivers.rules import fields, https, list_of, one_of, strings_in, text
from tests.integration.receivers.server import JSON, Answer, FakeReceiver, Request

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

EVENT = 512_000  # bytes: "512 KB"


def _time(value: Any, at: str) -> Iterator[str]:
    try:
        if datetime.fromisoformat(value).tzinfo is None:
            yield f"{at}: no time zone"
    except (TypeError, ValueError):
        yield f"{at}: no time of ISO 8601"


def _object(value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at}: no object"


_PAYLOAD = fields(
    {
        "summary": text(1024),
        "source": text(1024),
        "severity": one_of("critical", "error", "warning", "info"),
    },
    {
        "timestamp": _time,
        "component": text(1024),
        "group": text(1024),
        "class": text(1024),
        "custom_details": _object,
    },
)
_COMMON = {"routing_key": text(32, 32), "dedup_key": text(255)}
_TRIGGER = fields(
    {**_COMMON, "event_action": one_of("trigger"), "payload": _PAYLOAD},
    {
        "client": text(1024),
        "client_url": https(8192),
        "links": list_of(fields({"href": https(8192)}, {"text": text(1024)}), 100),
        "images": list_of(fields({"src": https(8192)}, {"href": https(8192), "alt": text(1024)}), 10),
    },
)
_RESOLVE = fields({**_COMMON, "event_action": one_of("resolve", "acknowledge")})


def problems(request: Request) -> list[str]:
    """Which rules a request breaks."""
    if len(request.body) > EVENT:
        return [f"{len(request.body)} bytes, must be at most {EVENT}"]
    event = request.json
    trigger = isinstance(event, dict) and event.get("event_action") == "trigger"
    return list((_TRIGGER if trigger else _RESOLVE)(event, "event"))


class PagerDuty(FakeReceiver):
    """A service. open: keys of its open alerts. triggered: how often each key was."""

    def __init__(self, name: str, *, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(name, tls=tls)
        self.open: set[str] = set()
        self.triggered: dict[str, int] = {}

    @property
    def entry(self) -> dict[str, Any]:
        return {**self._common("pagerduty"), "url": f"{self.url}/v2/enqueue", "routing_key": self.secret}

    def answer(self, request: Request) -> Answer:
        event = request.json
        if request.method != "POST" or request.path != "/v2/enqueue":
            return self.refuse([f"no such path {request.path}"], Answer(404))
        found = problems(request)
        if not found and event["routing_key"] != self.secret:
            found = ["Invalid routing key"]
        if found:
            said = {"status": "invalid event", "message": "Event object is invalid", "errors": found}
            return self.refuse(found, Answer(400, json.dumps(said).encode(), JSON))
        key = event["dedup_key"]
        if event["event_action"] == "trigger":
            self.open.add(key)
            self.triggered[key] = self.triggered.get(key, 0) + 1
        elif event["event_action"] == "resolve":
            self.open.discard(key)
        self.messages.append(event)
        done = {"status": "success", "message": "Event processed", "dedup_key": key}
        return Answer(202, json.dumps(done).encode(), JSON)

    def text(self, message: Any) -> str:
        shown = {name: value for name, value in message.items() if name not in ("routing_key", "event_action")}
        lines = [message["event_action"], *strings_in(shown.get("payload", {}))]
        return "\n".join([*lines, *(f"{link['text']} {link['href']}" for link in message.get("links", []))])
