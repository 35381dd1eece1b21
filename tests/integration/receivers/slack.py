"""Slack: an incoming webhook, and the two methods of the Web API that notifications need."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.integration.receivers import slack_rules
from tests.integration.receivers.server import JSON, TEXT, Answer, FakeReceiver, Request

if TYPE_CHECKING:
    import ssl

CHANNEL = "C0123456789"


class SlackWebhook(FakeReceiver):
    """An incoming webhook. It answers "ok", or a word with a status (Slack, Incoming webhooks, error handling).

    images: false when Slack cannot fetch the pictures of messages, and refuses these for it.
    """

    images = True

    @property
    def entry(self) -> dict[str, Any]:
        return {**self._common("slack"), "url": f"{self.url}/services/T0/B0/{self.secret}"}

    def answer(self, request: Request) -> Answer:
        if request.path != f"/services/T0/B0/{self.secret}":
            return self.refuse(["no_service"], Answer(404, b"no_service", TEXT))
        if request.json is None:
            return self.refuse(["invalid_payload"], Answer(400, b"invalid_payload", TEXT))
        found = slack_rules.problems(request.json, slack_rules.WEBHOOK)
        if found:
            return self.refuse(found, Answer(400, b"invalid_blocks", TEXT))
        if not self.images and slack_rules.has_image(request.json):
            return Answer(400, b"invalid_blocks", TEXT)
        self.messages.append(request.json)
        return Answer(200, b"ok", TEXT)

    def text(self, message: Any) -> str:
        return slack_rules.shown(message)


class SlackApi(FakeReceiver):
    """The Web API with one channel. It answers 200 with {"ok": …} (docs.slack.dev/reference/methods).

    channel: what is in the channel now, by ts, edits made. threads: by ts, what was answered below it.
    gone: no message can be edited or answered any more; threads_are_gone: none can be answered. images: as above.
    """

    def __init__(self, name: str, *, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(name, tls=tls)
        self.channel: dict[str, Any] = {}
        self.threads: dict[str, list[Any]] = {}
        self.gone = False
        self.threads_are_gone = False
        self.images = True

    @property
    def entry(self) -> dict[str, Any]:
        api = {"api_url": f"{self.url}/api", "token": f"xoxb-{self.secret}", "channel": "#alarms"}
        return {**self._common("slack"), **api}

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer xoxb-{self.secret}":
            return self._no("invalid_auth", "authorization")
        if not request.headers.get("content-type", "").startswith("application/json"):
            return self._no("invalid_post_type", "content-type")
        methods = {"/api/chat.postMessage": self._post, "/api/chat.update": self._update}
        method = methods.get(request.path)
        return method(request.json) if method else self._no("unknown_method", request.path)

    def _post(self, message: Any) -> Answer:
        found = slack_rules.problems(message, slack_rules.POST)
        if found:
            return self._no("invalid_blocks", *found)
        if message["channel"] not in ("#alarms", CHANNEL):
            return self._no("channel_not_found", message["channel"])
        if not self.images and slack_rules.has_image(message):
            return self._no("invalid_blocks")
        thread = message.get("thread_ts")
        if thread is not None and (self.gone or self.threads_are_gone or thread not in self.channel):
            return self._no("thread_not_found")
        ts = f"{1700000000 + len(self.messages)}.000100"
        if thread is None:
            self.channel[ts] = message
        else:
            self.threads.setdefault(thread, []).append(message)
        return self._yes(message, ts)

    def _update(self, message: Any) -> Answer:
        found = slack_rules.problems(message, slack_rules.UPDATE)
        if found:
            return self._no("invalid_blocks", *found)
        if message["channel"] != CHANNEL:
            return self._no("channel_not_found", message["channel"])  # a name is not enough for an update
        if not self.images and slack_rules.has_image(message):
            return self._no("invalid_blocks")
        if self.gone or message["ts"] not in self.channel:
            return self._no("message_not_found")
        self.channel[message["ts"]] = message
        return self._yes(message, message["ts"])

    def _yes(self, message: Any, ts: str) -> Answer:
        self.messages.append(message)
        return Answer(200, json.dumps({"ok": True, "channel": CHANNEL, "ts": ts}).encode(), JSON)

    def _no(self, error: str, *found: str) -> Answer:
        return self.refuse(list(found), Answer(200, json.dumps({"ok": False, "error": error}).encode(), JSON))

    def text(self, message: Any) -> str:
        return slack_rules.shown(message)
