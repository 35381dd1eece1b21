"""Text of dashboards as HTML in which nothing is loaded and no markup but markdown's own is known."""

from __future__ import annotations

import html

from markdown_it import MarkdownIt

# Raw HTML is shown as text, images would be fetched when the page is opened, and links without markup are none.
_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table").disable("image")
_SAFE = ("https://", "#")


def rendered(markdown: str) -> str:
    """HTML of a text widget. Links that are not https are shown as the text that they are."""
    tokens = _MARKDOWN.parse(markdown)
    for token in tokens:
        for child in token.children or ():
            if child.type == "link_open":
                if not str(child.attrGet("href")).startswith(_SAFE):
                    child.attrs = {}
                child.attrSet("rel", "noreferrer noopener")
    return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


def escaped(text: object) -> str:
    """Text, in an element or in an attribute within quotation marks."""
    return html.escape(str(text))
