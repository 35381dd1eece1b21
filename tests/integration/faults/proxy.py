"""What stands between the shipper and a real Elasticsearch, and breaks what passes. On raw sockets, so that it can."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from typing import BinaryIO

PATIENCE = 20.0  # seconds after which a test that waits for something has failed
JSON = "application/vnd.elasticsearch+json;compatible-with=8"


@dataclass
class Answer:
    """An answer of Elasticsearch's."""

    status: int
    headers: dict[str, str]
    body: bytes

    def raw(self, length: int | None = None) -> bytes:
        """The answer as it goes over the wire; length: what the head claims, when it is not the body's own."""
        kept = {name: value for name, value in self.headers.items() if name not in ("transfer-encoding", "connection")}
        kept["content-length"] = str(len(self.body) if length is None else length)
        head = [f"HTTP/1.1 {self.status} {http.client.responses.get(self.status, '')}"]
        head += [f"{name}: {value}" for name, value in kept.items()]
        return "\r\n".join([*head, "", ""]).encode("latin-1") + self.body

    def read(self) -> Any:
        return json.loads(self.unpacked())

    def unpacked(self) -> bytes:
        return gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body


def answer(status: int, body: Any, content_type: str = JSON) -> Answer:
    """An answer made here, with Elasticsearch's product header: its client stops for another reason without it."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {"content-type": content_type, "x-elastic-product": "Elasticsearch"}, content)


class Exchange:
    """One bulk request and what is done with it. The body is read when it is first asked for."""

    def __init__(self, proxy: Proxy, client: socket.socket, reader: BinaryIO, head: tuple[str, str, dict[str, str]]):
        self.method, self.target, self.headers = head
        self._proxy, self._client, self._reader = proxy, client, reader
        self._body: bytes | None = None

    @property
    def body(self) -> bytes:
        """The request's body as it came."""
        if self._body is None:
            if self.headers.get("expect", "").lower() == "100-continue":
                self._client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            if "chunked" in self.headers.get("transfer-encoding", ""):
                self._body = _chunks(self._reader)
            else:
                self._body = self._reader.read(int(self.headers.get("content-length", 0)))
        return self._body

    @property
    def items(self) -> list[tuple[bytes, bytes]]:
        """Action and document of each item."""
        body = gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body
        lines = body.split(b"\n")
        assert lines.pop() == b"", "a bulk request ends in a line break"
        assert len(lines) % 2 == 0, "two lines an item"
        return list(zip(lines[::2], lines[1::2], strict=True))

    def forward(self, items: list[tuple[bytes, bytes]] | None = None) -> Answer:
        """Have the real Elasticsearch do it: all, or these items only."""
        headers = {name: value for name, value in self.headers.items() if name not in _OF_THE_CONNECTION}
        body = self.body
        if items is not None:
            headers.pop("content-encoding", None)
            body = b"".join(b"%b\n%b\n" % item for item in items)
        return self._proxy.upstream(self.method, self.target, headers, body)

    def send(self, reply: Answer) -> None:
        self._client.sendall(reply.raw())

    def send_part(self, content: bytes) -> None:
        self._client.sendall(content)

    def reset(self) -> None:
        """End the connection with RST: what is on its way is lost."""
        # Closed here and nowhere before: the reader holds the connection as well.
        self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._reader.close()
        self._client.close()

    def wait_until_closed(self) -> None:
        """Say nothing until the other side has had enough."""
        self._client.settimeout(PATIENCE)
        with contextlib.suppress(ConnectionError):
            self._client.recv(1)
        self.reset()


_OF_THE_CONNECTION = {"host", "connection", "content-length", "transfer-encoding", "expect", "keep-alive"}


def _chunks(reader: BinaryIO) -> bytes:
    content = b""
    while size := int(reader.readline().split(b";")[0], 16):
        content += reader.read(size)
        reader.readline()
    reader.readline()
    return content


@dataclass
class Fault:
    """What happens to bulk requests: to the next `times` of them, or until it is lifted."""

    act: Callable[[Exchange], None]
    times: float = float("inf")
    struck: int = 0  # how many requests met it


@dataclass
class Proxy:
    """Passes requests on to Elasticsearch, except where a fault says otherwise."""

    elasticsearch_url: str  # with credentials
    tls: ssl.SSLContext | None = None  # certificate that is believed
    untrusted: ssl.SSLContext | None = None  # one that is not
    fault: Fault | None = None
    break_tls: bool = False
    handshakes_failed: int = 0
    bulk_requests: int = 0
    port: int = 0
    _listener: socket.socket | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _clients: set[socket.socket] = field(default_factory=set)
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def listens(self) -> bool:
        return self._listener is not None

    def start(self) -> None:
        """Listen, on the same port as before when there was one."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._spawn(self._accept, listener)

    def stop(self) -> None:
        """Listen no more, so that connections are refused, and end those that are open."""
        if self._listener is None:
            return
        # Closing alone would not wake the thread that accepts.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._listener = None
        with self._lock:
            clients = list(self._clients)
        for client in clients:
            with contextlib.suppress(OSError):  # closed by its own thread meanwhile
                client.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()
        self._threads.clear()

    def upstream(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """Ask the real Elasticsearch."""
        parts = urlsplit(self.elasticsearch_url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=PATIENCE)
        try:
            connection.request(method, target, body, headers)
            got = connection.getresponse()
            return Answer(got.status, {name.lower(): value for name, value in got.getheaders()}, got.read())
        finally:
            connection.close()

    def _spawn(self, work: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:  # closed: the proxy is stopped
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._spawn(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        if self.tls is not None:
            context = self.untrusted if self.break_tls and self.untrusted else self.tls
            try:
                client.settimeout(PATIENCE)
                client = context.wrap_socket(client, server_side=True)
            except OSError:  # the client does not believe the certificate
                self.handshakes_failed += 1
                client.close()
                return
        with self._lock:
            self._clients.add(client)
        try:
            with client.makefile("rb") as reader:
                while (head := _head(reader)) is not None:
                    self._handle(Exchange(self, client, reader, head))
        except (OSError, ValueError):
            pass  # the client has gone, or was sent away: nobody is left to be told
        finally:
            with self._lock:
                self._clients.discard(client)
            client.close()

    def _handle(self, exchange: Exchange) -> None:
        fault = None
        if "/_bulk" in exchange.target:
            with self._lock:
                self.bulk_requests += 1
                fault = self.fault
                if fault is not None and fault.struck >= fault.times:
                    fault = None
                elif fault is not None:
                    fault.struck += 1
        if fault is not None:
            fault.act(exchange)
        else:
            exchange.send(exchange.forward())


def _head(reader: BinaryIO) -> tuple[str, str, dict[str, str]] | None:
    """Method, target and headers of the next request, None when there is none."""
    first = reader.readline()
    if not first:
        return None
    method, target, _ = first.decode("latin-1").split(" ", 2)
    headers = {}
    while line := reader.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return method, target, headers
