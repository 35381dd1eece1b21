"""Log lines that come through the stream, as CloudWatch Logs would put them there."""

from __future__ import annotations

import base64
import json
import uuid
from typing import TYPE_CHECKING

from tests.acceptance.helpers import dead_letters, documents, eventually, published, subscription_event

if TYPE_CHECKING:
    from local.account import Account

STREAM = "watchpost-logs"


def put(account: Account, *payloads: bytes) -> None:
    """Put records into the stack's stream."""
    records = [{"Data": payload, "PartitionKey": uuid.uuid4().hex} for payload in payloads]
    answer = account.client("kinesis").put_records(StreamName=STREAM, Records=records)
    assert answer["FailedRecordCount"] == 0


def payload(group: str, messages: list[str]) -> bytes:
    """The data of one record: what a direct event has in base64."""
    return base64.b64decode(subscription_event(group, messages)["awslogs"]["data"])


def test_lines_of_many_records_become_documents_and_metrics_once(account: Account) -> None:
    # given payloads of which one comes twice, and a control message
    group, service = f"/test/{uuid.uuid4().hex[:12]}", f"kinesis-{uuid.uuid4().hex[:8]}"
    lines = [json.dumps({"service": service, "message": f"MONITORING|{number}|Count|sold|shop"}) for number in range(6)]
    first, second = payload(group, lines[:3]), payload(group, lines[3:])

    # when they are put into the stream
    put(account, first, b"\x1f\x8b not gzip", second, first)

    # then each line is one document, and each value counts once
    eventually(lambda: len(documents(account, group)) == 6, "the documents")
    eventually(lambda: published(account, "sold", service)[0] == 15, "the metrics")
    put(account, first, second)
    put(account, payload(group, ["the last one"]))
    eventually(lambda: len(documents(account, group)) == 7, "the documents")
    assert published(account, "sold", service) == (15.0, 6.0)

    # and what cannot be read is a dead letter
    broken = [letter for letter in dead_letters(account) if letter["kind"] == "payload"]
    kept = {
        base64.b64decode(letter["original"]["awslogs"]["data"]) for letter in broken if "awslogs" in letter["original"]
    }
    assert b"\x1f\x8b not gzip" in kept
