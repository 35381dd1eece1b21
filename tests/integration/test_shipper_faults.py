"""The shipper when Elasticsearch, CloudWatch or the dead-letter bucket fail."""

from __future__ import annotations

import base64
import gzip
import json
import threading
from collections import Counter
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws
from shipper.deadline import Deadline
from shipper.deliver import MAX_ATTEMPTS
from shipper.pipeline import Surroundings, run
from watchpost.configuration import Configuration
from watchpost.elasticsearch import Cluster
from watchpost.errors import DeadLetterError
from watchpost.secrets import Secret
from watchpost.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_s3 import S3Client

NOW = 1_795_248_000_000
REGION = "eu-west-1"
BUCKET = "dead-letters"

Documents = list[dict[str, Any]]


class Faulty:
    """A small server that answers bulk requests as a script says.

    The script gets the documents of a request and the request's number, and gives status and body.
    """

    def __init__(self) -> None:
        self.script: Callable[[Documents, int], tuple[int, Any]] = created
        self.requests: list[Documents] = []
        self.logins: list[str] = []
        faulty = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                lines = self.rfile.read(int(self.headers["content-length"])).splitlines()
                documents = [json.loads(line) for line in lines[1::2]]
                faulty.logins.append(self.headers["authorization"])
                faulty.requests.append(documents)
                status, body = faulty.script(documents, len(faulty.requests))
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("x-elastic-product", "Elasticsearch")
                self.send_header("content-type", "application/vnd.elasticsearch+json;compatible-with=8")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


def created(documents: Documents, _: int = 0) -> tuple[int, Any]:
    return 200, {"errors": False, "items": [{"create": {"status": 201}} for _ in documents]}


def items(*statuses: int) -> tuple[int, Any]:
    error = {"type": "some_exception", "reason": "because"}
    results = [{"create": {"status": status} | ({"error": error} if status > 201 else {})} for status in statuses]
    return 200, {"errors": True, "items": results}


def refusal(status: int) -> tuple[int, Any]:
    return status, {"error": {"type": "some_exception", "reason": "because"}, "status": status}


