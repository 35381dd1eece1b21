"""What breaks a published rule of a channel is refused by the receivers of the tests, as by the real ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.integration.receivers import mail, stories
from tests.integration.receivers.asking import call_of, one_of_each
from tests.integration.receivers.opsgenie import Opsgenie
from tests.integration.receivers.pagerduty import PagerDuty
from tests.integration.receivers.slack import SlackApi, SlackWebhook
from tests.integration.receivers.teams import TeamsWorkflow
from tests.integration.receivers.webhook import Webhook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.receivers.server import FakeReceiver


@pytest.fixture
def fakes() -> Iterator[dict[Any, Any]]:
    with one_of_each() as found:
        yield found


def _change(body: Any, path: str, value: Any) -> Any:
    """A copy with the value at a path such as `blocks.0.text.text`; `...` takes it out."""
    copy = json.loads(json.dumps(body))
    *way, last = path.split(".")
    place = copy
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place[step]
    key: Any = int(last) if isinstance(place, list) else last
    if value is ...:
        del place[key]
    else:
        place[key] = value
    return copy


CARD = "attachments.0.content"
BUTTONS = f"{CARD}.body.6.actions"
BROKEN: list[tuple[type[FakeReceiver], str, Any]] = [
    *((kind, "blocks.0.text.text", "x" * 151) for kind in (SlackWebhook, SlackApi)),
    (SlackWebhook, "blocks.0.text.text", "<!channel>"),
    (SlackWebhook, "blocks.0.text.text", "a & b"),
    (SlackWebhook, "blocks.0.text.type", "mrkdwn"),
    (SlackWebhook, "blocks.0.colour", "red"),
    (SlackWebhook, "blocks.1.elements.0.elements.0.text", ""),
    (SlackWebhook, "blocks.1.elements", []),
    (SlackWebhook, "blocks.1", {"type": "image", "image_url": "https://e.example/x", "alt_text": "x" * 2001}),
    (SlackWebhook, "blocks.1", {"type": "image", "image_url": "http://e.example/x", "alt_text": "x"}),
    (SlackWebhook, "blocks.1", {"type": "image", "image_url": "https://e.example/" + "x" * 2983, "alt_text": "x"}),
    (SlackWebhook, "blocks", [{"type": "divider"}] * 51),
    (SlackWebhook, "blocks.1", {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}),
    (SlackWebhook, "blocks.1", {"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * 11}),
    (SlackWebhook, "blocks.1", {"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11}),
    (SlackWebhook, "blocks.1.elements.0.elements.0.text", "x" * 16_000),
    (SlackWebhook, "text", ...),
    (SlackWebhook, "text", "<@U012AB3CD>"),
    (SlackWebhook, "unfurl_links", True),
    (SlackApi, "channel", ...),
    (SlackApi, "channel", "#other"),
    (SlackApi, "link_names", True),
    (SlackApi, "thread_ts", "1.1"),
    (TeamsWorkflow, "attachments", []),
    (TeamsWorkflow, "type", "card"),
    (TeamsWorkflow, "attachments.0.contentType", "application/json"),
    (TeamsWorkflow, f"{CARD}.version", "2.0"),
    (TeamsWorkflow, f"{CARD}.body.0", {"type": "TextBlock", "text": "[x](https://evil.example)"}),
    (TeamsWorkflow, f"{CARD}.body.0.inlines.0.text", "{{DATE(x)}}"),
    (TeamsWorkflow, f"{CARD}.body.0.inlines.0.text", "x" * 28_000),
    (TeamsWorkflow, f"{BUTTONS}.0.url", "http://e.example/"),
    (TeamsWorkflow, f"{BUTTONS}.0.type", "Action.Submit"),
    (TeamsWorkflow, f"{BUTTONS}", [{"type": "Action.OpenUrl", "title": "x", "url": "https://e.example/"}] * 7),
    (PagerDuty, "routing_key", "short"),
    (PagerDuty, "routing_key", "0" * 32),
    (PagerDuty, "event_action", "open"),
    (PagerDuty, "dedup_key", "x" * 256),
    (PagerDuty, "payload.summary", "x" * 1025),
    (PagerDuty, "payload.summary", ...),
    (PagerDuty, "payload.severity", "fatal"),
    (PagerDuty, "payload.timestamp", "yesterday"),
    (PagerDuty, "payload.custom_details", "text"),
    (PagerDuty, "payload.custom_details", {"x": "x" * 512_000}),
    (PagerDuty, "links.0.href", "javascript:alert(1)"),
    (PagerDuty, "images.0.src", "http://e.example/x.png"),
    (Opsgenie, "message", "x" * 131),
    (Opsgenie, "message", ""),
    (Opsgenie, "alias", "x" * 513),
    (Opsgenie, "description", "x" * 15_001),
    (Opsgenie, "details", {"x": "x" * 8000}),
    (Opsgenie, "details", {"x": 1}),
    (Opsgenie, "priority", "P0"),
    (Opsgenie, "tags", ["x" * 51]),
    (Opsgenie, "tags", ["x"] * 21),
    (Opsgenie, "entity", "x" * 513),
    (Opsgenie, "source", "x" * 101),
    (Webhook, "text", "not what was signed"),
]


@pytest.mark.parametrize(("kind", "path", "value"), BROKEN, ids=[f"{kind.__name__} {path}" for kind, path, _ in BROKEN])
def test_what_breaks_a_published_rule_is_refused(
    fakes: dict[Any, Any], kind: type[FakeReceiver], path: str, value: Any
) -> None:
    fake = fakes[kind]
    call = call_of(fake, stories.OPENED)
    assert call
    body = json.dumps(_change(json.loads(call.body), path, value), ensure_ascii=False).encode()

    answer = requests.post(call.url, data=body, headers=dict(call.headers), timeout=5)

    assert fake.messages == []
    outcome = call.response(answer.status_code, answer.content)
    assert (outcome.taken, outcome.retry) == (False, False)


@pytest.mark.parametrize("kind", [SlackApi, TeamsWorkflow, Opsgenie])
def test_a_key_in_the_wrong_place_is_refused(fakes: dict[Any, Any], kind: type[FakeReceiver]) -> None:
    fake = fakes[kind]
    call = call_of(fake, stories.OPENED)
    assert call

    answer = requests.post(call.url.split("?")[0], data=call.body, timeout=5)

    assert (fake.messages, len(fake.refused)) == ([], 1)
    assert not call.response(answer.status_code, answer.content).taken


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, []),
        ({"subject": "x" * 99}, []),
        ({"subject": "x" * 100}, ["Subject '" + "x" * 100 + "'"]),
        ({"subject": "a\nb"}, ["Subject 'a\\nb'"]),
        ({"subject": "é"}, ["Subject 'é'"]),
        ({"text": "\ufffe"}, ["Message"]),
        ({"text": "x" * 262_144}, []),
        ({"text": "x" * 262_145}, ["Message"]),
        ({"topic_arn": "arn:aws:sns:eu-west-1:123456789012:x.fifo"}, ["TopicArn"]),
    ],
)
def test_a_mail_that_sns_refuses_is_known(changes: dict[str, str], wrong: list[str]) -> None:
    values = {"topic_arn": "arn:aws:sns:eu-west-1:123456789012:mail", "subject": "s", "text": "t", **changes}

    assert mail.problems(type("Mail", (), values)) == wrong
