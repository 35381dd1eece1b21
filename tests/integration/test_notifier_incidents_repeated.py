"""Nobody is told twice: messages that arrive again, at the same time, or after an invocation that was killed."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from notifier.alarm import Sns, parse
from notifier.clock import Clock
from notifier.incidents_table import Table
from notifier.run import run
from watchpost.errors import NotificationError

from tests.integration.faults.world import eventually
from tests.integration.notifier_world import BEGIN, KEY, Locked, alarm, one_stack
from tests.integration.receivers.pagerduty import PagerDuty
from tests.integration.receivers.server import broken, held
from tests.integration.receivers.webhook import Webhook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.notifier_world import World
    from tests.integration.receivers.server import Answer, Request


@pytest.fixture
def world() -> Iterator[World]:
    with one_stack() as found:
        yield found


@pytest.fixture
def pager() -> Iterator[PagerDuty]:
    with PagerDuty("oncall") as found:
        yield found


def test_the_same_message_delivered_twice_is_told_once(world: World, ops: Webhook) -> None:
    world.tells(ops)
    event = world.message(alarm())
    first = world.run(event)

    second = world.run(event)

    assert (first["delivered"], second["delivered"], second["quiet"]) == (1, 0, 1)
    assert len(ops.messages) == 1


def test_a_repetition_tells_only_those_who_were_not_told(world: World, ops: Webhook, pager: PagerDuty) -> None:
    # given a message that one receiver took, and that nobody kept for the other
    world.tells(ops, pager)
    pager.script(broken(400))
    world.away |= {"sns", "s3"}
    event = world.message(alarm())
    with pytest.raises(NotificationError):
        world.run(event)

    # when Lambda runs the event again
    world.away.clear()
    again = world.run(event)

    # then only that one is told, as it would have been at first
    assert (again["delivered"], again["repeated"]) == (1, 1)
    assert len(ops.messages) == 1
    assert pager.triggered == {KEY: 1}
    assert ops.tellings == [("opened", 1, None)]


def test_what_went_to_the_fallback_topic_is_not_told_again(world: World, ops: Webhook, pager: PagerDuty) -> None:
    world.tells(ops, pager)
    pager.script(broken(400))
    event = world.message(alarm())
    world.run(event)

    again = world.run(event)

    assert again["delivered"] == again["undelivered"] == 0
    assert len(world.fallback()) == 1
    assert pager.triggered == {}


def test_a_repetition_after_other_messages_is_told_as_it_was_decided_at_first(
    world: World, ops: Webhook, pager: PagerDuty
) -> None:
    # given an alarm's end that a pager did not take, and that rang again since
    world.tells(ops, pager)
    world.deliver(alarm())
    end = world.message(alarm("OK", world.pass_time(minutes=7)))
    pager.script(broken(400))
    world.away |= {"sns", "s3"}
    with pytest.raises(NotificationError):
        world.run(end)
    world.away.clear()
    world.deliver(alarm(at=world.pass_time(minutes=1)))

    # when Lambda repeats it
    world.run(end)

    # then it is the same message, not one about what has happened since
    assert pager.messages[-1]["event_action"] == "resolve"
    assert ops.events == ["opened", "resolved", "again"]


def test_two_invocations_of_one_message_at_once_tell_it_once(world: World, ops: Webhook) -> None:
    # given a receiver that takes its time
    release = threading.Event()
    ops.script(held(release))
    world.tells(ops)
    event = world.message(alarm())
    results: list[dict[str, int]] = []

    def invoke() -> None:
        end = time.monotonic() + 60
        around = world.surroundings(Clock(lambda: end - time.monotonic(), now=lambda: world.time.at))
        results.append(run(event, around))

    # when two invocations have the same message
    threads = [threading.Thread(target=invoke) for _ in range(2)]
    for thread in threads:
        thread.start()
    eventually(lambda: ops.requests, "a request")
    release.set()
    for thread in threads:
        thread.join()

    # then one of them tells it, and the other knows that
    assert len(ops.requests) == len(ops.messages) == 1
    assert sorted((one["delivered"], one["repeated"] + one["quiet"]) for one in results) == [(0, 1), (1, 0)]


def _claimed_by_another(world: World, receiver: str, seconds: float) -> None:
    table = Table(world.client("dynamodb"), "incidents", lambda: world.time.at)
    table.claim("m1", receiver, "another", world.time.at + timedelta(seconds=seconds))


def test_an_invocation_that_was_killed_before_it_told_anybody_does_not_swallow_the_message(
    world: World, ops: Webhook
) -> None:
    # given a receiver that another invocation was about to tell when it was killed
    world.tells(ops)
    event = world.message(alarm(), message_id="m1")
    _claimed_by_another(world, "ops", 20)

    # when the message is repeated, then it is told as soon as the other one cannot be alive any more
    result = world.run(event)

    assert result["delivered"] == 1
    assert 20 <= sum(world.time.slept) <= 22
    assert len(ops.messages) == 1


def test_an_invocation_does_not_end_well_while_another_is_about_to_tell(world: World, ops: Webhook) -> None:
    # so that Lambda repeats it: the other one may have been killed
    world.tells(ops)
    _claimed_by_another(world, "ops", 600)

    with pytest.raises(NotificationError, match="another invocation"):
        world.run(world.message(alarm(), message_id="m1"))

    assert ops.requests == []
    assert world.fallback() == []


def test_a_claim_of_one_receiver_keeps_no_other_waiting(world: World, ops: Webhook, pager: PagerDuty) -> None:
    world.tells(ops, pager)
    _claimed_by_another(world, "ops", 600)

    with pytest.raises(NotificationError):
        world.run(world.message(alarm(), message_id="m1"))

    assert pager.triggered == {KEY: 1}


def test_a_claim_is_over_shortly_after_the_invocation_must_have_ended(world: World, ops: Webhook) -> None:
    world.tells(ops)
    ops.script(broken(400))
    world.away |= {"sns", "s3"}

    with pytest.raises(NotificationError):
        world.run(world.message(alarm(), message_id="m1"), 30)

    # given back, since nobody has the message
    assert float(world.items("told#")["told#m1#ops"]["lease"]["N"]) == 0
    # and otherwise held for as long as the invocation can live, and 5 s for clocks that differ
    world.away.clear()
    world.run(world.message(alarm(name="watchpost/a/a/b"), message_id="m2"), 30)
    assert float(world.items("told#")["told#m2#ops"]["lease"]["N"]) == (BEGIN + timedelta(seconds=35)).timestamp()


class Forgotten(Webhook):
    """A receiver after whose answer the table is gone, so that nobody can write down that it took the message."""

    table: Any = None

    def answer(self, request: Request) -> Answer:
        found = super().answer(request)
        self.table.gone.set()
        return found


def test_who_is_killed_between_telling_and_writing_it_down_is_the_one_that_repeats(world: World) -> None:
    # the documented bound: once for each time that it happens
    with Forgotten("ops") as ops:
        ops.table = world.client("dynamodb")
        world.tells(ops)
        event = world.message(alarm())

        # given that an invocation tells a message, and ends before it can write that down
        world.run(event)
        assert len(ops.messages) == 1
        ops.table.gone.clear()

        # when the message is delivered again, and it happens again
        world.pass_time(seconds=66)
        world.run(event)
        assert len(ops.messages) == 2
        ops.table.gone.clear()

        # then the third is the last, and each was the same message to the receiver
        world.pass_time(seconds=66)
        ops.table = Locked(None)
        world.run(event)
        world.run(event)
        assert len(ops.messages) == 3
        assert len(set(ops.ids)) == 1


class Overtaken:
    """DynamoDB, where something else is written just before our first transaction."""

    def __init__(self, client: Any, meanwhile: Callable[[], object]) -> None:
        self._client = client
        self._meanwhile: list[Callable[[], object]] = [meanwhile]

    def __getattr__(self, name: str) -> Any:
        if name == "transact_write_items" and self._meanwhile:
            self._meanwhile.pop()()
        return getattr(self._client, name)


@pytest.mark.parametrize("known", [False, True])
def test_of_two_messages_of_an_alarm_at_once_the_newer_one_counts(world: World, *, known: bool) -> None:
    # given that an alarm rings anew while its end, which was before, is being decided
    def decided(client: Any, message_id: str, text: str) -> str:
        notification = parse(Sns("topic", text), "watchpost")
        table = Table(client, "incidents", lambda: world.time.at)
        return table.decide(message_id, notification, (KEY, None))[0].event

    client = world.client("dynamodb")
    if known:
        assert decided(client, "first", alarm()) == "opened"
    end, ring = alarm("OK", BEGIN + timedelta(minutes=1)), alarm(at=BEGIN + timedelta(minutes=2))
    overtaken = Overtaken(client, lambda: decided(client, "ring", ring))

    # then the end is known to be an old one, and the alarm rings
    assert decided(overtaken, "end", end) == ""
    assert world.items("incident#")[f"incident#{KEY}"]["is_open"] == {"BOOL": True}


changes = st.lists(st.tuples(st.sampled_from(["ALARM", "OK"]), st.integers(1, 20), st.integers(1, 3)), max_size=6)


@given(changes=changes)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_repeated_a_pager_has_an_open_alert_exactly_while_the_alarm_rings(
    changes: list[tuple[str, int, int]],
) -> None:
    with one_stack() as world, PagerDuty("oncall") as pager:
        world.tells(pager)
        before: Any = "OK"
        for state, minutes, repetitions in changes:
            event = world.message(alarm(state, world.pass_time(minutes=minutes), before=before))
            for _ in range(repetitions):
                world.run(event)
            before = state
            assert bool(pager.open) == (state == "ALARM")
            assert pager.refused == []
