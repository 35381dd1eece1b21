"""A story as text that anybody can read: for e-mail, the fallback topic and the `text` of webhooks. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from notifier.channels import parts, safe
from notifier.story import Link

if TYPE_CHECKING:
    from notifier.channels.parts import Detail, Line, Section
    from notifier.story import Story

# Bytes in UTF-8. SNS takes 262,144 for a message (SNS API, Publish); who reads a mail at night takes less.
PLAIN = 30_000
LINKS = 12_000  # characters of all links
_WWW = re.compile(r"\b(www)\.", re.IGNORECASE)
# Schemes of which addresses are made without slashes.
_SCHEME = re.compile(r"(?<![^\W_])(mailto|tel|sms|sips?|xmpp|callto|facetime):", re.IGNORECASE)


def plain(story: Story) -> str:
    """The story as lines of text, links last and whole. At most PLAIN bytes, without markup.

    Mail programs and chats make links and mentions of what looks like one, so that in text from logs "://" becomes
    "[:]//", "mailto:" "mailto[:]" and "@" "[at]".
    """
    shown = safe.story(story)
    return parts.fitted(lambda detail: lines_of(shown, detail).encode(), PLAIN).decode()


def lines_of(story: Story, detail: Detail) -> str:
    """The text of a story that is safe, with this much detail."""
    blocks = [title(story)]
    sections = parts.sections(story, detail)
    for index, section in enumerate(sections):
        # The first lines belong to the title, and the account is not worth a gap.
        gap = index > 0 and (section.heading or sections[index - 1].heading)
        blocks += [""] * bool(gap) + _lines(section)
    links = _links(story)
    return "\n".join([*blocks, *([""] if links else []), *links])


def _lines(section: Section) -> list[str]:
    found = [f"{section.heading}:"] if section.heading else []
    for line in section.lines:
        found += _line(line, indent="  " if section.heading else "")
    return found


def _line(line: Line, indent: str) -> list[str]:
    text = inert(line.text) if line.log else line.text
    if line.block and line.foreign:
        # Each line is marked, so that none of them can pass for one of ours.
        return [f"{indent}  | {part}" for part in text.splitlines()]
    if line.block:
        return [f"{indent}{part}" for part in text.splitlines()]
    note = f" ({line.note})" if line.note else ""
    return [f"{indent}{line.label} {text}{note}" if line.label else f"{indent}{text}{note}"]


def _links(story: Story) -> list[str]:
    graph = [Link("Graph", story.graph)] if story.graph and story.event != "resolved" else []
    kept, left_out = parts.links_within([*parts.wanted_links(story), *graph], safe.URL, LINKS)
    found = [f"{link.label}: {link.url}" for link in kept]
    return [*found, *([f"left out, too long: {', '.join(left_out)}"] if left_out else [])]


def title(story: Story) -> str:
    """The title, inert too when it is an alarm's: names of alarms and metrics may be made of what a log says."""
    return inert(parts.title(story)) if story.notification.state is not None else parts.title(story)


def inert(text: str) -> str:
    """Text from a log with the addresses and mentions broken that mail programs and chats know by their marks.

    Names of hosts alone (example.com) stay as they are: they cannot be told from those of files and classes.
    """
    return _SCHEME.sub(r"\1[:]", _WWW.sub(r"\1[.]", text.replace("://", "[:]//").replace("@", "[at]")))
