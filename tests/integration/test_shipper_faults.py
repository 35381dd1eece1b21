"""The shipper when Elasticsearch, CloudWatch or the dead-letter bucket fail."""

from __future__ import annotations

import base64
import gzip
import json
import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from shipper.cloudwatch import CloudWatch
from shipper.deadline import Deadline
from shipper.deliver import MAX_ATTEMPTS
from shipper.pipeline import Surroundings, run
from watchpost.configuration import Configuration, parse
from watchpost.errors import DeadLetterError
from watchpost.ingest import Ingest
from watchpost.secrets import Secret
from watchpost.settings import Settings
from watchpost.signing import Credentials

from tests.integration.faults.aws import Aws
from tests.integration.faults.scripted import Faulty, created, faulty_elasticsearch
from tests.integration.faults.signature import ACCESS_KEY, SECRET_KEY, SESSION_TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.faults.scripted import Documents

NOW = time.time_ns() // 1_000_000  # CloudWatch takes no values of another time
SECOND = NOW // 1000
REGION = "eu-west-1"
BUCKET = "dead-letters"

KEYS = Credentials(ACCESS_KEY, SECRET_KEY, SESSION_TOKEN)


def items(*statuses: int) -> tuple[int, Any]:
    error = {"type": "some_exception", "reason": "because"}
    results = [{"create": {"status": status} | ({"error": error} if status > 201 else {})} for status in statuses]
    return 200, {"errors": True, "items": results}


def refusal(status: int) -> tuple[int, Any]:
    return status, {"error": {"type": "some_exception", "reason": "because"}, "status": status}


@dataclass
class Stack:
    """A faulty Elasticsearch and a small AWS account."""

    elasticsearch: Faulty
    aws: Aws
    surroundings: Surroundings
    pauses: list[float]

    def ship(self, *messages: str) -> dict[str, Any]:
        return run(event(*messages), self.surroundings)

    def letters(self) -> list[dict[str, Any]]:
        assert len(self.aws.objects) <= 1, "one object for an invocation"
        return [letter for letters in self.aws.letters().values() for letter in letters]

    def published(self) -> set[str]:
        return {name for _, name, _ in self.aws.cloudwatch.sums}


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
    with faulty_elasticsearch() as found:
        yield found


@pytest.fixture
def aws() -> Iterator[Aws]:
    account = Aws({}, {})
    account.start()
    yield account
    account.stop()
    assert account.unsigned == []


@pytest.fixture
def stack(elasticsearch: Faulty, aws: Aws) -> Iterator[Stack]:
    cluster = Ingest(elasticsearch.url, Secret("test", {"username": "u", "password": "p"}))
    renewed = Ingest(elasticsearch.url, Secret("test", {"username": "u", "password": "renewed"}))
    pauses: list[float] = []
    s3 = boto3.client(
        "s3",
        region_name=REGION,
        endpoint_url=aws.url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        aws_session_token=SESSION_TOKEN,
    )
    cloudwatch = CloudWatch(aws.url, REGION, lambda: KEYS)
    named = {"environment": "dev", "metric_namespace": "Watchpost", "dead_letter_bucket": BUCKET}
    surroundings = Surroundings(
        settings=Settings(**dict.fromkeys(Settings.__slots__, "unused") | named),
        configuration=Configuration(),
        connect=lambda *, fresh=False: renewed if fresh else cluster,
        cloudwatch=lambda: cloudwatch,
        s3=lambda: s3,
        entry_of=lambda _: None,
        deadline=Deadline(lambda: 60.0, sleep=pauses.append),
        request_id="invocation",
        now_ms=lambda: NOW,
    )
    yield Stack(elasticsearch, aws, surroundings, pauses)
    for client in (cluster, renewed, cloudwatch, s3):
        client.close()


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_an_answer_that_asks_to_come_again_is_retried_with_pauses(stack: Stack, status: int) -> None:
    stack.elasticsearch.script = lambda documents, number: refusal(status) if number < 3 else created(documents)

    done = stack.ship("x")

    assert (done["DocumentsDelivered"], done["DeadLettered"]) == (1, 0)
    assert len(stack.pauses) == 2
    assert all(pause > 0 for pause in stack.pauses)


