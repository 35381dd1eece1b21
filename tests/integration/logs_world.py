"""A stack whose lines are in a real Elasticsearch, as the shipper made them, and a shell to type commands in."""

from __future__ import annotations

import base64
import contextlib
import gzip
import http.client
import io
import json
import os
import threading
import time
import uuid
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

from shipper.deadline import Deadline
from shipper.pipeline import Surroundings, run
from watchpost.configuration import Configuration, Logs
from watchpost.elasticsearch import Cluster
from watchpost.ingest import Ingest
from watchpost.search.lines import Lines
from watchpost.secrets import Secret
from watchpost.settings import Settings
from watchpost_cli.main import main

from tests.integration.test_shipper_elasticsearch import credentials, install_templates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REGION, ACCOUNT = "eu-west-1", "123456789012"
KIBANA = "https://kibana.example.com:5601"
# Whole seconds, well in the past: no line is in the future, and all are in the window of an hour.
NOW_MS = int(time.time()) * 1_000
BEGAN_MS = NOW_MS - 600_000
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:elasticsearch"
UNUSED = dict.fromkeys(Settings.__slots__, "unused")


def nobody(*_: Any, **__: Any) -> Any:
    raise AssertionError("nothing here needs it")


@dataclass
class Gate:
    """What stands before Elasticsearch: counts searches, and answers 503 while it is shut.

    on_search: called before each search with its number, from 1 on.
    """

    upstream: str  # without credentials
    searches: int = 0
    shut: bool = False
    on_search: Callable[[int], None] = nobody
    bodies: list[dict[str, Any]] = field(default_factory=list)
    server: ThreadingHTTPServer = field(init=False)

    def __post_init__(self) -> None:
        self.on_search = lambda _: None
        gate = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                if "_search" in self.path:
                    gate.searches += 1
                    gate.bodies.append(json.loads(body))
                    gate.on_search(gate.searches)
                status, headers, content = (503, {}, b"{}") if gate.shut else gate.ask(self.path, body, self.headers)
                self.send_response(status)
                for name, value in {**headers, "X-Elastic-Product": "Elasticsearch"}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def ask(self, path: str, body: bytes, given: Any) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(urlsplit(self.upstream).netloc, timeout=20)
        try:
            headers = {name: given[name] for name in ("authorization", "content-type", "accept") if given[name]}
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, {"content-type": answer.headers["content-type"]}, answer.read()
        finally:
            connection.close()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Account:
    """A small server that answers for CloudFormation, Secrets Manager and Lambda."""

    def __init__(self, parameters: dict[str, str], secret: dict[str, str]) -> None:
        self.parameters = parameters
        self.outputs = {"ElasticsearchSecret": SECRET}
        self.secret = secret
        self.may_read_secret = True
        self.functions: dict[str, str | int] = {}  # LastModified by name, or the status of a refusal
        self.calls: list[str] = []
        account = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if "x-amz-target" in self.headers:
                    self._answer(*account.secrets_manager(json.loads(body)))
                else:
                    account.calls.append(f"DescribeStacks {parse_qs(body.decode())['StackName'][0]}")
                    self._answer(200, account.stacks())

            def do_GET(self) -> None:
                self._answer(*account.function(self.path.split("/")[3]))

            def _answer(self, status: int, content: bytes) -> None:
                self.send_response(status)
                if status == 403:
                    self.send_header("x-amzn-errortype", "AccessDeniedException")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stacks(self) -> bytes:
        arn = f"<StackId>arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/wp/1</StackId>"
        lists = _members(self.outputs, "Output") + _members(self.parameters, "Parameter")
        member = f"<member><StackName>wp</StackName>{arn}{lists}</member>"
        inner = f"<DescribeStacksResult><Stacks>{member}</Stacks></DescribeStacksResult>"
        return f"<DescribeStacksResponse>{inner}</DescribeStacksResponse>".encode()

    def secrets_manager(self, asked: dict[str, Any]) -> tuple[int, bytes]:
        self.calls.append(f"GetSecretValue {asked['SecretId']}")
        if not self.may_read_secret and asked["SecretId"] == SECRET:
            return 400, json.dumps({"__type": "AccessDeniedException", "Message": "no"}).encode()
        return 200, json.dumps({"ARN": SECRET, "Name": "e", "SecretString": json.dumps(self.secret)}).encode()

    def function(self, name: str) -> tuple[int, bytes]:
        self.calls.append(f"GetFunctionConfiguration {name}")
        found = self.functions.get(name, 403)
        if isinstance(found, int):
            return found, json.dumps({"Message": f"you may not see {name}"}).encode()
        return 200, json.dumps({"FunctionName": name, "LastModified": found}).encode()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def _members(values: dict[str, str], kind: str) -> str:
    found = [
        f"<member><{kind}Key>{key}</{kind}Key><{kind}Value>{value}</{kind}Value></member>"
        for key, value in values.items()
    ]
    return f"<{kind}s>{''.join(found)}</{kind}s>"


