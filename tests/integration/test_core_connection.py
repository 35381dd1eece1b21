"""One kept connection: what it does when servers close it, break off or take their time."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from watchpost.connection import Answer, Connection, NoAnswerError

from tests.integration.proxy_server import tls_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    # Talks on one accepted connection.
    Talk = Callable[[socket.socket], None]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def request_in(talking: socket.socket) -> bytes:
    """Read one request, head and body."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(talking)
    head, body = data.split(b"\r\n\r\n", 1)
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    while len(body) < length:
        body += _some(talking)
    return body


def _some(talking: socket.socket) -> bytes:
    some = talking.recv(65_536)
    assert some, "the client closed in the middle of a request"
    return some


@contextmanager
def server(*talks: Talk) -> Iterator[tuple[Connection, list[int]]]:
    """A connection to a server that talks as given on each connection that it accepts, and how many it accepted."""
    accepted: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)

        def serve() -> None:
            for number, talk in enumerate(talks):
                talking, _ = listening.accept()
                talking.settimeout(5)
                accepted.append(number)
                with talking:
                    talk(talking)

        thread = threading.Thread(target=serve)
        thread.start()
        connection = Connection(f"http://127.0.0.1:{listening.getsockname()[1]}")
        try:
            yield connection, accepted
        finally:
            connection.close()
            thread.join()


def answering(*answers: bytes) -> Talk:
    def talk(talking: socket.socket) -> None:
        for answer in answers:
            request_in(talking)
            talking.sendall(answer)

    return talk


def test_requests_go_over_one_connection() -> None:
    with server(answering(OK, OK, OK)) as (connection, accepted):
        assert [connection.post("/", b"x", {}, 5).body for _ in range(3)] == [b"ok"] * 3
        assert accepted == [0]


def test_a_connection_that_the_server_closed_meanwhile_is_opened_anew_before_anything_is_sent() -> None:
    closed = threading.Event()

    def once(talking: socket.socket) -> None:
        answering(OK)(talking)
        talking.close()
        closed.set()

    with server(once, answering(OK)) as (connection, accepted):
        assert connection.post("/", b"x", {}, 5).status == 200
        assert closed.wait(5)
        assert connection.post("/", b"y", {}, 5).status == 200
        assert accepted == [0, 1]


def test_a_request_whose_answer_does_not_come_is_not_sent_again() -> None:
    """Whether it was handled is not known here, so that is the caller's decision."""
    seen: list[bytes] = []

    def silent(talking: socket.socket) -> None:
        answering(OK)(talking)
        seen.append(request_in(talking))

    with server(silent) as (connection, _):
        connection.post("/", b"x", {}, 5)
        with pytest.raises(NoAnswerError):
            connection.post("/", b"y", {}, 5)
    assert seen == [b"y"]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok",
        b"this is not HTTP\r\n\r\n",
        b"",
    ],
    ids=["length", "chunk", "other protocol", "nothing"],
)
def test_an_answer_that_breaks_off_is_no_answer(answer: bytes) -> None:
    with server(answering(answer), answering(OK)) as (connection, _):
        with pytest.raises(NoAnswerError):
            connection.post("/", b"x", {}, 5)
        assert connection.post("/", b"x", {}, 5).body == b"ok", "the next request is not disturbed"


def test_a_chunked_answer_is_read_whole_and_the_connection_kept() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n"
    with server(answering(chunked, OK)) as (connection, accepted):
        assert [connection.post("/", b"x", {}, 5).body for _ in range(2)] == [b"ok", b"ok"]
        assert accepted == [0]


def test_a_server_that_refuses_before_it_has_read_all_is_heard() -> None:
    """As proxies do with a body that is too large: the answer comes, and the connection is closed."""

    def refuse(talking: socket.socket) -> None:
        talking.recv(1_000)
        talking.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        talking.shutdown(socket.SHUT_WR)
        while talking.recv(1024 * 1024):
            pass

    with server(refuse) as (connection, _):
        assert connection.post("/", b"x" * 5_000_000, {}, 5).status == 413


class _Hasty(BaseHTTPRequestHandler):
    """Answers as its path says, and closes, before the body is there."""

    def do_PUT(self) -> None:
        self.send_response(int(self.path.removeprefix("/")))
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def test_such_an_answer_is_heard_through_tls_too_and_a_success_is_none() -> None:
    authority = trustme.CA()
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with tls_server(_Hasty, authority.issue_cert("localhost")) as port:
        connection = Connection(f"https://localhost:{port}", trusting)

        assert eventually_answered(connection, "/403").status == 403
        with pytest.raises(NoAnswerError):
            connection.put("/200", b"x" * 8_000_000, {}, 5)


def eventually_answered(connection: Connection, path: str) -> Answer:
    """An answer to a body that is not read: a reset of the connection may take it away with it."""
    for _ in range(20):
        with contextlib.suppress(NoAnswerError):
            return connection.put(path, b"x" * 8_000_000, {}, 5)
    raise AssertionError("no answer was heard in 20 times")


def test_an_answer_that_takes_too_long_is_no_answer() -> None:
    done = threading.Event()

    def slow(talking: socket.socket) -> None:
        request_in(talking)
        talking.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
        done.wait(5)

    with server(slow) as (connection, _):
        with pytest.raises(NoAnswerError, match="time"):
            connection.post("/", b"x", {}, 0.2)
        done.set()


def test_an_answer_can_be_asked_for_later() -> None:
    with server(answering(OK)) as (connection, _):
        connection.begin("/", b"x", {}, 5)
        assert connection.finish().body == b"ok"
        with pytest.raises(RuntimeError):
            connection.finish()
