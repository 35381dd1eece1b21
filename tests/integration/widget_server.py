"""CloudWatch's GetMetricWidgetImage as a small real server: no emulator knows it. As strict as what is documented.

    with running() as cloudwatch:
        client = create_client("cloudwatch", endpoint_url=cloudwatch.url)
        cloudwatch.widgets      # those that it drew

It speaks the JSON protocol of botocore's service model, wants signed requests, answers with a picture of the size that
was asked for, and with ValidationError where tests.unit.notifier.widget_rules refuses a widget. `answer` makes it fail.
"""

from __future__ import annotations

import base64
import json
import struct
import threading
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.unit.notifier.widget_rules import WidgetError, check

if TYPE_CHECKING:
    from collections.abc import Iterator

_TARGET = "GraniteServiceVersion20100801.GetMetricWidgetImage"


@dataclass
class WidgetServer:
    """What it was asked. answer: (status, code) instead of a picture; hang: it answers when `release` is set."""

    url: str = ""
    widgets: list[dict[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    answer: tuple[int, str] | None = None
    hang: bool = False
    release: threading.Event = field(default_factory=threading.Event)

    def answered(self, headers: Any, body: bytes) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer."""
        if self.hang:
            self.release.wait()
        if self.answer:
            return self.answer[0], {"__type": self.answer[1], "message": "no"}
        signed = headers.get("Authorization", "")
        if not (signed.startswith("AWS4-HMAC-SHA256 ") and "/monitoring/aws4_request" in signed):
            return 403, {"__type": "MissingAuthenticationToken", "message": "not signed"}
        if headers.get("X-Amz-Target") != _TARGET:
            return 400, {"__type": "InvalidAction", "message": "unknown operation"}
        asked = json.loads(body)
        if set(asked) - {"MetricWidget", "OutputFormat"} or asked.get("OutputFormat", "png") != "png":
            return 400, {"__type": "InvalidParameterCombination", "message": "unknown parameters"}
        try:
            widget = check(asked["MetricWidget"])
        except WidgetError as error:
            self.refused.append(str(error))
            return 400, {"__type": "ValidationError", "message": str(error)}
        self.widgets.append(widget)
        picture = png(widget.get("width", 600), widget.get("height", 400))
        return 200, {"MetricWidgetImage": base64.b64encode(picture).decode()}


def png(width: int, height: int) -> bytes:
    """A white picture (PNG specification: signature, IHDR, IDAT, IEND)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\xff" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


class _Handler(BaseHTTPRequestHandler):
    server_of: WidgetServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, answer = self.server_of.answered(self.headers, body)
        encoded = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def running() -> Iterator[WidgetServer]:
    """The server on a free port."""
    made = WidgetServer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"server_of": made}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield made
    finally:
        made.release.set()
        server.shutdown()
        server.server_close()
        thread.join()