@dataclass
class World:
    """A namespace of its own in Elasticsearch, and what leads to it."""

    namespace: str
    cluster: Cluster
    gate: Gate
    account: Account
    ingest: Ingest

    @property
    def lines(self) -> Lines:
        return Lines(self.cluster, self.namespace)

    def ship(
        self,
        function: str,
        *lines: tuple[int, str],
        stream: str = "0a1b",
        group: str = "",
        ingested_ms: int = NOW_MS,
        filter_name: str = "watchpost",
    ) -> None:
        """Have the shipper handle lines of a log stream; each with its time in ms since BEGAN_MS, which may be over."""
        events = [
            {"id": uuid.uuid4().hex, "timestamp": BEGAN_MS + offset, "message": message} for offset, message in lines
        ]
        content = {
            "messageType": "DATA_MESSAGE",
            "owner": ACCOUNT,
            "logGroup": group or f"/aws/lambda/{function}",
            "logStream": f"2026/11/21/[$LATEST]{stream}" if function else stream,
            "subscriptionFilters": [filter_name],
            "logEvents": events,
        }
        event = {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(content).encode())).decode()}}
        with contextlib.redirect_stdout(io.StringIO()):  # its own metrics
            done = run(event, replace(self._surroundings(), now_ms=lambda: ingested_ms))
        assert (done["DocumentsDelivered"], done["DeadLettered"]) == (len(lines), 0)
        self.refresh()

    def refresh(self) -> None:
        self.cluster.request("POST", f"/*watchpost.*-{self.namespace}/_refresh")

    def _surroundings(self) -> Surroundings:
        names = {"stack": "wp", "environment": self.namespace, "aws_region": REGION}
        return Surroundings(
            settings=Settings(**UNUSED | names),
            configuration=Configuration(logs=Logs(platform="all", count=False)),
            connect=lambda **_: self.ingest,
            cloudwatch=nobody,
            s3=nobody,
            entry_of=lambda _: None,
            deadline=Deadline(lambda: 60.0),
            request_id="invocation",
            now_ms=lambda: NOW_MS,
        )

    def shell(self, *arguments: str) -> tuple[int, str, str]:
        """Type a command; returns its exit code, and what it printed on both streams."""
        out, err = io.StringIO(), io.StringIO()
        with (
            patch.dict(os.environ, self._environment(), clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = main([*arguments])
        return code, out.getvalue(), err.getvalue()

    def json(self, *arguments: str) -> dict[str, Any]:
        code, out, err = self.shell(*arguments, "--json")
        assert code in (0, 1), err
        assert out.isascii()
        assert out.count("\n") == 1
        return dict(json.loads(out))

    def _environment(self) -> dict[str, str]:
        services = ("CLOUDFORMATION", "SECRETS_MANAGER", "LAMBDA")
        keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": REGION}
        places = {f"AWS_ENDPOINT_URL_{service}": self.account.url for service in services}
        return {
            **keys,
            **places,
            "WATCHPOST_STACK": "wp",
            "PATH": os.environ.get("PATH", ""),
            "HOME": os.environ.get("HOME", "/"),
        }


@contextlib.contextmanager
def opened(elasticsearch_url: str) -> Iterator[World]:
    """A namespace with the project's templates and nothing in it."""
    namespace = f"l{uuid.uuid4().hex}"
    url, secret = credentials(elasticsearch_url)
    cluster = Cluster.connect(url, Secret("test", secret))
    install_templates(cluster, namespace)
    gate = Gate(url)
    account = Account(
        {"ElasticsearchUrl": gate.url, "Environment": namespace, "KibanaUrl": KIBANA, "KibanaSpace": "default"}, secret
    )
    ingest = Ingest(url, Secret("test", secret))
    try:
        yield World(namespace, cluster, gate, account, ingest)
    finally:
        ingest.close()
        account.close()
        gate.close()
