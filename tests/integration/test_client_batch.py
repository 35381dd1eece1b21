"""A batch that comes through AWS: each record in the transaction it was sent in, and only what failed comes again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws
from watchpost_client import correlation, handler, instrument, records, wire

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def session() -> Iterator[boto3.Session]:
    with mock_aws():
        made = boto3.Session(region_name="eu-west-1")
        instrument(made, http=False)
        yield made


def _polled(queue: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What Lambda takes from a queue: an event, and the messages by id."""
    found = queue.receive_messages(MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    batch = []
    for message in found:
        attributes = {
            name: {"dataType": item["DataType"], "stringValue": item["StringValue"]}
            for name, item in (message.message_attributes or {}).items()
        }
        batch.append(
            {
                "messageId": message.message_id,
                "body": message.body,
                "messageAttributes": attributes,
                "eventSource": "aws:sqs",
                "eventSourceARN": queue.attributes["QueueArn"],
            }
        )
    return {"Records": batch}, {message.message_id: message for message in found}


def _delivered(queue: Any, function: Any) -> bool:
    """Deliver a batch as Lambda does: what the function does not tell as failed is deleted. Whether there was one."""
    event, messages = _polled(queue)
    if not messages:
        return False
    failed = {item["itemIdentifier"] for item in function(event, None)["batchItemFailures"]}
    assert failed <= set(messages)
    for identifier, message in messages.items():
        if identifier in failed:
            message.change_visibility(VisibilityTimeout=0)
        else:
            message.delete()
    return True


@pytest.mark.parametrize("fifo", [False, True])
def test_each_record_is_worked_on_and_sent_on_in_its_own_transaction_until_it_succeeds(
    session: boto3.Session, fifo: bool
) -> None:
    """What a record's work sends carries the id of this record, not of the batch or of the one before."""
    suffix, group = (".fifo", {"MessageGroupId": "g"}) if fifo else ("", {})
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if fifo else {}
    sqs = session.resource("sqs")
    first = sqs.create_queue(QueueName=f"first{suffix}", Attributes=attributes)
    second = sqs.create_queue(QueueName="second")
    for number in range(5):
        with correlation.use(correlation.new(f"c-{number}")):
            first.send_message(MessageBody=f"c-{number}", **group)
    refused, order = ["c-2"], []

    def work(record: dict[str, Any]) -> None:
        if record["body"] in refused:
            refused.remove(record["body"])
            raise TimeoutError("the shop is closed")
        second.send_message(MessageBody=record["body"])
        order.append(record["body"])

    @handler
    def entered(event: Any, _context: Any) -> Any:
        return records.for_each(event, work)

    # when the batch is delivered until nothing is left
    deliveries = 0
    while _delivered(first, entered):
        deliveries += 1
        assert deliveries <= 10

    # then each message went on once, with the id it came with
    event, _ = _polled(second)
    found = [(item["body"], item["messageAttributes"][wire.ID]["stringValue"]) for item in event["Records"]]
    assert sorted(found) == [(f"c-{number}", f"c-{number}") for number in range(5)]
    if fifo:
        assert order == [f"c-{number}" for number in range(5)]
    assert deliveries >= 2
