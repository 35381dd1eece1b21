"""Slack: incoming webhooks, and the Web API, by which a message is edited and answered instead of repeated.

Answers: docs.slack.dev/messaging/sending-messages-using-incoming-webhooks (200 and "ok", else a word such as
invalid_blocks), docs.slack.dev/reference/methods/chat.postMessage and chat.update (200 and {"ok": false, "error": …}).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from notifier.channels import parts, slack_blocks
from notifier.channels.answers import by_status, may_pass, object_of, refused, text_of
from notifier.channels.call import Call, Outcome
from notifier.channels.wording import cut
from notifier.clean import escaped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notifier.receivers import Receiver
    from notifier.story import Story

JSON = "application/json; charset=utf-8"
# Errors after which the same call may succeed (Web API, errors of every method).
_BUSY = frozenset(
    {"ratelimited", "rate_limited", "message_limit_exceeded", "service_unavailable", "internal_error", "fatal_error"}
    | {"request_timeout", "team_added_to_org"}
)
# Errors by which a message cannot be edited or answered any more; a new one is sent instead.
_GONE = frozenset(
    {"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found", "cannot_reply_to_message"}
    | {"channel_not_found", "invalid_thread_ts"}
)
# Errors of a message's form; without the picture, which Slack fetches while we wait, it may be taken.
_FORM = ("invalid_blocks", "invalid_attachments", "msg_blocks_too_long")
_TS = re.compile(r"\d{1,16}\.\d{1,9}")
_CHANNEL_ID = re.compile(r"[A-Z0-9]{1,30}")
WAS = 300  # characters kept of the worst error, for when all is over


def request(receiver: Receiver, story: Story, memory: Mapping[str, str]) -> Call:
    """The call that tells Slack. memory: channel and ts of the incident's first message, and what it said."""
    if not receiver.credential:
        return _webhook(receiver, story, image=True)
    known = _TS.fullmatch(memory.get("ts", "")) and _CHANNEL_ID.fullmatch(memory.get("channel", ""))
    if known and story.event in ("again", "changed", "resolved"):
        return _update(receiver, story, memory, image=True)
    return _post(receiver, story, image=True)


def _webhook(receiver: Receiver, story: Story, *, image: bool) -> Call:
    body = {"text": slack_blocks.text(story), "blocks": slack_blocks.blocks(story, image=image), **_quiet()}

    def response(status: int, answer: bytes) -> Outcome:
        said = text_of(answer)
        if status == 400 and image and story.graph and said.strip() in _FORM:
            return Outcome(taken=False, reason=f"HTTP 400: {said.strip()}", then=_webhook(receiver, story, image=False))
        return by_status(status, said, hidden=[receiver.url])

    return Call("POST", receiver.url, {"content-type": JSON}, _bytes(body), response)


def _post(receiver: Receiver, story: Story, *, image: bool) -> Call:
    """A message of its own, that is remembered."""
    shown = {"text": slack_blocks.text(story), "blocks": slack_blocks.blocks(story, image=image)}
    body = {"channel": receiver.channel, **shown, **_quiet(), **_as_it_is()}

    def response(status: int, answer: bytes) -> Outcome:
        found = object_of(answer)
        error = _error(status, found)
        if error is None:
            return Outcome(taken=True, memory=_memory(found, story))
        if error in _FORM and image and story.graph:
            return Outcome(taken=False, reason=error, then=_post(receiver, story, image=False))
        return _refused(status, error, receiver)

    return _api(receiver, "chat.postMessage", body, response)


def _update(receiver: Receiver, story: Story, memory: Mapping[str, str], *, image: bool) -> Call:
    """The first message edited; when it began again or is over, also an answer below it, which people are told of."""
    was = memory.get("was", "") if story.event == "resolved" else ""
    shown = {"text": slack_blocks.text(story), "blocks": slack_blocks.blocks(story, was, image=image)}
    body = {"channel": memory["channel"], "ts": memory["ts"], **shown, **_as_it_is()}

    def response(status: int, answer: bytes) -> Outcome:
        error = _error(status, object_of(answer))
        if error is None:
            then = None if story.event == "changed" else _reply(receiver, story, memory, image=image)
            return Outcome(taken=True, memory={**memory, **_said(story)}, then=then)
        if error in _GONE:
            return Outcome(taken=False, reason=error, then=_post(receiver, story, image=image))
        if error in _FORM and image and story.graph:
            return Outcome(taken=False, reason=error, then=_update(receiver, story, memory, image=False))
        return _refused(status, error, receiver)

    return _api(receiver, "chat.update", body, response)


def _reply(receiver: Receiver, story: Story, memory: Mapping[str, str], *, image: bool) -> Call:
    """An answer below the first message; that it rings again is shown in the channel too.

    image: whether a message of its own, when nothing can be answered, has the picture.
    """
    again = story.event == "again"
    short = f"{parts.title(story)}" if again else f"{parts.mark(story)} {parts.ending(story)}"
    text = f"{parts.mark(story)} {short}" if again else short
    where = {"channel": memory["channel"], "thread_ts": memory["ts"], "reply_broadcast": again}
    body = {**where, "text": escaped(cut(text, slack_blocks.TEXT)), **_quiet(), **_as_it_is()}

    def response(status: int, answer: bytes) -> Outcome:
        error = _error(status, object_of(answer))
        if error is None:
            return Outcome(taken=True, memory={**memory, **_said(story)})
        if error in _GONE:
            return Outcome(taken=False, reason=error, then=_post(receiver, story, image=image))
        return _refused(status, error, receiver)

    return _api(receiver, "chat.postMessage", body, response)


def _api(receiver: Receiver, method: str, body: Mapping[str, Any], response: Any) -> Call:
    headers = {"content-type": JSON, "authorization": f"Bearer {receiver.credential}"}
    return Call("POST", f"{receiver.url}/{method}", headers, _bytes(body), response)


def _quiet() -> dict[str, bool]:
    """No markup in `text`, and no previews of what is linked: Slack would call the addresses."""
    return {"mrkdwn": False, "unfurl_links": False, "unfurl_media": False}


def _as_it_is() -> dict[str, Any]:
    """No mention or link is made of names in `text`; for chat.update that is not what happens by itself."""
    return {"parse": "none", "link_names": False}


def _bytes(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")


def _error(status: int, found: Mapping[str, Any]) -> str | None:
    """The word by which the Web API refuses; None when it did what was asked."""
    if status == 200 and found.get("ok") is True:
        return None
    error = found.get("error")
    return error if isinstance(error, str) and error else ""


def _refused(status: int, error: str, receiver: Receiver) -> Outcome:
    retry = may_pass(status) or error in _BUSY
    what = f"HTTP {status}" if status != 200 or not error else "Slack refused"
    return refused(what, error or "no answer of Slack's Web API", hidden=[receiver.credential], retry=retry)


def _memory(found: Mapping[str, Any], story: Story) -> Mapping[str, str]:
    channel, ts = found.get("channel"), found.get("ts")
    if not (isinstance(channel, str) and isinstance(ts, str) and _TS.fullmatch(ts) and _CHANNEL_ID.fullmatch(channel)):
        return {}
    return {"channel": channel, "ts": ts, **_said(story)}


def _said(story: Story) -> dict[str, str]:
    """The worst error, which an edited message still shows when all is over."""
    errors = story.evidence.errors if story.evidence else ()
    if not errors:
        return {}
    top = f"{errors[0].type}: {errors[0].message}" if errors[0].type else errors[0].message
    return {"was": cut(f"{errors[0].count:,} x {top}", WAS)}
