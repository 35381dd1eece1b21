"""Tells whether a regular expression takes linear time on every text, or few steps on a text of bounded length.

Python's engine tries an expression at each character of a text, and goes back and tries again where an attempt fails.
So the time is linear when there is a bound for the steps of one attempt, whatever the text. That bound is computed
here from the parsed expression. It is finite when every repeat has an upper bound; and a repeat without one is
harmless where nothing comes after it, since nothing can then fail and send the engine back.

A repeat is gone back into at each of its lengths (`ways`), unless what it repeats and what follows it begin with
different characters: then a shorter repeat can only fail at once. What is not understood is refused.

Where texts have a bound, such as names of log groups, a repeat has it too, since each of its pieces takes at least one
character. Then the steps of all attempts together are bounded, which refuses only what multiplies.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, replace
from re import _constants as sre  # type: ignore[attr-defined]  # the parser's own names, which have no stubs
from re import _parser as parser  # type: ignore[attr-defined]  # likewise
from typing import Any

from watchpost.configuration import charsets

LONGEST = 500  # characters of an expression
MOST_STEPS = 5_000  # of one attempt
ACCEPTED = (
    f"a regular expression of at most {LONGEST} characters that takes linear time: every repeat has an upper bound, "
    "such as {1,64}, or ends the expression; no back references, conditions, atomic groups or possessive repeats; "
    "it does not match the empty text"
)

# Of all attempts on one bounded text: some ten milliseconds at worst. `.*-(dev|prod)-.*` has 3.7 million on 512.
MOST_STEPS_ON_BOUNDED = 10_000_000
ACCEPTED_ON_BOUNDED = (
    "a regular expression that takes few steps: no repeats in repeats or in a row that can share characters in many "
    "ways, such as (a+)+ or .*.*; `.*` is not needed at its ends; `^` at its beginning makes it cheaper; no back "
    "references, conditions, atomic groups or possessive repeats"
)

_SPELT_OTHERWISE = frozenset('"\\/')
_NUMBER = re.compile(r"[0-9.eE+-]*")

_BEYOND = 10**9  # where counting stops: larger numbers say nothing more


class _RefusedError(Exception):
    """The expression is refused; the message is the reason."""


def refusal(text: str) -> str | None:
    """Why an expression is refused, or None when it takes linear time."""
    if len(text) > LONGEST:
        return f"there are {len(text)} characters"
    try:
        analysis = _analysis(text, None)
    except _RefusedError as refused:
        return str(refused)
    if analysis.empty:
        return "nothing has to be matched"
    if analysis.steps > MOST_STEPS:
        return f"one attempt may take {analysis.steps:,} steps, more than {MOST_STEPS:,}"
    return None


def refusal_on_bounded(text: str, longest: int) -> str | None:
    """Why an expression is refused for texts of at most `longest` characters, or None when it takes few steps on each.

    One that matches every text is accepted.
    """
    try:
        steps = most_steps_on_bounded(text, longest)
    except _RefusedError as refused:
        return str(refused)
    if steps > MOST_STEPS_ON_BOUNDED:
        return f"a text of {longest} characters may take {steps:,} steps, more than {MOST_STEPS_ON_BOUNDED:,}"
    return None


def most_steps(text: str) -> int:
    """The most steps of one attempt of an accepted expression, but for those of a repeat without an upper bound."""
    return _analysis(text, None).steps


def most_steps_on_bounded(text: str, longest: int) -> int:
    """The most steps of a search in a text of at most `longest` characters, from wherever it can begin."""
    steps = _analysis(text, longest).steps
    # The engine tries an anchored one at each place too, and fails there at once.
    return steps + longest if is_anchored(text) else steps * (longest + 1)


def _analysis(text: str, longest: int | None) -> _Analysis:
    try:
        parsed = _parsed(text)
        return _sequence(list(parsed), _Around(parsed.state.flags, longest=longest))
    except RecursionError:
        raise _RefusedError("groups are nested too deeply") from None


def _parsed(text: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python is going to read differently some day
            re.compile(text)  # which refuses more than the parser does, such as looking behind for any length
            return parser.parse(text)
    except (re.error, ValueError, OverflowError, Warning) as error:
        raise _RefusedError(f"there is a mistake ({error})") from None


def literal_of(text: str) -> str:
    """A text that is in every match of an accepted expression, as long as possible; empty when none is known.

    It has neither quotes nor slashes, which JSON may spell in another way, and is more than a part of a number.
    """
    parsed = parser.parse(text)
    if parsed.state.flags & re.IGNORECASE:
        return ""
    pieces = [""]
    for operation, argument in parsed:
        if (
            operation is sre.LITERAL
            and (character := chr(argument)).isprintable()
            and character not in _SPELT_OTHERWISE
        ):
            pieces[-1] += character
        else:
            pieces.append("")
    return max((piece for piece in pieces if not _NUMBER.fullmatch(piece)), key=len, default="")


def is_anchored(text: str) -> bool:
    """Whether an accepted expression can match at the beginning of a text only."""
    parsed = parser.parse(text)
    first = parsed[0] if len(parsed) else None
    multiline = bool(parsed.state.flags & re.MULTILINE)
    return first == (sre.AT, sre.AT_BEGINNING_STRING) or (first == (sre.AT, sre.AT_BEGINNING) and not multiline)


@dataclass(frozen=True, slots=True)
class _Around:
    """What an item stands in."""

    flags: int
    follow: int = 0  # characters that what comes after it can begin with
    fallible: bool = False  # whether what comes after it can fail
    endless: bool = True  # whether a repeat without an upper bound may stand here
    longest: int | None = None  # characters of the text, where they are bounded


@dataclass(frozen=True, slots=True)
class _Analysis:
    """What is known of an item, or of a sequence of items."""

    steps: int  # at most, of one attempt
    ways: int = 1  # in how many ways it can match at one place
    first: int = 0  # characters that it can begin with
    empty: bool = True  # whether it can match the empty text
    fallible: bool = False  # whether it can fail


def _sequence(items: list[Any], around: _Around) -> _Analysis:
    """From the last item to the first: each is analysed with what is known of those behind it."""
    steps, ways, first, empty, fallible = 0, 1, around.follow, True, around.fallible
    own_first, own_fallible, tail = 0, False, 0
    for operation, argument in reversed(items):
        at_end = not fallible and around.endless and first == 0
        item = _item(operation, argument, replace(around, follow=first, fallible=fallible, endless=at_end))
        if fallible:
            steps = item.steps + item.ways * steps
        elif item.fallible:
            steps = item.steps
        else:
            tail += item.steps  # nothing fails from here on, so nothing goes back: it is done once
        ways *= item.ways
        first = item.first | first if item.empty else item.first
        own_first = item.first | own_first if item.empty else item.first
        empty &= item.empty
        fallible |= item.fallible
        own_fallible |= item.fallible
        if steps > _BEYOND or ways > _BEYOND:
            raise _RefusedError("one attempt may take very many steps: repeats of the same characters multiply")
    return _Analysis(max(steps + tail, 1), ways, own_first, empty, own_fallible)


def _item(operation: Any, argument: Any, around: _Around) -> _Analysis:
    characters = charsets.of_item(operation, argument, around.flags)
    if characters is not None:
        return _Analysis(1, 1, characters, empty=False, fallible=True)
    if operation is sre.AT:
        return _Analysis(1, 1, charsets.ALL, fallible=True)
    if operation in (sre.ASSERT, sre.ASSERT_NOT):
        inside = _sequence(list(argument[1]), replace(around, follow=0, fallible=False, endless=False))
        return _Analysis(inside.steps, 1, charsets.ALL, fallible=True)
    if operation is sre.SUBPATTERN:
        _, added, removed, inner = argument
        flags = (around.flags | added) & ~removed
        return _sequence(list(inner), replace(around, flags=flags))
    if operation is sre.BRANCH:
        return _branch(argument[1], around)
    if operation in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        least, most, body = argument
        return _repeat(least, most, body, around)
    raise _RefusedError(f"there is something that is not accepted ({str(operation).lower().replace('_', ' ')})")


def _branch(branches: list[Any], around: _Around) -> _Analysis:
    found = [_sequence(list(branch), around) for branch in branches]
    first, overlapping = 0, False
    for one in found:
        overlapping |= one.empty or bool(one.first & first)
        first |= one.first
    return _Analysis(
        sum(one.steps for one in found),
        sum(one.ways for one in found) if overlapping else max(one.ways for one in found),
        first,
        any(one.empty for one in found),
        all(one.fallible for one in found),
    )


def _repeat(least: int, most: int, body: Any, around: _Around) -> _Analysis:
    items = list(body)
    endless = most is sre.MAXREPEAT and around.longest is None
    if endless and not around.endless:
        raise _RefusedError("a repeat without an upper bound is not the end of the expression")
    once = _sequence(items, replace(around, follow=0, fallible=True, endless=False))
    if once.empty and most > 1:
        raise _RefusedError("what is repeated can match the empty text")
    if around.longest is not None:
        least, most = min(least, around.longest), min(most, around.longest)
    lengths = _sequence(items, replace(around, follow=once.first | around.follow, fallible=True, endless=False)).ways
    fallible = least > 0 and once.fallible
    if endless:
        return _Analysis(once.steps * (least + 1), 1, once.first, least == 0, fallible)
    apart = lengths == 1 and not once.first & around.follow
    paths = 1 if apart else _paths(lengths, least, most)
    tried = 2 * most if lengths == 1 else _paths(lengths, 0, most)
    return _Analysis(tried * once.steps, paths, once.first, least == 0 or once.empty, fallible)


def _paths(ways: int, least: int, most: int) -> int:
    """In how many ways `least` to `most` pieces can match when each can in that many."""
    if ways == 1:
        return min(most - least + 1, _BEYOND + 1)
    total, product = 0, 1
    for pieces in range(most + 1):
        if pieces >= least:
            total += product
        product *= ways
        if total > _BEYOND or product > _BEYOND:
            return _BEYOND + 1
    return total
