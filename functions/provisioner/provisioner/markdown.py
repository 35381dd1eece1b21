"""Markdown of text widgets, in which nothing that comes from AWS or the configuration means anything but itself."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

LONGEST = 200  # characters of one name that are shown

# Everything that could begin markup, an entity, an address that is made a link by itself, or a cell of a table. A dash
# only means something at the start of a line, where no name ever stands.
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+.!|<>~&:/@])")
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_IN_URL = re.compile(r"[^A-Za-z0-9\-._~:/?#&=+,;%@!$*]")


def plain(text: str) -> str:
    """One line without control characters, cut to LONGEST: for titles and labels, which know no markdown."""
    line = _BLANK.sub(" ", text).strip()
    line = line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
    # `${…}` in a label is a dynamic label of CloudWatch.
    return line.replace("${", "$ {")


def escaped(text: str) -> str:
    """The text as it is, on one line, anywhere but at the start of a line (CommonMark 0.31, backslash escapes)."""
    return _MARKUP.sub(r"\\\1", plain(text))


def is_address(url: str) -> bool:
    """Whether this is an https address that may become a link."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname)
    except ValueError:  # such as an IPv6 address without its end
        return False


def link(text: str, url: str) -> str:
    """A link with this text, or the text alone when the address is not one of https."""
    if not is_address(url):
        return escaped(text)
    # Brackets and quotation marks would end the link's target.
    target = _IN_URL.sub(lambda match: f"%{ord(match[0]):02X}", url)
    return f"[{escaped(text)}]({target})"
