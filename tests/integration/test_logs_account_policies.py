"""Account-level subscription policies in the simulated account: what it refuses, and where lines go."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.logs_account.asking import refusal
from tests.integration.logs_account.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

SHIPPER = "arn:aws:lambda:eu-west-1:123456789012:function:shipper"
STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/logs"
ROLE = "arn:aws:iam::123456789012:role/stream"
KIND = "SUBSCRIPTION_FILTER_POLICY"


@pytest.fixture
def world() -> Iterator[World]:
    with World() as made:
        made.function("shipper")
        made.destination(STREAM)
        yield made


@pytest.mark.parametrize(
    ("document", "selection", "code"),
    [
        ({}, 'LogGroupName NOT IN ["/a"]', ""),
        ({}, None, ""),
        ({}, "LogGroupName NOT IN [" + ", ".join(['"/234567890"'] * 1_827) + "  ]", ""),  # 25,600 bytes
        ({}, "LogGroupName NOT IN [" + ", ".join(['"/234567890"'] * 1_827) + "   ]", "InvalidParameterException"),
        ({}, 'LogGroupName IN ["/a"]', "InvalidParameterException"),
        ({}, "LogGroupName NOT IN ['/a']", "InvalidParameterException"),
        ({}, 'LogGroupName NOT IN ["/a b"]', "InvalidParameterException"),
        ({"DestinationArn": STREAM}, None, "InvalidParameterException"),
        ({"DestinationArn": STREAM, "RoleArn": ROLE, "Distribution": "Random"}, None, ""),
        ({"Distribution": "Even"}, None, "InvalidParameterException"),
        ({"RoleArn": ROLE}, None, "InvalidParameterException"),
        ({"DestinationArn": STREAM + "-2"}, None, "InvalidParameterException"),
        ({"FilterPattern": None}, None, "InvalidParameterException"),
        ({"Scope": "ALL"}, None, "InvalidParameterException"),
    ],
)
def test_policies_are_taken_as_the_api_documents(
    world: World, document: dict[str, Any], selection: str | None, code: str
) -> None:
    text = json.dumps({"DestinationArn": SHIPPER, "FilterPattern": "", **document})
    more = {} if selection is None else {"selectionCriteria": selection}

    put = world.client("logs").put_account_policy
    assert refusal(put, policyName="p", policyType=KIND, policyDocument=text, **more) == code
    assert (world.policy is None) == bool(code)


def test_an_account_has_one_policy_which_delivers_all_groups_but_the_named_ones(world: World) -> None:
    logs = world.client("logs")
    world.group("/a", filters=[("f", STREAM)])
    world.group("/b")
    world.group("/rare", log_class="INFREQUENT_ACCESS")
    world.put_policy("first", SHIPPER, ["/b"])
    text = json.dumps({"DestinationArn": SHIPPER, "FilterPattern": ""})
    asked = {"policyType": KIND, "policyDocument": text}

    assert [world.deliveries(name) for name in ("/a", "/b", "/rare")] == [[STREAM, SHIPPER], [], []]
    assert refusal(logs.put_account_policy, policyName="second", **asked) == "LimitExceededException"
    assert refusal(logs.put_account_policy, policyName="first", **asked) == ""
    assert world.deliveries("/b") == [SHIPPER]
    assert refusal(logs.delete_account_policy, policyName="second", policyType=KIND) == "ResourceNotFoundException"
    assert refusal(logs.delete_account_policy, policyName="first", policyType=KIND) == ""
    assert world.deliveries("/b") == []
