"""Slack's messages are edited and answered instead of repeated, and sent anew when that cannot be."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from notifier.channels import requests_for
from notifier.channels.call import Call, Outcome
from notifier.channels.slack import WAS
from notifier.receivers import Receiver
from notifier.story import Evidence

from tests.integration.receivers import stories

API = Receiver("b", "slack", url="https://slack.com/api", credential="xoxb-1", channel="#alarms")
HOOK = Receiver("a", "slack", url="https://hooks.slack.com/services/T0/B0/x")
MEMORY = {"channel": "C0123456789", "ts": "1700000000.000100", "was": "152 x TimeoutError: Task timed out"}
TAKEN = b'{"ok": true, "channel": "C0123456789", "ts": "1700000009.000100"}'


def _call(receiver: Receiver, event: str, memory: dict[str, str]) -> Call:
    found = requests_for(receiver, stories.STORIES[event], memory)
    assert isinstance(found, Call)
    return found


def _body(call: Call | None) -> dict[str, Any]:
    assert call is not None
    return dict(json.loads(call.body))


def _no(error: str) -> bytes:
    return json.dumps({"ok": False, "error": error}).encode()


def test_the_first_message_is_remembered_with_its_worst_error() -> None:
    outcome = _call(API, "opened", {}).response(200, TAKEN)

    was = "152 x TimeoutError: Task timed out after 3.00 seconds"
    assert outcome == Outcome(True, {"channel": "C0123456789", "ts": "1700000009.000100", "was": was})


@pytest.mark.parametrize("event", ["again", "changed", "resolved"])
def test_what_becomes_of_it_edits_the_first_message(event: str) -> None:
    call = _call(API, event, MEMORY)

    assert call.url == "https://slack.com/api/chat.update"
    assert call.headers["authorization"] == "Bearer xoxb-1"
    assert (_body(call)["channel"], _body(call)["ts"]) == (MEMORY["channel"], MEMORY["ts"])


@pytest.mark.parametrize(
    ("event", "text", "broadcast"),
    [("again", "🔴 CRITICAL again: orders is unhealthy", True), ("resolved", "✅ resolved after 7 min", False)],
)
def test_that_it_rings_again_or_is_over_is_answered_below_it(event: str, text: str, broadcast: bool) -> None:
    then = _call(API, event, MEMORY).response(200, TAKEN).then

    assert then is not None
    assert then.url == "https://slack.com/api/chat.postMessage"
    body = _body(then)
    assert (body["text"], body["thread_ts"], body["reply_broadcast"]) == (text, MEMORY["ts"], broadcast)
    outcome = then.response(200, TAKEN)
    assert (outcome.taken, outcome.then) == (True, None)
    # what comes later still edits the first message, not the answer
    assert (outcome.memory["ts"], outcome.memory["channel"]) == (MEMORY["ts"], MEMORY["channel"])


def test_a_change_is_not_answered() -> None:
    outcome = _call(API, "changed", MEMORY).response(200, TAKEN)

    assert (outcome.taken, outcome.then) == (True, None)


def test_a_message_that_is_over_still_says_what_it_was() -> None:
    shown = json.dumps(_body(_call(API, "resolved", MEMORY)))

    assert MEMORY["was"] in shown
    assert MEMORY["was"] not in json.dumps(_body(_call(API, "resolved", {})))


@pytest.mark.parametrize(("length", "end"), [(WAS - 6, "m"), (WAS - 5, "…")])
def test_what_is_remembered_is_short(length: int, end: str) -> None:
    error = dataclasses.replace(stories.ERRORS[1], message="m" * length, count=152)
    call = requests_for(API, dataclasses.replace(stories.OPENED, evidence=Evidence((error,))), {})
    assert isinstance(call, Call)

    was = call.response(200, TAKEN).memory["was"]

    assert len(was) == WAS
    assert was.endswith(end)


@pytest.mark.parametrize("event", ["again", "changed", "resolved"])
@pytest.mark.parametrize("memory", [{}, {"ts": "1.1"}, {"ts": "x", "channel": "C1"}, {"ts": "1.1", "channel": "#a b"}])
def test_without_a_first_message_a_new_one_is_sent(event: str, memory: dict[str, str]) -> None:
    assert _call(API, event, memory).url == "https://slack.com/api/chat.postMessage"


@pytest.mark.parametrize("error", ["message_not_found", "cant_update_message", "edit_window_closed"])
def test_what_cannot_be_edited_is_sent_anew(error: str) -> None:
    outcome = _call(API, "resolved", MEMORY).response(200, _no(error))

    assert not outcome.taken
    body = _body(outcome.then)
    assert "thread_ts" not in body
    assert body["channel"] == "#alarms"


def test_what_cannot_be_answered_is_sent_anew() -> None:
    reply = _call(API, "again", MEMORY).response(200, TAKEN).then
    assert reply is not None

    assert "thread_ts" not in _body(reply.response(200, _no("thread_not_found")).then)


@pytest.mark.parametrize(("receiver", "event"), [(API, "opened"), (API, "changed"), (HOOK, "opened")])
def test_a_picture_that_slack_cannot_fetch_does_not_cost_the_message(receiver: Receiver, event: str) -> None:
    # given a message with a graph
    call = _call(receiver, event, MEMORY)
    assert _has_image(call)

    # when Slack refuses it for its form
    refused = (400, b"invalid_blocks") if receiver is HOOK else (200, _no("invalid_blocks"))
    then = call.response(*refused).then

    # then it is sent without the picture, and with a link to it
    assert then is not None
    assert not _has_image(then)
    assert stories.GRAPH in then.body.decode()
    # and when that is refused too, that is final
    outcome = then.response(*refused)
    assert (outcome.taken, outcome.retry, outcome.then) == (False, False, None)


def _has_image(call: Call) -> bool:
    return any(block["type"] == "image" for block in _body(call)["blocks"])


@pytest.mark.parametrize(
    ("error", "retry"),
    [
        *((error, True) for error in ("ratelimited", "rate_limited", "internal_error", "service_unavailable")),
        *((error, False) for error in ("invalid_auth", "is_archived", "not_in_channel")),
    ],
)
def test_an_answer_200_can_be_a_refusal(error: str, retry: bool) -> None:
    outcome = _call(API, "opened", {}).response(200, _no(error))

    assert (outcome.taken, outcome.retry) == (False, retry)
    assert error in outcome.reason


@pytest.mark.parametrize("body", [b"", b"ok", b"{}", b'{"ok": 1}', b"<html>"])
def test_an_answer_that_is_not_the_web_apis_is_no_success(body: bytes) -> None:
    assert not _call(API, "opened", {}).response(200, body).taken


@pytest.mark.parametrize(
    "body", [b'{"ok": true}', b'{"ok": true, "ts": 1, "channel": "C1"}', b'{"ok": true, "ts": "1"}']
)
def test_a_message_of_which_nothing_is_known_is_not_remembered(body: bytes) -> None:
    assert _call(API, "opened", {}).response(200, body) == Outcome(True)


def test_an_incoming_webhook_says_ok_and_is_not_edited() -> None:
    for event in stories.STORIES:
        call = _call(HOOK, event, MEMORY)
        assert call.url == HOOK.url
        assert call.response(200, b"ok") == Outcome(True)


def test_no_text_is_read_as_markup_and_no_link_is_fetched() -> None:
    body = _body(_call(API, "opened", {}))

    assert {name: body[name] for name in ("mrkdwn", "unfurl_links", "unfurl_media", "parse", "link_names")} == {
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "parse": "none",
        "link_names": False,
    }
