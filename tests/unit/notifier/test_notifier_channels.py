"""Whatever a story says, each receiver takes what it gets, and nothing from a log becomes more than text."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from notifier.channels import Call, Mail, Outcome, plain, requests_for
from notifier.channels.parts import EXAMPLE_LINES
from notifier.receivers import Receiver
from notifier.story import Link

from tests.integration.receivers import mail, opsgenie, pagerduty, slack_rules, stories, teams
from tests.integration.receivers.rules import strings_in, unfit
from tests.integration.receivers.server import Request

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notifier.story import Story

SECRET = "whsec_" + "aGlkZGVuLXBhcnQt" * 3
RECEIVERS = {
    "slack webhook": Receiver("a", "slack", url="https://hooks.slack.com/services/T0/B0/hidden-part"),
    "slack": Receiver("b", "slack", url="https://slack.com/api", credential="xoxb-hidden-part", channel="#alarms"),
    "teams": Receiver("c", "teams", url="https://x.api.powerplatform.com/workflows/0?sig=hidden-part"),
    "pagerduty": Receiver("d", "pagerduty", url="https://events.pagerduty.com/v2/enqueue", credential="h" * 32),
    "opsgenie": Receiver("e", "opsgenie", url="https://api.opsgenie.com", credential="hidden-part"),
    "webhook": Receiver("f", "webhook", url="https://example.com/hidden-part", credential=SECRET),
    "email": Receiver("g", "email", topic_arn="arn:aws:sns:eu-west-1:123456789012:watchpost-mail"),
}
MEMORY = {"channel": "C0123456789", "ts": "1700000000.000100", "was": "152 x TimeoutError"}
BODIES = [b"ok", b"{}", b'{"ok":true}', b"[]", b'{"ok":false,"error":7}', b'{"errors":{}}']
MAY_PASS = (408, 429, 500, 502, 503, 504)
TAKEN = b'{"ok": true, "channel": "C0123456789", "ts": "1700000000.000100"}'
OURS = {link.url for link in stories.LINKS} | {stories.RUNBOOK, stories.GRAPH}


def request_of(call: Call) -> Request:
    path = "/" + call.url.split("/", 3)[3]
    return Request(call.method, path, dict(call.headers), call.body)


def all_calls(receiver: Receiver, story: Story, memory: dict[str, str]) -> list[Call | Mail]:
    """Everything that is sent when all goes well."""
    found: list[Call | Mail] = []
    step: Call | Mail | None = requests_for(receiver, story, memory)
    while step is not None:
        found.append(step)
        step = (
            step.response(200, b'{"ok": true, "channel": "C1", "ts": "1.1"}').then if isinstance(step, Call) else None
        )
    return found


def problems(sent: Call | Mail) -> list[str]:
    """What the receiver would refuse."""
    if isinstance(sent, Mail):
        return mail.problems(sent)
    request = request_of(sent)
    if "slack" in sent.url:
        update, post = "chat.update" in sent.url, "chat.postMessage" in sent.url
        rule = slack_rules.UPDATE if update else slack_rules.POST if post else slack_rules.WEBHOOK
        return slack_rules.problems(request.json, rule)
    if "powerplatform" in sent.url:
        return list(teams.problems(request))
    if "pagerduty" in sent.url:
        return pagerduty.problems(request)
    return opsgenie.problems(request) if "opsgenie" in sent.url else []


def content(sent: Call | Mail) -> Any:
    return [sent.subject, sent.text] if isinstance(sent, Mail) else json.loads(sent.body)


@pytest.mark.parametrize("name", RECEIVERS)
@pytest.mark.parametrize("event", stories.STORIES)
@pytest.mark.parametrize("memory", [{}, MEMORY])
def test_every_receiver_takes_every_event(name: str, event: str, memory: dict[str, str]) -> None:
    sent = all_calls(RECEIVERS[name], stories.STORIES[event], memory)

    assert [problems(one) for one in sent] == [[]] * len(sent)
    assert bool(sent) == (event != "digest" or name not in ("pagerduty", "opsgenie"))


@pytest.mark.parametrize("name", RECEIVERS)
def test_who_is_called_sees_at_once_what_is_wrong(name: str) -> None:
    """The service, the value and the limit, since when, the top error and its count, the request id and the links."""
    [sent] = all_calls(RECEIVERS[name], stories.OPENED, {})

    shown = "\n".join(strings_in(content(sent)))
    told = ["orders is unhealthy", stories.REASON, "2026-11-21", "03:12:45"]
    told += ["152", "Task timed out after 3.00 seconds", "connect ECONNREFUSED", "no such order"]
    told += [stories.REQUEST_ID, "c-77aa-01", "orders-api, version 12", "7 min before the alarm"]
    links = sorted(OURS - ({stories.GRAPH} if name == "opsgenie" else set()))
    assert [text for text in (*told, *links) if text not in shown] == []


@pytest.mark.parametrize("name", RECEIVERS)
def test_that_there_is_no_evidence_is_said_in_its_place(name: str) -> None:
    problem = "Elasticsearch did not answer."
    story = dataclasses.replace(
        stories.OPENED, evidence=dataclasses.replace(stories.EVIDENCE, errors=(), problem=problem)
    )

    [sent] = all_calls(RECEIVERS[name], story, {})

    assert problem in "\n".join(strings_in(content(sent)))


@pytest.mark.parametrize("name", RECEIVERS)
@pytest.mark.parametrize("example", ["a\n" * 290, "a\n\n \n\n" * 70], ids=["lines", "blank lines"])
def test_no_line_of_a_log_buries_what_is_below_it(name: str, example: str) -> None:
    """At most 12 lines are shown of each example, and what a person opens stands where it is seen."""
    errors = tuple(dataclasses.replace(error, example=example) for error in stories.ERRORS)
    story = dataclasses.replace(stories.OPENED, evidence=dataclasses.replace(stories.EVIDENCE, errors=errors))

    [sent] = all_calls(RECEIVERS[name], story, {})

    found = content(sent)
    if name == "webhook":  # of which the parts are for machines
        found = found["text"]
    # a line of an example, in its block, or by itself with a bar or without
    lines = [line for text in strings_in(found) for line in text.splitlines()]
    assert 3 <= len([line for line in lines if line.strip(" |") == "a"]) <= 3 * (EXAMPLE_LINES - 1)
    shown = "\n".join(strings_in(found))
    if name in ("slack", "slack webhook", "teams"):  # where the end of a long message is not seen
        assert [url for url in OURS if shown.index(url) > shown.index("Most frequent errors")] == []
    else:
        assert [url for url in OURS - ({stories.GRAPH} if name == "opsgenie" else set()) if url not in shown] == []


@pytest.mark.parametrize("name", RECEIVERS)
@pytest.mark.parametrize("event", ["opened", "again", "resolved"])
@pytest.mark.parametrize("attack", stories.ATTACKS)
def test_no_attack_from_a_log_line_gets_through(name: str, attack: str, event: str) -> None:
    story = dataclasses.replace(stories.from_logs(stories.ATTACKS[attack]), event=event)

    for sent in all_calls(RECEIVERS[name], story, {**MEMORY, "was": stories.OPENED.words}):
        assert problems(sent) == []
        assert unfit(content(sent)) == []
        assert _alive(sent) == []


@pytest.mark.parametrize("name", RECEIVERS)
@settings(max_examples=50, deadline=None)
@given(text=stories.HOSTILE, event=stories.EVENTS)
def test_no_text_from_a_log_line_gets_through(name: str, text: str, event: str) -> None:
    story = dataclasses.replace(stories.from_logs(text), event=event)

    for sent in all_calls(RECEIVERS[name], story, MEMORY):
        assert problems(sent) == []
        assert unfit(content(sent)) == []
        assert _alive(sent) == []


@pytest.mark.parametrize("name", RECEIVERS)
@settings(max_examples=15, deadline=None)  # a story is long
@given(text=stories.HOSTILE, event=stories.EVENTS, memory=st.sampled_from([{}, MEMORY, {"ts": "<!channel>"}]))
@example(text=stories.ATTACKS["much of what JSON escapes"], event="opened", memory={})
@example(text=stories.ATTACKS["wide letters"], event="changed", memory=MEMORY)
def test_whatever_the_whole_story_says_the_receiver_takes_it(
    name: str, text: str, event: str, memory: dict[str, str]
) -> None:
    for sent in all_calls(RECEIVERS[name], stories.everywhere(text, event), memory):
        assert problems(sent) == []
        assert unfit(content(sent)) == []


@pytest.mark.parametrize("name", RECEIVERS)
@pytest.mark.parametrize("attack", ["much of what JSON escapes", "wide letters", "a very long word"])
@pytest.mark.parametrize("size", [400, 1500, 2900])
def test_the_longest_story_with_the_longest_links_is_taken(name: str, attack: str, size: int) -> None:
    links = tuple(Link(f"Link {index}", f"https://e.example/{index}/" + "x" * size) for index in range(20))
    story = dataclasses.replace(stories.everywhere(stories.ATTACKS[attack]), links=links, graph=links[0].url)

    for sent in all_calls(RECEIVERS[name], story, {}):
        assert problems(sent) == []
        found = re.findall(r"https://e\.example/[0-9]+/x*", "\n".join(strings_in(content(sent))))
        assert [url for url in found if url not in [link.url for link in links]] == []


def _alive(sent: Call | Mail) -> list[str]:
    """What a reader's program would make a link, a mention or markup of, and that is not ours."""
    if isinstance(sent, Mail):
        return [sent.subject] * ("evil" in sent.subject) + _alive_text(sent.text)
    body = content(sent)
    if "slack" in sent.url:
        return list(_alive_slack(body))
    if "powerplatform" in sent.url:
        card = body["attachments"][0]["content"]
        actions = [action for part in card["body"] for action in part.get("actions", ())]
        places = [*(part.get("url") for part in card["body"]), *(action["url"] for action in actions)]
        return [place for place in places if place and place not in OURS]
    if "example.com" in sent.url:
        assert "<" not in body["text"]
        return _alive_text(body["text"])
    found = [text for value in strings_in(body) for text in _alive_text(value)]
    return found + [text for text in strings_in(body) if "opsgenie" in sent.url and ("<" in text or ">" in text)]


