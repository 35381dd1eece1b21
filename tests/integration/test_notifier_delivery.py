"""Messages reach real receivers, whatever the other receivers do, and no URL is ever shown."""

from __future__ import annotations

import json
import logging
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
from notifier.clock import RESERVE
from notifier.delivery import BACKOFF, TRIES
from watchpost.errors import PayloadError

from tests.integration.faults.world import eventually
from tests.integration.notifier_world import SETTINGS, alarm, one_stack
from tests.integration.receivers.server import broken, busy, cut, held, redirect, silent
from tests.integration.receivers.slack import SlackWebhook
from tests.integration.receivers.webhook import Webhook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.notifier_world import World


@pytest.fixture
def world() -> Iterator[World]:
    with one_stack() as found:
        yield found


@pytest.fixture
def pager() -> Iterator[Webhook]:
    with Webhook("pager") as found:
        yield found


def _logged(caplog: pytest.LogCaptureFixture) -> str:
    """Every log record with all that it carries."""
    return "\n".join(str(record.__dict__) for record in caplog.records)


def test_every_receiver_gets_every_message(world: World, ops: Webhook, pager: Webhook) -> None:
    world.tells(ops, pager)
    event = world.message(alarm())
    event["Records"] += world.message("the deploy is over", subject="news")["Records"]

    result = world.run(event)

    assert (result["messages"], result["delivered"], result["receivers"]) == (2, 4, 2)
    for receiver in (ops, pager):
        first, second = receiver.texts()
        assert first.startswith("CRITICAL: orders — errors in logs\nSum of LogErrors over 1 minute was 7")
        assert "the deploy is over" in second
        assert receiver.refused == []


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ("INSUFFICIENT_DATA", "OK", 0),
        ("INSUFFICIENT_DATA", "ALARM", 1),
        ("OK", "ALARM", 1),
        ("ALARM", "OK", 1),
        ("OK", "INSUFFICIENT_DATA", 1),
    ],
)
def test_a_new_alarm_that_gets_its_first_data_and_is_well_is_no_news(
    world: World, ops: Webhook, before: str, now: str, told: int
) -> None:
    # given a change of an alarm's state, when it arrives
    result = world.tells(ops).deliver(alarm(now, before=before))

    # then people are told of it when it is news, and it is counted in any case
    assert (result["messages"], result["quiet"], result["delivered"]) == (told, 1 - told, told)
    assert len(ops.messages) == told


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_receiver_is_tried_again_after_a_pause(world: World, ops: Webhook, status: int) -> None:
    ops.script(broken(status), broken(status))

    result = world.tells(ops).deliver(alarm())

    assert result["delivered"] == 1
    assert world.time.slept == list(BACKOFF)
    assert len(ops.messages) == 1


def test_a_receiver_that_breaks_the_connection_is_tried_again(world: World, ops: Webhook) -> None:
    ops.script(cut())

    assert world.tells(ops).deliver(alarm())["delivered"] == 1


def test_every_try_is_the_same_message(world: World, ops: Webhook) -> None:
    ops.script(broken(), broken())

    world.tells(ops).deliver(alarm())

    assert len({request.headers["webhook-id"] for request in ops.requests}) == 1


def test_a_receiver_that_stays_busy_is_tried_three_times_and_does_not_stop_the_others(
    world: World, ops: Webhook, pager: Webhook
) -> None:
    ops.script(*[broken(503)] * 10)

    result = world.tells(ops, pager).deliver(alarm())

    assert (result["delivered"], result["undelivered"]) == (1, 1)
    assert len(ops.requests) == TRIES == 3
    assert len(pager.messages) == 1
    [told] = world.fallback()
    assert "ops: HTTP 503" in told["Message"]
    assert "3 tries" in told["Message"]
    assert "pager:" not in told["Message"]


