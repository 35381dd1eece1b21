"""Finds payment card numbers: 13 to 19 digits, with single spaces or dashes between them or not, and their check digit.

Many numbers in logs have as many digits, and one in ten has a right check digit by chance. So a number is taken for
something else when no card begins like it (0 and 1 as times in milliseconds do, 20 and 21 as dates do), when it is
part of a UUID, of a longer hexadecimal word or of a decimal fraction.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watchpost.redaction.escapes import Span

SHORTEST, LONGEST = 13, 19  # digits of a card number (ISO/IEC 7812-1)

RUN = re.compile(r"[0-9][0-9 -]{12,}")
UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]{1,18}[eE]|[eE])\+?1[2-8]")
EXPRESSIONS = (RUN, UUID, SCIENTIFIC)

_GROUP = re.compile(r"[0-9]+")
_WORD_BEFORE = 32  # characters that are looked at to tell a hexadecimal word
_NO_CARD = ("0", "1", "20", "21")
# Lengths of groups as cards have them printed; in a longer row of numbers only these count.
_SHAPES = ((4, 4, 4, 4, 3), (4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 1))
_EXPONENTS = ("e1", "E1", "e+1", "E+1")
_DOUBLED = {str(digit): digit * 2 - 9 * (digit > 4) for digit in range(10)}
_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")


def cards(text: str) -> Iterator[Span]:
    """Where card numbers stand in a text."""
    for run in RUN.finditer(text):
        if len(run[0]) - run[0].count(" ") - run[0].count("-") < SHORTEST:
            continue  # a date and a time, for the most part
        for row in _rows(text, run.span()):
            yield from _in_row(text, row)
    if any(exponent in text for exponent in _EXPONENTS):
        for found in SCIENTIFIC.finditer(text):
            beside = text[max(found.start() - 1, 0) : found.start()] + text[found.end() : found.end() + 1]
            number = Decimal(found[0])
            if not beside.isalnum() and number == int(number) and _is_number_of_card(str(int(number))):
                yield found.span()


def _rows(text: str, run: Span) -> Iterator[list[Span]]:
    """Groups of digits, each one character apart from the next, that have enough digits for a card together."""
    row: list[Span] = []
    digits = 0
    for group in _GROUP.finditer(text, *run):
        start, end = group.span()
        if row and start > row[-1][1] + 1:
            if digits >= SHORTEST:
                yield row
            row, digits = [], 0
        row.append((start, end))
        digits += end - start
    if digits >= SHORTEST:
        yield row


def _in_row(text: str, groups: list[Span]) -> Iterator[Span]:
    """The card that a row of numbers is, or the cards that are in it."""
    whole = groups[0][0], groups[-1][1]
    if _is_card(text, whole):
        yield whole
        return
    at = 0
    while at < len(groups):
        end = _end_of_card(text, groups, at)
        if end is None:
            at += 1
        else:
            yield groups[at][0], groups[end][1]
            at = end + 1


def _end_of_card(text: str, groups: list[Span], at: int) -> int | None:
    """The last group of a card that begins with a group."""
    candidates = [at]
    lengths = tuple(end - start for start, end in groups[at : at + 5])
    candidates += [at + len(shape) - 1 for shape in _SHAPES if lengths[: len(shape)] == shape]
    candidates.append(_end_of_dashes(text, groups, at))
    for end in candidates:
        if _is_card(text, (groups[at][0], groups[end][1])):
            return end
    return None


def _end_of_dashes(text: str, groups: list[Span], at: int) -> int:
    """The last group that hangs on a group by dashes, when no dash is before it."""
    start = groups[at][0]
    if start and text[start - 1] == "-":
        return at
    end = at
    while end + 1 < len(groups) and end - at < LONGEST and text[groups[end][1]] == "-":
        end += 1
    return end


def _is_card(text: str, span: Span) -> bool:
    start, end = span
    if not SHORTEST <= end - start < 2 * LONGEST or text.startswith(_NO_CARD, start):
        return False
    digits = text[start:end].replace(" ", "").replace("-", "")
    return _is_number_of_card(digits) and not _is_something_else(text, start, end)


def _is_number_of_card(digits: str) -> bool:
    return SHORTEST <= len(digits) <= LONGEST and not digits.startswith(_NO_CARD) and luhn(digits)


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = sum(int(digit) for digit in digits[-1::-2]) + sum(_DOUBLED[digit] for digit in digits[-2::-2])
    return total % 10 == 0


def _is_something_else(text: str, start: int, end: int) -> bool:
    if start > 1 and text[start - 1] == "." and text[start - 2] in "0123456789":
        return True  # a decimal fraction
    around = slice(max(start - 36, 0), end + 36)
    for uuid in UUID.finditer(text[around]):
        if uuid.start() + around.start < end and uuid.end() + around.start > start:
            return True
    return _is_in_hexadecimal(text, start, end)


def _is_in_hexadecimal(text: str, start: int, end: int) -> bool:
    """Whether letters stand beside the number, and all of them are hexadecimal digits."""
    first, last = start, end
    while first > max(start - _WORD_BEFORE, 0) and text[first - 1].isalnum():
        first -= 1
    while last < min(end + _WORD_BEFORE, len(text)) and text[last].isalnum():
        last += 1
    beside = text[first:start] + text[end:last]
    if text[first:start].lower().startswith("0x"):
        beside = beside[2:] or "0"
    return bool(beside) and _HEXADECIMAL.issuperset(beside)
