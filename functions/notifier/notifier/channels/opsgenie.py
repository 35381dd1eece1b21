"""Opsgenie, Alert API: an alarm creates an alert, a change adds a note to it, and its end closes it by its alias. Pure.

Fields, limits and answers: docs.opsgenie.com/docs/alert-api and docs.opsgenie.com/docs/response.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from notifier.channels import parts, safe
from notifier.channels.answers import by_status, object_of
from notifier.channels.call import Call, Outcome
from notifier.channels.pagerduty import summary
from notifier.channels.readable import inert, lines_of
from notifier.channels.wording import cut

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notifier.channels.parts import Detail
    from notifier.receivers import Receiver
    from notifier.story import Story

MESSAGE, DESCRIPTION, ENTITY, NOTE = 130, 15_000, 512, 25_000  # characters
DETAILS = 8_000  # characters of all names and values of details
TAG, TAGS = 50, 20  # characters of a tag, and how many
SOURCE = "Watchpost"
PRIORITIES = {"critical": "P1", "warning": "P3", "unknown": "P2"}


def alias(key: str) -> str:
    """The key as an alias. It stands in addresses, where some servers refuse the slash that names of alarms have."""
    return f"watchpost-{hashlib.sha256(key.encode()).hexdigest()[:40]}"


def request(receiver: Receiver, story: Story, memory: Mapping[str, str]) -> Call | None:  # noqa: ARG001  # as others
    """The call that creates or closes; None for a digest, which must not wake anybody."""
    if story.event == "digest":
        return None
    if story.event == "resolved":
        return _action(receiver, story, "close", cut(parts.ending(story), NOTE))
    # Of an alert that is open already Opsgenie only counts that it came again, so what is new goes into a note.
    note = _action(receiver, story, "notes", _text(story, NOTE)) if story.event == "changed" else None
    return _call(receiver, "/v2/alerts", _alert(story), note)


def _action(receiver: Receiver, story: Story, action: str, note: str) -> Call:
    path = f"/v2/alerts/{alias(story.key)}/{action}?identifierType=alias"
    return _call(receiver, path, {"source": SOURCE, "note": note})


def _call(receiver: Receiver, path: str, body: Mapping[str, Any], then: Call | None = None) -> Call:
    headers = {"content-type": "application/json", "authorization": f"GenieKey {receiver.credential}"}

    def response(status: int, answer: bytes) -> Outcome:
        said = object_of(answer).get("message")
        outcome = by_status(status, said if isinstance(said, str) else "", hidden=[receiver.credential, receiver.url])
        return Outcome(taken=True, then=then) if outcome.taken else outcome

    return Call("POST", f"{receiver.url}{path}", headers, json.dumps(body, allow_nan=False).encode(), response)


def _alert(story: Story) -> dict[str, Any]:
    service = safe.line(story.notification.service, safe.NAME)
    tags = [
        "watchpost",
        story.severity,
        *([inert(service)] if service else []),
        *([story.owner] if story.owner else []),
    ]
    alert: dict[str, Any] = {
        "message": cut(_flat(summary(story)), MESSAGE),
        "alias": alias(story.key),
        "description": _text(story, DESCRIPTION),
        "entity": cut(inert(_flat(service or story.headline)), ENTITY),
        "source": SOURCE,
        "priority": PRIORITIES[story.severity],
        "tags": [cut(_flat(tag).replace(",", " "), TAG) for tag in tags][:TAGS],
        "details": _details(story),
    }
    return alert


def _details(story: Story) -> dict[str, str]:
    """What other tools ask an alert for. At most 12 values of at most 255 characters, far from the limit."""
    told, evidence = story.notification, story.evidence
    failing = evidence.failing if evidence else None
    values = {
        "key": story.key,
        "alarm": inert(told.name or ""),
        "account": told.account,
        "region": told.region,
        "owner": story.owner,
    }
    if failing:  # from logs
        ids = {"request_id": failing.request_id, "correlation_id": failing.correlation_id, "trace_id": failing.trace_id}
        values |= {name: inert(value) for name, value in ids.items() if value}
    return {name: shown for name, value in values.items() if (shown := _flat(safe.line(value, safe.NAME)))}


def _text(story: Story, limit: int) -> str:
    """The whole story as text, with as much detail as there is room for."""

    def build(detail: Detail) -> str:
        return _flat(lines_of(story, detail))

    return next((text for detail in parts.DETAILS if len(text := build(detail)) <= limit), "")


def _flat(text: str) -> str:
    """Text in which nothing is HTML, that Opsgenie shows as such (Alerts and alert fields); phones show it as it is."""
    return text.replace("<", "\u2039").replace(">", "\u203a")
