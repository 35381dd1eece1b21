"""As little of HTTP/1.1 as botocore needs, and quick: a sweep of a large account is tens of thousands of requests."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.logs_account.wire import Answer


class Server:
    """Listens on a free port of 127.0.0.1, with a thread for each connection."""

    def __init__(self, respond: Callable[[str, str, dict[str, str], bytes], Answer | None]) -> None:
        """respond: method, path, headers (names in lower case) and body to an answer; None ends the connection."""
        self.failures: list[BaseException] = []  # what respond raised: a fault of a test or of the account itself
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            request: socket.socket

            def handle(self) -> None:
                outer._serve(self.request, respond)

        class Listener(socketserver.ThreadingTCPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_: Any) -> None:
                """Nothing to print: what was raised is among the failures."""

        self._listener = Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._listener.server_address[1]}"
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End all connections and wait for their threads."""
        self._listener.shutdown()
        self._thread.join()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):  # the other side was quicker
                    connection.shutdown(socket.SHUT_RDWR)
        self._listener.server_close()

    def _serve(
        self, connection: socket.socket, respond: Callable[[str, str, dict[str, str], bytes], Answer | None]
    ) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._open.add(connection)
        try:
            for request in _requests(connection):
                answer = respond(*request)
                if answer is None:
                    return
                connection.sendall(_bytes(answer))
        except OSError:
            return  # whoever asked is gone
        except BaseException as error:
            self.failures.append(error)
            raise
        finally:
            with self._lock:
                self._open.discard(connection)


def _requests(connection: socket.socket) -> Iterator[tuple[str, str, dict[str, str], bytes]]:
    """The requests of a connection until it ends: method, path, headers and body of each."""
    buffer = b""
    while True:
        while (end := buffer.find(b"\r\n\r\n")) < 0:
            received = connection.recv(65_536)
            if not received:
                return
            buffer += received
        first, *lines = buffer[:end].decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        size = end + 4 + int(headers.get("content-length", 0))
        while len(buffer) < size:
            received = connection.recv(65_536)
            if not received:
                return
            buffer += received
        method, path, _ = first.split(" ")
        yield method, path, headers, buffer[end + 4 : size]
        buffer = buffer[size:]


def _bytes(answer: Answer) -> bytes:
    head = [f"HTTP/1.1 {answer.status} answer", f"content-length: {len(answer.body)}"]
    head += [f"{name}: {value}" for name, value in answer.headers.items()]
    return "\r\n".join([*head, "", ""]).encode() + answer.body
