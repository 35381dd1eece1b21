"""The redaction patterns that Watchpost brings, and custom ones.

Each finder has two parts. `maybe` looks at the raw line and is right when it says no: that is all a harmless line
costs. `spans` tells where something stands in a text. Both take linear time: every expression here is accepted by
`watchpost.configuration.regexes`, and what surrounds them looks at each character a bounded number of times.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watchpost.configuration import regexes
from watchpost.redaction import cards

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from watchpost.redaction.escapes import Span

AT = re.compile(r"@|%40")
DOMAIN = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63}){0,7}\.(?:xn--[a-z0-9-]{1,59}|[^\W\d_]{2,63})")
ACCESS_KEY = re.compile(r"(?<![A-Z0-9])A(?:KI|SI)A[A-Z0-9]{16}(?![A-Z0-9])")
SECRET_KEY = re.compile(r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
BEARER = re.compile(r"(?i:bearer)(?:[ \t]|%20){1,8}([A-Za-z0-9._~+/=-]{8,})")
BASIC = re.compile(r"(?i:basic)(?:[ \t]|%20){1,8}([A-Za-z0-9+/]{4,})")
TOKEN = re.compile(r"[A-Za-z0-9_.-]{20,}")
SAME_KIND = re.compile(r"[A-Z]+|[a-z]+|[0-9]+|[/+]+")
MAYBE_ACCESS_KEY = re.compile(r"A(?:KI|SI)A")
MAYBE_SCHEME = re.compile(r"b(?:earer|asic)")
EXPRESSIONS = (
    AT, DOMAIN, ACCESS_KEY, SECRET_KEY, BEARER, BASIC, TOKEN, MAYBE_ACCESS_KEY, MAYBE_SCHEME,
    *cards.EXPRESSIONS,
)  # fmt: skip  # a row

# What may stand before the @ of an address beside letters and digits; RFC 5322 knows more, which have other meanings
# in logs (`=` and `&` of queries, `/` of paths).
_LOCAL = frozenset("._%+-'!#$*~^")
# Between kinds of characters in a secret key. Of 10,000 keys one has fewer, and three are letters alone.
_LEAST_CHANGES = 14
_PLAIN_WORD = 20  # characters; shorter ones behind "bearer" must have a digit to be a token

# Folding: lower case, without what may stand inside names.
_LOWER = bytes(range(256)).lower()
_IGNORED = b"-_ "
# Digits as zeros, without what may stand in numbers; a no-break space may become a space.
_ZEROS = bytes(48 if 48 <= code <= 57 else 120 for code in range(256))
_SEPARATORS, _JSON_SEPARATORS = b"- \xc2\xa0", b"-. \xc2\xa0"
_DIGITS = b"0" * cards.SHORTEST
_LETTERS = bytes(120 if chr(code).isalnum() or code in b"/+" else 32 for code in range(128)) + b" " * 128
_KEY, _STEP = b"x" * 40, 5


class Glance:
    """A raw line, as the first look at it needs it."""

    __slots__ = ("_folded", "_has_scheme", "encoded", "raw")

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self.encoded = raw.encode("utf-8", "surrogatepass")
        self._folded: bytes | None = None
        self._has_scheme: bool | None = None

    @property
    def folded(self) -> bytes:
        """In lower case, without spaces, dashes and underscores."""
        if self._folded is None:
            self._folded = self.encoded.translate(_LOWER, _IGNORED)
        return self._folded

    @property
    def has_scheme(self) -> bool:
        """Whether it names the Bearer or the Basic scheme."""
        if self._has_scheme is None:
            self._has_scheme = MAYBE_SCHEME.search(self.raw.lower()) is not None
        return self._has_scheme


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds one kind of secret."""

    name: str
    maybe: Callable[[Glance], bool]
    spans: Callable[[str], Iterator[tuple[Span, str]]]  # each with the name that replaces it
    exact: bool = True  # whether nothing is found in a part of a JSON line when nothing is found in the whole


