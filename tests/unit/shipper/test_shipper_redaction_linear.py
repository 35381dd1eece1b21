"""Redaction takes linear time: by the structure of its expressions, and by counting around them."""

from __future__ import annotations

from typing import Any

import pytest
from watchpost.configuration import regexes
from watchpost.redaction import finders, keys


@pytest.mark.parametrize(
    "expression",
    [
        *finders.EXPRESSIONS,
        *keys.EXPRESSIONS,
        keys.Keys({name: name for name in ("password", "set-cookie")}).expression,
    ],
)
def test_every_expression_of_ours_is_one_that_takes_linear_time(expression: Any) -> None:
    """The check that custom patterns have to pass bounds the steps of an attempt; ours have to pass it too."""
    assert regexes.refusal(expression.pattern) is None


class _Counted(str):
    """A text that counts how often parts of it are looked at."""

    looks = 0

    def __getitem__(self, key: Any) -> str:
        type(self).looks += 1
        return str.__getitem__(self, key)


@pytest.mark.parametrize(
    "unit", ["a@", "@", "a", "4", "4 ", "4-", "1234567890123 ", "x4111111111111111", "a%40", "e1", "4e1"]
)
@pytest.mark.parametrize("name", ["email", "card"])
def test_what_looks_around_a_match_looks_at_no_more_for_a_longer_text(name: str, unit: str) -> None:
    """Where expressions alone do not do it, the characters that are looked at grow as the text does."""
    spans = finders.built_in(name).spans
    looks = []
    for times in (500, 1_000, 2_000):
        _Counted.looks = 0
        list(spans(_Counted(unit * times)))
        looks.append(_Counted.looks)

    assert looks[1] - looks[0] <= looks[0] + 100
    assert looks[2] - looks[1] <= 2 * (looks[1] - looks[0]) + 100
