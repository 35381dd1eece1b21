"""The answer to CloudFormation, against a real server."""

from __future__ import annotations

import json
import socket
import threading
import traceback
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import requests
from watchpost.custom_resource import LONGEST_REASON, respond

if TYPE_CHECKING:
    from collections.abc import Iterator

HIDDEN = "hidden-part"


@dataclass
class Bucket:
    """Where CloudFormation has its answers put."""

    url: str = ""
    status: int = 200
    bodies: list[bytes] = field(default_factory=list)
    types: list[str | None] = field(default_factory=list)


@pytest.fixture(autouse=True)
def _as_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers of this machine stand for AWS."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", "http://127.0.0.1")


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    found = Bucket()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            found.bodies.append(self.rfile.read(int(self.headers["content-length"])))
            found.types.append(self.headers["content-type"])
            self.send_response(found.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}/answer?signature={HIDDEN}"
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def _request(url: str, **fields: Any) -> dict[str, Any]:
    return {"ResponseURL": url, "StackId": "stack", "RequestId": "r", "LogicalResourceId": "Subscriptions", **fields}


def test_success_is_told_with_the_ids_of_the_request(bucket: Bucket) -> None:
    respond(_request(bucket.url), "stream", failure=None, data={"A": "1"})

    assert json.loads(bucket.bodies[0]) == {
        "Status": "SUCCESS",
        "Reason": "See log stream stream",
        "PhysicalResourceId": "Subscriptions",
        "StackId": "stack",
        "RequestId": "r",
        "LogicalResourceId": "Subscriptions",
        "Data": {"A": "1"},
    }
    assert bucket.types == [""]  # the URL is signed for it


def test_a_resource_keeps_the_id_that_it_has(bucket: Bucket) -> None:
    respond(_request(bucket.url, PhysicalResourceId="kept"), "stream", failure="no")

    answer = json.loads(bucket.bodies[0])
    assert (answer["Status"], answer["Reason"], answer["PhysicalResourceId"]) == ("FAILED", "no", "kept")


@pytest.mark.parametrize(("length", "kept"), [(LONGEST_REASON, LONGEST_REASON), (LONGEST_REASON + 1, LONGEST_REASON)])
def test_a_long_reason_is_cut_so_that_the_answer_is_taken(bucket: Bucket, length: int, kept: int) -> None:
    arn = "arn:aws:cloudformation:eu-west-1:123456789012:stack/" + "s" * 128 + "/51af3dc0-da77-11e4-872e-1234567db123"

    respond(_request(bucket.url, StackId=arn), "stream", failure="日" * length)

    assert len(json.loads(bucket.bodies[0])["Reason"]) == kept
    assert len(bucket.bodies[0]) <= 4096


def test_an_answer_that_is_refused_is_an_error_without_the_signed_url(bucket: Bucket) -> None:
    bucket.status = 403

    with pytest.raises(requests.RequestException, match="HTTP 403") as caught:
        respond(_request(bucket.url), "stream", failure=None)

    assert HIDDEN not in "".join(traceback.format_exception(caught.value))


def test_an_answer_that_reaches_nobody_is_an_error_without_the_signed_url() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with pytest.raises(requests.RequestException, match="ConnectionError") as caught:
        respond(_request(f"http://127.0.0.1:{port}/?signature={HIDDEN}"), "stream", failure=None)

    assert HIDDEN not in "".join(traceback.format_exception(caught.value))
