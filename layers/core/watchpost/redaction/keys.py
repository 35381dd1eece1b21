"""Fields whose values are redacted whole, by name: in objects, and in text such as `password=…` or `"password": "…"`.

Case, dashes, underscores and spaces in names do not count: `set-cookie` is `Set-Cookie` and `setCookie` too.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from watchpost.kept import keep
from watchpost.redaction.finders import Finder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from watchpost.redaction.escapes import Span
    from watchpost.redaction.finders import Glance

# Behind the name: perhaps the quote that ends it, and a colon or an equals sign.
SEPARATOR = r"\\{0,16}[\"']?\s{0,8}(?:=>|[:=]|%3[aAdD])\s{0,8}"
QUOTE = re.compile(r"(\\{0,16})([\"'])")
NOTHING = re.compile(r"(?:null|None|nil|undefined)(?![0-9A-Za-z_])")
TOKEN = re.compile(r"[^\s,;&\"'<>{}|]+")
SCHEME = re.compile(r"(?i:basic|bearer|negotiate|token|apikey)[ \t]{1,8}[^\s,;\"'<>{}|]+")
REST_OF_LINE = re.compile(r"[^\r\n]+")
EXPRESSIONS = (QUOTE, NOTHING, TOKEN, SCHEME, REST_OF_LINE)

_CLOSING = {quote: re.compile(rf"\\{{0,16}}{quote}") for quote in "\"'"}
_FOLD = {ord(upper): upper.lower() for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"} | dict.fromkeys(map(ord, "-_ "))
_FROM_RARE = "zqjxkwvybghpfumdclsnrtoiae"
_MOST_KNOWN = 4_096  # names whose answer is kept
_DECODER = json.JSONDecoder()


class Keys:
    """Names of fields, and what stands for the value of each."""

    def __init__(self, names: Mapping[str, str]) -> None:
        """names: the name that replaces the value, by the name of the field."""
        self._names = {_folded(field): name for field, name in names.items()}
        self._known: dict[str, str | None] = {}
        # A name that holds another one needs no look of its own.
        shortest = [name for name in self._names if not any(other in name for other in self._names if other != name)]
        self._needles = [(name.encode(), _rarest(name)) for name in shortest]
        self.expression = re.compile(_head(self._names))
        self._placeholder = re.compile("|".join(re.escape(f"[redacted:{name}]") for name in set(names.values())))

    def name_of(self, field: str) -> str | None:
        """What replaces the value of a field, or None when it stays; of `a.b` also `b` counts."""
        try:
            return self._known[field]
        except KeyError:
            pass
        folded = _folded(field[-512:])
        name = self._names.get(folded) or self._names.get(folded.rpartition(".")[2])
        return keep(self._known, field, name, _MOST_KNOWN)

    def finder(self) -> Finder:
        """Finds the values in text. A structure may hide what a raw line shows, so it is not exact."""
        return Finder("keys", self._maybe, self._spans, exact=False)

    def _maybe(self, glance: Glance) -> bool:
        raw = glance.raw
        for needle, rarest in self._needles:
            for lower, upper in rarest:
                if lower not in raw and upper not in raw:
                    break
            else:
                if needle in glance.folded:
                    return True
        return False

    def _spans(self, text: str) -> Iterator[tuple[Span, str]]:
        at = 0
        while found := self.expression.search(text, at):
            field = _folded(found[1])
            span = self._value(text, found.end(), is_header=field.endswith(("cookie", "authorization")))
            at = max(span[1], found.end())
            if span[0] < span[1]:
                yield span, self._names[field]

    def _value(self, text: str, at: int, *, is_header: bool) -> Span:
        """Where the value that begins at a place stands, without its quotes."""
        if NOTHING.match(text, at):
            return at, at
        quote = QUOTE.match(text, at)
        if quote:
            return quote.end(), _end_of_quoted(text, quote.end(), quote[2], len(quote[1]))
        known = self._placeholder.match(text, at)
        if not known and text[at : at + 1] in ("{", "["):
            return at, _end_of_json(text, at)
        if is_header and not known:
            header = SCHEME.match(text, at) or REST_OF_LINE.match(text, at)
            return header.span() if header else (at, at)
        token = TOKEN.match(text, at)
        return token.span() if token else (at, at)


def _rarest(name: str) -> list[tuple[str, str]]:
    """The three letters of a name that are rarest in logs, in both cases: looking for one letter is quick."""
    letters = sorted(set(name), key=lambda letter: _FROM_RARE.find(letter) % len(name + _FROM_RARE))
    return [(letter, letter.upper()) for letter in letters[:3]]


def _folded(name: str) -> str:
    return name.translate(_FOLD)


def _head(names: Mapping[str, str]) -> str:
    spellings = ("[-_ ]?".join(map(re.escape, name)) for name in sorted(names, key=len, reverse=True))
    return rf"(?ai)(?<![0-9A-Za-z])({'|'.join(spellings)}){SEPARATOR}"


def _end_of_quoted(text: str, at: int, quote: str, backslashes: int) -> int:
    """Where the quote is that closes; one with more backslashes than the opening one belongs to the value."""
    for found in _CLOSING[quote].finditer(text, at):
        if len(found[0]) - 1 <= backslashes:
            return found.start()
    return len(text)


def _end_of_json(text: str, at: int) -> int:
    """Where an object or a list ends; at the end of the text when that cannot be told."""
    try:
        return _DECODER.raw_decode(text, at)[1]
    except (ValueError, RecursionError):
        return len(text)
