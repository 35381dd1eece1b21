"""A small real server that takes every call of AWS and of HTTP and keeps nothing: `python -m benchmarks.null_aws`.

On bare sockets, so that the time it takes is not what is measured.
"""

from __future__ import annotations

import socket
import threading


def _serve_one(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, connection.makefile("rb") as lines:
        while request := lines.readline():
            head = {}
            for line in iter(lines.readline, b"\r\n"):
                name, _, value = line.partition(b":")
                head[name.strip().lower()] = value.strip()
            lines.read(int(head.get(b"content-length", 0)))
            connection.sendall(_answer(request, head))


def _answer(request: bytes, head: dict[bytes, bytes]) -> bytes:
    more, body = b"Content-Type: application/json\r\n", b"{}"
    if b"urlencoded" in head.get(b"content-type", b""):  # SNS
        more, body = b"Content-Type: text/xml\r\n", b"<Response><PublishResult/><PublishBatchResult/></Response>"
    elif b"smithy-protocol" in head:
        protocol = head[b"smithy-protocol"]
        more, body = b"Content-Type: application/cbor\r\nsmithy-protocol: " + protocol + b"\r\n", b"\xa0"
    body = b"" if request.startswith(b"HEAD") else body
    return b"HTTP/1.1 200 OK\r\n" + more + b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body


def main() -> None:
    """Serve until the process is ended; the port is the first line of the output."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            threading.Thread(target=_serve_one, args=(server.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    main()
