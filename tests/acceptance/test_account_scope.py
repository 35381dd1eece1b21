"""One subscription for the whole account instead of a filter for each log group, in a region of its own."""

from __future__ import annotations

import gzip
import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from watchpost import names

from tests.acceptance.helpers import eventually
from tests.acceptance.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.account import Account

NAME, REGION = "fourth", "eu-central-1"
RULES = {
    "subscriptions": {
        "rules": [
            {"name": "off", "match": {"prefix": "/off/"}, "exclude": True},
            {"name": "errors-only", "match": {"prefix": "/chatty/"}, "filter_pattern": "ERROR"},
        ]
    }
}


@pytest.fixture(scope="module")
def world(account: Account) -> Iterator[Region]:
    """A stack that subscribes the account as a whole, with a log group of each sort, after one sweep."""
    world = Region(account, NAME, REGION)
    world.deploy(SubscriptionScope="account")
    world.configure(RULES)
    for name in ("/off/one", "/chatty/one"):
        world.logs.create_log_group(logGroupName=name)
    world.logs.create_log_group(logGroupName="/team/orders-log", tags={"service": "orders"})
    world.sweep()
    yield world
    world.delete()


def _policies(world: Region) -> list[dict[str, Any]]:
    return list(world.logs.describe_account_policies(policyType="SUBSCRIPTION_FILTER_POLICY")["accountPolicies"])


def _write(world: Region, group: str, message: str) -> None:
    stream = uuid.uuid4().hex
    world.logs.create_log_stream(logGroupName=group, logStreamName=stream)
    event = {"timestamp": int(time.time() * 1000), "message": message}
    world.logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])


def _shipped(world: Region) -> list[dict[str, Any]]:
    """What the shipper took: Elasticsearch is away, so its documents are dead letters."""
    s3, bucket = world.account.client("s3", REGION), world.outputs["DeadLetterBucket"]
    found = s3.list_objects_v2(Bucket=bucket, Prefix="dead-letters/").get("Contents", [])
    keys = [item["Key"] for item in found]
    bodies = [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys]
    letters = [json.loads(line) for body in bodies for line in gzip.decompress(body).splitlines()]
    return [letter["original"]["document"] for letter in letters if letter["kind"] == "document"]


def _of(world: Region, text: str) -> list[dict[str, Any]]:
    return [document for document in _shipped(world) if document["message"] == text]


def test_one_policy_subscribes_all_but_what_it_names(world: Region) -> None:
    (policy,) = _policies(world)

    excluded = json.loads(policy["selectionCriteria"].removeprefix("LogGroupName NOT IN "))
    assert set(excluded) == names.own_log_groups(NAME) | {"/off/one", "/chatty/one"}
    assert json.loads(policy["policyDocument"])["DestinationArn"] == world.shipper


def test_only_groups_with_a_pattern_of_their_own_have_a_filter(world: Region) -> None:
    assert world.filters("/team/orders-log") == world.filters("/off/one") == {}
    assert list(world.filters("/chatty/one")) == ["watchpost.service=one"]
    ledger = world.ledger()
    assert (ledger["/team/orders-log"].state, ledger["/team/orders-log"].via) == ("covered", "account")
    assert (ledger["/chatty/one"].state, ledger["/chatty/one"].via) == ("covered", "filter")


def test_a_line_gets_the_service_that_the_groups_tag_names_although_no_filter_carries_it(world: Region) -> None:
    text = f"hello {uuid.uuid4().hex}"

    _write(world, "/team/orders-log", text)

    (document,) = eventually(lambda: _of(world, text), "the line of a group without a filter")
    assert document["service"]["name"] == "orders"


def test_a_new_group_that_a_rule_excludes_is_added_to_the_policy_when_its_event_comes(world: Region) -> None:
    name = f"/off/{uuid.uuid4().hex[:8]}"
    world.logs.create_log_group(logGroupName=name)

    world.announce(name)

    eventually(lambda: name in _policies(world)[0]["selectionCriteria"], "the exclusion of a new group")


def test_switching_to_filters_and_back_leaves_nothing_double(world: Region) -> None:
    # when each log group gets a filter of its own
    world.deploy(SubscriptionScope="groups")
    eventually(lambda: not _policies(world), "the end of the policy")

    # then the policy is gone and the filters are there
    assert list(world.filters("/team/orders-log")) == ["watchpost.service=orders"]
    assert world.ledger()["/team/orders-log"].via == "filter"

    # and the other way round
    world.deploy(SubscriptionScope="account")
    eventually(lambda: not world.filters("/team/orders-log"), "the end of the filter")
    assert len(_policies(world)) == 1
    assert list(world.filters("/chatty/one")) == ["watchpost.service=one"]


def test_deleting_the_stack_removes_the_policy_too(world: Region) -> None:
    world.delete()

    assert _policies(world) == []
    assert world.filters("/chatty/one") == {}
