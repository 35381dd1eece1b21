"""Recursion through the whole pipeline: what the shipper delivers comes back as log lines, and ends there."""

from __future__ import annotations

import base64
import gzip
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from shipper.cloudwatch import CloudWatch
from shipper.deadline import Deadline
from shipper.pipeline import Surroundings, run
from watchpost.configuration import Configuration, Logs
from watchpost.ingest import Ingest
from watchpost.secrets import Secret
from watchpost.settings import Settings
from watchpost.signing import Credentials

from tests.integration.faults.aws import Aws
from tests.integration.faults.sandbox import kinesis_record
from tests.integration.faults.scripted import Faulty, faulty_elasticsearch
from tests.integration.faults.signature import ACCESS_KEY, SECRET_KEY, SESSION_TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = time.time_ns() // 1_000_000  # CloudWatch takes no values of another time
PROXY = "/ecs/search-proxy"
LINES = (
    "START RequestId: 6bc9d5b6-7f1c-4a51-9d1c-000000000001 Version: $LATEST\n",
    '{"level":"INFO","location":"run:42","message":"order \\"7\\" accepted","service":"orders-api","order":{"id":7}}\n',
    "2026-11-21T08:00:00.123Z\t6bc9d5b6-7f1c-4a51-9d1c-000000000001\tERROR\tcard declined\n",
    f"MONITORING|{NOW // 1000}|12.5|latency|answer-time|#channel:web\n",
    "REPORT RequestId: 6bc9d5b6-7f1c-4a51-9d1c-000000000001\tDuration: 3.25 ms\tBilled Duration: 4 ms\t"
    "Memory Size: 128 MB\tMax Memory Used: 92 MB\t\n",
)


@dataclass
class Stack:
    """A shipper between a small Elasticsearch and a small AWS account."""

    elasticsearch: Faulty
    surroundings: Surroundings
    capsys: pytest.CaptureFixture[str]

    def ship(self, event: dict[str, Any]) -> dict[str, Any]:
        """What the invocation says of itself: its metrics with the rules that left lines out."""
        run(event, self.surroundings)
        printed = [json.loads(line) for line in self.capsys.readouterr().out.splitlines()]
        [metrics] = [line for line in printed if "LinesReceived" in line]
        return dict(metrics)

    def messages(self) -> list[str]:
        return [document["message"] for documents in self.elasticsearch.requests for document in documents]


def event(*messages: str, group: str = PROXY, round_: int = 0) -> dict[str, Any]:
    content = {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": group,
        "logStream": "2026/11/21/[$LATEST]0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "subscriptionFilters": ["watchpost.service=any"],
        "logEvents": [
            {"id": f"{round_}{number:054d}", "timestamp": NOW, "message": message}
            for number, message in enumerate(messages)
        ],
    }
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(content).encode())).decode()}}


@pytest.fixture
def stack(capsys: pytest.CaptureFixture[str]) -> Iterator[Stack]:
    account = Aws({}, {})
    account.start()
    cloudwatch = CloudWatch(account.url, "eu-west-1", lambda: Credentials(ACCESS_KEY, SECRET_KEY, SESSION_TOKEN))
    with faulty_elasticsearch() as elasticsearch:
        cluster = Ingest(elasticsearch.url, Secret("test", {"username": "u", "password": "p"}))
        named = {"stack": "watchpost", "environment": "dev", "metric_namespace": "Watchpost"}
        surroundings = Surroundings(
            settings=Settings(**dict.fromkeys(Settings.__slots__, "unused") | named),
            configuration=Configuration(logs=Logs(platform="all")),
            connect=lambda **_: cluster,
            cloudwatch=lambda: cloudwatch,
            s3=_nothing_is_stored,
            entry_of=lambda _: None,
            deadline=Deadline(lambda: 60.0),
            request_id="invocation",
            now_ms=lambda: NOW,
        )
        yield Stack(elasticsearch, surroundings, capsys)
        cluster.close()
    cloudwatch.close()
    account.stop()


def _nothing_is_stored() -> Any:
    raise AssertionError("something could not be delivered")


