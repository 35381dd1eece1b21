"""What a person asks for is looked at once, from beginning to end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.replay_world import (
    AWAY,
    NOT_PARSED,
    ODD,
    World,
    async_record,
    delivered,
    failing,
    letter,
    opened,
    put_record,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with opened(monkeypatch) as world:
        yield world


def test_rejected_letters_can_be_replayed_by_a_person(world: World) -> None:
    # given a rejected letter
    world.put([letter("document", 1)])
    world.server.script = failing(NOT_PARSED)
    world.replay()
    [before] = world.letters("rejected/")

    # when it fails again, it stays where it is, with more history
    assert world.replay({"rejected": True})["failed"] == 1
    [after] = world.letters("rejected/")
    assert len(after["history"]) == len(before["history"]) + 1

    # and when it is delivered, it is gone
    world.server.script = delivered
    assert world.replay({"rejected": True})["delivered"] == 1
    assert world.stored() == []


def test_a_session_comes_back_to_an_object_that_it_had_no_time_to_end(world: World) -> None:
    # given an object of three chunks, of which one letter fails, and calls with time for one chunk
    world.put([letter("document", number) for number in range(2500)])
    world.server.script = failing(ODD, lambda item: item["original"]["id"] == "id-3")
    event: dict[str, Any] = {}
    answers = []

    # when the function is called until it is through
    while not answers or answers[-1]["state"] == "more":
        ticks = iter([0.0, 0.0, *[100.0] * 1000])
        answers.append(world.replay({**event, "maxSeconds": 10}, monotonic=lambda: next(ticks)))  # noqa: B023  # called at once
        again = {"cursor": answers[-1]["cursor"], "again": answers[-1]["again"]}
        event = {"before": event.get("before") or answers[0]["started"], **again}
        world.ahead += timedelta(seconds=5)

    # then each letter had one turn, and is counted once
    assert len(answers) == 3
    assert [sum(answer[name] for answer in answers) for name in ("delivered", "failed", "left")] == [2499, 1, 0]
    assert sum(len(chunk) for chunk in world.server.received) == 2500


def test_what_comes_while_a_session_goes_on_is_left_to_the_next_one_so_that_it_ends(world: World) -> None:
    # given a record of Lambda that fails again and so becomes a letter, behind the session's cursor
    now = datetime.now(UTC)
    put_record(world, "aws/lambda/async/s-shipper/2026/11/20/x", async_record("s-shipper", {"awslogs": {}}))
    world.server.script = failing(ODD)
    answer = world.replay({"maxSeconds": 60})
    [made] = world.stored("dead-letters/")
    new = world.put([letter("document", 1)])
    for key in (made, new):
        world.touch(key, now + timedelta(seconds=5))

    # when the session goes on
    world.replay({"before": answer["started"], "cursor": answer["cursor"]})

    # then neither that letter nor a new one is sent
    assert len(world.server.received) == 1


def test_a_dry_run_counts_by_kind_and_reason_and_changes_nothing(world: World) -> None:
    world.put([letter("document", 1), letter("document", 2), letter("metric", 3, "Throttled")])
    before = {key: world.body(key) for key in world.stored()}
    world.server.health = 503  # it does not even ask

    answer = world.replay({"dryRun": True})

    assert answer["state"] == "finished"
    assert answer["rows"] == [
        {"kind": "document", "reason": AWAY, "left": 2},
        {"kind": "metric", "reason": "Throttled", "left": 1},
    ]
    assert {key: world.body(key) for key in world.stored()} == before
    assert world.server.received == []


def test_only_letters_with_the_reason_are_replayed_and_the_others_stay_as_they_are(world: World) -> None:
    world.put([letter("document", 1, "Mapping Trouble [x]"), letter("document", 2, AWAY)])

    answer = world.replay({"reason": "mapping trouble"})

    assert (answer["delivered"], answer["left"]) == (1, 0)
    assert world.letters("dead-letters/") == [letter("document", 2, AWAY)]


def test_only_letters_since_a_time_are_replayed(world: World) -> None:
    # given letters of three days, and one in a young object that first failed long ago
    now = datetime.now(UTC)
    for days in (1, 2, 3):
        world.put([letter("document", days)], when=now - timedelta(days=days))
    old = letter("document", 9) | {"at": now.isoformat(), "history": [{"at": "2020-01-01T00:00:00Z", "reason": "r"}]}
    world.put([old], when=now)

    answer = world.replay({"since": (now - timedelta(days=2, minutes=1)).replace(hour=0, minute=0).isoformat()})

    assert sorted(item["original"]["id"] for item in world.server.delivered) == ["id-1", "id-2"]
    assert answer["delivered"] == 2


def test_a_session_goes_through_all_objects_once_whatever_fails(world: World) -> None:
    # given letters that all fail, and a person whose calls have no time for more than some objects
    for number in range(12):
        world.put([letter("document", number)])
    world.server.script = failing(ODD)
    event: dict[str, Any] = {}
    ticks = iter(range(10_000))

    # when the function is called until it says that it is through
    calls, failed = 0, 0
    while True:
        answer = world.replay({**event, "maxSeconds": 12}, monotonic=lambda: float(next(ticks)))
        calls, failed = calls + 1, failed + answer["failed"]
        event = {
            "before": event.get("before") or answer["started"],
            "cursor": answer["cursor"],
            "again": answer["again"],
        }
        if answer["state"] != "more":
            break

    # then each letter had one turn
    assert answer["state"] == "finished"
    assert (failed, len(world.server.received)) == (12, 12)
    assert calls > 1
