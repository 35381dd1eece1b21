"""Damaged objects, large letters, and what Lambda itself writes into the bucket."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from tests.integration.replay_world import (
    BUCKET,
    ODD,
    World,
    async_record,
    delivered,
    failing,
    letter,
    metrics_line,
    opened,
    put_record,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with opened(monkeypatch) as world:
        yield world


@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_a_truncated_object_is_replayed_as_far_as_it_can_be_read_and_kept_whole(world: World, keep: float) -> None:
    # given an object that breaks off
    letters = [letter("document", number) for number in range(2000)]
    key = world.put(letters)
    whole = world.body(key)
    broken = whole[: int(len(whole) * keep)]
    world.s3.put_object(Bucket=BUCKET, Key=key, Body=broken)

    answer = world.replay()

    # then the first letters are delivered, and the bytes lie in `rejected/` as they are
    assert 0 < answer["delivered"] < 2000
    assert answer["unreadable"] == 1
    [rejected] = world.stored()
    assert rejected == f"rejected/{key.removeprefix('dead-letters/')}.unreadable"
    assert world.body(rejected) == broken


@pytest.mark.parametrize("line", [b"{not json", b"[]", b'{"kind": "document"}', b'{"a": NaN}', b"\xff\xfe"])
def test_broken_lines_do_not_keep_the_others_from_being_replayed(
    world: World, capsys: pytest.CaptureFixture[str], line: bytes
) -> None:
    body = gzip.compress(b"\n".join([json.dumps(letter("document", 1)).encode(), line, b""]))
    world.s3.put_object(Bucket=BUCKET, Key="dead-letters/2026/11/20/x.ndjson.gz", Body=body)

    answer = world.replay()

    assert (answer["delivered"], answer["unreadable"]) == (1, 1)
    assert world.stored() == ["rejected/2026/11/20/x.ndjson.gz.unreadable"]
    assert metrics_line(capsys.readouterr().out)["DeadLettersRejected"] == 1


def test_a_letter_too_large_for_an_invocation_is_rejected_and_the_others_are_delivered(world: World) -> None:
    big = letter("document", 1)
    big["original"]["document"]["text"] = "x" * 6_000_000
    world.put([big, letter("document", 2)])

    answer = world.replay()

    assert (answer["delivered"], answer["rejected"]) == (1, 1)
    assert [item["original"]["id"] for item in world.letters("rejected/")] == ["id-1"]


def test_what_lambda_refuses_for_its_content_is_divided(world: World) -> None:
    world.put([letter("document", number) for number in range(8)])
    refusal = (413, {"x-amzn-errortype": "RequestTooLargeException"}, {"message": "too large"})
    world.server.script = lambda letters: refusal if len(letters) > 2 else delivered(letters)

    assert world.replay()["delivered"] == 8
    assert world.stored() == []


def test_what_nobody_can_read_is_not_replayed_out_of_rejected(world: World) -> None:
    world.s3.put_object(Bucket=BUCKET, Key="rejected/2026/11/20/x.ndjson.gz.unreadable", Body=b"{")

    assert world.replay({"rejected": True})["objects"] == 0
    assert len(world.stored()) == 1


def test_what_lambda_kept_of_the_shipper_is_replayed_and_that_of_others_is_named(world: World) -> None:
    # given failed asynchronous invocations of the shipper and of the subscriber
    event = {"awslogs": {"data": "xyz"}}
    name = "2026/11/20/2026-11-20T10.00.00-11111111-2222-3333-4444-555555555555"
    mine = put_record(world, f"aws/lambda/async/s-shipper/{name}", async_record("s-shipper", event))
    other = put_record(world, f"aws/lambda/async/s-subscriber/{name}", async_record("s-subscriber", {}))

    answer = world.replay()

    # then the shipper gets its event again
    assert answer["delivered"] == 1
    [[sent]] = world.server.received
    assert sent == {
        "kind": "payload",
        "reason": "Lambda gave up: RetriesExhausted: no bucket",
        "attempts": 3,
        "original": event,
    }
    assert mine not in world.stored()
    # and the other is left
    assert answer["foreign"] == {"s-subscriber": 1}
    assert world.stored() == [other]


def test_what_lambda_kept_of_a_stream_is_accounted_for_record_by_record(world: World) -> None:
    # given a failed batch of three Kinesis records
    records = [{"eventID": f"e{number}", "kinesis": {"data": "x"}} for number in range(3)]
    record = async_record("s-shipper", None)
    del record["requestPayload"]
    record["KinesisBatchInfo"] = {"shardId": "shardId-000000000000", "batchSize": 3}
    record["payload"] = json.dumps({"Records": records})
    uuid = "5d0b9ba7-6b7c-4d2e-8f0a-000000000000"
    key = f"aws/lambda/{uuid}/shardId-000000000000/2026/11/20/2026-11-20T10.00.00-abc"
    put_record(world, key, record)
    world.server.script = failing(ODD, lambda item: item["original"]["Records"][0]["eventID"] == "e1")

    answer = world.replay()

    # then the one that failed again is a letter as all others are
    assert (answer["delivered"], answer["failed"]) == (2, 1)
    [left] = world.letters("")
    assert left["original"] == {"Records": [records[1]]}
    assert [entry["at"] for entry in left["history"]] == ["2026-11-20T10:00:00.123Z"]
    assert world.stored() == [f"dead-letters/2026/11/20/{uuid}-shardId-000000000000-2026-11-20T10.00.00-abc.ndjson.gz"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"requestContext": {}}', b'{"payload": "{"}'])
def test_a_record_of_lambda_that_cannot_be_read_is_kept_whole(world: World, body: bytes) -> None:
    world.s3.put_object(Bucket=BUCKET, Key="aws/lambda/async/s-shipper/2026/11/20/x", Body=body)

    assert world.replay()["unreadable"] == 1

    assert world.stored() == ["rejected/aws/lambda/async/s-shipper/2026/11/20/x.unreadable"]
    assert world.body(world.stored()[0]) == body
