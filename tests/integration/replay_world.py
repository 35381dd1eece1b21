"""What the tests of the replay stand on: moto's S3, and small servers that answer as the shipper and a cluster do."""

from __future__ import annotations

import functools
import gzip
import json
import threading
import time
import uuid
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.botocore_stubber import BotocoreStubber
from moto.s3.models import s3_backends
from replay import invoke
from replay.run import Surroundings, run
from watchpost.dead_letters import key_of
from watchpost.elasticsearch import Cluster
from watchpost.secrets import Secret
from watchpost.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

REGION = "eu-west-1"
BUCKET = "letters"
AWAY = "Elasticsearch is unavailable (503): away"
NOT_PARSED = "400 document_parsing_exception: failed to parse field [n]"
ODD = "the shipper has its reasons"
SHIPPER_ARN = f"arn:aws:lambda:{REGION}:000000000000:function:s-shipper:live"

Letters = list[dict[str, Any]]
Reply = tuple[int, dict[str, str], Any]  # status, headers, body as JSON
Script = "Callable[[Letters], Reply]"


def results(*entries: Any) -> Reply:
    """The shipper's answer."""
    return 200, {}, {"results": list(entries)}


def delivered(letters: Letters) -> Reply:
    """All is delivered."""
    return results(*({"delivered": True} for _ in letters))


def failing(reason: str, is_concerned: Callable[[dict[str, Any]], bool] = lambda _: True) -> Any:
    """A script that refuses the letters concerned."""

    def script(letters: Letters) -> Reply:
        failed = {"delivered": False, "reason": reason, "attempts": 1}
        return results(*(failed if is_concerned(letter) else {"delivered": True} for letter in letters))

    return script


def died(message: str = "Runtime exited with error: signal: killed") -> Reply:
    """What Lambda answers when the function failed."""
    return 200, {"X-Amz-Function-Error": "Unhandled"}, {"errorMessage": message}


class Server:
    """A small server for both: Lambda's Invoke, and the health of a cluster."""

    def __init__(self) -> None:
        self.script: Any = delivered
        self.health = 200
        self.received: list[Letters] = []
        self.delivered: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                letters = json.loads(self.rfile.read(int(self.headers["content-length"])))["deadLetters"]
                self._answer(*outer.answer(letters))

            def do_GET(self) -> None:
                body = {"status": "green"} if outer.health == 200 else {"error": "away"}
                self._answer(outer.health, {"x-elastic-product": "Elasticsearch"}, body)

            def _answer(self, status: int, headers: dict[str, str], body: Any) -> None:
                content = json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"content-type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, letters: Letters) -> Reply:
        """Answer as the script says, and note what was delivered."""
        with self._lock:
            self.received.append(letters)
        reply = self.script(letters)
        answers = reply[2].get("results", []) if isinstance(reply[2], dict) else []
        with self._lock:
            self.delivered += [
                letter for letter, answer in zip(letters, answers, strict=False) if answer.get("delivered")
            ]
        return reply

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@dataclass
class World:
    """A bucket, a shipper and a cluster, and a clock that can be set forward."""

    server: Server
    ahead: timedelta = timedelta()
    remaining: Callable[[], float] = lambda: 300.0
    s3: Any = field(init=False)

    def __post_init__(self) -> None:
        self.s3 = boto3.client("s3", region_name=REGION)
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        config = Config(retries={"total_max_attempts": 1}, read_timeout=10)
        self.functions = boto3.client("lambda", region_name=REGION, endpoint_url=self.server.url, config=config)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def surroundings(self, **changes: Any) -> Surroundings:
        arrangement: dict[str, Any] = {
            "settings": settings(),
            "connect": self.connect,
            "s3": lambda: self.s3,
            "invoke": functools.partial(invoke.send, self.functions, SHIPPER_ARN),
            "remaining": self.remaining,
            "request_id": str(uuid.uuid4()),
            "now": self.now,
            "monotonic": time.monotonic,
        }
        return Surroundings(**(arrangement | changes))

    def connect(self, *, fresh: bool = False) -> Cluster:  # noqa: ARG002  # the signature is the one that is called
        return Cluster.connect(self.server.url, Secret("s", {"api_key": "k"}))

    def replay(self, event: Any = None, **changes: Any) -> dict[str, Any]:
        return run({} if event is None else event, self.surroundings(**changes))

    def put(self, letters: Letters, name: str = "", when: datetime | None = None) -> str:
        """Store letters as the shipper does; without `at`, as older versions did."""
        key = key_of(name or str(uuid.uuid4()), when or datetime.now(UTC))
        body = gzip.compress("".join(json.dumps(letter) + "\n" for letter in letters).encode())
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        return key

    def touch(self, key: str, when: datetime) -> None:
        """Set when an object was written last, which S3 lets nobody do."""
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[BUCKET].keys[key].last_modified = when.replace(tzinfo=None)

    def stored(self, prefix: str = "") -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def body(self, key: str) -> bytes:
        body = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        assert isinstance(body, bytes)
        return body

    def letters(self, prefix: str) -> Letters:
        """All letters below a prefix."""
        return [
            json.loads(line) for key in self.stored(prefix) for line in gzip.decompress(self.body(key)).splitlines()
        ]


