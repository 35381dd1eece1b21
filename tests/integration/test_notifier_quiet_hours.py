"""In quiet hours messages wait: at their end what still rings is told, and what is over as one digest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.integration.notifier_world import KEY, MORNING, NIGHT, alarm
from tests.integration.receivers.pagerduty import PagerDuty
from tests.integration.receivers.slack import SlackApi

if TYPE_CHECKING:
    from tests.integration.notifier_world import World
    from tests.integration.receivers.webhook import Webhook


def test_a_warning_in_quiet_hours_waits_until_they_end_and_is_then_told_in_full(
    quiet: World, ops: Webhook, awake: Webhook
) -> None:
    # given a warning at night
    result = quiet.warn()

    # then only who has no quiet hours is told
    assert (result["delivered"], result["deferred"]) == (1, 1)
    assert (ops.events, awake.events) == ([], ["opened"])
    # nor is the other one a minute before their end
    quiet.time.at = MORNING - timedelta(minutes=1)
    assert quiet.deferred()["delivered"] == 0

    # when they end while it still rings
    quiet.time.at = MORNING
    result = quiet.deferred()

    # then it is told as it would have been, once, and its end is a message as usual
    assert result["delivered"] == 1
    assert quiet.deferred()["delivered"] == 0
    assert ops.events == ["opened"]
    assert (ops.messages[0]["since"], ops.messages[0]["key"]) == ("2026-11-21T22:00:00Z", KEY)
    assert "Sum of LogErrors over 1 minute was 7" in ops.texts()[0]
    quiet.pass_time(minutes=3)
    quiet.warn("OK")
    assert ops.events == ["opened", "resolved"]
    assert ops.messages[1]["lasted_seconds"] == (MORNING - NIGHT).total_seconds() + 180
    assert quiet.items("deferred#") == {}


def test_a_critical_alarm_does_not_wait(quiet: World, ops: Webhook) -> None:
    assert quiet.deliver(alarm(at=NIGHT))["deferred"] == 0

    assert ops.events == ["opened"]


def test_what_is_over_by_itself_is_one_digest_and_nothing_else(quiet: World, ops: Webhook, awake: Webhook) -> None:
    # given two alarms that come and go at night, one of them twice, and one that stays
    quiet.warn()
    quiet.pass_time(minutes=7)
    quiet.warn("OK")
    quiet.pass_time(minutes=3)
    quiet.warn()
    quiet.warn(name="watchpost/billing/billing/throttles")
    quiet.warn(name="watchpost/search/search/slow")
    quiet.pass_time(minutes=2)
    quiet.warn("OK")
    quiet.warn("OK", name="watchpost/billing/billing/throttles")
    assert ops.events == []

    # when the night is over
    quiet.time.at = MORNING
    quiet.deferred()

    # then those two are lines of one message, and the third is a message of its own
    assert ops.events == ["digest", "opened"]
    assert ops.messages[0]["items"] == [
        "orders — errors in logs: 2026-11-21 22:00:00 UTC to 22:12:00 UTC (12 min), rang 2 times",
        "billing — throttles: 2026-11-21 22:10:00 UTC to 22:12:00 UTC (2 min)",
    ]
    assert ops.messages[0]["title"] == "2 alarms rang in quiet hours and are over"
    assert ops.messages[1]["service"] == "search"
    assert ops.refused == []
    assert quiet.items("deferred#") == {}
    # and who is awake was told of each as it happened
    assert len(awake.messages) == 7


def test_a_pager_is_woken_by_what_still_rings_and_not_by_a_digest(night: World) -> None:
    with PagerDuty("ops") as pager:
        night.tells(pager)
        night.warn()
        night.warn(name="watchpost/billing/billing/throttles")
        night.pass_time(minutes=7)
        night.warn("OK", name="watchpost/billing/billing/throttles")
        assert pager.messages == []

        night.time.at = MORNING
        result = night.deferred()

        assert pager.triggered == {KEY: 1}
        assert result["silent"] == 1
        assert night.items("deferred#") == {}


def test_the_end_of_what_a_receiver_knows_of_is_told_at_once(night: World) -> None:
    # given an alarm that a receiver was told of before the quiet hours began
    with PagerDuty("ops") as pager:
        night.tells(pager)
        night.time.at = NIGHT - timedelta(hours=2)
        night.warn()
        assert pager.open == {KEY}

        # when it is over within them
        night.time.at = NIGHT
        night.warn("OK")

        # then nobody works on it until the morning
        assert pager.open == set()


def test_a_change_of_what_a_receiver_knows_of_waits_and_is_no_news_any_more_when_it_is_over(
    quiet: World, ops: Webhook
) -> None:
    quiet.time.at = NIGHT - timedelta(hours=2)
    quiet.warn()
    quiet.time.at = NIGHT
    assert quiet.warn("INSUFFICIENT_DATA", before="ALARM")["deferred"] == 1
    quiet.pass_time(minutes=5)
    quiet.warn("OK")
    assert ops.events == ["opened", "resolved"]

    quiet.time.at = MORNING
    quiet.deferred()

    assert ops.events == ["opened", "resolved"]


def test_a_change_that_waits_is_told_at_the_end_of_quiet_hours(quiet: World, ops: Webhook) -> None:
    quiet.time.at = NIGHT - timedelta(hours=2)
    quiet.warn()
    quiet.time.at = NIGHT
    quiet.warn("INSUFFICIENT_DATA", before="ALARM")

    quiet.time.at = MORNING
    quiet.deferred()

    assert ops.events == ["opened", "changed"]


def test_an_update_between_the_end_of_quiet_hours_and_the_schedule_is_the_first_that_is_told(
    quiet: World, ops: Webhook
) -> None:
    quiet.warn()
    quiet.time.at = MORNING + timedelta(minutes=1)

    quiet.warn("INSUFFICIENT_DATA", before="ALARM")
    quiet.deferred()

    assert ops.events == ["opened"]  # to this receiver it is new


def test_an_end_between_the_end_of_quiet_hours_and_the_schedule_is_in_the_digest(quiet: World, ops: Webhook) -> None:
    quiet.warn()
    quiet.time.at = MORNING + timedelta(minutes=1)

    quiet.warn("OK")
    quiet.deferred()

    assert ops.events == ["digest"]


def test_a_text_that_is_no_alarm_waits_too(quiet: World, ops: Webhook) -> None:
    quiet.deliver("the deploy is over", severity="warning")
    quiet.deliver("the deploy is over", severity="warning")
    assert ops.messages == []

    quiet.time.at = MORNING
    quiet.deferred()

    assert ops.events == ["plain", "plain"]


def test_the_same_message_delivered_twice_waits_once(quiet: World, ops: Webhook) -> None:
    event = quiet.message(alarm(at=NIGHT), severity="warning")
    quiet.run(event)
    quiet.run(event)

    quiet.time.at = MORNING
    quiet.deferred()

    assert ops.events == ["opened"]


def test_what_is_told_after_the_night_is_updated_where_it_was_told(night: World) -> None:
    with SlackApi("ops") as slack:
        night.tells(slack)
        night.warn()
        night.time.at = MORNING
        night.deferred()
        night.pass_time(minutes=1)
        night.warn("OK")

        [(ts, message)] = slack.channel.items()
        assert "RESOLVED" in slack.text(message)
        assert len(slack.threads[ts]) == 1
        assert slack.refused == []


def test_a_night_in_which_the_clock_is_changed_ends_in_the_morning(quiet: World, ops: Webhook) -> None:
    # 2026-10-25: the night has an hour more, and ends at 06:00 UTC instead of 05:00
    quiet.time.at = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)
    quiet.warn()

    quiet.time.at = datetime(2026, 10, 25, 5, 59, tzinfo=UTC)
    assert quiet.deferred()["delivered"] == 0
    quiet.time.at = datetime(2026, 10, 25, 6, 0, tzinfo=UTC)
    assert quiet.deferred()["delivered"] == 1
    assert ops.events == ["opened"]
