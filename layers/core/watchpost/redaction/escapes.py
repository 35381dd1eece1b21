"""Text as it reads when the JSON escapes in it are undone, with the way back to where each character stands.

A log line may be shipped as text that is JSON, or hold JSON in a string: there `\\u0040` stands for `@`, and with
each further level of JSON in JSON the number of backslashes doubles.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

_ESCAPE = re.compile(r"\\{1,16}(?:u([0-9a-fA-F]{4})|([bfnrt/]))")
# Escaped quotes stay: they tell where a value ends.
_QUOTES = frozenset("\"'")
_ROUNDS = 4  # an escape may itself be written with escapes

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Round:
    """One pass over a text. Each piece is a stretch that was copied, or one character that was an escape."""

    text: str
    starts: list[int]  # of each piece, in this text
    origins: list[Span]  # of each piece, in the text before
    copied: list[bool]

    def back(self, span: Span) -> Span:
        """Where a span of this text stands in the text before."""
        first, last = bisect_right(self.starts, span[0]) - 1, bisect_right(self.starts, span[1] - 1) - 1
        start, end = self.origins[first][0], self.origins[last][1]
        if self.copied[first]:
            start += span[0] - self.starts[first]
        if self.copied[last]:
            end = self.origins[last][0] + span[1] - self.starts[last]
        return start, end


class View:
    """A text with its escapes undone."""

    def __init__(self, rounds: list[_Round]) -> None:
        self._rounds = rounds
        self.text = rounds[-1].text

    def back(self, span: Span) -> Span:
        """Where a span of the view stands in the text itself; an escape counts as a whole."""
        for one in reversed(self._rounds):
            span = one.back(span)
        return span


def view_of(text: str) -> View | None:
    """The view of a text, or None when it holds no escape."""
    rounds: list[_Round] = []
    while len(rounds) < _ROUNDS and "\\" in text:
        undone = _undo(text)
        if undone is None:
            break
        rounds.append(undone)
        text = undone.text
    return View(rounds) if rounds else None


def _undo(text: str) -> _Round | None:
    pieces: list[str] = []
    origins: list[Span] = []
    copied: list[bool] = []
    at = 0
    for found in _ESCAPE.finditer(text):
        character = chr(int(found[1], 16)) if found[1] else "/" if found[2] == "/" else "\n"
        if character in _QUOTES:
            continue
        if found.start() > at:
            pieces.append(text[at : found.start()])
            origins.append((at, found.start()))
            copied.append(True)
        at = found.end()
        pieces.append(character)
        origins.append(found.span())
        copied.append(False)
    if not pieces:
        return None
    if at < len(text):
        pieces.append(text[at:])
        origins.append((at, len(text)))
        copied.append(True)
    starts, position = [], 0
    for piece in pieces:
        starts.append(position)
        position += len(piece)
    return _Round("".join(pieces), starts, origins, copied)
