"""Names and values of the Kibana Query Language: where one ends, and what it stands for. Pure.

The rules are those of the grammar in @kbn/es-query (`QuotedString`, `UnquotedLiteral`).
"""

from __future__ import annotations

import re

from watchpost.errors import QueryError
from watchpost.search.kql_ast import Term

SPACE = " \t\r\n\u00a0"
SPECIAL = '\\():<>"*{}'
# What JavaScript's trim() takes away, which Kibana applies to values without quotes.
_TRIMMED = "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
_ESCAPE = r"\\(?P<blank>[trn])|\\u(?P<code>[0-9a-fA-F]{4})"
_QUOTED = re.compile(rf'{_ESCAPE}|\\(?P<special>[\\"])|(?P<plain>[^"])', re.DOTALL)
# `\not` before a blank is the word, not a line break and `ot`: Kibana's own escaping of values writes it so.
_UNQUOTED = re.compile(
    rf"\\(?P<word>[nN][oO][tT](?=[{SPACE}])|[oO][rR]|[aA][nN][dD])|{_ESCAPE}|\\(?P<special>[{re.escape(SPECIAL)}])"
    rf"|(?P<star>\*)|(?P<plain>(?![{SPACE}](?:[oO][rR]|[aA][nN][dD])[{SPACE}]|[nN][oO][tT][{SPACE}])"
    rf"[^{re.escape(SPECIAL)}])",
    re.DOTALL,
)
_BLANKS = {"t": "\t", "r": "\r", "n": "\n"}


def quoted(text: str, start: int) -> tuple[Term, int]:
    """The term whose opening quote is at start, and the position behind its closing quote. Raises QueryError."""
    characters = []
    position = start + 1
    while match := _QUOTED.match(text, position):
        characters.append(_meant(match))
        position = match.end()
    if position >= len(text):
        raise QueryError(text, start, "a quote that is never closed", 'a closing " (and \\" for one inside)')
    return Term((_joined(characters),), quoted=True, position=start), position + 1


def unquoted(text: str, start: int) -> tuple[Term | None, int]:
    """The term without quotes at start, None when there is none, and the position behind it.

    It goes on through blanks, up to a special character or ` and `, ` or `, `not `. Raises QueryError.
    """
    parts: list[list[str]] = [[]]
    position = start
    while match := _UNQUOTED.match(text, position):
        if match["star"]:
            parts.append([])
        else:
            parts[-1].append(_meant(match))
        position = match.end()
    if text.startswith("\\", position):
        expected = f"one of {SPECIAL} or t, r, n, uXXXX, and, or, not behind it (\\\\ for itself)"
        raise QueryError(text, position, "a backslash", expected)
    if position == start:
        return None, start
    texts = [_joined(part) for part in parts]
    texts[0] = texts[0].lstrip(_TRIMMED)
    texts[-1] = texts[-1].rstrip(_TRIMMED)
    return Term(tuple(texts), quoted=False, position=start), position


def _meant(match: re.Match[str]) -> str:
    """The character, or the word, that a match stands for."""
    groups = match.groupdict()
    if groups["blank"]:
        return _BLANKS[groups["blank"]]
    if groups["code"]:
        return chr(int(groups["code"], 16))
    return next(value for name in ("plain", "special", "word") if (value := groups.get(name)))


def _joined(characters: list[str]) -> str:
    """One text; two escaped halves of a character are that character, a half alone is the replacement character."""
    joined = "".join(characters)
    return joined.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
