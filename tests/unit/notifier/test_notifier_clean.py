"""Text from outside cannot steer a terminal or a chat."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifier import clean

HOSTILE = st.text(
    alphabet=st.sampled_from("\x1b[]0;31mPX\x07\x9b\x9d\x9c\\ab\n\t\r\u202e\u2028\ud800é🔥<>&"), max_size=80
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;an end that never comes", "0;an end that never comes"),
        ("\x9b31mred", "red"),
        ("a\x00b\x08c", "abc"),
        ("user\u202etxt.exe", "usertxt.exe"),
        ("a\ud800b", "ab"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("naïve 🔥 — 日本", "naïve 🔥 — 日本"),
        (None, ""),
        (7, ""),
    ],
)
def test_escapes_and_hidden_characters_go_and_the_text_stays(text: object, shown: str) -> None:
    assert clean.block(text, 100) == shown


def test_a_line_has_no_line_breaks_and_single_spaces() -> None:
    assert clean.line("  one\n\ttwo \u2028 three ", 100) == "one two three"


@pytest.mark.parametrize(("length", "shown"), [(10, "x" * 10), (11, "x" * 9 + "…")])
def test_a_text_is_cut_at_its_limit_and_shows_that_it_was(length: int, shown: str) -> None:
    assert clean.block("x" * length, 10) == shown


@given(st.text() | HOSTILE, st.integers(1, 50))
def test_whatever_comes_in_no_control_character_comes_out(text: str, limit: int) -> None:
    for shown in (clean.block(text, limit), clean.line(text, limit)):
        assert len(shown) <= limit
        assert not [char for char in shown if unicodedata.category(char) in ("Cc", "Cf", "Cs") and char != "\n"]
        shown.encode()
    assert "\n" not in clean.line(text, limit)


@pytest.mark.parametrize("value", [True, None, "1", float("nan"), float("inf"), 10**400, []])
def test_what_is_not_a_finite_number_is_none(value: object) -> None:
    assert clean.number(value) is None


@pytest.mark.parametrize(
    ("value", "written"), [(7.0, "7"), (1500.0, "1,500"), (0.05, "0.05"), (-2.5, "-2.5"), (1e15, "1e+15")]
)
def test_numbers_are_written_as_people_write_them(value: float, written: str) -> None:
    assert clean.figure(value) == written


def _hide(text: str) -> str:
    return text.replace("secret", "[redacted]")


def test_a_secret_is_found_where_escapes_and_hidden_characters_part_it() -> None:
    for lines in (True, False):
        assert (
            clean.shown("a sec\x1b[31mret and se\u200bcret", 100, _hide, lines=lines) == "a [redacted] and [redacted]"
        )


@pytest.mark.parametrize(("limit", "shown"), [(18, "x [redacted] words"), (17, "x [redacted] wor…")])
def test_what_is_shown_is_cut_after_it_was_redacted(limit: int, shown: str) -> None:
    assert clean.shown("x secret words", limit, _hide) == shown


def test_line_breaks_are_kept_only_where_they_are_wanted() -> None:
    assert clean.shown("a\n b", 10, _hide, lines=True) == "a\n b"
    assert clean.shown("a\n b", 10, _hide) == "a b"


def test_half_a_secret_where_a_long_line_was_cut_is_not_shown() -> None:
    # given a line of which so much is redacted that the end of what was looked at would show
    line = f"word {'secret' * ((clean.LOOKED_AT - 5) // 6)} secret and more"

    def hide(text: str) -> str:
        return re.sub("(?:secret)+", "*", text)

    assert clean.shown(line, 100, hide) == "word *…"


@pytest.mark.parametrize(
    ("text", "left"), [("one two", "one two"), ("one tw…", "one…"), ("one\ntw…", "one…"), ("on…", "…"), ("", "")]
)
def test_a_text_that_was_cut_loses_its_last_word(text: str, left: str) -> None:
    assert clean.whole_words(text) == left


@pytest.mark.parametrize("value", [None, 7, ["x"], {}])
def test_what_is_no_text_is_shown_as_nothing(value: object) -> None:
    assert clean.shown(value, 10, _hide) == ""


@given(st.text() | HOSTILE, st.integers(1, 50), st.booleans())
def test_whatever_is_shown_is_bounded(text: str, limit: int, lines: bool) -> None:
    shown = clean.shown(text, limit, _hide, lines=lines)

    assert len(shown) <= limit
    assert "secret" not in shown
