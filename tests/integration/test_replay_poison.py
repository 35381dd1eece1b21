"""What fails for good ends in `rejected/`, and takes no other letter with it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from replay.verdict import MAX_REFUSALS, MAX_REPLAYS

from tests.integration.replay_world import (
    AWAY,
    NOT_PARSED,
    ODD,
    World,
    delivered,
    died,
    failing,
    letter,
    metrics_line,
    opened,
    results,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with opened(monkeypatch) as world:
        yield world


def test_a_document_that_is_refused_for_good_is_rejected_with_its_history_and_metric(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    # given one bad document among good ones
    key = world.put([letter("document", number, NOT_PARSED) for number in range(3)])
    world.server.script = failing(NOT_PARSED, lambda item: item["original"]["id"] == "id-0")

    answer = world.replay()

    # then it is in `rejected/`, the others are delivered, and the metric rings
    assert (answer["delivered"], answer["rejected"]) == (2, 1)
    assert key not in world.stored()
    [rejected] = world.letters("rejected/")
    assert rejected["original"]["id"] == "id-0"
    assert len(rejected["history"]) == 1
    line = metrics_line(capsys.readouterr().out)
    assert line["DeadLettersRejected"] == 1
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Watchpost/Pipeline"

    # and it is not touched again
    sent = len(world.server.received)
    assert world.replay()["objects"] == 0
    assert len(world.server.received) == sent


@pytest.mark.parametrize(("reason", "turns"), [(ODD, MAX_REFUSALS), (AWAY, MAX_REPLAYS)])
def test_a_letter_is_rejected_after_a_fixed_number_of_replays(world: World, reason: str, turns: int) -> None:
    # given a letter that always fails
    world.put([letter("document", 1)])
    world.server.script = failing(reason)

    # when it is replayed once less than allowed, it is still there
    for _ in range(turns - 1):
        world.ahead += timedelta(hours=5)
        world.replay()
    assert len(world.letters("dead-letters/")) == 1

    # and with the last turn it is rejected, so that there is no loop
    world.ahead += timedelta(hours=5)
    world.replay()
    assert world.stored("dead-letters/") == []
    [rejected] = world.letters("rejected/")
    assert len(rejected["history"]) == turns


def test_a_letter_that_kills_the_shipper_is_found_and_the_others_are_delivered(world: World) -> None:
    # given one document of which the shipper dies
    world.put([letter("document", number) for number in range(50)])
    world.server.script = lambda letters: (
        died() if any(item["original"]["id"] == "id-17" for item in letters) else delivered(letters)
    )

    answer = world.replay()

    # then it alone failed
    assert (answer["delivered"], answer["failed"]) == (49, 1)
    [left] = world.letters("dead-letters/")
    assert left["original"]["id"] == "id-17"
    assert left["reason"].startswith("the shipper failed: ")


def test_metrics_are_not_sent_again_at_once_when_the_shipper_died(world: World) -> None:
    # given a shipper that dies of a chunk of metrics: some may be published
    world.put([letter("metric", number) for number in range(5)])
    world.server.script = lambda letters: died() if len(letters) > 1 else delivered(letters)

    assert world.replay()["failed"] == 5
    assert [len(chunk) for chunk in world.server.received] == [5]

    # then they go one by one the next time
    world.ahead += timedelta(minutes=20)
    assert world.replay()["delivered"] == 5
    assert [len(chunk) for chunk in world.server.received[1:]] == [1] * 5


@pytest.mark.parametrize(
    "reply",
    [
        results(),
        results({"delivered": True}, {"delivered": True}, {"delivered": True}),
        results({"delivered": "yes"}, None),
        (200, {}, {"LinesReceived": 0}),
        (200, {}, None),
    ],
)
def test_letters_count_as_delivered_only_when_the_shipper_says_so_for_each(world: World, reply: Any) -> None:
    world.put([letter("document", 1), letter("document", 2)])
    world.server.script = lambda _: reply

    answer = world.replay()

    assert (answer["delivered"], answer["failed"]) == (0, 2)
    assert len(world.letters("dead-letters/")) == 2


@pytest.mark.parametrize(
    ("status", "code"), [(429, "TooManyRequestsException"), (403, "AccessDeniedException"), (503, "ServiceException")]
)
def test_a_shipper_that_cannot_be_invoked_stops_the_run_and_is_no_failure_of_the_letters(
    world: World, status: int, code: str
) -> None:
    key = world.put([letter("document", 1)])
    before = world.body(key)
    world.server.script = lambda _: (status, {"x-amzn-errortype": code}, {"message": "no"})

    answer = world.replay()

    assert (answer["state"], answer["left"], answer["failed"]) == ("unavailable", 1, 0)
    assert code in answer["stopped"]
    assert world.body(key) == before


def test_the_replay_writes_no_dead_letters_of_its_own(world: World) -> None:
    # given letters that fail in every way
    world.put([letter("document", 1), letter("metric", 2)], "one")
    keys = world.stored()
    for script in (failing(ODD), failing(AWAY), lambda _: died(), lambda _: (200, {}, None)):
        world.server.script = script
        world.ahead += timedelta(hours=5)
        world.replay()

    # then there is the same object, and nothing else
    assert world.stored() == keys
    assert len(world.letters("dead-letters/")) == 2
