"""S3, Parameter Store, Secrets Manager, DynamoDB and CloudWatch as one small server that checks signatures."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from tests.integration.faults import signature
from tests.integration.faults.cloudwatch import CloudWatch

BUCKET = "dead-letters"
PARAMETER = "/watchpost/test/config"
SECRET = "watchpost/elasticsearch"
LEDGER = "watchpost-subscriptions"


class NoAnswerError(Exception):
    """The connection ends without an answer."""


@dataclass
class Aws:
    """An account: what it holds, and what it refuses."""

    configuration: dict[str, Any]
    credentials: dict[str, str]
    cloudwatch: CloudWatch = field(default_factory=CloudWatch)
    objects: dict[str, bytes] = field(default_factory=dict)
    refuse_puts: float = 0  # how many of the next objects the bucket refuses
    silent_puts: bool = False  # whether the bucket takes objects, keeps none and does not answer
    refuse_parameters: float = 0  # how many of the next readings of the parameter are refused
    refused_puts: int = 0
    refused_parameters: int = 0
    ledger: dict[str, dict[str, Any]] = field(default_factory=dict)  # items by log group
    ledger_fault: str = ""  # the code of what DynamoDB refuses with, or "no answer"
    asked: list[str] = field(default_factory=list)  # names of the log groups whose items were asked for
    unsigned: list[str] = field(default_factory=list)
    url: str = ""
    heard: threading.Event = field(default_factory=threading.Event)  # ends the silence
    _server: Any = None
    _thread: threading.Thread | None = None

    def start(self) -> None:
        aws = self

        class Handler(_Handler):
            account = aws

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        assert self._thread is not None
        self.heard.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def letters(self) -> dict[str, list[dict[str, Any]]]:
        """The dead letters in the bucket, by key of their object."""
        return {
            key: [json.loads(line) for line in gzip.decompress(body).splitlines()]
            for key, body in sorted(self.objects.items())
        }

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for one request."""
        fault = signature.fault_of(method, path, headers, body)
        if fault is not None:
            self.unsigned.append(f"{method} {path}: {fault}")
            return _json_refusal("InvalidSignatureException", fault, 403)
        target = headers.get("x-amz-target", "")
        if target.endswith(".PutMetricData") or path.endswith("/PutMetricData"):
            return self.cloudwatch.put(headers, path, body)
        if target == "AmazonSSM.GetParameter":
            return self._parameter(json.loads(body))
        if target == "secretsmanager.GetSecretValue":
            return self._secret(json.loads(body))
        if target == "DynamoDB_20120810.GetItem":
            return self._item(json.loads(body))
        return self._object(method, unquote(path), headers, body)

    def _secret(self, request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        if request["SecretId"] != SECRET:
            return _json_refusal("ResourceNotFoundException", "no such secret", 400)
        return _json({"Name": SECRET, "SecretString": json.dumps(self.credentials)})

    def _item(self, request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        key = request["Key"]["log_group"]["S"]
        self.asked.append(key)
        if self.ledger_fault == "no answer":
            raise NoAnswerError
        if self.ledger_fault or request["TableName"] != LEDGER:
            return _json_refusal(self.ledger_fault or "ResourceNotFoundException", "no", 400)
        return _json({"Item": self.ledger[key]} if key in self.ledger else {})

    def _parameter(self, request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        if self.refuse_parameters > 0:
            self.refuse_parameters -= 1
            self.refused_parameters += 1
            return _json_refusal("AccessDeniedException", "not authorized to perform: ssm:GetParameter", 400)
        if request["Name"] != PARAMETER:
            return _json_refusal("ParameterNotFound", "no such parameter", 400)
        return _json({"Parameter": {"Name": PARAMETER, "Type": "String", "Value": json.dumps(self.configuration)}})

    def _object(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        prefix = f"/{BUCKET}/"
        if method != "PUT" or not path.startswith(prefix) or "aws-chunked" in headers.get("content-encoding", ""):
            return _xml_refusal("NotImplemented", 501)
        if self.silent_puts:
            self.refused_puts += 1
            self.heard.wait(60)
            raise NoAnswerError
        if self.refuse_puts > 0:
            self.refuse_puts -= 1
            self.refused_puts += 1
            return _xml_refusal("AccessDenied", 403)
        key = path.removeprefix(prefix)
        if headers.get("if-none-match") == "*" and key in self.objects:
            return _xml_refusal("PreconditionFailed", 412)
        self.objects[key] = body
        return 200, {"etag": '"0"'}, b""


def _json(content: Any) -> tuple[int, dict[str, str], bytes]:
    return 200, {"content-type": "application/x-amz-json-1.1"}, json.dumps(content).encode()


def _json_refusal(code: str, message: str, status: int) -> tuple[int, dict[str, str], bytes]:
    body = json.dumps({"__type": code, "message": message}).encode()
    return status, {"content-type": "application/x-amz-json-1.1"}, body


def _xml_refusal(code: str, status: int) -> tuple[int, dict[str, str], bytes]:
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>no</Message></Error>'
    return status, {"content-type": "application/xml"}, body.encode()


class _Handler(BaseHTTPRequestHandler):
    account: Aws
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            status, more, content = self.account.answer(self.command, self.path, headers, body)
        except NoAnswerError:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in {**more, "content-length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        self._do()

    def do_PUT(self) -> None:
        self._do()

    def handle_expect_100(self) -> bool:
        """Send the go-ahead at once: whoever waits for it would otherwise lose a second."""
        going = super().handle_expect_100()
        self.wfile.flush()
        return going

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