LOGGED: dict[str, Callable[[str], list[str]]] = {
    "body in JSON": lambda body: [json.dumps({"level": "info", "path": "/_bulk", "body": body})],
    "body as it is": lambda body: [f"POST /_bulk\n{body}"],
    "line by line": lambda body: [f"< {line}" for line in body.splitlines()],
    "document by document": lambda body: [repr(json.loads(line)) for line in body.splitlines()],
    "over many lines": lambda body: [
        piece for line in body.splitlines() for piece in json.dumps(json.loads(line), indent=2).splitlines()
    ],
}


@pytest.mark.parametrize("logged", LOGGED)
def test_a_service_that_logs_what_it_receives_ends_the_loop_after_one_round(
    stack: Stack, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    # given lines of a function, and a proxy before Elasticsearch that logs what it is sent and is subscribed itself
    lines = list(LINES)
    group = "/aws/lambda/orders-api"
    delivered, left_out = [], []

    # when everything that is delivered is logged and shipped again
    for round_ in range(4):
        before = len(stack.elasticsearch.bodies)
        done = stack.ship(event(*lines, group=group, round_=round_))
        delivered.append(done["DocumentsDelivered"])
        left_out.append(done.get("FilteredBy", {}))
        lines = [line for body in stack.elasticsearch.bodies[before:] for line in LOGGED[logged](body)]
        group = PROXY
        if not lines:
            break
        last = len(lines)

    # then the first echo was the last one, and it is told once how to stop it
    assert delivered == [len(LINES), 0]
    assert left_out == [{}, {"recursion guard": last}]
    [warning] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert PROXY in warning
    assert "logs.exclude" in warning
    assert not any(word in warning for word in ("order", "card", "dataset"))


def test_other_lines_of_a_service_that_echoes_are_shipped(stack: Stack) -> None:
    stack.ship(event(*LINES, group="/aws/lambda/orders-api"))
    [body] = stack.elasticsearch.bodies

    done = stack.ship(event("started", json.dumps({"body": body}), "stopped", round_=1))

    assert (done["LinesReceived"], done["LinesFiltered"], done["DocumentsDelivered"]) == (3, 1, 2)
    assert stack.messages()[-2:] == ["started", "stopped"]


def test_one_warning_is_given_for_an_invocation_with_many_payloads(
    stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    # given a batch of a stream, in which two services echo
    echo = '{"dataset":"watchpost.app"}'
    payloads = [event(echo, group=group) for group in ("/ecs/one", "/ecs/two", "/ecs/two")]
    payloads.append(event("an order", group="/ecs/three"))

    # when
    done = stack.ship({"Records": [kinesis_record(one, number) for number, one in enumerate(payloads)]})

    # then
    assert done["FilteredBy"] == {"recursion guard": 3}
    [warning] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "/ecs/one" in warning
    assert "/ecs/two" in warning
    assert "/ecs/three" not in warning
    assert stack.messages() == ["an order"]


def test_the_functions_of_another_stack_are_refused_by_what_they_really_print(stack: Stack) -> None:
    # given what a shipper prints
    stack.capsys.readouterr()
    run(event("an order"), stack.surroundings)
    printed = stack.capsys.readouterr().out.splitlines()
    assert len(printed) == 1

    # when it is shipped as that of a second stack in the account, between what Lambda itself writes
    done = stack.ship(event(LINES[0], *printed, LINES[-1], group="/aws/lambda/second-shipper", round_=1))

    # then
    assert (done["PayloadsRefused"], done["FilteredBy"]) == (1, {"recursion guard": 3})
    assert stack.messages() == ["an order"]


def test_the_own_functions_are_refused_whatever_they_print(stack: Stack) -> None:
    done = stack.ship(event("anything", group="/aws/lambda/watchpost-shipper"))

    assert (done["PayloadsRefused"], done["FilteredBy"]) == (1, {"own log group": 1})
    assert stack.elasticsearch.requests == []


def test_a_users_function_that_is_called_like_ours_is_shipped(stack: Stack) -> None:
    done = stack.ship(event(*LINES, group="/aws/lambda/order-shipper"))

    assert (done["PayloadsRefused"], done["DocumentsDelivered"]) == (0, len(LINES))
