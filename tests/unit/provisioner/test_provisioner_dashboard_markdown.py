"""Text from AWS and the configuration stays text in every markdown widget."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from provisioner.markdown import LONGEST, escaped, is_address, link, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from markdown_it.token import Token

# All that a renderer may know beyond CommonMark: tables and struck text. What it takes for an address by itself is
# tested by the characters that such an address needs.
PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
EVIL = [
    "[x](javascript:alert(1))",
    "![x](https://evil.example/p.png)",
    "`code` | **bold** | _it_",
    "<script>alert(1)</script>",
    "&lt;b&gt;",
    "https://evil.example",
    "www.evil.example",
    "me@evil.example",
    "# title\n- item\n1. one\n> quote",
    "[x]: https://evil.example",
    "back\\slash",
    "~~gone~~",
    "`watchpost:stack=other`",
    "a\u2028b",
]
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1) | st.sampled_from(EVIL) | st.text("[]()`*_|\\<>!#~&:/.ax- \n")


def _flat(tokens: Iterable[Token]) -> list[Token]:
    return [inner for token in tokens for inner in (token, *_flat(token.children or ()))]


def _shown(markdown: str) -> tuple[str, set[str]]:
    """The text that a reader sees, and the kinds of markup."""
    tokens = _flat(PARSER.parse(markdown))
    seen = ("text", "text_special", "html_inline", "code_inline")
    text = "".join(token.content for token in tokens if token.type in seen)
    return text, {token.type for token in tokens}


@given(TEXTS)
@pytest.mark.parametrize(("before", "seen"), [("# ", ""), ("a · ", "a · "), ("**x** ", "x ")])
def test_a_text_means_nothing_but_itself(before: str, seen: str, text: str) -> None:
    shown, kinds = _shown(f"{before}{escaped(text)}")
    assert shown.strip() == f"{seen}{plain(text)}".strip()
    assert kinds <= _shown(f"{before}text")[1] | {"text_special"}


@given(TEXTS)
def test_a_text_stays_in_its_cell(text: str) -> None:
    tokens = _flat(PARSER.parse(f"|a|b|\n|-|-|\n|{escaped(text)}|next|"))
    assert [token.type for token in tokens].count("td_open") == 2
    assert not {"link_open", "image", "html_inline", "code_inline"} & {token.type for token in tokens}


@given(TEXTS)
def test_nothing_is_left_that_renderers_take_for_an_address_by_itself(text: str) -> None:
    assert not re.search(r"://|www\.|(?<!\\)@", escaped(text))


@given(st.text())
def test_titles_are_one_line_of_printable_text(text: str) -> None:
    line = plain(text)
    assert len(line) <= LONGEST + line.count("$ {")
    assert not any(ord(character) < 32 or character in "\u2028\u2029\x7f" for character in line)
    assert "${" not in line


@pytest.mark.parametrize(
    "url",
    [
        "https://kibana.example",
        "https://kibana.example:5601/s/a?b=c#/d(e:'f',g:!(h))",
        "https://[::1]/x",
        "https://eu-west-1.console.aws.amazon.com/go/view?arn=arn%3Aaws%3Alambda",
    ],
)
def test_an_https_address_becomes_a_link(url: str) -> None:
    tokens = _flat(PARSER.parse(link("a [text]", url)))
    (opened,) = [token for token in tokens if token.type == "link_open"]
    target = str(opened.attrGet("href"))
    assert target.startswith("https://")
    assert not set("()'\"<> ") & set(target)
    assert "".join(token.content for token in tokens if token.type in ("text", "text_special")) == "a [text]"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://kibana.example",
        "javascript:alert(1)",
        "HTTPS//x",
        "https:",
        "https:///path",
        "https://a b",
        "https://a\nb",
        "https://[::1",
        "https://a\\b",
        "https://exämple",
        "//kibana.example",
    ],
)
def test_any_other_address_is_no_link(url: str) -> None:
    assert not is_address(url)
    assert "link_open" not in _shown(link("text", url))[1]
    assert _shown(link("text", url))[0] == "text"


@given(st.text())
def test_no_address_breaks_out_of_its_link(rest: str) -> None:
    url = f"https://kibana.example/{rest}"
    tokens = _flat(PARSER.parse(f"{link('one', url)} two"))
    text = "".join(token.content for token in tokens if token.type in ("text", "text_special"))
    assert text == "one two"
    assert not {"image", "html_inline", "code_inline", "html_block"} & {token.type for token in tokens}
