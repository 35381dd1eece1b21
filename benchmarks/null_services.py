"""A small real server that takes bulk requests and metrics and keeps nothing: `python -m benchmarks.null_services`.

On bare sockets, so that the time it takes is not what is measured.
"""

from __future__ import annotations

import os
import socket
import threading
from typing import BinaryIO

# As Elasticsearch answers when of each item only the status and the error are asked for, and to whom asks for all.
_SHORT = b'{"create":{"status":201}}'
_LONG = (
    b'{"create":{"_index":".ds-logs-watchpost.app-dev-2026.11.21-000001","_id":"0123456789abcdef0123-'
    b'39000000000000000000000000000000000000000000000000000000","_version":1,"result":"created","_shards":'
    b'{"total":2,"successful":1,"failed":0},"_seq_no":1,"_primary_term":1,"status":201}}'
)
_ELASTICSEARCH = b"application/vnd.elasticsearch+json;compatible-with=8"
_AWS = b"application/x-amz-json-1.0"


def serve(connection: socket.socket) -> None:
    """Answer the requests of one connection as Elasticsearch and CloudWatch do when all is well."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, connection.makefile("rb") as requests:
        while head := _head(requests):
            lengths = [int(line.split(b":")[1]) for line in head if line.lower().startswith(b"content-length:")]
            body = requests.read(lengths[0]) if lengths else b""
            if b"/_bulk" in head[0]:
                item = _SHORT if b"filter_path=" in head[0] else _LONG
                items = b",".join([item] * (body.count(b"\n") // 2))
                connection.sendall(_answer(b'{"took":1,"errors":false,"items":[' + items + b"]}", _ELASTICSEARCH))
            else:
                connection.sendall(_answer(b"{}", _AWS))


def _head(requests: BinaryIO) -> list[bytes]:
    lines = []
    for line in iter(requests.readline, b""):
        if line == b"\r\n":
            break
        lines.append(line)
    return lines


def _answer(body: bytes, kind: bytes) -> bytes:
    return (
        b"HTTP/1.1 200 OK\r\nX-elastic-product: Elasticsearch\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b"
        % (kind, len(body), body)
    )


def main() -> None:
    """Serve until the process is ended; the port is the first line of the output."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # not the core of what is measured
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    main()
