"""A small HTTP server that stands for Elasticsearch or Kibana, as far as `watchpost doctor` and the canary ask them."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable


class Server:
    """A small HTTP server. answers: status and JSON by the beginning of the path; the longest that fits counts."""

    def __init__(self, headers: dict[str, str] | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.answers: dict[str, Callable[[Any, bytes], tuple[int, Any]]] = {}
        self.requests: list[str] = []  # method and path
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests.append(f"{self.command} {self.path}")
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                known = sorted((path for path in server.answers if self.path.startswith(path)), key=len)
                status, content = server.answers[known[-1]](self.headers, body) if known else (404, {"error": "no"})
                text = content if isinstance(content, str) else json.dumps(content)
                self.send_response(status)
                for name, value in {"content-type": "application/json", **(headers or {})}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_POST = do_DELETE = do_GET  # noqa: N815  # the names that the base class calls

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
