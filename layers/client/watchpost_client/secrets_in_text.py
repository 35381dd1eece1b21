"""What looks like a secret in a text: by the name in front of it, or by itself. In linear time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

REDACTED = "[redacted]"
LONGEST_NAME = 256  # characters of a name that are looked at, from its end

_WORDS = (
    r"pass[-_ ]?(?:word|wd|phrase|code)|pwd|secret|token|authori[sz]|cookie|credential|signature"
    r"|(?:api|access|private|signing|encryption)[-_ ]?key|session[-_ ]?id|card|cvc|cvv|iban|ssn"
    r"|(?<![a-z])(?:pin|otp|auth|pass)(?![a-z])"
)
NAMES = re.compile(_WORDS, re.IGNORECASE)

_NAME = re.compile(rf"(?:{_WORDS})[\w.\]-]*", re.IGNORECASE)
# Behind it: perhaps the quote that ends it, and what stands between a name and its value.
_BEHIND = re.compile(r"\\{0,8}[\"']?\s{0,4}(?:=>|[:=]|%3[adAD])\s{0,4}")
_QUOTE = re.compile(r"(\\{0,8})([\"'])")
_CLOSING = {quote: re.compile(rf"\\{{0,8}}{quote}") for quote in "\"'"}
_TOKEN = re.compile(r"[^\s,;&\"'<>{}|\\]+")
_LINE = re.compile(r"[^\r\n\"]+")
_HEADERS = ("cookie", "authori")  # whose values go on behind a space

_ACCESS_KEY = re.compile(r"(?<![A-Z0-9])A(?:KI|SI)A[A-Z0-9]{16}(?![A-Z0-9])")
_SECRET_KEY = re.compile(r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_SCHEME = re.compile(r"(?i:\b(?:bearer|basic|digest|negotiate)(?:[ \t]|%20|\+){1,8}[A-Za-z0-9._~+/=-]{8,})")
_JWT = re.compile(r"eyJ[A-Za-z0-9_.=-]{8,}")  # base64 of `{"`
_VENDOR = re.compile(r"\b(?:[spr]k_(?:live|test)_|gh[a-z]_|github_pat_|xox[a-z]-|AIza|glpat-|whsec_)[A-Za-z0-9_-]{8,}")
_PRIVATE_KEY = re.compile(r"-----BEGIN[A-Z ]{0,40} PRIVATE KEY[\s\S]*")
_IN_URL = re.compile(r"://[^\s/:@]{0,100}:[^\s/@]{1,200}@")
_OPAQUE = re.compile(r"(?<![A-Za-z0-9_])[A-Za-z0-9_]{32,}")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")
_CARD = re.compile(r"(?<![0-9])[2-68][0-9](?:[ -]?[0-9]){11,17}(?![0-9])")
_SEPARATOR = re.compile(r"[ -]")
_SHORTEST_CARD = 13  # digits
_CHANGES = re.compile(r"[A-Z]+|[a-z]+|[0-9]+|[/+]+")
_LEAST_CHANGES = 14  # between kinds of characters in a secret key; few random ones have fewer

EXPRESSIONS = (
    NAMES, _NAME, _BEHIND, _QUOTE, *_CLOSING.values(), _TOKEN, _LINE, _ACCESS_KEY, _SECRET_KEY, _SCHEME, _JWT, _VENDOR,
    _PRIVATE_KEY, _IN_URL, _OPAQUE, _IBAN, _CARD, _SEPARATOR, _CHANGES,
)  # fmt: skip  # a row


def clean(text: str) -> str:
    """The text with every secret replaced that is known by its look or the name in front of it."""
    for expression, replaced in _LOOKS:
        text = expression.sub(replaced, text)
    return _without_named(text)


def _without_named(text: str) -> str:
    """The text without the values of `password=…`, `"password": "…"` and the like."""
    parts: list[str] = []
    at = 0
    while name := _NAME.search(text, at):
        behind = _BEHIND.match(text, name.end())
        if not behind:
            parts.append(text[at : name.end()])
            at = name.end()
            continue
        is_header = name[0].lower().startswith(_HEADERS) and "%" not in behind[0]
        start, end = _value(text, behind.end(), is_header=is_header)
        parts += (text[at:start], REDACTED if start < end else "")
        at = end
    return "".join((*parts, text[at:]))


def _value(text: str, at: int, *, is_header: bool) -> tuple[int, int]:
    """Where the value that begins at a place stands, without its quotes."""
    if quote := _QUOTE.match(text, at):
        for closing in _CLOSING[quote[2]].finditer(text, quote.end()):
            # One with more backslashes than the opening one belongs to the value.
            if len(closing[0]) - 1 <= len(quote[1]):
                return quote.end(), closing.start()
        return quote.end(), len(text)
    # A structure stays, but for what is secret in it.
    found = None if text[at : at + 1] in ("{", "[") else (_LINE if is_header else _TOKEN).match(text, at)
    return found.span() if found else (at, at)


def _opaque(found: re.Match[str]) -> str:
    """Long names made of one kind of letters, and ids in hexadecimal digits, stay."""
    text = found[0]
    kinds = (any(map(kind, text)) for kind in (str.isupper, str.islower, str.isdigit))
    return REDACTED if all(kinds) else text


def _secret_key(found: re.Match[str]) -> str:
    return REDACTED if len(_CHANGES.findall(found[0])) > _LEAST_CHANGES else found[0]


def _card(found: re.Match[str]) -> str:
    """A number whose last digit is right (ISO/IEC 7812), or groups that begin with one: others are times and ids."""
    groups = _SEPARATOR.split(found[0])
    numbers = ("".join(groups[:count]) for count in range(1, len(groups) + 1))
    return REDACTED if any(len(number) >= _SHORTEST_CARD and _is_right(number) for number in numbers) else found[0]


def _is_right(number: str) -> bool:
    digits = [int(character) for character in reversed(number)]
    return sum(digit if at % 2 == 0 else digit * 2 - 9 * (digit > 4) for at, digit in enumerate(digits)) % 10 == 0


_LOOKS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (_PRIVATE_KEY, REDACTED),
    (_SCHEME, REDACTED),
    (_JWT, REDACTED),
    (_VENDOR, REDACTED),
    (_IN_URL, f"://{REDACTED}@"),
    (_ACCESS_KEY, REDACTED),
    (_SECRET_KEY, _secret_key),
    (_OPAQUE, _opaque),
    (_IBAN, REDACTED),
    (_CARD, _card),
)
