"""What is particular to each channel: how much fits, what is said when, and how it is signed."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from typing import Any

import pytest
from notifier.alarm import Metric
from notifier.channels import Mail, opsgenie, pagerduty, plain, requests_for, safe, slack_blocks, teams, webhook
from notifier.channels.call import Call
from notifier.channels.email import SUBJECT, subject
from notifier.receivers import Receiver
from notifier.story import Evidence, Link, Story

from tests.integration.receivers import stories
from tests.integration.receivers.rules import strings_in

TEAMS = Receiver("c", "teams", url="https://x.example.com/0")
PAGER = Receiver("d", "pagerduty", url="https://events.example.com/v2/enqueue", credential="h" * 32)
GENIE = Receiver("e", "opsgenie", url="https://api.example.com", credential="key")
HOOK = Receiver("f", "webhook", url="https://hooks.example.com/0")
MAIL = Receiver("g", "email", topic_arn="arn:aws:sns:eu-west-1:123456789012:mail")
WEBHOOK_FIELDS = {
    *(
        "version",
        "event",
        "key",
        "text",
        "title",
        "words",
        "state",
        "previous_state",
        "severity",
        "service",
        "resource",
    ),
    *("alarm", "alarm_name", "reason", "description", "metric", "threshold", "since", "lasted_seconds", "times"),
    *("owner", "account", "region", "children", "evidence", "deployments", "graph", "links", "items"),
}


def _with(**changes: Any) -> Story:
    return safe.story(dataclasses.replace(stories.OPENED, **changes))


def _body(receiver: Receiver, story: Story) -> dict[str, Any]:
    call = requests_for(receiver, story, {})
    assert isinstance(call, Call)
    return dict(json.loads(call.body))


# What is shown fits, and details give way before links do.


def _link(size: int) -> Link:
    return Link("Long", "https://e.example/" + "x" * (size - 18))


@pytest.mark.parametrize(("size", "kept"), [(slack_blocks.LINK_URL, True), (slack_blocks.LINK_URL + 1, False)])
def test_a_link_that_is_too_long_for_slack_is_left_out_and_named(size: int, kept: bool) -> None:
    shown = json.dumps(slack_blocks.blocks(_with(links=(_link(size), *stories.LINKS))), ensure_ascii=False)

    assert ("xxx" in shown) == kept
    assert ("left out, too long: Long" in shown) != kept
    assert stories.LINKS[0].url in shown


@pytest.mark.parametrize(("size", "kept"), [(slack_blocks.IMAGE_URL, True), (slack_blocks.IMAGE_URL + 1, False)])
def test_a_graph_whose_address_is_too_long_for_slack_is_no_picture(size: int, kept: bool) -> None:
    shown = slack_blocks.blocks(_with(graph=_link(size).url))

    assert any(block["type"] == "image" for block in shown) == kept


def test_a_long_story_loses_details_before_links() -> None:
    error = dataclasses.replace(stories.ERRORS[0], message="m " * 500, example="e " * 1500)
    long = [Link(f"Link {index}", f"https://e.example/{index}" + "x" * 1500) for index in range(3)]
    children = tuple(dataclasses.replace(stories.CHILDREN[0], reason="r " * 500) for _ in range(20))

    shown = slack_blocks.blocks(_with(evidence=Evidence((error,) * 3), links=tuple(long), children=children))

    text = json.dumps(shown)
    assert len(json.dumps(shown, ensure_ascii=False, separators=(",", ":"))) <= slack_blocks.ALL_BLOCKS
    assert [link.url in text for link in long] == [True] * 3
    assert "152 x" in text


@pytest.mark.parametrize(("count", "kept"), [(5, 5), (6, 6), (7, 6)])
def test_a_card_shows_six_buttons_and_names_what_is_left_out(count: int, kept: int) -> None:
    links = tuple(Link(f"Link {index}", f"https://e.example/{index}") for index in range(count))

    card = _body(TEAMS, _with(links=links, graph=None, runbook=None))["attachments"][0]["content"]

    assert [len(part["actions"]) for part in card["body"] if part["type"] == "ActionSet"] == [kept]
    assert ("no room for the links Link 6" in json.dumps(card)) == (count > kept)


def test_a_card_has_rich_text_only_which_no_markdown_is_read_of() -> None:
    card = _body(TEAMS, stories.OPENED)["attachments"][0]["content"]

    assert {part["type"] for part in card["body"]} == {"RichTextBlock", "Image", "ActionSet"}
    assert len(json.dumps(card).encode()) < teams.MESSAGE


# Pagers


@pytest.mark.parametrize(
    ("severity", "theirs"), [("critical", "critical"), ("warning", "warning"), ("unknown", "error")]
)
def test_the_pager_is_told_how_bad_it_is(severity: str, theirs: str) -> None:
    assert _body(PAGER, _with(severity=severity))["payload"]["severity"] == theirs


def test_an_alarm_resolves_what_it_triggered() -> None:
    opened, resolved = _body(PAGER, stories.OPENED), _body(PAGER, stories.RESOLVED)

    assert (opened["event_action"], resolved["event_action"]) == ("trigger", "resolve")
    assert opened["dedup_key"] == resolved["dedup_key"] == stories.OPENED.key


@pytest.mark.parametrize("length", [pagerduty.SUMMARY, pagerduty.SUMMARY + 1])
def test_a_summary_has_at_most_what_pagerduty_takes(length: int) -> None:
    headline = "orders is unhealthy"
    summary = pagerduty.summary(dataclasses.replace(stories.OPENED, words="w" * (length - len(headline) - 3)))

    assert len(summary) == pagerduty.SUMMARY
    assert summary.endswith("…") == (length > pagerduty.SUMMARY)


@pytest.mark.parametrize(("severity", "priority"), [("critical", "P1"), ("warning", "P3"), ("unknown", "P2")])
def test_an_alert_has_a_priority(severity: str, priority: str) -> None:
    assert _body(GENIE, _with(severity=severity))["priority"] == priority


def test_an_alias_fits_into_an_address_and_is_one_alarms_own() -> None:
    assert opsgenie.alias("a/b").isascii()
    assert "/" not in opsgenie.alias("a/b")
    assert opsgenie.alias("a/b") != opsgenie.alias("a_b")
    assert _body(GENIE, stories.OPENED)["alias"] == opsgenie.alias(stories.OPENED.key)


@pytest.mark.parametrize(("extra", "cut_off"), [(0, False), (1, True)])
def test_the_message_of_an_alert_has_at_most_130_characters(extra: int, cut_off: bool) -> None:
    words = "w" * (opsgenie.MESSAGE - len("orders is unhealthy — ") + extra)

    message = _body(GENIE, _with(words=words))["message"]

    assert len(message) == opsgenie.MESSAGE
    assert message.endswith("…") == cut_off


# Webhooks


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of the reference libraries of Standard Webhooks."""
    headers = {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330"}

    signed = webhook.signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", headers, b'{"test": 2432232314}')

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_without_a_secret_there_is_an_id_and_no_signature() -> None:
    call = webhook.request(HOOK, safe.story(stories.OPENED), 1614265330.9)

    assert call.headers["webhook-timestamp"] == "1614265330"
    assert "webhook-signature" not in call.headers


def test_the_same_news_has_the_same_id_and_other_news_another() -> None:
    told = webhook.message_id(stories.OPENED)
    rung = dataclasses.replace(stories.CHILDREN[1], state="ALARM")

    # a story that is told anew may know more or less of the logs and deployments, and say so in its words
    anew: dict[str, Any] = {"evidence": None, "graph": None, "links": (), "words": "In other words.", "deployments": ()}
    children = tuple(dataclasses.replace(child, reason="") for child in reversed(stories.CHILDREN))
    assert webhook.message_id(dataclasses.replace(stories.OPENED, **anew, children=children)) == told
    timeless = [dataclasses.replace(stories.NOTIFICATION, since=None, reason=reason) for reason in ("one", "two")]
    no_data = dataclasses.replace(stories.NOTIFICATION, state="INSUFFICIENT_DATA")
    others = [
        *(dataclasses.replace(stories.OPENED, since=None, notification=one) for one in timeless),
        dataclasses.replace(stories.OPENED, notification=no_data),
        stories.DIGEST,
        dataclasses.replace(stories.DIGEST, items=stories.DIGEST.items[:1]),
        *(stories.STORIES[name] for name in ("again", "changed", "resolved")),
        dataclasses.replace(stories.OPENED, times=2),
        dataclasses.replace(stories.OPENED, key="other"),
        dataclasses.replace(stories.OPENED, children=(stories.CHILDREN[0], rung)),
        dataclasses.replace(stories.OPENED, since=stories.SINCE + timedelta(seconds=1)),
    ]
    assert len({told, *(webhook.message_id(story) for story in others)}) == len(others) + 1


@pytest.mark.parametrize("event", stories.STORIES)
def test_every_field_of_a_webhooks_message_is_always_there(event: str) -> None:
    message = _body(HOOK, stories.STORIES[event])

    assert set(message) == WEBHOOK_FIELDS
    assert set(message["links"]) == {"alarm", "dashboard", "discover", "logs_insights", "log_stream", "runbook"}
    assert message["version"] == 2


def test_a_machine_finds_every_part_of_a_story() -> None:
    metric = Metric("Watchpost", "LogErrors", "Sum", 60, 1, "GreaterThanThreshold", {"Service": "orders"}, None, 7.0)
    notification = dataclasses.replace(stories.NOTIFICATION, metric=metric, threshold=1.0)

    message = _body(HOOK, _with(notification=notification))

    assert message["since"] == "2026-11-21T03:12:45Z"
    assert message["metric"]["period_seconds"] == 60
    assert message["metric"]["dimensions"] == {"Service": "orders"}
    assert message["evidence"]["errors"][0]["count"] == 152
    assert message["evidence"]["failing"]["request_id"] == stories.REQUEST_ID
    assert message["deployments"] == [{"what": "orders-api, version 12", "when": "2026-11-21T03:05:45Z"}]
    assert message["links"]["discover"] == stories.LINKS[0].url
    assert message["links"]["runbook"] == stories.RUNBOOK


def test_the_text_of_a_webhook_is_no_markup() -> None:
    text = _body(HOOK, _with(description="<!channel> & <https://x|y>"))["text"]

    assert "&lt;!channel&gt; &amp; &lt;https://x|y&gt;" in text


# E-mail


@pytest.mark.parametrize(
    ("headline", "line"),
    [
        ("orders — errors", "CRITICAL: orders - errors"),
        ("café naïve", "CRITICAL: cafe naive"),
        ("注文", "CRITICAL: ??"),
        ("x" * (SUBJECT - 10), "CRITICAL: " + "x" * (SUBJECT - 10)),
        ("x" * (SUBJECT - 9), "CRITICAL: " + "x" * (SUBJECT - 13) + "..."),
    ],
)
def test_a_subject_is_ascii_and_short(headline: str, line: str) -> None:
    assert subject(_with(headline=headline)) == line


def test_a_mail_goes_to_the_receivers_topic() -> None:
    topic = "arn:aws:sns:eu-west-1:123456789012:mail"

    mail = requests_for(Receiver("g", "email", topic_arn=topic), stories.OPENED, {})

    assert isinstance(mail, Mail)
    assert (mail.topic_arn, mail.subject) == (topic, "CRITICAL: orders is unhealthy")
    assert mail.text == plain(stories.OPENED)


# Names


@pytest.mark.parametrize("receiver", [PAGER, GENIE, HOOK, MAIL], ids=lambda receiver: receiver.type)
@pytest.mark.parametrize("event", ["opened", "again", "resolved", "digest"])
def test_names_that_may_be_made_of_what_a_log_says_are_no_links(receiver: Receiver, event: str) -> None:
    """Such as those of metrics, which stand in the names of alarms and in what is wrong."""
    evil = "user@evil.example http://evil.example mailto:evil"
    child = dataclasses.replace(stories.CHILDREN[0], alarm=evil, reason=evil)
    told = dataclasses.replace(stories.NOTIFICATION, name=evil, resource=evil, alarm=evil, service=evil)
    alarm: dict[str, Any] = {
        "words": evil,
        "children": (child,),
        "notification": told,
        "headline": evil,
        "links": (),
        "runbook": None,
    }
    changes: dict[str, Any] = {"items": (evil,)} if event == "digest" else {**alarm, "graph": None}
    story = dataclasses.replace(stories.STORIES[event], **changes)

    sent = requests_for(receiver, story, {})

    if isinstance(sent, Call):
        body = json.loads(sent.body)
        shown = [body["text"]] if receiver is HOOK else list(strings_in(body))
    else:
        shown = [sent.subject, sent.text] if sent else []
    text = "\n".join(shown)
    assert [mark for mark in ("@", "http:", "mailto:") if mark in text] == []
    silent = event == "digest" and receiver in (PAGER, GENIE)
    assert ("evil.example" in text) == (not silent and not (event == "resolved" and receiver in (PAGER, GENIE)))


def test_what_somebody_else_says_in_one_line_keeps_its_links() -> None:
    mail = requests_for(MAIL, dataclasses.replace(stories.PLAIN, headline="see https://ci.example/7"), {})

    assert isinstance(mail, Mail)
    assert mail.text.startswith("see https://ci.example/7")
