"""Functions in the local account: what is delivered to them is kept as Lambda keeps it, and starting one is quick."""

from __future__ import annotations

import base64
import gzip
import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.helpers import archive, eventually, published, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.account import Account

# Notes what it is invoked with, and fails as often as it is told.
CODE = """
import json, os

def handler(event, context):
    with open(os.environ["SEEN"], "a+") as seen:
        seen.write(json.dumps(event) + "\\n")
        seen.seek(0)
        if len(seen.readlines()) <= int(os.environ["FAILURES"]):
            raise RuntimeError("not yet")
    return [__file__, os.path.realpath(__file__)]
"""


@dataclass(frozen=True)
class Subscribed:
    """A log group whose lines are delivered to a function."""

    group: str
    function: str
    seen: Path

    def payloads(self) -> list[dict[str, Any]]:
        """What the function was invoked with, failures as well."""
        events = self.seen.read_text().splitlines() if self.seen.exists() else []
        return [json.loads(gzip.decompress(base64.b64decode(json.loads(one)["awslogs"]["data"]))) for one in events]


@pytest.fixture
def subscribed(account: Account, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Subscribed]:
    """A function that fails as often as the test's parameter says, with an alias to which a filter delivers."""
    name, group, functions = f"kept-{uuid.uuid4().hex[:8]}", f"/test/{uuid.uuid4().hex[:8]}", account.client("lambda")
    shipper = functions.get_function_configuration(FunctionName=account.outputs()["ShipperFunction"])
    seen = tmp_path / "seen.ndjson"
    functions.create_function(
        FunctionName=name,
        Runtime=shipper["Runtime"],
        Role=shipper["Role"],
        Handler="app.handler",
        Code={"ZipFile": archive(CODE)},
        Environment={"Variables": {"SEEN": str(seen), "FAILURES": str(request.param)}},
        Publish=True,
    )
    alias = functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    logs = account.client("logs")
    logs.create_log_group(logGroupName=group)
    logs.put_subscription_filter(
        logGroupName=group, filterName="all", filterPattern="", destinationArn=alias["AliasArn"]
    )
    yield Subscribed(group, name, seen)
    logs.delete_log_group(logGroupName=group)
    functions.delete_function(FunctionName=name)


@pytest.mark.parametrize("subscribed", [0], indirect=True)
def test_the_environments_of_a_function_have_the_same_files(account: Account, subscribed: Subscribed) -> None:
    # given two environments: versions have their own
    files = [account.invoke(f"{subscribed.function}{version}", {}) for version in ("", ":1")]

    # then the code is there once, by two ways
    ways, real = ({one[number] for one in files} for number in range(2))
    assert (len(ways), len(real)) == (2, 1)
    assert real.pop().startswith(str(account.state.temporary / "unpacked"))


def _lines(payloads: list[dict[str, Any]]) -> list[list[str]]:
    return [[event["message"] for event in payload["logEvents"]] for payload in payloads]


@pytest.mark.parametrize("subscribed", [2], indirect=True)
def test_a_delivery_that_fails_is_made_twice_more_with_the_same_ids(account: Account, subscribed: Subscribed) -> None:
    write(account, subscribed.group, ["one", "two"])

    payloads = eventually(lambda: (seen := subscribed.payloads())[2:] and seen, "the third delivery")

    assert _lines(payloads) == [["one", "two"]] * 3
    assert payloads[0] == payloads[1] == payloads[2]


@pytest.mark.parametrize("subscribed", [0], indirect=True)
def test_a_delivery_waits_while_the_function_has_no_room(account: Account, subscribed: Subscribed) -> None:
    # given a function that is throttled, more often than a delivery is tried
    functions = account.client("lambda")
    functions.put_function_concurrency(FunctionName=subscribed.function, ReservedConcurrentExecutions=0)
    write(account, subscribed.group, ["one"])
    eventually(lambda: _throttled(account, subscribed.function) > 3, "the throttling of the delivery")
    assert subscribed.payloads() == []

    # when there is room again
    functions.delete_function_concurrency(FunctionName=subscribed.function)

    # then it arrives
    eventually(subscribed.payloads, "the delivery")
    assert _lines(subscribed.payloads()) == [["one"]]


def _throttled(account: Account, function: str) -> float:
    return published(account, "Throttles", function, namespace="AWS/Lambda", dimension="FunctionName")[0]
