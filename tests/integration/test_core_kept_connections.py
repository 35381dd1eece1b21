"""Connections to Elasticsearch outlive the credentials being read again; that of bulk requests ends with them."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws
from watchpost import aws, elasticsearch, ingest, secrets

from tests.integration.replay_world import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from watchpost.settings import Settings

REGION = "eu-west-1"
SECRET = "cluster"  # a name
TIMES = 6  # of five minutes each, and more than any cache keeps


class Server(ThreadingHTTPServer):
    """Answers everything, keeps connections open, and knows what came on which."""

    def __init__(self) -> None:
        self.requests: list[tuple[int, str]] = []  # a connection's port and its credentials
        self.ended: Counter[int] = Counter()
        self.over = threading.Condition()
        super().__init__(("127.0.0.1", 0), Answering)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def connections(self) -> set[int]:
        return {port for port, _ in self.requests}

    def shutdown_request(self, request: Any) -> None:
        """A client has closed its connection."""
        port = request.getpeername()[1]
        super().shutdown_request(request)
        with self.over:
            self.ended[port] += 1
            self.over.notify_all()


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.requests.append((self.client_address[1], self.headers["authorization"]))
        body = json.dumps({"errors": False, "items": []}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/vnd.elasticsearch+json; compatible-with=8")
        self.send_header("x-elastic-product", "Elasticsearch")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def _forget() -> None:
    """What a process keeps for its life."""
    for _, made in ingest._kept.values():
        made.close()
    ingest._kept.clear()
    secrets._kept.clear()
    aws.secrets.cache_clear()
    elasticsearch._connected.cache_clear()


@pytest.fixture
def around(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    _forget()
    with mock_aws():
        boto3.client("secretsmanager", region_name=REGION).create_secret(Name=SECRET, SecretString="{}")
        _store("first")
        yield replace(settings(), elasticsearch_url=server.url, elasticsearch_secret=SECRET)
    _forget()


def _store(key: str) -> None:
    manager = boto3.client("secretsmanager", region_name=REGION)
    manager.put_secret_value(SecretId=SECRET, SecretString=json.dumps({"api_key": key}))


def _by_bulk(around: Settings) -> None:
    ingest.ingest(around, fresh=True).bulk(b"{}\n{}\n")


def _by_client(around: Settings) -> None:
    elasticsearch.cluster(around, fresh=True).request("POST", "/_search", {})


@pytest.mark.parametrize("ask", [_by_bulk, _by_client])
def test_credentials_that_are_read_again_unchanged_need_no_other_connection(
    server: Server, around: Settings, ask: Callable[[Settings], None]
) -> None:
    """Promise: an environment that lives for hours has one connection to Elasticsearch, not one for each reading."""
    for _ in range(TIMES):
        ask(around)

    assert len(server.requests) == TIMES
    assert len(server.connections()) == 1


def test_other_credentials_take_a_connection_of_their_own_and_close_the_other(server: Server, around: Settings) -> None:
    """Promise: after a rotation nothing is sent with the old credentials, and their connection does not stay open."""
    _by_bulk(around)
    (first,) = server.connections()

    _store("second")
    _by_bulk(around)

    with server.over:
        assert server.over.wait_for(lambda: server.ended[first], timeout=10)
    assert [credentials for _, credentials in server.requests] == ["ApiKey first", "ApiKey second"]
    assert len(server.connections()) == 2
