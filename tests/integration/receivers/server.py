"""Receivers of notifications as small real servers on 127.0.0.1, as strict as what is published of the real ones.

    with SlackWebhook("ops") as slack, PagerDuty("oncall") as pager:
        secret = {"receivers": [slack.entry, pager.entry]}     # what the notification secret holds
        slack.script(busy(retry_after="2"), broken())          # the next two requests; all later ones are as usual
        …
        assert slack.refused == []                             # nothing broke a published rule
        assert "152 x" in slack.texts()[0]                     # what a person reads, of each message that was taken

Each has `entry`, `script`, `requests` (all that came), `messages` (bodies that were taken), `refused` (which rule was
broken, by what), `texts()`, `url` and `secret` (a part of its address or key, which must never be shown anywhere).
`tls=` an ssl context makes it an https server; `entry` then has no `allow_insecure`.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import ssl

JSON = {"content-type": "application/json; charset=utf-8"}
TEXT = {"content-type": "text/plain; charset=utf-8"}


@dataclass(frozen=True)
class Request:
    """What came. headers: names in lower case. json: of the body, None when it is none."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """What happens with one request instead of, or before, the usual answer."""

    answer: Answer | None = None
    wait: threading.Event | None = None  # until then there is no answer
    silent: bool = False  # no answer until the server stops
    cut: bool = False  # the connection ends without an answer


def busy(retry_after: str | None = None, status: int = 429) -> Step:
    """Too many requests, with Retry-After when given (seconds, or a date)."""
    return Step(Answer(status, b"rate limited", {"retry-after": retry_after} if retry_after is not None else {}))


def broken(status: int = 500, body: bytes = b"<html>upstream</html>") -> Step:
    """A fault of the receiver's own, or any other status."""
    return Step(Answer(status, body))


def silent() -> Step:
    """It takes the request and does not answer, until the server stops."""
    return Step(silent=True)


def held(until: threading.Event) -> Step:
    """It answers as usual, but not before this is set."""
    return Step(wait=until)


def cut() -> Step:
    """It reads the request and ends the connection."""
    return Step(cut=True)


def redirect(to: str, status: int = 307) -> Step:
    """It sends the caller elsewhere."""
    return Step(Answer(status, b"", {"location": to}))


class FakeReceiver:
    """What all receivers have in common. A kind of receiver says `check`, `take`, `entry` and `text`."""

    def __init__(self, name: str, *, tls: ssl.SSLContext | None = None) -> None:
        self.name = name
        self.requests: list[Request] = []
        self.messages: list[Any] = []
        self.refused: list[str] = []
        self._steps: list[Step] = []
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"receiver": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        if tls is not None:
            self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # broken handshakes are tested
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._scheme = "http" if tls is None else "https"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def secret(self) -> str:
        """A part of the address or the key, fit for where this kind of receiver has it."""
        return f"hidden{self.name.encode().hex()}".ljust(32, "0")[:32]

    @property
    def url(self) -> str:
        """Where the server is, without a path."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}"

    @property
    def entry(self) -> dict[str, Any]:
        """What stands in the list of receivers in the notification secret."""
        raise NotImplementedError

    def script(self, *steps: Step) -> None:
        """What happens with the next requests, one after the other."""
        self._steps += steps

    def texts(self) -> list[str]:
        """What a person reads of each message that was taken."""
        return [self.text(message) for message in self.messages]

    def text(self, message: Any) -> str:
        """What a person reads of one message."""
        raise NotImplementedError

    def answer(self, request: Request) -> Answer:
        """The usual answer. Adds to `messages` or `refused`."""
        raise NotImplementedError

    def refuse(self, problems: list[str], answer: Answer) -> Answer:
        """Keep what was wrong, and say so as the real one does."""
        self.refused += problems
        return answer

    def _common(self, kind: str) -> dict[str, Any]:
        plain = {"allow_insecure": True} if self._scheme == "http" else {}
        return {"name": self.name, "type": kind, "allow_private": True, **plain}

    def handle(self, request: Request) -> Answer | None:
        """The answer to one request; None to end the connection without one."""
        with self._lock:
            self.requests.append(request)
            step = self._steps.pop(0) if self._steps else Step()
        if step.silent:
            self._stopped.wait()
            return None
        if step.cut:
            return None
        if step.wait is not None:
            step.wait.wait()
        if step.answer is not None:
            return step.answer
        with self._lock:
            return self.answer(request)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    receiver: FakeReceiver
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.receiver.handle(Request(self.command, self.path, headers, body))
        if answer is None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in {**answer.headers, "content-length": str(len(answer.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def do_POST(self) -> None:
        self._do()

    def do_GET(self) -> None:
        self._do()

    def log_message(self, *_: object) -> None:
        """Quiet."""
