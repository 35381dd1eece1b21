"""Runs at once, runs that die, runs that have no time: nothing is lost, and no metric is sent twice."""

from __future__ import annotations

import gzip
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from replay.bucket import CLAIMS
from replay.work import MAX_TAKEOVERS

from tests.integration.replay_world import (
    BUCKET,
    Immortal,
    Letters,
    World,
    delivered,
    letter,
    numbers,
    opened,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with opened(monkeypatch) as world:
        yield world


def test_two_runs_at_once_send_each_metric_once(world: World) -> None:
    # given many objects with metrics
    for number in range(40):
        world.put([letter("metric", number), letter("document", number + 1000)])
    both = threading.Barrier(3)

    def one(event: dict[str, Any]) -> dict[str, Any]:
        both.wait()
        return world.replay(event)

    # when three runs start at once: the schedule twice, and a person
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(one, [{}, {}, {"maxSeconds": 60}]))

    # then each letter was sent once, in total and by number
    assert sum(answer["delivered"] for answer in answers) == 80
    assert set(numbers(world.server.delivered).values()) == {1}
    assert len(world.server.delivered) == 80
    assert world.stored() == []
    # and the runs did meet
    assert sum(answer["objects"] for answer in answers) > 40


def test_a_run_that_was_killed_is_taken_over_after_its_claim_expired_and_not_before(world: World) -> None:
    # given a run that died between claiming and sending
    world.put([letter("metric", 1)])

    def killed(event: bytes) -> Any:
        raise SystemExit

    with pytest.raises(SystemExit):
        world.replay(invoke=killed)
    assert len(world.stored(CLAIMS)) == 1

    # then the next run leaves the object alone while the claim holds
    assert (world.replay()["busy"], world.server.received) == (1, [])

    # and takes it over when that is over
    world.ahead += timedelta(seconds=300 + 120)
    assert world.replay()["delivered"] == 1
    assert world.stored() == []


def test_a_run_that_was_killed_before_removing_an_object_loses_nothing(world: World) -> None:
    # given a run that delivered and died before it removed the object
    key = world.put([letter("document", 1), letter("metric", 2)])
    world.replay(s3=lambda: Immortal(world.s3))
    assert key in world.stored()

    # when the next run takes over
    world.ahead += timedelta(seconds=300 + 120)
    world.replay()

    # then all is delivered: the document has its id, and the metric was sent twice at most
    assert world.stored() == []
    assert numbers(world.server.delivered) == {1: 2, 2: 2}


def test_an_object_that_no_run_comes_back_from_is_put_aside_unread(world: World) -> None:
    # given an object whose claim was taken over again and again
    key = world.put([letter("document", 1)])
    body = world.body(key)
    claim = {"by": "dead", "until": "2020-01-01T00:00:00Z", "takeovers": MAX_TAKEOVERS - 1}
    world.s3.put_object(Bucket=BUCKET, Key=CLAIMS + key, Body=json.dumps(claim).encode())

    answer = world.replay()

    # then the next takeover is the last one
    assert answer["unreadable"] == 1
    assert world.server.received == []
    [rejected] = world.stored()
    assert rejected.startswith("rejected/")
    assert world.body(rejected) == body


def test_an_object_of_which_the_replay_itself_fails_ends_in_rejected_and_blocks_no_other(world: World) -> None:
    # given a fault of ours that one object brings out
    world.put([letter("document", 1)])
    world.put([letter("document", 2)])
    send = world.surroundings().invoke

    def faulty(event: bytes) -> Any:
        if b"id-1" in event:
            raise RecursionError
        return send(event)

    # when it is replayed again and again
    answers = []
    for _ in range(MAX_TAKEOVERS + 1):
        answers.append(world.replay(invoke=faulty))
        world.ahead += timedelta(hours=1)

    # then the other one was delivered at once, and this one is put aside as it is
    assert (answers[0]["delivered"], answers[0]["broken"]) == (1, 1)
    assert answers[-1]["unreadable"] == 1
    [rejected] = world.stored()
    assert rejected.endswith(".unreadable")


