"""Markdown of dashboards is shown without anything that loads, runs or leads astray."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost_cli.preview.text import escaped, rendered


class _Elements(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


KNOWN = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "em", "strong", "code", "pre", "blockquote", "a"),
    *("ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"),
}
MARKUP = [
    *("<script>", "<img src=x onerror=y>", "![a](https://x.example/p)", "[a](javascript:b)", "[a](https://x.example)"),
    *("<https://x.example>", "<javascript:b>", "[a]: http://x.example", "[a](//x.example)"),
    *("\n\n", "|a|\n|-|\n", "`", "# "),
]
PIECES = st.sampled_from(MARKUP)


def test_titles_lists_and_tables_are_rendered() -> None:
    page = _Elements(rendered("# Title\n\n**bold** `code`\n\n|a|b|\n|-|-|\n|1|2|\n"))
    assert [tag for tag, _ in page.found][:4] == ["h1", "p", "strong", "code"]
    assert [tag for tag, _ in page.found].count("td") == 2


def test_an_https_link_leads_there_and_tells_nobody_from_where() -> None:
    (link,) = (attributes for tag, attributes in _Elements(rendered("[a](https://x.example/y)")).found if tag == "a")
    assert link == {"href": "https://x.example/y", "rel": "noreferrer noopener"}


@pytest.mark.parametrize("url", ["http://x.example", "//x.example", "mailto:a@x.example", "data:text/html,x", "/y"])
def test_any_other_link_leads_nowhere(url: str) -> None:
    page = _Elements(rendered(f"[a]({url})"))
    assert all("href" not in attributes for _, attributes in page.found)
    assert "a" in page.text


@given(st.lists(PIECES | st.text(max_size=10), max_size=10).map("".join))
def test_no_markdown_yields_anything_that_loads_or_runs(markdown: str) -> None:
    for tag, attributes in _Elements(rendered(markdown)).found:
        assert tag in KNOWN
        assert attributes.keys() <= {"href", "rel", "title", "class", "start", "style"}
        assert str(attributes.get("href", "https://")).startswith(("https://", "#"))
        assert not attributes.get("style") or str(attributes["style"]).startswith("text-align")


@given(st.text())
def test_escaped_text_is_text(text: str) -> None:
    page = _Elements(f'<p title="{escaped(text)}">{escaped(text)}</p>')
    assert [tag for tag, _ in page.found] == ["p"]
    if not set(text) & {"\r", "\x00"}:  # which HTML has no way to write
        assert page.text == text
        assert page.found[0][1]["title"] == text