def test_an_elasticsearch_that_stays_away_costs_no_line_and_no_metric(stack: Stack) -> None:
    stack.elasticsearch.script = lambda *_: refusal(503)

    done = stack.ship("x", "y", f"MONITORING|{SECOND}|1|count|orders")

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
    nobody = Ingest("http://127.0.0.1:1", Secret("test", {"username": "u", "password": "p"}))
    stack.surroundings = replace(stack.surroundings, connect=lambda **_: nobody)

    done = stack.ship("x")

    assert (done["DocumentsDelivered"], done["DeadLettered"]) == (0, 1)
    assert len(stack.pauses) == MAX_ATTEMPTS - 1


def test_no_request_is_started_when_the_rest_could_not_be_stored_any_more(stack: Stack) -> None:
    def after(remaining: float) -> dict[str, Any]:
        stack.surroundings = replace(stack.surroundings, deadline=Deadline(lambda: remaining, reserve=10.0))
        return stack.ship("x")

    # given no time for documents any more, but for metrics
    done = after(10.0)
    assert (done["DeadLettered"], done["MetricsPublished"]) == (1, 2)

    # given no time for either
    done = after(5.0)
    assert (done["DeadLettered"], done["MetricsPublished"]) == (3, 0)
    assert stack.elasticsearch.requests == []
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

    def connect(*, fresh: bool = False) -> Ingest:
        if fresh or when == "first":
            raise denied
        return usual()

    stack.elasticsearch.script = lambda *_: refusal(401)
    stack.surroundings = replace(stack.surroundings, connect=connect)

    done = stack.ship("x")

    assert (done["DeadLettered"], done["MetricsPublished"]) == (1, 2)
    assert "AccessDenied" in stack.letters()[0]["reason"]


def test_documents_are_delivered_when_cloudwatch_refuses(stack: Stack) -> None:
    # given a CloudWatch that nobody answers for
    away = CloudWatch("http://127.0.0.1:1", REGION, lambda: KEYS)
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

    assert stack.published() == set(), "they are published when the event comes again"
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (printed["DeadLettered"], printed["DocumentsDelivered"]) == (0, 0)


@pytest.mark.parametrize("data", ["!", "bm90IGd6aXA=", ""])
def test_a_broken_payload_is_kept_and_the_invocation_succeeds(stack: Stack, data: str) -> None:
    done = run(event(data=data), stack.surroundings)

    assert (done["PayloadsInvalid"], done["DeadLettered"]) == (1, 1)
    (letter,) = stack.letters()
    assert (letter["kind"], letter["original"]) == ("payload", event(data=data))


@pytest.mark.parametrize("unknown", [{"secret words": 1}, ["secret words"], {"awslogs": {"data": 7}}, {"Records": []}])
def test_an_event_of_no_known_kind_is_kept_whole(stack: Stack, unknown: Any, caplog: pytest.LogCaptureFixture) -> None:
    done = run(unknown, stack.surroundings)

    assert (done["PayloadsInvalid"], done["DeadLettered"]) == (1, 1)
    (letter,) = stack.letters()
    assert (letter["kind"], letter["original"]) == ("payload", unknown)
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


def metric(value: float) -> str:
    return f"MONITORING|{SECOND}|{value}|count|orders"


def total(stack: Stack, name: str = "orders") -> float:
    return float(sum(value for (_, one, _), value in stack.aws.cloudwatch.sums.items() if one == name))


def kinesis(*events: dict[str, Any]) -> dict[str, Any]:
    return {
        "Records": [
            {"eventID": f"s:{number}", "kinesis": {"data": one["awslogs"]["data"], "sequenceNumber": str(number)}}
            for number, one in enumerate(events)
        ]
    }


def test_values_of_lines_that_came_before_are_not_counted_again(stack: Stack) -> None:
    """Elasticsearch knows which documents it has: of a redelivery only what is new is counted."""
    stack.elasticsearch.script = lambda *_: items(201, 409, 201)

    done = stack.ship(metric(1), metric(2), metric(4))

    assert (done["DocumentsDelivered"], done["DocumentsDuplicate"], done["MetricsPublished"]) == (2, 1, 2)
    assert total(stack) == 5


@pytest.mark.parametrize("status", [502, 504])
def test_documents_of_a_request_without_an_answer_are_counted_although_they_are_there(
    stack: Stack, status: int
) -> None:
    """The request was handled and its answer lost: what the next request finds is from the first."""
    stack.elasticsearch.script = lambda _, number: refusal(status) if number == 1 else items(409, 409)

    done = stack.ship(metric(1), metric(2))

    assert (done["DocumentsDelivered"], done["DocumentsDuplicate"]) == (2, 0)
    assert total(stack) == 3


