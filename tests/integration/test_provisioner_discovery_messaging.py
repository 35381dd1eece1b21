"""Queues and topics: what each says of itself, and who sends dead letters to whom."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from provisioner.discovery import Skipped

from tests.integration.services_account.account import Services, arn, services_account
from tests.integration.services_account.scripted import Refusal, answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

GONE = "deleted, though its tags are still listed"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    with services_account(monkeypatch) as made:
        yield made


def _redrive(target: str) -> str:
    return json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": 3})


def test_a_queue_has_its_retention_and_the_quota_of_its_kind(account: Services) -> None:
    account.queue("plain", MessageRetentionPeriod="3600")
    account.queue("ordered.fifo", FifoQueue="true")

    found = {one.name: one.facts for one in account.discover("sqs").resources}

    assert found == {
        "plain": {"retention_s": 3600, "fifo": False, "dead_letter_queue": False, "in_flight_quota": 120_000},
        "ordered.fifo": {"retention_s": 345_600, "fifo": True, "dead_letter_queue": False, "in_flight_quota": 20_000},
    }


def test_a_queue_is_fifo_by_the_value_of_the_attribute_and_not_by_its_presence(account: Services) -> None:
    """A well-known mistake: the attribute of a standard queue may be there with the value false."""
    account.queue("plain")

    def told(parsed: dict[str, Any], **_: Any) -> None:
        parsed["Attributes"]["FifoQueue"] = "false"

    account.client("sqs").meta.events.register("after-call.sqs.GetQueueAttributes", told)

    facts = account.one("sqs").facts

    assert (facts["fifo"], facts["in_flight_quota"]) == (False, 120_000)


def test_a_dead_letter_queue_is_known_by_the_other_queues(account: Services) -> None:
    """By those of its own service, of another one, and of none: it has nothing of it itself."""
    # given four queues, three of which are where others send their dead letters
    targets = [account.queue(name) for name in ("own", "others", "nobodys", "plain")]
    account.queue("source-1", {"service": "orders"}, RedrivePolicy=_redrive(targets[0]))
    account.queue("source-2", {"service": "mail"}, RedrivePolicy=_redrive(targets[1]))
    account.queue("source-3", {}, RedrivePolicy=_redrive(targets[2]))

    # when they are discovered
    found = account.discover("sqs").resources

    # then exactly these are dead-letter queues
    assert {one.name for one in found if one.facts["dead_letter_queue"]} == {"own", "others", "nobodys"}
    assert "source-3" not in {one.name for one in found}
    # and only where no other queue told it, it was asked for
    assert account.made["list_dead_letter_source_queues"] == 4


@pytest.mark.parametrize(
    ("policy", "is_one"),
    [
        ({"redrivePermission": "byQueue", "sourceQueueArns": [arn("sqs", "source")]}, True),
        ({"redrivePermission": "allowAll"}, False),
        ({"redrivePermission": "denyAll"}, False),
    ],
)
def test_a_queue_that_names_its_sources_is_a_dead_letter_queue(
    account: Services, policy: dict[str, Any], *, is_one: bool
) -> None:
    account.queue("letters")

    # (this AWS takes such a policy and does not tell it again)
    def told(parsed: dict[str, Any], **_: Any) -> None:
        parsed["Attributes"]["RedriveAllowPolicy"] = json.dumps(policy)

    account.client("sqs").meta.events.register("after-call.sqs.GetQueueAttributes", told)

    assert account.one("sqs").facts["dead_letter_queue"] is is_one


def test_queues_beyond_the_first_page_are_found(account: Services) -> None:
    """SQS gives no second page unless a page's size is asked for, and 1,000 is the most."""
    account.queue("first")
    account.queue("second")
    urls = account.client("sqs").list_queues()["QueueUrls"]

    def page(asked: Mapping[str, Any]) -> dict[str, Any]:
        if asked.get("MaxResults") != 1000:
            return {"QueueUrls": urls[:1]}
        return {"QueueUrls": urls[1:]} if asked.get("NextToken") else {"QueueUrls": urls[:1], "NextToken": "next"}

    answer(account.client("sqs"), "ListQueues", page)

    inventory = account.discover("sqs")

    assert sorted(one.name for one in inventory.resources) == ["first", "second"]
    assert inventory.skipped == []


