"""A real server, for what a service sends by HTTP."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from watchpost_client import carriers, wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watchpost_client.context import Context

# One machine with two names, of which one is allowed: who asks for the other one asks somebody else.
GOOD, EVIL = "localhost", "127.0.0.1"


@dataclass
class Server:
    """Keeps the headers of each request; `/to/<url>` redirects there, and it is a proxy as well."""

    port: int = 0
    seen: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)

    def url(self, host: str = GOOD, path: str = "/") -> str:
        return f"http://{host}:{self.port}{path}"

    @property
    def ids(self) -> list[str | None]:
        return [headers.get(wire.ID, [None])[0] for _, headers in self.seen]

    @property
    def context(self) -> Context:
        """Of the only request, as a function behind API Gateway has it."""
        [(_, headers)] = self.seen
        assert all(len(values) == 1 for values in headers.values())
        event = {"requestContext": {}, "headers": {name: values[0] for name, values in headers.items()}}
        return carriers.of_event(event)


class _Bound(ThreadingHTTPServer):
    request_queue_size = 128  # connections that come at once


@contextmanager
def listening() -> Iterator[Server]:
    """A server on all of this machine's names."""
    made = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers: dict[str, list[str]] = {}
            for name, value in self.headers.items():
                headers.setdefault(name.lower(), []).append(value)
            self.rfile.read(int(self.headers.get("content-length", 0)))
            made.seen.append((self.path, headers))
            to = self.path.partition("/to/")[2]
            body = json.dumps({"path": self.path}).encode()
            self.send_response(302 if to else 200)
            if to:
                self.send_header("location", to)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    bound = _Bound(("127.0.0.1", 0), Handler)
    bound.daemon_threads = True
    made.port = bound.server_port
    thread = threading.Thread(target=bound.serve_forever, args=(0.01,))
    thread.start()
    yield made
    bound.shutdown()
    bound.server_close()
    thread.join()