@dataclass
class Stack:
    """A faulty Elasticsearch and an AWS account in memory."""

    elasticsearch: Faulty
    s3: S3Client
    surroundings: Surroundings
    pauses: list[float]

    def ship(self, *messages: str) -> dict[str, float]:
        return run(event(*messages), self.surroundings)

    def letters(self) -> list[dict[str, Any]]:
        keys = [item["Key"] for item in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
        assert len(keys) <= 1, "one object for an invocation"
        bodies = [gzip.decompress(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()) for key in keys]
        return [json.loads(line) for body in bodies for line in body.splitlines()]

    def published(self) -> set[str]:
        return {
            metric["MetricName"]
            for metric in self.surroundings.cloudwatch().list_metrics(Namespace="Watchpost")["Metrics"]
        }


def event(*messages: str, data: str | None = None) -> dict[str, Any]:
    content = {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": "/aws/lambda/orders-api",
        "logStream": "s",
        "subscriptionFilters": ["watchpost"],
        "logEvents": [
            {"id": str(number), "timestamp": NOW, "message": message} for number, message in enumerate(messages)
        ],
    }
    packed = base64.b64encode(gzip.compress(json.dumps(content).encode())).decode()
    return {"awslogs": {"data": packed if data is None else data}}


@pytest.fixture
def elasticsearch() -> Iterator[Faulty]:
    faulty = Faulty()
    thread = threading.Thread(target=faulty.server.serve_forever, args=(0.01,))
    thread.start()
    yield faulty
    faulty.server.shutdown()
    faulty.server.server_close()
    thread.join()


@pytest.fixture
def stack(elasticsearch: Faulty) -> Iterator[Stack]:
    secret = Secret("test", {"username": "u", "password": "p"})
    cluster = Cluster.connect(elasticsearch.url, secret)
    renewed = Cluster.connect(elasticsearch.url, Secret("test", {"username": "u", "password": "renewed"}))
    pauses: list[float] = []
    with mock_aws():
        s3 = boto3.client("s3", region_name=REGION)
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        cloudwatch = boto3.client("cloudwatch", region_name=REGION)
        named = {"environment": "dev", "metric_namespace": "Watchpost", "dead_letter_bucket": BUCKET}
        surroundings = Surroundings(
            settings=Settings(**dict.fromkeys(Settings.__slots__, "unused") | named),
            configuration=Configuration(),
            connect=lambda *, fresh=False: renewed if fresh else cluster,
            cloudwatch=lambda: cloudwatch,
            s3=lambda: s3,
            deadline=Deadline(lambda: 60.0, sleep=pauses.append),
            request_id="invocation",
            now_ms=lambda: NOW,
        )
        yield Stack(elasticsearch, s3, surroundings, pauses)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_an_answer_that_asks_to_come_again_is_retried_with_pauses(stack: Stack, status: int) -> None:
    stack.elasticsearch.script = lambda documents, number: refusal(status) if number < 3 else created(documents)

    done = stack.ship("x")

    assert (done["DocumentsDelivered"], done["DeadLettered"]) == (1, 0)
    assert len(stack.pauses) == 2
    assert all(pause > 0 for pause in stack.pauses)


def test_an_elasticsearch_that_stays_away_costs_no_line_and_no_metric(stack: Stack) -> None:
    stack.elasticsearch.script = lambda *_: refusal(503)

    done = stack.ship("x", "y", "MONITORING|1795248000|1|count|orders")

    assert len(stack.elasticsearch.requests) == MAX_ATTEMPTS
    assert (done["DocumentsDelivered"], done["DeadLettered"], done["MetricsPublished"]) == (0, 3, 3)
    assert "DeliveryLagSeconds" not in done
    letters = stack.letters()
    assert [letter["original"]["document"]["message"] for letter in letters[:2]] == ["x", "y"]
    assert {letter["kind"] for letter in letters} == {"document"}
    assert {letter["attempts"] for letter in letters} == {MAX_ATTEMPTS}
    assert all("because" in letter["reason"] for letter in letters)
    assert letters[0]["original"]["index"] == "logs-watchpost.app-dev"
    assert stack.published() == {"LogLines", "LogErrors", "orders"}


def test_a_refused_connection_costs_no_line(stack: Stack) -> None:
    nobody = Cluster.connect("http://127.0.0.1:1", Secret("test", {"username": "u", "password": "p"}))
    stack.surroundings = replace(stack.surroundings, connect=lambda **_: nobody)

    done = stack.ship("x")

    assert (done["DocumentsDelivered"], done["DeadLettered"]) == (0, 1)
    assert len(stack.pauses) == MAX_ATTEMPTS - 1


def test_no_request_is_started_when_the_rest_could_not_be_stored_any_more(stack: Stack) -> None:
    stack.surroundings = replace(stack.surroundings, deadline=Deadline(lambda: 10.0, reserve=10.0))

    done = stack.ship("x")

    assert stack.elasticsearch.requests == []
    assert done["DeadLettered"] == 3  # the document, LogLines and LogErrors
    assert {letter["reason"] for letter in stack.letters()} == {"no time left to send it", "no time left to publish it"}


def test_retries_end_when_the_time_is_over(stack: Stack) -> None:
    left = iter([60.0, 60.0, 60.0, 10.1, 10.1, *[10.1] * 50])
    stack.surroundings = replace(
        stack.surroundings,
        deadline=Deadline(lambda: next(left), reserve=10.0, sleep=stack.pauses.append),
        configuration=replace(Configuration(), logs=replace(Configuration().logs, count=False)),
    )
    stack.elasticsearch.script = lambda *_: refusal(503)

    done = stack.ship("x")

    assert done["DeadLettered"] == 1
    assert len(stack.elasticsearch.requests) < MAX_ATTEMPTS


def test_each_item_gets_what_its_own_answer_asks_for(stack: Stack) -> None:
    stack.elasticsearch.script = lambda documents, number: (
        items(201, 409, 429, 400, 503) if number == 1 else created(documents)
    )

    done = stack.ship("new", "known", "busy", "bad", "away")

    assert (done["DocumentsDelivered"], done["DocumentsDuplicate"], done["DocumentsRejected"]) == (3, 1, 1)
    assert [document["message"] for document in stack.elasticsearch.requests[1]] == ["busy", "away"]
    (letter,) = stack.letters()
    assert letter["original"]["document"]["message"] == "bad"
    assert letter["reason"] == "400 some_exception: because"


def test_items_that_stay_busy_become_dead_letters(stack: Stack) -> None:
    stack.elasticsearch.script = lambda documents, _: items(*[429] * len(documents))

    done = stack.ship("x", "y")

    assert (done["DocumentsDelivered"], done["DeadLettered"]) == (0, 2)
    assert len(stack.elasticsearch.requests) == MAX_ATTEMPTS


def test_a_request_that_is_too_large_is_halved_until_it_fits(stack: Stack) -> None:
    stack.elasticsearch.script = lambda documents, _: refusal(413) if len(documents) > 2 else created(documents)

    done = stack.ship(*"abcdefg")

    assert (done["DocumentsDelivered"], done["DeadLettered"]) == (7, 0)
    taken = Counter(
        document["message"]
        for documents in stack.elasticsearch.requests
        if len(documents) <= 2
        for document in documents
    )
    assert taken == Counter("abcdefg")


def test_a_document_that_is_too_large_alone_is_cut_and_tagged(stack: Stack) -> None:
    def script(documents: Documents, _: int) -> tuple[int, Any]:
        return refusal(413) if len(json.dumps(documents)) > 40_000 else created(documents)

    stack.elasticsearch.script = script

    done = stack.ship("x" * 100_000, "small")

    assert (done["DocumentsDelivered"], done["DeadLettered"]) == (2, 0)
    delivered = [documents[0] for documents in stack.elasticsearch.requests if len(documents) == 1]
    assert ["truncated"] in [document.get("tags") for document in delivered]


def test_a_document_that_is_refused_even_when_cut_is_kept(stack: Stack) -> None:
    stack.elasticsearch.script = lambda *_: refusal(413)

    done = stack.ship("x")

    assert (done["DocumentsDelivered"], done["DocumentsRejected"], done["DeadLettered"]) == (0, 1, 1)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_login_is_tried_once_more_with_the_secret_read_anew(stack: Stack, status: int) -> None:
    stack.elasticsearch.script = lambda documents, number: refusal(status) if number == 1 else created(documents)

    done = stack.ship("x")

    assert done["DocumentsDelivered"] == 1
    logins = [base64.b64decode(login.removeprefix("Basic ")).decode() for login in stack.elasticsearch.logins]
    assert logins == ["u:p", "u:renewed"]


def test_a_login_that_stays_refused_ends_in_dead_letters_at_once(stack: Stack) -> None:
    stack.elasticsearch.script = lambda *_: refusal(401)

    done = stack.ship("x")

    assert len(stack.elasticsearch.requests) == 2
    assert done["DeadLettered"] == 1
    assert "401" in stack.letters()[0]["reason"]


@pytest.mark.parametrize("when", ["first", "again"])
def test_a_secret_that_cannot_be_read_counts_as_elasticsearch_away(stack: Stack, when: str) -> None:
    denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetSecretValue")
    usual = stack.surroundings.connect

    def connect(*, fresh: bool = False) -> Cluster:
        if fresh or when == "first":
            raise denied
        return usual()

    stack.elasticsearch.script = lambda *_: refusal(401)
    stack.surroundings = replace(stack.surroundings, connect=connect)

    done = stack.ship("x")

    assert (done["DeadLettered"], done["MetricsPublished"]) == (1, 2)
    assert "AccessDenied" in stack.letters()[0]["reason"]


def test_documents_are_delivered_when_cloudwatch_refuses(stack: Stack) -> None:
    # given a CloudWatch that answers nothing but errors
    config = Config(retries={"total_max_attempts": 1, "mode": "standard"}, connect_timeout=1)
    away = boto3.client(
        "cloudwatch",
        region_name=REGION,
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=config,
    )
    stack.surroundings = replace(stack.surroundings, cloudwatch=lambda: away)

    # when
    done = stack.ship("x")

    # then
    assert (done["DocumentsDelivered"], done["MetricsPublished"], done["DeadLettered"]) == (1, 0, 2)
    letters = stack.letters()
    assert {letter["kind"] for letter in letters} == {"metric"}
    assert {letter["original"]["MetricName"] for letter in letters} == {"LogLines", "LogErrors"}
    assert {letter["original"]["namespace"] for letter in letters} == {"Watchpost"}


def test_the_invocation_fails_when_nothing_takes_the_rest(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    stack.elasticsearch.script = lambda *_: refusal(503)
    lost = replace(stack.surroundings.settings, dead_letter_bucket="no-such-bucket")
    stack.surroundings = replace(stack.surroundings, settings=lost)

    with pytest.raises(DeadLetterError):
        stack.ship("x")

    assert stack.published() == {"LogLines", "LogErrors"}
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (printed["DeadLettered"], printed["DocumentsDelivered"]) == (0, 0)


@pytest.mark.parametrize("data", ["!", "bm90IGd6aXA=", ""])
def test_a_broken_payload_is_kept_and_the_invocation_succeeds(
    stack: Stack, data: str, caplog: pytest.LogCaptureFixture
) -> None:
    broken = {**event(data=data), "marker": "secret words"}

    done = run(broken, stack.surroundings)

    assert (done["PayloadsInvalid"], done["DeadLettered"]) == (1, 1)
    (letter,) = stack.letters()
    assert (letter["kind"], letter["original"]) == ("payload", broken)
    assert "secret words" not in caplog.text


def test_a_broken_payload_fails_the_invocation_when_the_bucket_refuses(stack: Stack) -> None:
    lost = replace(stack.surroundings.settings, dead_letter_bucket="no-such-bucket")

    with pytest.raises(DeadLetterError):
        run({"awslogs": {"data": "!"}}, replace(stack.surroundings, settings=lost))


def test_what_elasticsearch_says_about_a_line_is_not_logged(stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
    def script(documents: Documents, _: int) -> tuple[int, Any]:
        error = {"type": "document_parsing_exception", "reason": "Preview of field's value: 'secret words'"}
        return 200, {"errors": True, "items": [{"create": {"status": 400, "error": error}} for _ in documents]}

    stack.elasticsearch.script = script

    stack.ship("secret words")

    assert "secret words" in stack.letters()[0]["reason"]
    assert "secret words" not in caplog.text
