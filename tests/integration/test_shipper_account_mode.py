"""The real handler with one policy for all log groups: no filter carries the service, so the ledger says it."""

from __future__ import annotations

import base64
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from watchpost.settings import Settings

from tests.integration.faults.aws import BUCKET, LEDGER, PARAMETER, SECRET, Aws
from tests.integration.faults.sandbox import ROOT, Lambda, Sandboxes
from tests.integration.faults.scripted import Faulty, faulty_elasticsearch
from tests.integration.faults.signature import ACCESS_KEY, SECRET_KEY, SESSION_TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUP = "/ecs/checkout-4711"
FUNCTION = "/aws/lambda/orders-api"
POLICY = "watchpost-subscriptions"
COVERED = {"log_group": {"S": GROUP}, "state": {"S": "covered"}, "service": {"S": "checkout"}}
SKIPPED = {"log_group": {"S": GROUP}, "state": {"S": "skipped"}, "rule": {"S": "rule databases"}}
# What a process has loaded and made after one invocation.
FRESH = """
import json, sys, time
from types import SimpleNamespace
from shipper import handler
from watchpost import aws
imported = sorted(sys.modules)
context = SimpleNamespace(function_name="f", function_version="1", memory_limit_in_mb=512, invoked_function_arn="a",
                          aws_request_id="i", get_remaining_time_in_millis=lambda: 30_000)
handler.lambda_handler(json.loads(sys.argv[1]), context)
made = [name for name in dir(aws) if name.startswith("dynamodb") and getattr(aws, name).cache_info().currsize]
print(json.dumps({"made": made, "ledger": "watchpost.ledger" in sys.modules, "early": "watchpost.ledger" in imported}))
"""