def test_an_object_that_was_written_again_meanwhile_is_kept(world: World) -> None:
    # given a shipper whose own second attempt replaces the object while it is replayed
    key = world.put([letter("document", 1)], "same")

    def meanwhile(letters: Letters) -> Any:
        world.put([letter("document", 1), letter("document", 2)], "same")
        return delivered(letters)

    world.server.script = meanwhile
    world.replay()

    # then what was added is not removed with what was delivered
    assert {item["original"]["id"] for item in world.letters("dead-letters/")} == {"id-1", "id-2"}
    world.server.script = delivered
    world.replay()
    assert key not in world.stored()


def test_a_run_without_time_leaves_the_rest_to_the_next_one(world: World) -> None:
    # given more objects than there is time for
    for number in range(20):
        world.put([letter("document", number)])
    left = iter([300.0] * 12 + [70.0] * 1000)

    answer = world.replay(remaining=lambda: next(left))

    # then it says so, and the next run goes on
    assert answer["state"] == "more"
    assert 0 < answer["delivered"] < 20
    assert world.stored(CLAIMS) == []
    assert answer["delivered"] + world.replay()["delivered"] == 20
    assert set(numbers(world.server.delivered).values()) == {1}


def test_a_large_object_is_written_down_as_far_as_it_is_done(world: World) -> None:
    # given an object of several chunks of metrics, and a run that is killed in the third
    world.put([letter("metric", number) for number in range(2500)])
    chunks: list[int] = []

    def third(letters: Letters) -> Any:
        chunks.append(len(letters))
        if len(chunks) == 3:
            raise BrokenPipeError
        return delivered(letters)

    world.server.script = third
    world.server.server.handle_error = lambda *_: None  # type: ignore[method-assign]  # the server's own complaint

    # when it is replayed until it is through
    world.replay()
    world.ahead += timedelta(minutes=20)
    world.server.script = delivered
    world.replay()

    # then the metrics of the first two chunks were sent once
    counts = numbers(world.server.delivered)
    assert set(counts.values()) == {1}
    assert len(counts) == 2500
    assert world.stored() == []


def test_a_run_that_is_killed_between_chunks_sends_no_metric_of_the_earlier_ones_again(world: World) -> None:
    # given an object of three chunks of metrics, with a line that cannot be read, and a run that dies in the third
    lines = [json.dumps(letter("metric", number)).encode() for number in range(2500)]
    body = gzip.compress(b"\n".join([b"{broken", *lines, b""]))
    key = "dead-letters/2026/11/20/big.ndjson.gz"
    world.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    send, calls = world.surroundings().invoke, iter(range(10))

    def mortal(event: bytes) -> Any:
        if next(calls) == 2:
            raise SystemExit
        return send(event)

    with pytest.raises(SystemExit):
        world.replay(invoke=mortal)

    # when another run takes over
    world.ahead += timedelta(hours=1)
    assert world.replay()["delivered"] == 500

    # then each metric was sent once, and the object, as it was, is kept for its broken line
    assert set(numbers(world.server.delivered).values()) == {1}
    assert world.stored() == ["rejected/2026/11/20/big.ndjson.gz.unreadable"]
    assert world.body(world.stored()[0]) == body


def test_what_was_not_touched_for_the_longest_time_comes_first(world: World) -> None:
    # given an old object that was tried a moment ago, and younger ones that were not
    now = datetime.now(UTC)
    tried = world.put([letter("document", 0)], when=now - timedelta(days=3))
    waiting = [world.put([letter("document", number)], when=now - timedelta(days=1)) for number in range(1, 9)]
    for key in waiting:
        world.touch(key, now - timedelta(hours=2))
    world.touch(tried, now - timedelta(minutes=1))

    world.replay()

    # then it had to wait until the others had their turn
    order = [chunk[0]["original"]["id"] for chunk in world.server.received]
    assert order.index("id-0") >= len(order) - 4  # four are worked on at once


def test_an_object_that_s3_does_not_give_is_left_and_counted(world: World) -> None:
    world.put([letter("document", 1)])
    good = world.put([letter("document", 2)])

    class Grudging(Immortal):
        def __getattr__(self, name: str) -> Any:
            return self._get if name == "get_object" else getattr(self._s3, name)

        def _get(self, **arguments: Any) -> Any:
            if arguments["Key"] == good:
                return self._s3.get_object(**arguments)
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")

    answer = world.replay(s3=lambda: Grudging(world.s3))

    assert (answer["broken"], answer["delivered"]) == (1, 1)
    assert len(world.stored("dead-letters/")) == 1