def _alive_text(text: str) -> list[str]:
    """In plain text: addresses, of web and mail, and mentions."""
    for url in OURS:
        text = text.replace(url, "").replace(url.replace("&", "&amp;"), "")
    forged = [
        line for line in text.splitlines() if line.startswith(("Runbook: ", "CloudWatch alarm: ")) and len(line) > 18
    ]
    return [*re.findall(r"\S*(?:://|@|\bwww\.|\b(?:mailto|tel):)\S*", text, re.IGNORECASE), *forged]


def _alive_slack(body: Any) -> Iterable[str]:
    yield from re.findall(r"<[^>]*>", body["text"])
    for block in body.get("blocks", []):
        if block["type"] == "image" and block["image_url"] not in OURS:
            yield block["image_url"]
        for part in block.get("elements", []):
            for run in part["elements"]:
                if run["type"] == "link" and run["url"] not in OURS:
                    yield run["url"]
                quoted = part["type"] == "rich_text_preformatted" or run.get("style", {}).get("code")
                if "evil" in run["text"] and not quoted:
                    yield run["text"]


@pytest.mark.parametrize("name", [name for name in RECEIVERS if name != "email"])
@given(
    status=st.integers(100, 599), body=st.binary(max_size=50) | st.sampled_from([b"ok", b"{}", b'{"ok":true}', b"[]"])
)
def test_whatever_is_answered_there_is_an_outcome_and_no_secret_in_it(name: str, status: int, body: bytes) -> None:
    [call] = [one for one in [requests_for(RECEIVERS[name], stories.OPENED, {})] if isinstance(one, Call)]

    outcome = call.response(status, body)

    assert isinstance(outcome, Outcome)
    assert outcome.taken == (outcome.reason == "")
    assert not outcome.taken or 200 <= status < 300
    assert not (outcome.taken and outcome.retry)
    assert "hidden-part" not in repr(outcome) + repr(call)


