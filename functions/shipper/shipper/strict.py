"""JSON that every parser takes: what log lines hold beyond it is turned into text, never refused and never lost.

The bounds are those of Elasticsearch's `flattened` field, which refuses the whole document otherwise (tried with
9.2.0): 20 levels of objects (`depth_limit`), no NUL in a key, at most 32,766 bytes of path and value together.
"""

from __future__ import annotations

import json
import math
from typing import Any

import orjson

MAX_DEPTH = 16  # levels of objects and lists below a field; Elasticsearch's own limit is 20
MAX_KEY = 256  # characters; MAX_DEPTH keys of 4-byte characters and an indexed value stay below 32,766 bytes
HARMLESS_LENGTH = 8_000  # characters: even at 4 bytes each, no path and value in it reach 32,766 bytes
BEYOND_64_BITS = float(2**63)  # from here on orjson's floats may be integers that lost digits
TOO_DEEP = "json"  # the field that holds a line as text when even its parts are too deep to be written

_HARMLESS_OBJECTS = MAX_DEPTH - 2
_HARMLESS_LISTS = 100  # orjson writes 254 levels


def loads(text: str) -> Any:
    """Decode JSON, leniently: NaN, Infinity and numbers beyond 64 bits become text, lone surrogates stay.

    Raises ValueError when the text is not JSON, or nested too deeply to be read.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _patient(text)
    # orjson makes floats of integers beyond 64 bits, which loses their last digits.
    return _patient(text) if type(value) is dict and has_huge_number(value) else value


def _patient(text: str) -> Any:
    try:
        return json.loads(text, parse_int=_integer, parse_float=_float, parse_constant=str)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _integer(digits: str) -> int | str:
    if len(digits) > 20:
        return digits
    number = int(digits)
    return number if -(2**63) <= number < 2**64 else digits


def _float(digits: str) -> float | str:
    number = float(digits)
    return number if math.isfinite(number) else digits


def has_huge_number(value: dict[str, Any]) -> bool:
    """Whether a number so large that digits may be lost is anywhere inside; without recursion, for any depth."""
    pending: list[Any] = [value]
    for item in pending:
        for part in item.values() if type(item) is dict else item:
            kind = type(part)
            if kind is float:
                if part >= BEYOND_64_BITS or part <= -BEYOND_64_BITS:
                    return True
            elif kind is dict or kind is list:
                pending.append(part)
    return False


def is_harmless(text: str) -> bool:
    """Whether the JSON in a text is within the bounds for sure, told by the text alone: no walk through its parts."""
    return (
        len(text) <= HARMLESS_LENGTH
        and text.count("{") <= _HARMLESS_OBJECTS
        and text.count("[") <= _HARMLESS_LISTS
        and ("\\" not in text or "\\u0000" not in text)  # looking for one character is much quicker
    )


def bounded(fields: dict[str, Any], text: str) -> tuple[dict[str, Any], bool]:
    """The fields of a JSON line within the bounds, and whether anything had to be changed.

    Keys are cut, NULs in keys replaced, and what is nested too deeply becomes JSON text.
    """
    cleaner = _Cleaner()
    try:
        return cleaner.object(fields, 0), cleaner.changed
    except (RecursionError, ValueError):
        return {TOO_DEEP: text}, True


def dumps(value: Any) -> bytes:
    """Encode as strict JSON in UTF-8, whatever the value holds."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return orjson.dumps(_Cleaner(unbounded=True).value(value, 0))


class _Cleaner:
    """Walks through a value and makes it encodable; remembers whether it changed the structure."""

    def __init__(self, *, unbounded: bool = False) -> None:
        self.changed = False
        self._unbounded = unbounded

    def value(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind is str:
            return _text(value)
        if kind is dict:
            return self.object(value, depth) if self._fits(depth) else self._as_text(value)
        if kind is list:
            if self._fits(depth):
                return [self.value(item, depth + 1) for item in value]
            return self._as_text(value)
        if kind is int and not -(2**63) <= value < 2**64:
            return str(value)
        return value

    def object(self, value: dict[str, Any], depth: int) -> dict[str, Any]:
        clean: dict[str, Any] = {}
        for key, item in value.items():
            clean[self._key(key, clean)] = self.value(item, depth + 1)
        return clean

    def _fits(self, depth: int) -> bool:
        return self._unbounded or depth < MAX_DEPTH

    def _as_text(self, value: Any) -> str:
        self.changed = True
        return _text(json.dumps(value, ensure_ascii=False))

    def _key(self, key: str, taken: dict[str, Any]) -> str:
        clean = _text(key)
        if not self._unbounded:
            clean = clean.replace("\0", "\ufffd")[:MAX_KEY]
            self.changed |= len(key) > MAX_KEY or "\0" in key
        while clean in taken:
            clean = clean[: MAX_KEY - 8] + f"~{len(taken)}"
        return clean


def _text(value: str) -> str:
    """The text with each lone surrogate replaced by U+FFFD."""
    if value.isascii():
        return value
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
