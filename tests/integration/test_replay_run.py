"""Letters that are due are delivered when Elasticsearch answers; what fails again keeps its history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from replay.bucket import CLAIMS

from tests.integration.replay_world import (
    AWAY,
    ODD,
    World,
    delivered,
    failing,
    letter,
    metrics_line,
    opened,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with opened(monkeypatch) as world:
        yield world


def test_letters_that_are_delivered_are_gone(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    # given two objects, one of them with letters of all kinds
    world.put([letter("metric", 1), letter("document", 2), letter("payload", 3)])
    world.put([letter("document", 4)])

    # when they are replayed
    answer = world.replay()

    # then all is delivered, documents before metrics, and the bucket is empty
    assert (answer["state"], answer["delivered"], answer["left"]) == ("finished", 4, 0)
    assert world.stored() == []
    kinds = [chunk[0]["kind"] for chunk in world.server.received]
    assert kinds.index("payload") < kinds.index("metric")
    assert all(
        set(item) == {"kind", "reason", "attempts", "original"} for chunk in world.server.received for item in chunk
    )
    line = metrics_line(capsys.readouterr().out)
    assert (line["DeadLettersReplayed"], line["DeadLettersRejected"], line["DeadLettersPending"]) == (4, 0, 0)
    assert line["Stack"] == "s"


def test_nothing_is_sent_while_elasticsearch_does_not_answer(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    # given a cluster that is away, and a letter of a day before
    world.server.health = 503
    key = world.put([letter("document", 1)], when=datetime.now(UTC) - timedelta(days=1))
    before = world.body(key)

    answer = world.replay()

    # then nothing was tried, and the age of the oldest tells that something waits
    assert answer["state"] == "unavailable"
    assert "503" in answer["stopped"]
    assert world.server.received == []
    assert world.body(key) == before
    line = metrics_line(capsys.readouterr().out)
    assert line["DeadLettersPending"] == 1
    assert line["OldestDeadLetterSeconds"] >= 0

    # and when it answers again, the schedule delivers
    world.server.health = 200
    assert world.replay({"source": "aws.events", "detail-type": "Scheduled Event"})["delivered"] == 1


def test_a_letter_that_fails_again_keeps_its_history_and_the_others_are_gone(world: World) -> None:
    # given an object of which one letter fails
    world.put([letter("document", number, AWAY) for number in range(3)], "one")
    world.server.script = failing(ODD, lambda item: item["original"]["id"] == "id-1")

    answer = world.replay()

    # then it alone is left, in the same object, with what happened before
    assert (answer["delivered"], answer["failed"], answer["left"]) == (2, 1, 0)
    [left] = world.letters("dead-letters/")
    assert left["original"]["id"] == "id-1"
    assert (left["reason"], left["attempts"]) == (ODD, 7)
    assert [(entry["reason"], entry["attempts"]) for entry in left["history"]] == [(AWAY, 6)]

    # and failing once more adds to it
    world.ahead += timedelta(minutes=20)
    world.replay()
    [left] = world.letters("dead-letters/")
    assert [entry["reason"] for entry in left["history"]] == [AWAY, ODD]
    assert left["attempts"] == 8


def test_a_letter_that_failed_waits_longer_each_time_unless_a_person_asks(world: World) -> None:
    # given a letter that failed again
    world.put([letter("document", 1)])
    world.server.script = failing(ODD)
    world.replay()
    sent = len(world.server.received)

    # when the next run comes too early, it is left
    world.ahead += timedelta(minutes=5)
    assert world.replay()["left"] == 1
    assert len(world.server.received) == sent

    # and a person need not wait
    world.server.script = delivered
    assert world.replay({"dryRun": False})["delivered"] == 1


def test_a_run_stops_when_elasticsearch_goes_away_again(world: World) -> None:
    # given more objects than are worked on at once
    for number in range(30):
        world.put([letter("document", number)])
    world.server.script = failing(AWAY)

    answer = world.replay()

    # then most of them were not tried, and none is lost
    assert answer["state"] == "unavailable"
    assert answer["waiting"] >= 20
    assert len(world.letters("dead-letters/")) == 30
    assert world.stored(CLAIMS) == []


def test_credentials_that_changed_are_read_anew(world: World) -> None:
    # given a cluster that refuses the login that is known
    world.put([letter("document", 1)])
    asked: list[bool] = []

    def connect(*, fresh: bool = False) -> Any:
        asked.append(fresh)
        world.server.health = 200 if fresh else 401
        return world.connect()

    assert world.replay(connect=connect)["delivered"] == 1
    assert asked == [False, True]
