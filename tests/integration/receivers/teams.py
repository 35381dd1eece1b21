"""Microsoft Teams: the webhook of a workflow that posts an Adaptive Card.

Rules: Teams, "Create incoming webhooks with Workflows" and "Format cards"; adaptivecards.io/explorer for the elements.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.integration.receivers.rules import by_type, fields, flag, https, list_of, one_of, text
from tests.integration.receivers.server import JSON, Answer, FakeReceiver, Request

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGE = 28_000  # bytes: "28 KB"

_SPACING = one_of("None", "Small", "Default", "Medium", "Large", "ExtraLarge", "Padding")
_SIZE = one_of("Small", "Default", "Medium", "Large", "ExtraLarge")
_RUN = fields(
    {"type": one_of("TextRun"), "text": text(10_000)},
    {
        "size": _SIZE,
        "weight": one_of("Lighter", "Default", "Bolder"),
        "fontType": one_of("Default", "Monospace"),
        "isSubtle": flag,
        "color": one_of("Default", "Dark", "Light", "Accent", "Good", "Warning", "Attention"),
    },
)
_ACTION = fields({"type": one_of("Action.OpenUrl"), "title": text(75), "url": https(8192)})
_ELEMENT = by_type(
    {
        "RichTextBlock": fields(
            {"type": one_of("RichTextBlock"), "inlines": list_of(_RUN, 1000)}, {"spacing": _SPACING, "separator": flag}
        ),
        "Image": fields(
            {"type": one_of("Image"), "url": https(8192)},
            {"altText": text(1000), "size": one_of("Auto", "Stretch", "Small", "Medium", "Large"), "spacing": _SPACING},
        ),
        "ActionSet": fields({"type": one_of("ActionSet"), "actions": list_of(_ACTION, 6)}, {"spacing": _SPACING}),
    }
)
_CARD = fields(
    {
        "$schema": one_of("http://adaptivecards.io/schemas/adaptive-card.json"),
        "type": one_of("AdaptiveCard"),
        "version": one_of("1.2", "1.3", "1.4", "1.5"),
        "body": list_of(_ELEMENT, 1000),
    },
    {"actions": list_of(_ACTION, 6), "msteams": fields({"width": one_of("Full")})},
)
_ATTACHMENT = fields(
    {"contentType": one_of("application/vnd.microsoft.card.adaptive"), "content": _CARD}, {"contentUrl": one_of(None)}
)
_MESSAGE = fields({"type": one_of("message"), "attachments": list_of(_ATTACHMENT, 1)})


def problems(request: Request) -> Iterator[str]:
    """Which rules a request breaks."""
    if request.headers.get("content-type", "").replace(" ", "").lower() != "application/json;charset=utf-8":
        yield "content-type: without the charset each character counts as two bytes"
    if len(request.body) > MESSAGE:
        yield f"{len(request.body)} bytes, must be at most {MESSAGE}"
    yield from _MESSAGE(request.json, "message")
    if "{{" in request.body.decode():
        yield "a function of cards, {{DATE(…)}} or {{TIME(…)}}"


class TeamsWorkflow(FakeReceiver):
    """The webhook of a workflow. It answers 202 without a body, and errors as {"error": {"code", "message"}}."""

    @property
    def entry(self) -> dict[str, Any]:
        return {**self._common("teams"), "url": f"{self.url}{self._path}"}

    @property
    def _path(self) -> str:
        return f"/powerautomate/automations/direct/workflows/0/triggers/manual/paths/invoke?sig={self.secret}"

    def answer(self, request: Request) -> Answer:
        if request.path != self._path:
            return self.refuse(["the signature is missing"], self._error(401, "DirectApiAuthorizationRequired"))
        found = list(problems(request))
        if found:
            return self.refuse(found, self._error(400, "InvalidRequestContent"))
        self.messages.append(request.json)
        return Answer(202)

    def _error(self, status: int, code: str) -> Answer:
        return Answer(
            status, json.dumps({"error": {"code": code, "message": "The request is invalid."}}).encode(), JSON
        )

    def text(self, message: Any) -> str:
        card = message["attachments"][0]["content"]
        return "\n".join(line for part in card["body"] for line in _lines(part))


def _lines(part: Any) -> list[str]:
    if part["type"] == "Image":
        return [f"[image: {part['url']}]"]
    if part["type"] == "ActionSet":
        return [f"{action['title']} {action['url']}" for action in part["actions"]]
    return ["".join(run["text"] for run in part["inlines"])]
