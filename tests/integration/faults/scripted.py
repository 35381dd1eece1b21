"""A small Elasticsearch that takes bulk requests and answers each as a script says."""

from __future__ import annotations

import json
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

    def __init__(self) -> None:
        self.script: Callable[[Documents, int], tuple[int, Any]] = created
        self.requests: list[Documents] = []
        self.bodies: list[str] = []
        self.logins: list[str] = []
        faulty = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                faulty.bodies.append(body.decode())
                lines = body.splitlines()
                documents = [json.loads(line) for line in lines[1::2]]
                faulty.logins.append(self.headers["authorization"])
                faulty.requests.append(documents)
                status, body = faulty.script(documents, len(faulty.requests))
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("x-elastic-product", "Elasticsearch")
                self.send_header("content-type", "application/vnd.elasticsearch+json;compatible-with=8")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


def created(documents: Documents, _: int = 0) -> tuple[int, Any]:
    return 200, {"errors": False, "items": [{"create": {"status": 201}} for _ in documents]}


@contextmanager
def faulty_elasticsearch() -> Iterator[Faulty]:
    """One that takes everything until it gets another script."""
    faulty = Faulty()
    thread = threading.Thread(target=faulty.server.serve_forever, args=(0.01,))
    thread.start()
    yield faulty
    faulty.server.shutdown()
    faulty.server.server_close()
    thread.join()