def test_one_queue_that_is_refused_or_gone_does_not_stop_the_others(account: Services) -> None:
    # given a queue, one that may not be read, one that is deleted, and one that is deleted after it was listed
    for name in ("fine", "refused", "late"):
        account.queue(name)
    account.tag("sqs", arn("sqs", "gone"))

    def respond(asked: Mapping[str, Any]) -> None:
        if asked["QueueUrl"].endswith("/refused"):
            raise Refusal("AccessDenied", 403)
        if asked["QueueUrl"].endswith("/late"):
            raise Refusal("AWS.SimpleQueueService.NonExistentQueue")

    answer(account.client("sqs"), "GetQueueAttributes", respond)

    # when they are discovered
    inventory = account.discover("sqs")

    # then each is what it is
    assert [one.name for one in inventory.resources] == ["fine"]
    assert {one.resource for one in inventory.skipped if one.reason == GONE} == {"gone", "late"}
    assert [(one.kind, one.service, one.resource) for one in inventory.unknown] == [("sqs", "orders", "refused")]
    assert "AccessDenied" in inventory.unknown[0].reason


def test_a_topic_has_a_dead_letter_queue_when_one_of_its_subscriptions_has(account: Services) -> None:
    # given a topic with a redriving subscription among others, one with a plain one, one with none, one deleted
    client = account.client("sns")
    topics = {name: client.create_topic(Name=name)["TopicArn"] for name in ("redriving", "plain", "alone")}
    for topic in topics.values():
        account.tag("sns:topic", topic)
    account.tag("sns:topic", arn("sns", "gone"))
    for topic, policy in (("redriving", None), ("redriving", _redrive(arn("sqs", "letters"))), ("plain", None)):
        more = {"RedrivePolicy": policy} if policy else {}
        client.subscribe(TopicArn=topics[topic], Protocol="sqs", Endpoint=arn("sqs", f"q{len(more)}"), Attributes=more)
    client.subscribe(TopicArn=topics["alone"], Protocol="email", Endpoint="a@example.com")
    pending = {"SubscriptionArn": "PendingConfirmation", "TopicArn": topics["alone"]}

    def with_pending(parsed: dict[str, Any], **_: Any) -> None:
        parsed["Subscriptions"] = [one for one in parsed["Subscriptions"] if one["Protocol"] == "sqs"] + [pending]

    client.meta.events.register("after-call.sns.ListSubscriptions", with_pending)

    # when they are discovered
    inventory = account.discover("sns")

    # then one has a dead-letter queue
    found = {one.name: one.facts["has_dead_letter_queue"] for one in inventory.resources}
    assert found == {"redriving": True, "plain": False, "alone": False}
    assert inventory.skipped == [Skipped("gone", GONE)]
    assert inventory.unknown == []


def test_a_subscription_that_may_not_be_read_leaves_its_topic_as_it_is(account: Services) -> None:
    client = account.client("sns")
    for name in ("orders", "others"):
        account.tag("sns:topic", client.create_topic(Name=name)["TopicArn"])
    client.subscribe(TopicArn=arn("sns", "orders"), Protocol="sqs", Endpoint=arn("sqs", "q"))
    account.refuse("sns", "GetSubscriptionAttributes", "AuthorizationError")

    inventory = account.discover("sns")

    assert [one.name for one in inventory.resources] == ["others"]
    assert [(one.kind, one.resource) for one in inventory.unknown] == [("sns", "orders")]

    account.refuse("sns", "GetSubscriptionAttributes", "NotFound")  # deleted since it was listed
    assert [one.name for one in account.discover("sns").resources] == ["orders", "others"]