@pytest.mark.parametrize("status", [429, 503])
def test_an_answer_that_says_nothing_was_handled_leaves_duplicates_what_they_are(stack: Stack, status: int) -> None:
    stack.elasticsearch.script = lambda _, number: refusal(status) if number == 1 else items(409, 201)

    stack.ship(metric(1), metric(2))

    assert total(stack) == 2


def test_a_document_that_is_refused_for_a_field_is_taken_without_it(stack: Stack) -> None:
    def script(documents: Documents, _: int) -> tuple[int, Any]:
        if any("error" in document for document in documents):
            reason = "failed to parse field [error.type] of type [keyword] in document with id '1'"
            error = {"type": "document_parsing_exception", "reason": reason}
            return 200, {"errors": True, "items": [{"create": {"status": 400, "error": error}} for _ in documents]}
        return created(documents)

    stack.elasticsearch.script = script

    done = stack.ship('{"msg": "x", "errorType": "E", "errorMessage": "m"}')

    assert (done["DocumentsDelivered"], done["DocumentsRescued"], done["DeadLettered"]) == (1, 1, 0)
    first, second, third = (documents[0] for documents in stack.elasticsearch.requests)
    assert first["error"] == {"type": "E", "message": "m"}
    assert (second["error"], second["app"]) == ({"message": "m"}, {"error.type": "E"})
    assert "error" not in third
    assert third["tags"] == ["rescued"]
    assert "m" in third["app"]["error"]


def test_a_document_that_is_refused_in_every_form_is_kept_as_it_was_at_first(stack: Stack) -> None:
    error = {"type": "document_parsing_exception", "reason": "failed to parse field [app] of type [flattened]"}
    stack.elasticsearch.script = lambda documents, _: (
        200,
        {"errors": True, "items": [{"create": {"status": 400, "error": error}} for _ in documents]},
    )

    done = stack.ship('{"msg": "x", "a": {"b": 1}}')

    assert (done["DocumentsRejected"], done["DocumentsRescued"], done["DeadLettered"]) == (1, 0, 1)
    (letter,) = stack.letters()
    assert letter["original"]["document"]["app"] == {"a": {"b": 1}}
    assert letter["attempts"] == 3


def test_a_cluster_that_was_given_up_is_asked_once_until_it_answers(stack: Stack) -> None:
    stack.elasticsearch.script = lambda *_: refusal(503)
    stack.ship("x")
    asked = len(stack.elasticsearch.requests)
    stack.ship("x")
    assert len(stack.elasticsearch.requests) == asked + 1

    stack.elasticsearch.script = created
    assert stack.ship("x")["DocumentsDelivered"] == 1
    stack.elasticsearch.script = lambda documents, number: refusal(503) if number == asked + 3 else created(documents)
    assert stack.ship("x")["DocumentsDelivered"] == 1, "it is tried again as usual"


def test_payloads_of_many_kinesis_records_are_shipped_and_control_messages_ignored(stack: Stack) -> None:
    control = base64.b64encode(gzip.compress(b'{"messageType": "CONTROL_MESSAGE"}')).decode()

    answer = run(kinesis(event(metric(1), "x"), event(data=control), event(metric(2))), stack.surroundings)

    assert answer == {"batchItemFailures": []}
    assert total(stack) == 3
    assert [len(documents) for documents in stack.elasticsearch.requests] == [2, 1]


def test_a_broken_kinesis_record_is_kept_and_takes_no_other_with_it(stack: Stack) -> None:
    answer = run(kinesis(event("x"), event(data="!"), event("y")), stack.surroundings)

    assert answer == {"batchItemFailures": []}
    (letter,) = stack.letters()
    assert (letter["kind"], letter["original"]) == ("payload", event(data="!"))
    assert sum(map(len, stack.elasticsearch.requests)) == 2


def test_only_the_records_that_were_neither_delivered_nor_stored_are_sent_again(stack: Stack) -> None:
    """Their values are not counted before: they are when the records come again."""

    def script(documents: Documents, _: int) -> tuple[int, Any]:
        return items(*[400 if document["message"] == "bad" else 201 for document in documents])

    stack.elasticsearch.script = script
    stack.aws.refuse_puts = float("inf")

    answer = run(kinesis(event(metric(1)), event("bad", metric(2)), event(metric(4))), stack.surroundings)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert total(stack) == 7, "the metric line beside the bad line was delivered, and will be a duplicate"
    assert total(stack, "LogLines") == 0


