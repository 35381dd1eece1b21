"""A small Elasticsearch that takes bulk requests and answers each as a script says."""

from __future__ import annotations

import json
import queue
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Documents = list[dict[str, Any]]


class Faulty:
    """A small server that answers bulk requests as a script says.

    The script gets the documents of a request and the request's number, and gives status and body.
    """

    def __init__(self, *, keeps_open: bool = False) -> None:
        """keeps_open: whether a connection may bring several requests."""
        self.script: Callable[[Documents, int], tuple[int, Any]] = created
        self.requests: list[Documents] = []
        self.bodies: list[str] = []
        self.logins: list[str] = []
        self.connections: list[int] = []  # port at the other end, for each request
        self.ended: queue.Queue[int] = queue.Queue()  # such ports, when the connection is over
        faulty = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1" if keeps_open else "HTTP/1.0"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                faulty.bodies.append(body.decode())
                lines = body.splitlines()
                documents = [json.loads(line) for line in lines[1::2]]
                faulty.logins.append(self.headers["authorization"])
                faulty.connections.append(self.client_address[1])
                faulty.requests.append(documents)
                status, body = faulty.script(documents, len(faulty.requests))
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("x-elastic-product", "Elasticsearch")
                self.send_header("content-type", "application/vnd.elasticsearch+json;compatible-with=8")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def finish(self) -> None:
                super().finish()
                faulty.ended.put(self.client_address[1])

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


def created(documents: Documents, _: int = 0) -> tuple[int, Any]:
    return 200, {"errors": False, "items": [{"create": {"status": 201}} for _ in documents]}


@contextmanager
def faulty_elasticsearch(*, keeps_open: bool = False) -> Iterator[Faulty]:
    """One that takes everything until it gets another script."""
    faulty = Faulty(keeps_open=keeps_open)
    thread = threading.Thread(target=faulty.server.serve_forever, args=(0.01,))
    thread.start()
    yield faulty
    faulty.server.shutdown()
    faulty.server.server_close()
    thread.join()
