"""A very small schema language for what is published of payloads: which fields, of which kind, how long."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    # A rule takes a value and where it stands, and says what is wrong with it.
    Rule = Callable[[Any, str], Iterator[str]]


def text(longest: int, shortest: int = 1) -> Rule:
    """A string of so many characters."""

    def rule(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield f"{at}: no string"
        elif not shortest <= len(value) <= longest:
            yield f"{at}: {len(value)} characters, must be {shortest} to {longest}"

    return rule


def one_of(*values: Any) -> Rule:
    """One of these values."""

    def rule(value: Any, at: str) -> Iterator[str]:
        if not any(value is known or (type(value) is type(known) and value == known) for known in values):
            yield f"{at}: {value!r}, must be one of {values}"

    return rule


def flag(value: Any, at: str) -> Iterator[str]:
    """True or false."""
    if not isinstance(value, bool):
        yield f"{at}: no boolean"


def https(longest: int) -> Rule:
    """An https address without anything that would end it early."""

    def rule(value: Any, at: str) -> Iterator[str]:
        yield from text(longest)(value, at)
        if isinstance(value, str):
            good = value.isascii() and value.isprintable() and not set(value) & set(' "<>\\^`{|}')
            if not good or urlsplit(value).scheme != "https" or not urlsplit(value).hostname:
                yield f"{at}: {value!r} is no https address"

    return rule


def list_of(item: Rule, most: int, least: int = 1) -> Rule:
    """A list of so many items."""

    def rule(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{at}: no list"
            return
        if not least <= len(value) <= most:
            yield f"{at}: {len(value)} items, must be {least} to {most}"
        for index, entry in enumerate(value):
            yield from item(entry, f"{at}[{index}]")

    return rule


def fields(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None) -> Rule:
    """An object with these fields and no others."""
    known = {**required, **(optional or {})}

    def rule(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{at}: no object"
            return
        yield from (f"{at}.{name}: missing" for name in required if name not in value)
        for name, entry in value.items():
            if name in known:
                yield from known[name](entry, f"{at}.{name}")
            else:
                yield f"{at}.{name}: unknown field"

    return rule


def by_type(kinds: Mapping[str, Rule]) -> Rule:
    """An object that is of the kind that its `type` says."""

    def rule(value: Any, at: str) -> Iterator[str]:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind not in kinds:
            yield f"{at}: type {kind!r}, must be one of {sorted(kinds)}"
        else:
            yield from kinds[kind](value, at)

    return rule


def strings_in(value: Any) -> Iterator[str]:
    """Every string in a JSON value, names of fields too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for entry in value:
            yield from strings_in(entry)
    elif isinstance(value, dict):
        for name, entry in value.items():
            yield name
            yield from strings_in(entry)


def unfit(value: Any) -> list[str]:
    """Strings in a JSON value with a character that steers a terminal, reorders text, or shows nothing."""
    return [
        repr(found)
        for found in strings_in(value)
        if any(unicodedata.category(char) in ("Cc", "Cf", "Cs") and char != "\n" for char in found)
    ]
