"""Retry-After, as receivers say it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from watchpost.times import retry_after


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("0", 0.0),
        (" 7 ", 7.0),
        ("9" * 30, float("inf")),
        ("Sat, 21 Nov 2015 06:00:00 GMT", 0.0),
        ("Sat, 21 Nov 2015 06:00:00 -0000", 0.0),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value) == seconds


def test_a_date_to_come_is_the_time_until_then() -> None:
    wait = retry_after("Thu, 21 Nov 2999 06:00:00 GMT")

    assert wait
    assert wait > 1e9


@example("0\x1f")  # what Python strips is more than what it takes around a number
@given(st.text())
def test_no_value_of_retry_after_is_an_error(value: str) -> None:
    wait = retry_after(value)

    assert wait is None or wait >= 0
