"""A small real server that takes bulk requests and metrics and keeps nothing: `python -m benchmarks.null_services`."""

from __future__ import annotations

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_ITEM = (
    b'{"create":{"_index":".ds-logs-watchpost.app-dev-2026.11.21-000001","_id":"0123456789abcdef0123-'
    b'39000000000000000000000000000000000000000000000000000000","_version":1,"result":"created","_shards":'
    b'{"total":2,"successful":1,"failed":0},"_seq_no":1,"_primary_term":1,"status":201}}'
)


class Handler(BaseHTTPRequestHandler):
    """Answers as Elasticsearch and CloudWatch do when all is well."""

    protocol_version = "HTTP/1.1"
    # Head and body leave together: apart, they would wait 40 ms for each other (Nagle's algorithm, delayed ACK).
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Answer a bulk request with as many items as it has, and anything else with an empty CBOR map."""
        content = self._content()
        if self.path.startswith("/_bulk"):
            items = b",".join([_ITEM] * (content.count(b"\n") // 2))
            self._answer(b'{"took":1,"errors":false,"items":[' + items + b"]}", "application/json")
        else:
            self._answer(b"\xa0", "application/cbor")

    def do_PUT(self) -> None:
        """The client's own helper sends bulk requests this way."""
        self.do_POST()

    def _content(self) -> bytes:
        length = self.headers["content-length"]
        if length is not None:
            return self.rfile.read(int(length))
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("x-elastic-product", "Elasticsearch")
        self.send_header("smithy-protocol", "rpc-v2-cbor")
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until the process is ended; the port is the first line of the output."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # not the core of what is measured
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
