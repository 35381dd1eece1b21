"""Clients of AWS: how many requests one call is, when AWS asks to come again."""

from __future__ import annotations

import functools
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from watchpost import aws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

THROTTLED = b'{"__type":"ThrottlingException","message":"Rate exceeded"}'
CLIENTS = (aws.client, aws.dynamodb_brief, aws.session)


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The requests that reach an AWS which is always busy."""
    found: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.do_GET()

        def do_GET(self) -> None:
            found.append(self.path)
            self.send_response(400)
            self.send_header("content-length", str(len(THROTTLED)))
            self.end_headers()
            self.wfile.write(THROTTLED)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    for client in CLIENTS:
        client.cache_clear()
    yield found
    for client in CLIENTS:
        client.cache_clear()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("call", "count"),
    [
        (lambda: aws.client("logs").describe_log_groups(), 1),
        (lambda: aws.client("lambda").list_tags(Resource="arn:aws:lambda:eu-west-1:123456789012:function:f"), 1),
        (lambda: aws.client("resourcegroupstaggingapi").get_resources(), 1),
        (lambda: aws.dynamodb_brief().get_item(TableName="t", Key={"log_group": {"S": "/a"}}), 2),
    ],
    ids=["logs", "lambda", "tagging", "dynamodb_brief"],
)
def test_a_call_is_as_many_requests_as_its_client_promises(
    requests: list[str], call: Callable[[], Any], count: int
) -> None:
    with pytest.raises(ClientError, match="Rate exceeded"):
        call()

    assert len(requests) == count


@pytest.mark.parametrize(
    "client",
    [
        *(functools.partial(aws.client, service) for service in ("logs", "lambda", "resourcegroupstaggingapi")),
        aws.dynamodb_brief,
    ],
)
def test_a_client_is_made_once(requests: list[str], client: Callable[[], Any]) -> None:
    assert client() is client()
