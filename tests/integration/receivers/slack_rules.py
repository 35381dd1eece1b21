"""What is published of Slack's blocks (docs.slack.dev/reference/block-kit), for the blocks that messages may have."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.integration.receivers.rules import by_type, fields, flag, https, list_of, one_of, strings_in, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.receivers.rules import Rule

MARKUP = re.compile(r"<[^>\n]+>")  # a mention, a link, a date … in text that Slack reads
_ID = {"block_id": text(255)}
# Slack takes about 13,200 characters of text; 15,561 of JSON were taken and 17,694 were not (bolt-js, issue 2867).
ALL = 15_561


def _escaped(value: Any, at: str) -> Iterator[str]:
    """Text in which & < > are written as entities, so that nothing in it is a mention or a link."""
    if isinstance(value, str) and re.search(r"[<>]|&(?!amp;|lt;|gt;)", value):
        yield f"{at}: & < > not escaped in {value!r}"


def _also(*rules: Rule) -> Rule:
    def rule(value: Any, at: str) -> Iterator[str]:
        for one in rules:
            yield from one(value, at)

    return rule


def _plain(longest: int) -> Rule:
    shown = _also(text(longest), _escaped)
    return fields({"type": one_of("plain_text"), "text": shown}, {"emoji": flag})


def _mrkdwn(longest: int) -> Rule:
    kinds = {"mrkdwn": fields({"type": one_of("mrkdwn"), "text": text(longest)}, {"verbatim": flag})}
    return by_type({**kinds, "plain_text": _plain(longest)})


_STYLE = fields({}, {"bold": flag, "italic": flag, "strike": flag, "code": flag})
_RUN = by_type(
    {
        "text": fields({"type": one_of("text"), "text": text(10**6)}, {"style": _STYLE}),
        # An empty text is refused: the field is left out then.
        "link": fields({"type": one_of("link"), "url": https(3000)}, {"text": text(3000), "style": _STYLE}),
        "emoji": fields({"type": one_of("emoji"), "name": text(100)}),
    }
)
_RUNS = list_of(_RUN, 10**4)
_RICH = by_type(
    {
        "rich_text_section": fields({"type": one_of("rich_text_section"), "elements": _RUNS}),
        "rich_text_quote": fields({"type": one_of("rich_text_quote"), "elements": _RUNS}, {"border": one_of(0, 1)}),
        "rich_text_preformatted": fields(
            {"type": one_of("rich_text_preformatted"), "elements": _RUNS}, {"border": one_of(0, 1)}
        ),
    }
)
_BUTTON = fields(
    {"type": one_of("button"), "text": _plain(75)},
    {"action_id": text(255), "url": https(3000), "style": one_of("primary", "danger")},
)
_BLOCK = by_type(
    {
        "header": fields({"type": one_of("header"), "text": _plain(150)}, _ID),
        "divider": fields({"type": one_of("divider")}, _ID),
        "section": fields(
            {"type": one_of("section")}, {"text": _mrkdwn(3000), "fields": list_of(_mrkdwn(2000), 10), **_ID}
        ),
        "context": fields({"type": one_of("context"), "elements": list_of(_mrkdwn(3000), 10)}, _ID),
        "actions": fields({"type": one_of("actions"), "elements": list_of(_BUTTON, 25)}, _ID),
        "image": fields(
            {"type": one_of("image"), "image_url": https(3000), "alt_text": text(2000)}, {"title": _plain(2000), **_ID}
        ),
        "rich_text": fields({"type": one_of("rich_text"), "elements": list_of(_RICH, 10**4)}, _ID),
    }
)
_COMMON = {
    "text": _also(text(40_000), _escaped),
    "mrkdwn": flag,
    "unfurl_links": one_of(False),
    "unfurl_media": one_of(False),
}
_NO_LINKS = {"parse": one_of("none"), "link_names": one_of(False)}
_BLOCKS = {"blocks": list_of(_BLOCK, 50)}
_TS = text(30)

WEBHOOK = fields({"text": _COMMON["text"]}, {**_COMMON, **_BLOCKS})
POST = fields(
    {"channel": text(100), "text": _COMMON["text"]},
    {**_COMMON, **_BLOCKS, **_NO_LINKS, "thread_ts": _TS, "reply_broadcast": flag},
)
# What is left out of an update is set to Slack's own default, which parses text.
UPDATE = fields({"channel": text(100), "ts": _TS, "text": _COMMON["text"], **_NO_LINKS}, _BLOCKS)


def problems(message: Any, rule: Rule) -> list[str]:
    """Which rules a message breaks."""
    found = list(rule(message, "message"))
    blocks = message.get("blocks") if isinstance(message, dict) else None
    if blocks and len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) > ALL:
        found.append("msg_blocks_too_long")
    return found


def has_image(message: Any) -> bool:
    """Whether Slack would fetch a picture."""
    return any(block.get("type") == "image" for block in message.get("blocks", []))


def shown(message: Any) -> str:
    """What a person reads."""
    lines = []
    for block in message.get("blocks", []):
        if block["type"] == "header":
            lines.append(_unescaped(block["text"]["text"]))
        elif block["type"] == "image":
            lines.append(f"[image: {block['image_url']}]")
        elif block["type"] == "rich_text":
            for part in block["elements"]:
                runs = (_run(run) for run in part["elements"])
                lines.append("".join(runs))
        else:
            lines += list(strings_in(block))
    return "\n".join(lines) if lines else _unescaped(message["text"])


def _run(run: dict[str, Any]) -> str:
    return f"{run.get('text', '')} {run['url']}".strip() if run["type"] == "link" else run.get("text", "")


def _unescaped(value: str) -> str:
    return value.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
