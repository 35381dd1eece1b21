"""A story as Slack shows it. Pure.

Everything but the title is rich text: its elements are shown as they are, so that no text can become a mention, a link
or markup. Limits are those of Slack's Block Kit reference (docs.slack.dev/reference/block-kit).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from notifier.channels import parts
from notifier.channels.wording import cut
from notifier.clean import escaped
from notifier.story import Link

if TYPE_CHECKING:
    from notifier.channels.parts import Detail, Line, Section
    from notifier.story import Story

BLOCKS = 50  # of a message
HEADER = 150  # characters of a header block's text
IMAGE_URL, ALT_TEXT = 3000, 2000  # characters of an image block's image_url and alt_text
# Characters of a link's address. None is published for links in rich text; buttons and images have 3,000.
LINK_URL = 3000
LINKS = 6000  # characters of all links
# Characters of all blocks as JSON. Slack publishes no figure; chat.postMessage answers msg_blocks_too_long from about
# 13,200 characters of text on (github.com/slackapi/bolt-js, issues 2509 and 2867, where 15,561 of JSON were taken and
# 17,694 were not).
ALL_BLOCKS = 12_000
# Characters of the text that stands for the blocks in notifications; it is cut from 40,000 on (chat.postMessage).
TEXT = 600


def text(story: Story) -> str:
    """What a phone shows before the message is opened. Slack reads & < > as markup in it (Formatting message text)."""
    what = {"resolved": "", "plain": "", "digest": ""}.get(story.event, story.words or story.reason)
    title = parts.title(story)
    return escaped(cut(f"{title} — {what}" if what else title, TEXT))


def blocks(story: Story, was: str = "", *, image: bool = True) -> list[dict[str, Any]]:
    """The blocks of a message, as many details as there is room for.

    was: of a message that is edited because all is over, the worst of what it said. image: false to leave out the
    graph's picture, which Slack fetches itself and without which it refuses the message; it is linked then.
    """
    found: list[dict[str, Any]] = []
    for detail in parts.DETAILS:
        found = _blocks(story, detail, was, image=image)
        if _size(found) <= ALL_BLOCKS:
            break
    return found


def _size(found: list[dict[str, Any]]) -> int:
    return len(json.dumps(found, ensure_ascii=False, separators=(",", ":")))


def _blocks(story: Story, detail: Detail, was: str, *, image: bool) -> list[dict[str, Any]]:
    title = within(f"{parts.mark(story)} {parts.title(story)}", HEADER)
    found: list[dict[str, Any]] = [{"type": "header", "text": {"type": "plain_text", "text": title, "emoji": False}}]
    sections = parts.sections(story, detail)
    place = len(found) + parts.until_logs(sections)
    found += [_rich(_section(section)) for section in sections]
    if was:
        found.append(_rich([_runs([_run("It was: "), _run(cut(was, detail.message), code=True)])]))
    graph: list[dict[str, Any]] = []
    shown = story.graph is not None and story.event != "resolved"
    if shown and image and len(story.graph or "") <= IMAGE_URL:
        alt = escaped(cut(f"Graph of what is wrong: {story.headline}", ALT_TEXT // 6))
        graph = [{"type": "image", "image_url": story.graph, "alt_text": alt}]
        shown = False
    links = _links(story, parts.room_for_links(detail, LINKS, _size([*found, *graph]), ALL_BLOCKS), graph=shown)
    where_to_look = [*graph, *([_rich([_runs(links)])] if links else [])]
    # Of a long message Slack shows the beginning only, so these stand above what is quoted.
    return [*found[:place], *where_to_look, *found[place:]][:BLOCKS]


def _rich(elements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": elements}


def _runs(elements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": elements}


def _run(text: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": text, "style": style} if style else {"type": "text", "text": text}


def _section(section: Section) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    runs = [_run(section.heading, bold=True)] if section.heading else []
    for line in section.lines:
        if line.block and line.foreign:
            found += [_runs(runs)] if runs else []
            found.append({"type": "rich_text_preformatted", "elements": [_run(line.text)]})
            runs = []
        else:
            runs += ([_run("\n")] if runs else []) + _line(line)
    return [*found, *([_runs(runs)] if runs else [])]


def _line(line: Line) -> list[dict[str, Any]]:
    found = [_run(f"{line.label} ", bold=True)] if line.label else []
    # Text in code style is neither linked nor formatted by any of Slack's clients.
    found.append(_run(line.text, code=True) if line.foreign else _run(line.text))
    return [*found, _run(f" ({line.note})", italic=True)] if line.note else found


def _links(story: Story, room: int, *, graph: bool) -> list[dict[str, Any]]:
    wanted = [*parts.wanted_links(story), *([Link("Graph", story.graph)] if graph and story.graph else [])]
    kept, left_out = parts.links_within(wanted, LINK_URL, room)
    found: list[dict[str, Any]] = []
    for link in kept:
        found += [_run("  ·  ")] if found else []
        found.append({"type": "link", "url": link.url, "text": link.label})
    if left_out:
        found.append(_run(f"{'  ·  ' if found else ''}left out, too long: {cut(', '.join(left_out), 300)}"))
    return found


def within(value: str, limit: int) -> str:
    """Escaped text of at most so many characters, never cut in the middle of an entity."""
    size = limit
    while len(escaped(cut(value, size))) > limit:
        size -= 1
    return escaped(cut(value, size))
