"""Text from outside cannot steer a terminal or a chat."""

from __future__ import annotations

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