@pytest.mark.parametrize("name", [name for name in RECEIVERS if name != "email"])
@pytest.mark.parametrize(
    ("status", "retry"),
    [*((status, False) for status in (302, 400, 401, 403, 404, 410)), *((status, True) for status in MAY_PASS)],
)
def test_only_what_may_pass_is_tried_again(name: str, status: int, retry: bool) -> None:
    [call] = [one for one in [requests_for(RECEIVERS[name], stories.OPENED, {})] if isinstance(one, Call)]

    outcome = call.response(status, b"")

    assert (outcome.taken, outcome.retry) == (False, retry)
    assert str(status) in outcome.reason


@pytest.mark.parametrize("name", [name for name in RECEIVERS if name != "email"])
def test_what_a_receiver_says_is_told_without_what_gives_access(name: str) -> None:
    receiver = RECEIVERS[name]
    call = requests_for(receiver, stories.OPENED, {})
    assert isinstance(call, Call)

    said = f"{receiver.credential} {receiver.url}"
    answers = [said.encode(), json.dumps({"message": said, "error": said, "errors": [said]}).encode()]
    for answer in answers:
        for status in (200, 400, 500):
            outcome = call.response(status, answer)
            shown = outcome.reason + json.dumps(dict(outcome.memory))
            assert not receiver.credential or receiver.credential not in shown
            assert "hidden-part" not in shown


@settings(max_examples=30, deadline=None)
@given(text=stories.HOSTILE, event=stories.EVENTS)
def test_the_plain_text_is_short_and_fit_for_a_mail(text: str, event: str) -> None:
    shown = plain(stories.everywhere(text, event))

    assert len(shown.encode()) <= 30_000
    assert unfit(shown) == []
