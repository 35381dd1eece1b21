"""Microsoft Teams: an Adaptive Card for the webhook of a workflow. Pure.

Text stands in rich text blocks only: of text blocks and facts Teams reads Markdown, which each of its clients escapes
in another way, and "RichTextBlock does not support markdown" (Adaptive Cards, Text features). HTML is not read in cards
(Teams, Format cards).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from notifier.channels import parts, safe
from notifier.channels.answers import by_status, text_of
from notifier.channels.call import Call
from notifier.channels.wording import cut
from notifier.story import Link

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notifier.channels.call import Outcome
    from notifier.channels.parts import Detail, Line, Section
    from notifier.receivers import Receiver
    from notifier.story import Story

# Without the charset Teams counts two bytes for each character (an answer 413 from 14 KB on).
HEADERS = {"content-type": "application/json; charset=utf-8"}
CARD = "application/vnd.microsoft.card.adaptive"
SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"
VERSION = "1.4"  # of Adaptive Cards; rich text blocks came with 1.2
# Bytes of a message. "The message size limit is 28 KB" (Teams, Incoming webhooks), of which nobody says whether K is
# 1,000 or 1,024.
MESSAGE = 28_000
LINKS, LINK = 12_000, 8_000  # characters of all links and of one
_FUNCTION = re.compile(r"\{(?=\{)")
ACTIONS = 6  # buttons that a card shows at once (Teams, Cards reference)


def request(receiver: Receiver, story: Story, memory: Mapping[str, str]) -> Call:  # noqa: ARG001  # as every channel
    """The call that posts a card. A workflow answers 202, and what becomes of the card is known to Teams only."""
    body = parts.fitted(lambda detail: _bytes(_message(story, detail)), MESSAGE)

    def response(status: int, answer: bytes) -> Outcome:
        return by_status(status, text_of(answer), hidden=[receiver.url])

    return Call("POST", receiver.url, HEADERS, body, response)


def _bytes(message: dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")


def _message(story: Story, detail: Detail) -> dict[str, Any]:
    above = [_block([_run(f"{parts.mark(story)} {parts.title(story)}", size="Large", weight="Bolder")])]
    sections = parts.sections(story, detail)
    place = parts.until_logs(sections)
    above += [block for section in sections[:place] for block in _section(section)]
    quoted = [block for section in sections[place:] for block in _section(section)]
    shown = story.graph if story.event != "resolved" and len(story.graph or "") <= LINK else None
    if shown:
        above.append({"type": "Image", "url": shown, "altText": "Graph of what is wrong", "size": "Stretch"})
    room = parts.room_for_links(detail, LINKS, len(_bytes({"body": [*above, *quoted]})), MESSAGE)
    graph = [Link("Graph", shown)] if shown else []  # a picture of a card cannot be made larger
    kept, left_out = parts.links_within([*parts.wanted_links(story), *graph], LINK, room, ACTIONS)
    if kept:
        above.append({"type": "ActionSet", "actions": [_button(link) for link in kept]})
    if left_out:
        above.append(_block([_run(f"no room for the links {cut(', '.join(left_out), 300)}", isSubtle=True)]))
    card = {
        "$schema": SCHEMA,
        "type": "AdaptiveCard",
        "version": VERSION,
        "msteams": {"width": "Full"},
        # Of a long card Teams shows the beginning only, so graph and buttons stand above what is quoted.
        "body": [*above, *quoted],
    }
    return {"type": "message", "attachments": [{"contentType": CARD, "contentUrl": None, "content": card}]}


def _button(link: Link) -> dict[str, str]:
    return {"type": "Action.OpenUrl", "title": cut(_inert(link.label), safe.LABEL), "url": link.url}


def _section(section: Section) -> list[dict[str, Any]]:
    found = [_block([_run(section.heading, weight="Bolder")])] if section.heading else []
    for line in section.lines:
        found += _lines(line)
    # Only what begins a section stands apart from what is above it.
    return [{**part, "spacing": "None" if index else "Medium"} for index, part in enumerate(found)]


def _lines(line: Line) -> list[dict[str, Any]]:
    """A block for each line: what a line break within a text becomes depends on the client."""
    if line.block:
        style = {"fontType": "Monospace", "size": "Small"} if line.foreign else {}
        return [_block([_run(part, **style)]) for part in line.text.splitlines() if part.strip()]
    runs = [_run(f"{line.label} ", weight="Bolder")] if line.label else []
    runs.append(_run(line.text, fontType="Monospace") if line.foreign else _run(line.text))
    return [_block([*runs, _run(f" ({line.note})", isSubtle=True)] if line.note else runs)]


def _block(runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": runs}


def _inert(text: str) -> str:
    """Text of which no card makes a date: {{DATE(…)}} and {{TIME(…)}} are replaced (Adaptive Cards, Text features)."""
    return _FUNCTION.sub("{ ", text)


def _run(text: str, **style: Any) -> dict[str, Any]:
    return {"type": "TextRun", "text": _inert(text), **style}
