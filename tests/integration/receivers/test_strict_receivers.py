"""The receivers of the tests are scripted and strict, and the channels get on with them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
import requests
from notifier.clock import Clock
from notifier.delivery import Post
from notifier.receivers import parse
from watchpost.secrets import Secret

from tests.integration.receivers import stories
from tests.integration.receivers.asking import KINDS, call_of, one_of_each, post, tell
from tests.integration.receivers.opsgenie import Opsgenie
from tests.integration.receivers.pagerduty import PagerDuty
from tests.integration.receivers.server import FakeReceiver, broken, busy, cut, held, redirect, silent
from tests.integration.receivers.slack import SlackApi, SlackWebhook
from tests.integration.receivers.webhook import Webhook

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@pytest.fixture
def fakes() -> Iterator[dict[Any, Any]]:
    with one_of_each() as found:
        yield found


@pytest.mark.parametrize("kind", KINDS)
def test_every_receiver_takes_every_story(fakes: dict[Any, Any], kind: type[FakeReceiver]) -> None:
    fake = fakes[kind]

    outcomes = {event: tell(fake, story) for event, story in stories.STORIES.items()}

    assert fake.refused == []
    assert [event for event, outcome in outcomes.items() if outcome and not outcome.taken] == []
    told = [event for event, outcome in outcomes.items() if outcome]
    assert told == [event for event in stories.STORIES if event != "digest" or kind not in (PagerDuty, Opsgenie)]
    opened = fake.texts()[0]
    assert [part for part in ("152 x", "Task timed out", stories.REQUEST_ID) if part not in opened] == []
    assert [link.url for link in stories.LINKS if link.url not in opened] == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("attack", ["mentions of Slack", "HTML", "the end of JSON", "functions of cards"])
def test_every_receiver_takes_hostile_log_lines(fakes: dict[Any, Any], kind: type[FakeReceiver], attack: str) -> None:
    fake = fakes[kind]

    outcome = tell(fake, stories.everywhere(stories.ATTACKS[attack]))

    assert fake.refused == []
    assert outcome
    assert outcome.taken


def test_in_slack_an_incident_is_one_message_with_answers(fakes: dict[Any, Any]) -> None:
    slack = fakes[SlackApi]

    memory: Mapping[str, str] = {}
    for event in ("opened", "changed", "resolved", "again", "resolved"):
        outcome = tell(slack, stories.STORIES[event], memory)
        assert outcome
        memory = outcome.memory

    [(ts, message)] = slack.channel.items()
    assert slack.text(message).startswith("✅ RESOLVED after 7 min: orders is unhealthy")
    assert "It was: 152 x TimeoutError" in slack.text(message)
    answers = ["✅ resolved after 7 min", "🔴 CRITICAL again: orders is unhealthy", "✅ resolved after 7 min"]
    assert [slack.text(answer) for answer in slack.threads[ts]] == answers


def test_in_slack_what_was_deleted_is_sent_anew(fakes: dict[Any, Any]) -> None:
    slack = fakes[SlackApi]
    opened = tell(slack, stories.OPENED)
    assert opened
    slack.gone = True

    outcome = tell(slack, stories.RESOLVED, opened.memory)

    assert outcome
    assert outcome.taken
    assert outcome.memory["ts"] != opened.memory["ts"]
    assert len(slack.channel) == 2


def test_in_slack_a_message_that_needs_four_calls_is_told(fakes: dict[Any, Any]) -> None:
    """An edit that is refused for its picture, the edit without it, an answer below what is gone, and a new message."""
    # given a message in a Slack that fetches no pictures any more
    slack = fakes[SlackApi]
    opened = tell(slack, stories.OPENED)
    assert opened
    slack.images = False
    slack.threads_are_gone = True

    # when it rings again, sent as the notifier does
    [receiver] = parse(Secret("hooks", {"receivers": [slack.entry]}))
    call = call_of(slack, stories.STORIES["again"], opened.memory)
    assert call
    outcome = Post(Clock(lambda: 60.0, lambda _: None, lambda: stories.SINCE), lambda: None).send(call, receiver)

    # then it is told in a new message, which is the one that is edited from now on
    methods = [request.path.rpartition(".")[2] for request in slack.requests[1:]]
    assert methods == ["update", "update", "postMessage", "postMessage"]
    assert outcome.taken
    [_, (ts, message)] = slack.channel.items()
    assert outcome.memory["ts"] == ts
    assert "CRITICAL again" in slack.text(message)
    assert stories.GRAPH in slack.text(message)


@pytest.mark.parametrize("kind", [SlackWebhook, SlackApi])
def test_in_slack_a_picture_that_cannot_be_fetched_costs_no_message(
    fakes: dict[Any, Any], kind: type[FakeReceiver]
) -> None:
    slack = fakes[kind]
    slack.images = False

    outcome = tell(slack, stories.OPENED)

    assert outcome
    assert outcome.taken
    assert "[image:" not in slack.texts()[0]
    assert stories.GRAPH in slack.texts()[0]


def test_in_pagerduty_and_opsgenie_the_end_closes_what_was_opened(fakes: dict[Any, Any]) -> None:
    pager, genie = fakes[PagerDuty], fakes[Opsgenie]

    for event in ("opened", "changed"):
        tell(pager, stories.STORIES[event])
        tell(genie, stories.STORIES[event])
    assert pager.open == {stories.OPENED.key}
    [alias] = genie.open
    assert genie.counts == {alias: 2}
    assert len(genie.notes[alias]) == 1

    tell(pager, stories.RESOLVED)
    tell(genie, stories.RESOLVED)
    assert pager.open == set()
    assert (genie.open, genie.closed) == ({}, [alias])
    assert genie.notes[alias][-1] == "resolved after 7 min"


def test_a_webhook_with_another_secret_is_told_by_the_signature() -> None:
    with Webhook("ops") as hook, Webhook("other") as other:
        call = call_of(hook, stories.OPENED, secret=other.signing_secret)
        assert call

        outcome = call.response(post(call).status_code, b"")

    assert not outcome.taken
    assert hook.refused == ["webhook-signature"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_receiver_does_what_the_script_says_and_then_as_usual(
    fakes: dict[Any, Any], kind: type[FakeReceiver]
) -> None:
    fake = fakes[kind]
    call = call_of(fake, stories.OPENED)
    assert call
    fake.script(busy(retry_after="7"), broken(503), redirect("https://elsewhere.example/"), cut())

    answers = [post(call) for _ in range(3)]
    with pytest.raises(requests.ConnectionError):
        post(call)
    last = post(call)

    assert [answer.status_code for answer in answers] == [429, 503, 307]
    assert answers[0].headers["retry-after"] == "7"
    assert [call.response(answer.status_code, answer.content).retry for answer in answers] == [True, True, False]
    assert call.response(last.status_code, last.content).taken
    assert (len(fake.requests), len(fake.messages)) == (5, 1)


def test_a_receiver_can_hold_back_its_answer_and_stay_silent() -> None:
    now = threading.Event()
    with Webhook("ops") as hook:
        call = call_of(hook, stories.OPENED)
        assert call
        hook.script(held(now), silent())
        found: list[int] = []
        waiting = threading.Thread(target=lambda: found.append(post(call).status_code))
        waiting.start()
        assert found == []
        now.set()
        waiting.join()
        with pytest.raises(requests.ReadTimeout):
            post(call, timeout=0.2)

    assert found == [204]
