"""Finds what must not be shown, in text, and puts `[redacted:<name>]` in its place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from watchpost.redaction import finders
from watchpost.redaction.escapes import view_of
from watchpost.redaction.finders import Finder, Glance
from watchpost.redaction.keys import Keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watchpost.configuration import Redact
    from watchpost.redaction.escapes import Span

# What is found may have hidden something beside it, so a changed text is looked at again; no log needs more passes.
_PASSES = 4


class Patterns:
    """What one configuration redacts."""

    def __init__(self, redact: Redact) -> None:
        self.finders = [finders.built_in(name) for name in redact.patterns]
        self.finders += [finders.custom(pattern.name, pattern.regex) for pattern in redact.custom]
        implied = {key: name for name in redact.patterns for key in finders.KEYS.get(name, ())}
        names = implied | {key: key for key in redact.keys}
        self.keys = Keys(names) if names else None
        if self.keys:
            self.finders.append(self.keys.finder())
        every = {*redact.patterns, *(pattern.name for pattern in redact.custom), *names.values()}
        spelt = "|".join(map(re.escape, sorted(every, key=len, reverse=True)))
        self.placeholder = re.compile(rf"\[redacted:(?:{spelt})\]")

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to look for."""
        return not self.finders

    def worth(self, raw: str) -> list[Finder]:
        """The finders that may find something in a text: all of them where escapes can hide it."""
        escaped = "\\" in raw
        if escaped and "\\u" in raw:
            return self.finders
        glance = Glance(raw)
        worth = [finder for finder in self.finders if finder.maybe(glance)]
        if worth and not escaped and raw[:1] == "{":
            # Each string and each number of a JSON line stands in it as it is, so what is not in the line is in none.
            worth = [finder for finder in worth if not finder.exact or any(True for _ in finder.spans(raw))]
        return worth

    def redacted(self, text: str, worth: Sequence[Finder]) -> str:
        """The text with everything replaced that the finders find, also behind JSON escapes."""
        for _ in range(_PASSES):
            found = [item for finder in worth for item in finder.spans(text)]
            view = view_of(text)
            if view is not None:
                found += [(view.back(span), name) for finder in worth for span, name in finder.spans(view.text)]
            replaced = self._replaced(text, found) if found else text
            if replaced == text:
                break
            text = replaced
        return text

    def _replaced(self, text: str, found: list[tuple[Span, str]]) -> str:
        """The text with each stretch of found characters replaced; what was replaced before stays as it is."""
        kept = [placeholder.span() for placeholder in self.placeholder.finditer(text)]
        parts: list[str] = []
        at = 0
        for start, end, name in _outside(_merged(found), kept):
            parts += (text[at:start], f"[redacted:{name}]")
            at = end
        return "".join((*parts, text[at:]))


def _merged(found: list[tuple[Span, str]]) -> list[tuple[int, int, str]]:
    """Overlapping stretches as one, with the name of the one that begins first, of several the longest."""
    merged: list[tuple[int, int, str]] = []
    for (start, end), name in sorted(found, key=lambda item: (item[0][0], -item[0][1])):
        if start == end:
            continue
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end), merged[-1][2])
        else:
            merged.append((start, end, name))
    return merged


def _outside(found: list[tuple[int, int, str]], kept: list[Span]) -> list[tuple[int, int, str]]:
    """The stretches without what is kept; both are in order."""
    outside: list[tuple[int, int, str]] = []
    first = 0
    for start, end, name in found:
        at = start
        while first < len(kept) and kept[first][1] <= start:
            first += 1
        here = first
        while here < len(kept) and kept[here][0] < end:
            if kept[here][0] > at:
                outside.append((at, kept[here][0], name))
            at = max(at, kept[here][1])
            here += 1
        if at < end:
            outside.append((at, end, name))
    return outside
