"""What waits for the end of quiet hours is not lost, whatever is broken when they end, and is told once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from notifier import redelivery
from notifier.incidents_waiting import WaitingRoom
from watchpost.errors import NotificationError

from tests.integration.notifier_world import MORNING
from tests.integration.receivers.server import broken

if TYPE_CHECKING:
    from tests.integration.notifier_world import World
    from tests.integration.receivers.webhook import Webhook


def test_without_the_table_nothing_can_wait_so_it_is_told_at_once(quiet: World, ops: Webhook) -> None:
    quiet.away |= {"dynamodb"}

    assert quiet.warn()["deferred"] == 0

    assert ops.events == ["opened"]
    assert quiet.deferred()["delivered"] == 0


def test_what_a_receiver_does_not_take_in_the_morning_goes_to_the_fallback_topic(quiet: World, ops: Webhook) -> None:
    quiet.warn()
    quiet.warn(name="watchpost/billing/billing/throttles")
    quiet.pass_time(minutes=1)
    quiet.warn("OK", name="watchpost/billing/billing/throttles")
    ops.script(broken(400), broken(400))
    quiet.time.at = MORNING

    result = quiet.deferred()

    assert result["undelivered"] == 2
    [told] = quiet.fallback()
    assert "ops: HTTP 400" in told["Message"]
    assert "orders — errors in logs" in told["Message"]
    assert "billing — throttles: 2026-11-21 22:00:00 UTC" in told["Message"]
    assert quiet.items("deferred#") == {}


def test_what_nobody_takes_in_the_morning_waits_for_the_next_run(quiet: World, ops: Webhook) -> None:
    quiet.warn()
    ops.script(broken(400))
    quiet.time.at = MORNING
    quiet.away |= {"sns", "s3"}
    with pytest.raises(NotificationError):
        quiet.deferred()
    quiet.away -= {"sns", "s3"}

    assert quiet.deferred()["delivered"] == 1
    assert ops.events == ["opened"]


def test_a_receiver_that_is_gone_in_the_morning_is_told_by_the_fallback_topic(quiet: World, awake: Webhook) -> None:
    quiet.warn()
    quiet.tells(awake)
    quiet.time.at = MORNING

    quiet.deferred()

    assert "ops: there is no receiver of this name" in quiet.fallback()[0]["Message"]
    assert quiet.items("deferred#") == {}


def _room(world: World) -> WaitingRoom:
    return WaitingRoom(world.client("dynamodb"), "incidents", lambda: world.time.at)


def test_two_runs_of_the_schedule_at_once_tell_it_once(quiet: World, ops: Webhook) -> None:
    # given that another run is about to tell what waits
    quiet.warn()
    quiet.time.at = MORNING
    [waiting] = _room(quiet).due()
    assert _room(quiet).claim(waiting, "another", MORNING + timedelta(seconds=65))

    # then this one leaves it alone, and a later one tells it when the other one must have been killed
    assert quiet.deferred()["delivered"] == 0
    quiet.pass_time(minutes=5)
    assert quiet.deferred()["delivered"] == 1
    assert ops.events == ["opened"]


def test_an_end_while_the_schedule_is_about_to_tell_is_told_by_itself(quiet: World, ops: Webhook) -> None:
    # so that it is not lost between the two
    quiet.warn()
    quiet.time.at = MORNING
    [waiting] = _room(quiet).due()
    assert _room(quiet).claim(waiting, "another", MORNING + timedelta(seconds=65))

    quiet.warn("OK")

    assert ops.events == ["resolved"]


def test_a_night_with_more_alarms_than_one_run_tells_is_told_by_the_next(quiet: World, ops: Webhook) -> None:
    count = redelivery.MOST + 1
    for number in range(count):
        quiet.deliver(f"message {number}", severity="warning")
    quiet.time.at = MORNING

    assert [quiet.deferred()["delivered"] for _ in range(3)] == [redelivery.MOST, 1, 0]
    assert len({one["title"] + one["reason"] for one in ops.messages}) == count