def letter(kind: str, number: int, reason: str = "Elasticsearch is unavailable (503): away") -> dict[str, Any]:
    """A letter as the shipper stores it."""
    originals: dict[str, Any] = {
        "document": {"index": "logs-watchpost.app-dev", "id": f"id-{number}", "document": {"n": number}},
        "metric": {"namespace": "Watchpost", "MetricName": "m", "Dimensions": [], "Values": [number], "Counts": [1]},
        "payload": {"awslogs": {"data": f"payload-{number}"}},
    }
    return {"kind": kind, "reason": reason, "attempts": 6, "original": originals[kind]}


def settings() -> Settings:
    values = dict.fromkeys(Settings.__slots__, "x")
    return Settings(**values | {"stack": "s", "dead_letter_bucket": BUCKET, "shipper_arn": SHIPPER_ARN})


def make_writes_atomic(monkeypatch: pytest.MonkeyPatch) -> None:
    """One request at a time reaches moto: S3 looks at a condition and writes in one step, moto in two."""
    lock = threading.Lock()
    call = BotocoreStubber.__call__

    def one_at_a_time(stubber: BotocoreStubber, event_name: str, request: Any, **rest: Any) -> Any:
        with lock:
            return call(stubber, event_name, request, **rest)

    monkeypatch.setattr(BotocoreStubber, "__call__", one_at_a_time)


@contextmanager
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world for one test."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    make_writes_atomic(monkeypatch)
    server = Server()
    with mock_aws():
        yield World(server)
    server.close()


def metrics_line(output: str) -> dict[str, Any]:
    """The line of metrics in what a run printed."""
    [line] = [json.loads(line) for line in output.splitlines() if "CloudWatchMetrics" in line]
    assert isinstance(line, dict)
    return line


def numbers(letters: Letters) -> Counter[int]:
    """How often each metric or document was delivered, by its number."""
    return Counter(
        item["original"]["Values"][0] if item["kind"] == "metric" else item["original"]["document"]["n"]
        for item in letters
    )


class Immortal:
    """A client of a process that dies: it removes nothing any more."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3

    def __getattr__(self, name: str) -> Any:
        return (lambda **_: None) if name == "delete_object" else getattr(self._s3, name)


def async_record(function: str, payload: Any) -> dict[str, Any]:
    return {
        "version": "1.0",
        "timestamp": "2026-11-20T10:00:00.123Z",
        "requestContext": {
            "requestId": "r",
            "functionArn": f"arn:aws:lambda:{REGION}:000000000000:function:{function}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": payload,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": "no bucket", "errorType": "DeadLetterError"},
    }


def put_record(world: World, key: str, record: Any) -> str:
    world.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(record).encode())
    return key
