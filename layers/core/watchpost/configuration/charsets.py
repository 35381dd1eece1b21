"""Sets of characters, as bits: one for each of the first 256, and one for all others together.

Where it is not known whether a set holds one of the others, it is taken to hold them.
"""

from __future__ import annotations

import functools
import re
from re import _constants as sre  # type: ignore[attr-defined]  # the parser's own names, which have no stubs
from typing import Any

OTHERS = 1 << 256
ALL = (1 << 257) - 1

_FOLDED_FROM_OTHERS = sum(1 << ord(letter) for letter in "iks")

_CATEGORIES = {
    sre.CATEGORY_DIGIT: r"\d",
    sre.CATEGORY_NOT_DIGIT: r"\D",
    sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S",
    sre.CATEGORY_WORD: r"\w",
    sre.CATEGORY_NOT_WORD: r"\W",
}


def of_item(operation: Any, argument: Any, flags: int) -> int | None:
    """The characters that an item of a parsed expression matches; None when it is not an item of one character."""
    if operation is sre.ANY:
        return ALL
    if operation is sre.LITERAL:
        return _folded(_range(argument, argument), flags)
    if operation is sre.NOT_LITERAL:
        return ALL & ~_range(argument, argument) | OTHERS
    if operation is sre.IN:
        return _class(argument, flags)
    return None


def _class(items: list[tuple[Any, Any]], flags: int) -> int:
    found, negated = 0, False
    for operation, argument in items:
        if operation is sre.NEGATE:
            negated = True
        elif operation is sre.LITERAL:
            found |= _range(argument, argument)
        elif operation is sre.RANGE:
            found |= _range(*argument)
        else:
            found |= _category(_CATEGORIES[argument])
    found = _folded(found, flags)
    return ALL & ~found | OTHERS if negated else found


def _range(first: int, last: int) -> int:
    bits = OTHERS if last > 255 else 0
    for code in range(first, min(last, 255) + 1):
        bits |= 1 << code
    return bits


def _folded(bits: int, flags: int) -> int:
    """With both cases, where case does not count."""
    if not flags & re.IGNORECASE:
        return bits
    folded = bits
    for code in range(256):
        if bits >> code & 1:
            for character in (chr(code).lower(), chr(code).upper()):
                folded |= _range(ord(character[0]), ord(character[0]))
    # Some of the others fold to `i`, `k` and `s`, and some of the first 256 to one of the others.
    outside = not flags & re.ASCII and (folded & _FOLDED_FROM_OTHERS or folded >> 128)
    return folded | OTHERS if outside else folded


@functools.cache
def _category(spelling: str) -> int:
    pattern = re.compile(spelling)
    return sum(1 << code for code in range(256) if pattern.fullmatch(chr(code))) | OTHERS
