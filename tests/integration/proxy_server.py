"""A small proxy that makes tunnels (CONNECT, RFC 9110 section 9.3.6), and a server with TLS behind it."""

from __future__ import annotations

import base64
import contextlib
import socket
import socketserver
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import trustme

PATIENCE = 10.0  # seconds that a test may hang


@dataclass
class Proxy:
    """What the proxy does, and what it was asked.

    names: host and port that a name stands for, which only the proxy knows; nothing else is reached. credentials: user
    and password that it asks for. asked: of each tunnel, host and port as they were asked for. heard: all bytes that
    came through tunnels.
    """

    url: str = ""
    names: dict[str, tuple[str, int]] = field(default_factory=dict)
    credentials: tuple[str, str] | None = None
    asked: list[str] = field(default_factory=list)
    heard: bytearray = field(default_factory=bytearray)

    @property
    def expected(self) -> str | None:
        if self.credentials is None:
            return None
        return "Basic " + base64.b64encode(":".join(self.credentials).encode()).decode()


@contextlib.contextmanager
def proxy() -> Iterator[Proxy]:
    """A running proxy."""
    state = Proxy()

    class Handler(socketserver.StreamRequestHandler):
        timeout = PATIENCE

        def handle(self) -> None:
            first, headers = _head(self.rfile)
            method, target, _ = first.split()
            state.asked.append(target)
            if method != "CONNECT":
                return self._say("405 Method Not Allowed")
            if headers.get("proxy-authorization") != state.expected:
                return self._say("407 Proxy Authentication Required")
            host = target.rpartition(":")[0]
            if host not in state.names:
                return self._say("403 Forbidden")
            with socket.create_connection(state.names[host], PATIENCE) as there:
                self._say("200 Connection established")
                _join(self.connection, there, state.heard)
            return None

        def _say(self, status: str) -> None:
            self.wfile.write(f"HTTP/1.1 {status}\r\n\r\n".encode())

    with _running(_Server(("127.0.0.1", 0), Handler)) as server:
        state.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield state


@contextlib.contextmanager
def tls_server(handler: type[BaseHTTPRequestHandler], certificate: trustme.LeafCert) -> Iterator[int]:
    """A server with TLS; yields its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # broken handshakes are what is expected
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with _running(server):
        yield server.server_address[1]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


@contextlib.contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[socketserver.BaseServer]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _head(lines: Iterator[bytes]) -> tuple[str, dict[str, str]]:
    found = []
    for line in lines:
        if not line.strip():
            break
        found.append(line.decode("latin-1").strip())
    headers = (one.partition(":") for one in found[1:])
    return found[0], {name.lower(): value.strip() for name, _, value in headers}


def _join(one: socket.socket, other: socket.socket, heard: bytearray) -> None:
    """Carry bytes both ways until both ends are done."""

    def carry(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                heard.extend(data)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    back = threading.Thread(target=carry, args=(other, one))
    back.start()
    carry(one, other)
    back.join()
