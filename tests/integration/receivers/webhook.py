"""A webhook of one's own, that checks the signature as the Standard Webhooks specification says it should."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import TYPE_CHECKING, Any

from tests.integration.receivers.server import Answer, FakeReceiver, Request

if TYPE_CHECKING:
    import ssl

TOLERANCE = 300  # seconds between the time in a header and ours
SIZE = 256_000  # bytes; the specification advises to stay small, and sets no limit


class Webhook(FakeReceiver):
    """A webhook. signed: whether it has a secret; ids: webhook-id of each message that was taken."""

    def __init__(self, name: str, *, signed: bool = True, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(name, tls=tls)
        self.signed = signed
        self.ids: list[str] = []

    @property
    def signing_secret(self) -> str:
        """As the specification writes it."""
        return "whsec_" + base64.b64encode(self.secret.encode()).decode()

    @property
    def entry(self) -> dict[str, Any]:
        more = {"secret": self.signing_secret} if self.signed else {}
        return {**self._common("webhook"), "url": f"{self.url}/{self.secret}", **more}

    @property
    def events(self) -> list[str]:
        """What each message that was taken is about: opened, resolved and so on."""
        return [one["event"] for one in self.messages]

    @property
    def tellings(self) -> list[tuple[str, int, float | None]]:
        """The same with how often the alarm has rung, and how many seconds it lasted."""
        return [(one["event"], one["times"], one["lasted_seconds"]) for one in self.messages]

    def answer(self, request: Request) -> Answer:
        if request.path != f"/{self.secret}":
            return self.refuse([f"no such path {request.path}"], Answer(404))
        found = self._problems(request)
        if found:
            return self.refuse(found, Answer(400, "; ".join(found).encode()))
        self.messages.append(request.json)
        self.ids.append(request.headers["webhook-id"])
        return Answer(204)

    def _problems(self, request: Request) -> list[str]:
        found = [f"no header {name}" for name in ("webhook-id", "webhook-timestamp") if name not in request.headers]
        if not isinstance(request.json, dict) or len(request.body) > SIZE:
            found.append("body")
        if found or not self.signed:
            return found
        sent = request.headers["webhook-timestamp"]
        if not sent.isdecimal() or abs(int(sent) - time.time()) > TOLERANCE:
            found.append("webhook-timestamp")
        signed = f"{request.headers['webhook-id']}.{sent}.".encode() + request.body
        expected = base64.b64encode(hmac.new(self.secret.encode(), signed, hashlib.sha256).digest()).decode()
        signatures = request.headers.get("webhook-signature", "").split(" ")
        if not any(hmac.compare_digest(one, f"v1,{expected}") for one in signatures):
            found.append("webhook-signature")
        return found

    def text(self, message: Any) -> str:
        return str(message["text"])
