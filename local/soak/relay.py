"""What stands between the shipper and the real Elasticsearch, and makes it slow or busy. Bulk requests only."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 60.0  # seconds for an answer of Elasticsearch's
_OF_THE_CONNECTION = {"host", "connection", "content-length", "transfer-encoding", "keep-alive"}
# As Elasticsearch answers when the queue of its write threads is full.
_BUSY = json.dumps(
    {"error": {"type": "es_rejected_execution_exception", "reason": "rejected execution"}, "status": 429}
).encode()
_HEADERS = {"content-type": "application/json", "x-elastic-product": "Elasticsearch"}


class Relay:
    """Passes requests on. `delay`: seconds that bulk requests wait before; `busy`: they are answered 429 instead."""

    def __init__(self, url: str, ca: str | None = None) -> None:
        """url: of Elasticsearch; ca: file with the certificate of its private authority."""
        self._upstream = urlsplit(url)
        self._tls = ssl.create_default_context(cafile=ca) if self._upstream.scheme == "https" else None
        self._over = threading.Event()
        self._lock = threading.Lock()
        self.delay = 0.0
        self.busy = False
        self.connections = 0  # that are open now
        self.most = 0  # that were open at once
        self.struck = 0  # bulk requests that were delayed or refused

    @contextlib.contextmanager
    def listening(self) -> Iterator[str]:
        """Its URL, for the length of a block."""
        relay = self

        class Handler(_Handler):
            owner = relay

        server = _Server(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            self._over.set()
            server.shutdown()
            server.server_close()
            thread.join()

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for one request."""
        if "/_bulk" in path and (self.busy or self.delay):
            with self._lock:
                self.struck += 1
            if self.busy:
                return 429, _HEADERS, _BUSY
            # Whoever has given up meanwhile is not asked: a slow cluster does it after all, later.
            self._over.wait(self.delay)
        return self._forward(method, path, headers, body)

    def opened(self, change: int) -> None:
        """Count a connection that was opened, 1, or closed, -1."""
        with self._lock:
            self.connections += change
            self.most = max(self.most, self.connections)

    def _forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        parts = self._upstream
        host, port = parts.hostname or "", parts.port
        connection = (
            http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=self._tls)
            if self._tls
            else http.client.HTTPConnection(host, port, timeout=PATIENCE)
        )
        with contextlib.closing(connection):
            connection.request(method, parts.path.rstrip("/") + path, body, headers)
            got = connection.getresponse()
            content = got.read()
            kept = {name.lower(): value for name, value in got.getheaders()}
        return got.status, {name: kept[name] for name in kept.keys() - _OF_THE_CONNECTION}, content


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nobody is told: the client has gone, which is what a slow cluster sees as well."""


class _Handler(BaseHTTPRequestHandler):
    owner: Relay
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self.owner.opened(1)
        try:
            super().handle()
        finally:
            self.owner.opened(-1)

    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _OF_THE_CONNECTION}
        try:
            status, more, content = self.owner.answer(self.command, self.path, headers, body)
        except (OSError, http.client.HTTPException):
            self.close_connection = True  # Elasticsearch did not answer: nor do we
            return
        self.send_response(status)
        for name, value in {**more, "content-length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _do  # noqa: N815  # names that the base class asks for

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # as the base class names it
        """Nothing is logged."""
