"""PagerDuty, Events API v2: an alarm triggers, and its end resolves by the same key. Pure.

Fields and answers: developer.pagerduty.com/docs/events-api-v2 (Send an alert event; Overview: response codes, limits).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from notifier.channels import parts, safe
from notifier.channels.answers import by_status, object_of
from notifier.channels.call import Call
from notifier.channels.readable import inert
from notifier.channels.wording import cut, moment
from notifier.story import ALARM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notifier.channels.call import Outcome
    from notifier.channels.parts import Detail, Section
    from notifier.receivers import Receiver
    from notifier.story import Story

HEADERS = {"content-type": "application/json"}
SUMMARY = 1024  # characters of payload.summary
EVENT = 512_000  # bytes of an event: "limited to 512 KB"
LINKS, LINK = 40_000, safe.URL  # characters of all links and of one
# What each severity is in PagerDuty, which has critical, error, warning and info.
SEVERITIES = {"critical": "critical", "warning": "warning", "unknown": "error"}


def request(receiver: Receiver, story: Story, memory: Mapping[str, str]) -> Call | None:  # noqa: ARG001  # as others
    """The call that triggers or resolves; None for a digest, which must not wake anybody."""
    if story.event == "digest":
        return None
    common = {"routing_key": receiver.credential, "dedup_key": story.key}
    if story.event == "resolved":
        body = _bytes({**common, "event_action": "resolve"})
    else:
        body = parts.fitted(
            lambda detail: _bytes({**common, "event_action": "trigger", **_event(story, detail)}), EVENT
        )

    def response(status: int, answer: bytes) -> Outcome:
        return by_status(status, _said(object_of(answer)), hidden=[receiver.credential, receiver.url])

    return Call("POST", receiver.url, HEADERS, body, response)


def _bytes(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event, allow_nan=False, separators=(",", ":")).encode()


def _said(answer: Mapping[str, Any]) -> str:
    errors = answer.get("errors")
    texts = [answer.get("message"), *(errors if isinstance(errors, list) else [])]
    return ", ".join(text for text in texts if isinstance(text, str))


def _event(story: Story, detail: Detail) -> dict[str, Any]:
    told = story.notification
    kept, _ = parts.links_within(story.links, LINK, LINKS)
    links = [{"href": link.url, "text": link.label} for link in kept]
    home = next((link.url for link in kept if link.label == ALARM), None)
    payload = {
        "summary": summary(story),
        "source": _name(told.service or told.name or told.account) or "watchpost",
        "severity": SEVERITIES[story.severity],
        "timestamp": story.since.isoformat(timespec="milliseconds") if story.since else None,
        "component": _name(told.resource) or None,
        "group": _name(told.service) or None,
        "class": _name(told.alarm) or None,
        "custom_details": details(story, detail),
    }
    event = {
        "payload": {name: value for name, value in payload.items() if value is not None},
        "client": "Watchpost",
        "client_url": home,
        "links": links,
        "images": [{"src": story.graph, "alt": "Graph of what is wrong"}] if story.graph else None,
    }
    return {name: value for name, value in event.items() if value}


def _name(value: str | None) -> str:
    """A part of an alarm's name, which may be made of what a log says."""
    return cut(inert(safe.line(value, safe.NAME)), safe.NAME)


def summary(story: Story) -> str:
    """What is read out on the phone: the title and what is wrong; PagerDuty itself says that it is bad."""
    what = story.words or story.reason.split("\n")[0] if story.event != "plain" else ""
    said = f"{story.headline} — {what}" if what else story.headline
    return cut(inert(said) if story.notification.state is not None else said, SUMMARY)


def details(story: Story, detail: Detail) -> dict[str, str]:
    """The sections as a table, in their order. PagerDuty makes links of addresses, but not of those from logs."""
    found: dict[str, str] = {}
    for section in parts.sections(story, detail):
        name = section.heading or ("What" if not found else "More")
        found[name] = "\n".join([*([found[name]] if name in found else []), *_lines(section)])
    if story.since:
        found["Since"] = moment(story.since)
    return found


def _lines(section: Section) -> list[str]:
    lines = []
    for line in section.lines:
        text = inert(line.text) if line.log else line.text
        if line.foreign and line.block:  # no line of it can pass for one of ours
            text = "\n".join(f"| {part}" for part in text.splitlines())
        lines.append(" ".join(part for part in (line.label, text, f"({line.note})" if line.note else "") if part))
    return lines