@dataclass
class Stack:
    """Sandboxes with the real handler, a small AWS account and a small Elasticsearch."""

    aws: Aws
    elasticsearch: Faulty
    function: Lambda
    log: Path

    def ship(self, *messages: str, group: str = GROUP, filters: tuple[str, ...] = (POLICY,), frozen: float = 0) -> Any:
        return self.function.invoke(event(messages, group, filters), frozen=frozen)

    def services(self) -> list[str]:
        return [document["service"]["name"] for documents in self.elasticsearch.requests for document in documents]

    def filtered_by(self) -> dict[str, int]:
        """The rules that left lines out in the last invocation."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if "LinesReceived" in line]
        return dict(lines[-1].get("FilteredBy", {}))


def event(
    messages: tuple[str, ...], group: str, filters: tuple[str, ...], owner: str = "123456789012"
) -> dict[str, Any]:
    content = {
        "messageType": "DATA_MESSAGE",
        "owner": owner,
        "logGroup": group,
        "logStream": "web/1",
        "subscriptionFilters": list(filters),
        "logEvents": [
            {"id": f"{number:056d}", "timestamp": time.time_ns() // 1_000_000, "message": message}
            for number, message in enumerate(messages)
        ],
    }
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(content).encode())).decode()}}


def environment(aws: Aws, elasticsearch: Faulty, scope: str) -> dict[str, str]:
    return {
        **dict.fromkeys((name.upper() for name in Settings.__slots__), "not used by the shipper"),
        "STACK": "watchpost",
        "ENVIRONMENT": "dev",
        "ELASTICSEARCH_URL": elasticsearch.url,
        "ELASTICSEARCH_COMPRESSION": "none",
        "ELASTICSEARCH_SECRET": SECRET,
        "CONFIG_PARAMETER": PARAMETER,
        "KIBANA_URL": "none",
        "KIBANA_SPACE": "default",
        "KIBANA_SECRET": "kibana",
        "METRIC_NAMESPACE": "Watchpost",
        "DEAD_LETTER_BUCKET": BUCKET,
        "LEDGER_TABLE": LEDGER,
        "SUBSCRIPTION_SCOPE": scope,
        "SHIPPER_ARN": "arn:aws:lambda:eu-west-1:123456789012:function:watchpost-shipper",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_SESSION_TOKEN": SESSION_TOKEN,
        "AWS_ENDPOINT_URL": aws.url,
    }


@pytest.fixture
def aws() -> Iterator[Aws]:
    account = Aws({}, {"username": "u", "password": "p"})
    account.start()
    yield account
    account.stop()
    assert account.unsigned == []


@pytest.fixture
def elasticsearch() -> Iterator[Faulty]:
    with faulty_elasticsearch() as found:
        yield found


@pytest.fixture(scope="module")
def sandboxes() -> Iterator[Sandboxes]:
    with tempfile.TemporaryDirectory() as directory:  # a short path: that of a socket has 107 characters at most
        made = Sandboxes(Path(directory))
        yield made
        made.close()


@pytest.fixture
def stack(aws: Aws, elasticsearch: Faulty, sandboxes: Sandboxes, tmp_path: Path) -> Iterator[Stack]:
    log = tmp_path / "log"
    variables = environment(aws, elasticsearch, "account")
    function = Lambda(lambda: sandboxes.new(variables, log))
    yield Stack(aws, elasticsearch, function, log)
    function.close()


@pytest.mark.parametrize(("scope", "service"), [("groups", GROUP), ("account", "checkout")])
def test_a_fresh_process_has_to_do_with_dynamodb_in_account_mode_only(
    aws: Aws, elasticsearch: Faulty, scope: str, service: str
) -> None:
    # given a ledger that knows the log group
    aws.ledger[GROUP] = COVERED
    variables = environment(aws, elasticsearch, scope) | {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("layers/core", "functions/shipper")),
    }

    # when lines come through a filter that carries no service
    command = [sys.executable, "-c", FRESH, json.dumps(event(("an order",), GROUP, (POLICY,)))]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)

    # then
    [[document]] = elasticsearch.requests
    assert document["service"]["name"] == service
    assert aws.asked == ([GROUP] if scope == "account" else [])
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "made": ["dynamodb_brief"] if scope == "account" else [],
        "ledger": scope == "account",
        "early": False,
    }


@pytest.mark.parametrize("entry", [COVERED, SKIPPED], ids=["covered", "skipped"])
def test_a_log_group_of_another_account_is_not_taken_for_the_one_of_this_name_here(
    stack: Stack, entry: dict[str, Any]
) -> None:
    """Neither gets its service, nor is left out because that one is."""
    stack.aws.ledger[GROUP] = entry

    stack.function.invoke(event(("theirs",), GROUP, (POLICY,), owner="999988887777"))

    assert stack.services() == [GROUP]
    assert stack.aws.asked == []


def test_a_filter_that_carries_the_service_leaves_the_ledger_alone(stack: Stack) -> None:
    stack.aws.ledger[GROUP] = COVERED

    stack.ship("x", filters=(POLICY, "watchpost.service=payments"))

    assert stack.services() == ["payments"]
    assert stack.aws.asked == []


def test_a_line_and_the_configuration_count_more_than_the_ledger(stack: Stack) -> None:
    stack.aws.ledger |= {GROUP: COVERED, FUNCTION: COVERED | {"log_group": {"S": FUNCTION}}}
    stack.aws.configuration["services"] = [{"log_group": FUNCTION, "name": "configured"}]

    stack.ship('{"message":"x","service":"said"}', "y")
    stack.ship("x", group=FUNCTION)

    assert stack.services() == ["said", "checkout", "configured"]


@pytest.mark.parametrize(
    ("group", "service"), [(GROUP, GROUP), (FUNCTION, "orders-api"), ("/ecs/\ud800|odd", "/ecs/\ufffd|odd")]
)
def test_a_group_that_the_ledger_does_not_know_is_named_after_its_function_or_itself(
    stack: Stack, group: str, service: str
) -> None:
    stack.ship("x", group=group)

    assert stack.services() == [service]


@pytest.mark.parametrize("rule", [True, False])
def test_a_group_that_is_skipped_is_left_out_and_counted_by_its_rule(stack: Stack, rule: bool) -> None:
    # given an entry that says so, whether the configuration names its service or not
    stack.aws.ledger[GROUP] = SKIPPED
    stack.aws.configuration["services"] = [{"log_group": GROUP, "name": "configured"}] if rule else []

    done = stack.ship("x", "y")

    assert (done["LinesReceived"], done["LinesFiltered"], done["DocumentsDelivered"]) == (2, 2, 0)
    assert stack.filtered_by() == {"subscriptions: rule databases": 2}
    assert stack.elasticsearch.requests == []


@pytest.mark.parametrize("state", ["blocked", "failed"])
def test_a_group_that_comes_nevertheless_is_shipped_under_its_service(stack: Stack, state: str) -> None:
    stack.aws.ledger[GROUP] = COVERED | {"state": {"S": state}}

    stack.ship("x")

    assert stack.services() == ["checkout"]


@pytest.mark.parametrize(
    "fault", ["AccessDeniedException", "ResourceNotFoundException", "ThrottlingException", "no answer"]
)
def test_a_ledger_that_fails_costs_no_line_and_no_invocation(stack: Stack, fault: str) -> None:
    # given
    stack.aws.ledger_fault = fault
    stack.aws.ledger[GROUP] = COVERED

    # when
    stack.ship("x")
    asked = len(stack.aws.asked)
    stack.ship("y", group=FUNCTION)

    # then lines are named as without a ledger, which is not asked again at once
    assert stack.services() == [GROUP, "orders-api"]
    assert len(stack.aws.asked) == asked

    # when it is well again a minute later
    stack.aws.ledger_fault = ""
    stack.ship("z", frozen=61)
    assert stack.services()[-1] == "checkout"


def test_a_group_is_asked_for_once_in_five_minutes(stack: Stack) -> None:
    stack.aws.ledger[GROUP] = COVERED

    for _ in range(5):
        stack.ship("x")
    assert stack.aws.asked == [GROUP]

    stack.ship("x", frozen=301)
    assert stack.aws.asked == [GROUP] * 2
    assert stack.services() == ["checkout"] * 6