def built_in(name: str) -> Finder:
    """One of the finders that Watchpost brings, by its name in the configuration."""
    maybe, spans = _BUILT_IN[name]
    return Finder(name, maybe, lambda text: ((span, name) for span in spans(text)))


def custom(name: str, regex: str) -> Finder:
    """A finder for an expression that the configuration's check accepted."""
    pattern = re.compile(regex)
    literal = regexes.literal_of(regex)
    maybe = (lambda glance: literal in glance.raw) if literal else (lambda _glance: True)
    return Finder(name, maybe, lambda text: ((found.span(), name) for found in pattern.finditer(text)), exact=False)


def _emails(text: str) -> Iterator[Span]:
    least = 0
    for at in AT.finditer(text):
        start = at.start()
        while start > least and (text[start - 1].isalnum() or text[start - 1] in _LOCAL):
            start -= 1
        while start < at.start() and not (text[start].isalnum() or text[start] in "_+"):
            start += 1
        domain = DOMAIN.match(text, at.end()) if start < at.start() else None
        if domain:
            yield start, domain.end()
        least = at.end()


def _access_keys(text: str) -> Iterator[Span]:
    return (found.span() for found in ACCESS_KEY.finditer(text))


def _secret_keys(text: str) -> Iterator[Span]:
    for found in SECRET_KEY.finditer(text):
        key = found[0]
        if len(SAME_KIND.findall(key)) > _LEAST_CHANGES and not (
            key.isalpha() or key == key.lower() or key == key.upper()
        ):
            yield found.span()


def _bearer_tokens(text: str) -> Iterator[Span]:
    for found in BEARER.finditer(text):
        if len(found[1]) >= _PLAIN_WORD or not found[1].strip("._~+/=-").isalpha():
            yield found.span(1)
    for found in TOKEN.finditer(text):
        at = found[0].find("eyJ")  # base64 of `{"`: a JWT
        parts = found[0][at:].rstrip(".").split(".") if at >= 0 else []
        if len(parts) > 1 and len(parts[0]) > 8 and (len(parts) > 2 or len(parts[1]) > 8):
            yield found.start() + at, found.end()


def _basic_credentials(text: str) -> Iterator[Span]:
    for found in BASIC.finditer(text):
        padded = found[1].rstrip("=")
        try:
            decoded = base64.b64decode(padded + "=" * (-len(padded) % 4))
        except binascii.Error:  # a word that is no base64
            continue
        if b":" in decoded:
            yield found.span(1)


def _maybe_card(glance: Glance) -> bool:
    # Numbers of JSON may be written as 4.111E15.
    ignored = _JSON_SEPARATORS if "{" in glance.raw else _SEPARATORS
    return _DIGITS in glance.encoded.translate(_ZEROS, ignored)


def _maybe_secret_key(glance: Glance) -> bool:
    if "\\" in glance.raw:
        # `\/` stands for `/`.
        return _KEY in glance.encoded.translate(_LETTERS, b"\\")
    # Of 40 characters in a row every fifth one is eight in a row; most lines have not even that.
    if _KEY[::_STEP] not in glance.encoded[::_STEP].translate(_LETTERS):
        return False
    return _KEY in glance.encoded.translate(_LETTERS)


_BUILT_IN: dict[str, tuple[Callable[[Glance], bool], Callable[[str], Iterator[Span]]]] = {
    "email": (lambda glance: "@" in glance.raw or ("%" in glance.raw and "%40" in glance.raw), _emails),
    "card": (_maybe_card, cards.cards),
    "aws_access_key_id": (lambda glance: MAYBE_ACCESS_KEY.search(glance.raw) is not None, _access_keys),
    "aws_secret_access_key": (_maybe_secret_key, _secret_keys),
    "bearer_token": (lambda glance: ("J" in glance.raw and "eyJ" in glance.raw) or glance.has_scheme, _bearer_tokens),
    "authorization": (lambda glance: glance.has_scheme, _basic_credentials),
}
# Names of fields that say the same as a pattern.
KEYS = {
    "authorization": ("authorization", "proxy-authorization"),
    "aws_secret_access_key": ("aws_secret_access_key", "secret_access_key", "aws_secret_key"),
}