def test_metrics_that_neither_cloudwatch_nor_the_bucket_takes_are_written_to_the_log(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """The documents are delivered, so a repetition would not count them: CloudWatch takes them from the log."""
    stack.aws.refuse_puts = float("inf")
    away = CloudWatch("http://127.0.0.1:1", REGION, lambda: KEYS)
    stack.surroundings = replace(stack.surroundings, cloudwatch=lambda: away)

    done = stack.ship(metric(2), metric(2), metric(3))

    assert (done["DocumentsDelivered"], done["DeadLettered"], done["MetricsLogged"]) == (3, 0, 1)
    logged = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"orders"' in line]
    assert [(line["orders"], line["Service"]) for line in logged] == [([2.0, 2.0, 3.0], "orders-api")]


def test_dead_letters_are_delivered_again_each_with_its_own_result(stack: Stack) -> None:
    # given dead letters of every kind, of which some cannot be delivered
    document = {"index": "logs-watchpost.app-dev", "id": "1", "document": {"message": "again"}}
    entry = {
        "namespace": "Watchpost", "MetricName": "orders", "Dimensions": [{"Name": "Service", "Value": "s"}],
        "Timestamp": SECOND, "Values": [2.0], "Counts": [3.0],
    }  # fmt: skip  # an entry in rows
    originals = [
        ("document", document),
        ("document", document | {"document": {"message": "bad"}}),
        ("document", {"index": 7}),
        ("metric", entry),
        ("metric", entry | {"Unit": "Furlongs"}),
        ("metric", {}),
        ("payload", event("from a payload", metric(8))),
        ("payload", event(data="!")),
        ("mystery", {}),
    ]
    letters = [{"kind": kind, "reason": "r", "attempts": 1, "original": original} for kind, original in originals]

    def script(documents: Documents, _: int) -> tuple[int, Any]:
        return items(*[400 if one["message"] == "bad" else 201 for one in documents])

    stack.elasticsearch.script = script

    # when they are sent to the shipper
    results = run({"deadLetters": [*letters, "no letter"]}, stack.surroundings)["results"]

    # then each has a result, in the same order, and nothing is stored
    assert [result["delivered"] for result in results] == [
        True, False, False, True, False, False, True, False, False, False
    ]  # fmt: skip  # one for each letter
    assert all(result["reason"] for result in results if not result["delivered"])
    assert "400" in results[1]["reason"]
    assert "Furlongs" in results[4]["reason"]
    assert total(stack) == 2 * 3 + 8
    assert stack.aws.objects == {}


def test_what_is_left_of_payloads_that_are_replayed_is_kept_apart(stack: Stack) -> None:
    stack.elasticsearch.script = lambda documents, _: items(*[400] * len(documents))
    letters = [{"kind": "payload", "original": event(text)} for text in ("one", "two")]

    results = run({"deadLetters": letters}, stack.surroundings)["results"]

    assert results == [{"delivered": True}] * 2
    kept = [letter["original"]["document"]["message"] for one in stack.aws.letters().values() for letter in one]
    assert sorted(kept) == ["one", "two"]


def test_what_is_redacted_reaches_neither_elasticsearch_nor_cloudwatch_nor_the_bucket(stack: Stack) -> None:
    """In documents, dimensions of metrics and dead letters alike, and also behind JSON's escapes."""
    configuration = parse(
        json.dumps({"logs": {"redact": {"patterns": ["email", "card"]}}, "metrics": {"dimensions": ["user"]}})
    )
    lines = (
        "mail to ann@example.com",
        '{"message": "paid", "card": 4111111111111111, "ann\\u0040example.com": ["4111 1111 1111 1111"]}',
        f"MONITORING|{SECOND}|1|count|orders|#user:ann@example.com",
    )
    stack.surroundings = replace(stack.surroundings, configuration=configuration)

    stack.ship(*lines)
    stack.elasticsearch.script = lambda *_: refusal(503)
    stack.ship(*lines)

    seen = json.dumps([stack.elasticsearch.requests, stack.letters(), sorted(map(str, stack.aws.cloudwatch.sums))])
    assert "[redacted:email]" in seen
    assert "[redacted:card]" in seen
    assert "example.com" not in seen
    assert "4111" not in seen
    assert len(stack.letters()) == 3