def test_the_fallback_names_every_channel_that_failed(world: World, ops: Webhook, pager: Webhook) -> None:
    ops.script(broken(400))
    pager.script(broken(404))
    with Webhook("chat") as chat:
        world.tells(ops, chat, pager).deliver(alarm())

    [told] = world.fallback()
    assert "  ops: HTTP 400" in told["Message"]
    assert "  pager: HTTP 404" in told["Message"]
    assert "chat" not in told["Message"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_receiver_that_refuses_is_not_asked_again(world: World, ops: Webhook, status: int) -> None:
    ops.script(broken(status))

    result = world.tells(ops).deliver(alarm())

    assert result["undelivered"] == 1
    assert len(ops.requests) == 1
    assert world.time.slept == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(world: World, ops: Webhook, pager: Webhook, status: int) -> None:
    ops.script(redirect(pager.entry["url"], status))

    result = world.tells(ops).deliver(alarm())

    assert result["undelivered"] == 1
    assert f"HTTP {status}" in world.fallback()[0]["Message"]
    assert pager.requests == []


def test_retry_after_is_honoured(world: World, ops: Webhook) -> None:
    ops.script(busy("7"))

    world.tells(ops).deliver(alarm())

    assert world.time.slept == [7.0]
    assert len(ops.messages) == 1


@pytest.mark.parametrize(("left", "tries"), [(7 + RESERVE, 1), (7.5 + RESERVE, 2)])
def test_a_pause_is_made_only_when_time_is_left_for_a_try_afterwards(
    world: World, ops: Webhook, left: float, tries: int
) -> None:
    ops.script(busy("7"))

    world.tells(ops).run(world.message(alarm()), left)

    assert len(ops.requests) == tries
    assert len(world.fallback()) == 2 - tries


def test_a_retry_after_beyond_the_time_that_is_left_is_not_waited_for(
    world: World, ops: Webhook, pager: Webhook
) -> None:
    ops.script(busy("3600"))

    result = world.tells(ops, pager).deliver(alarm())

    assert (result["delivered"], result["undelivered"]) == (1, 1)
    assert world.time.slept == []
    assert len(ops.requests) == 1
    assert "no time was left to wait 3600 s" in world.fallback()[0]["Message"]


def test_without_time_nothing_is_sent_and_nothing_counts_as_delivered(world: World, ops: Webhook) -> None:
    result = world.tells(ops).run(world.message(alarm()), RESERVE)

    assert (result["delivered"], result["undelivered"]) == (0, 1)
    assert ops.requests == []
    assert "no time was left" in world.fallback()[0]["Message"]


def test_a_receiver_that_does_not_answer_is_given_up_in_time(world: World, ops: Webhook, pager: Webhook) -> None:
    pager.script(silent())

    result = world.tells(pager, ops).run(world.message(alarm()), RESERVE + 0.5)

    assert (result["delivered"], result["undelivered"]) == (1, 1)
    assert "pager: TimeoutError" in world.fallback()[0]["Message"]
    assert len(ops.messages) == 1


def test_receivers_that_do_not_answer_take_no_time_from_the_others(world: World, ops: Webhook) -> None:
    # given more receivers that hang than anybody would try at the same time
    release = threading.Event()
    hanging = [SlackWebhook(f"hanging-{number}") for number in range(20)]
    for receiver in hanging:
        receiver.script(held(release))
        receiver.__enter__()

    # when a message is told to them, and to one that is well
    world.tells(*hanging, ops)
    invocation = threading.Thread(target=world.deliver, args=(alarm(),))
    invocation.start()

    # then that one has it while the others hang
    try:
        eventually(lambda: ops.messages, "a message")
        assert invocation.is_alive()
        eventually(lambda: all(receiver.requests for receiver in hanging), "a request to each")
    finally:
        release.set()
        invocation.join()
        for receiver in hanging:
            receiver.__exit__()
    assert [len(receiver.messages) for receiver in hanging] == [1] * 20


def test_no_url_is_shown_when_nobody_listens(world: World, ops: Webhook, caplog: pytest.LogCaptureFixture) -> None:
    # given a port where nobody listens
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    world.receivers = [{**ops.entry, "url": f"http://127.0.0.1:{port}/{ops.secret}"}]

    # when a message is sent, with every logger at its most talkative
    with caplog.at_level(logging.DEBUG):
        world.deliver(alarm())

    # then the channel is named and its URL is nowhere
    [told] = world.fallback()
    assert "ops: ConnectionRefusedError, 3 tries" in told["Message"]
    assert world.time.slept == list(BACKOFF)
    shown = (_logged(caplog), json.dumps(told), json.dumps(world.letters()))
    assert ["ConnectionRefusedError" in text for text in shown] == [True] * 3
    assert [hidden in text for hidden in (ops.secret, ops.signing_secret) for text in shown] == [False] * 6


def test_no_url_is_shown_when_all_goes_well(world: World, ops: Webhook, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        world.tells(ops).deliver(alarm())

    assert ops.messages
    assert "run ended" in _logged(caplog)
    assert ops.secret not in _logged(caplog)


@pytest.mark.parametrize(
    "event",
    [
        *(None, {}, {"Records": []}, {"Records": [{}]}, {"Records": [{"Sns": {"Message": 7}}]}, {"Records": "x"}),
        *({"deferred": False}, {"deferred": "true"}),
    ],
)
def test_an_event_of_no_known_kind_is_refused_before_anybody_is_told(world: World, ops: Webhook, event: Any) -> None:
    world.tells(ops)

    with pytest.raises(PayloadError):
        world.run(event)

    assert ops.requests == []
    assert world.fallback() == []


def test_a_broken_record_refuses_the_good_ones_beside_it_so_that_none_is_lost(world: World, ops: Webhook) -> None:
    event = world.tells(ops).message(alarm())
    event["Records"].append({"Sns": {"TopicArn": SETTINGS.critical_topic}})

    with pytest.raises(PayloadError):
        world.run(event)

    assert ops.requests == []
