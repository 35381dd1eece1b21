"""JSON lines: decoded once, then handed to the format whose key they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from shipper import strict
from shipper.formats import metric_line, platform_event, structured, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from shipper.formats.why import Why
    from shipper.line import Line

    Shape = Callable[[dict[str, Any], str, Why], Line | None]

# The key that a line must have, and who is asked whether it is theirs. Any other line is a structured logger's.
SHAPES: tuple[tuple[str, Shape], ...] = (("type", platform_event.recognise),)
_SPECIAL = frozenset({*(key for key, _ in SHAPES), "correlation"})


def recognise(line_text: str, why: Why) -> Line:
    """A line that is one JSON object; one that only begins like it is text with the tag `json-invalid`."""
    if why is None:
        try:
            fields = orjson.loads(line_text)
        except orjson.JSONDecodeError:
            return _closely(line_text, why)
        if type(fields) is dict:
            return understood(fields, line_text)
    return _closely(line_text, why)


def understood(fields: dict[str, Any], line_text: str) -> Line:
    """What a line says that orjson has decoded; fields: used up."""
    if not is_special(fields) and structured.is_simple(fields, line_text):
        return structured.line_of(fields, line_text)
    return _closely(line_text, None)


def is_special(keys: Iterable[str]) -> bool:
    """Whether a line with these keys is another format's, or may hold what is only understood together."""
    return not _SPECIAL.isdisjoint(keys)


def _closely(line_text: str, why: Why) -> Line:
    """The same, for lines that may hold what has to be changed first."""
    try:
        fields = strict.loads(line_text)
    except ValueError:
        line = text.line_of(line_text, why=why)
        line.tag("json-invalid")
        return line
    changed = False
    if not strict.is_harmless(line_text):
        fields, changed = strict.bounded(fields, line_text)
    line = _shaped(fields, line_text, why)
    if changed:
        line.tag("truncated")
    return line


def recognise_indented(line_text: str, why: Why) -> Line | None:
    """A JSON line or a metric line behind spaces, tabs or a byte order mark."""
    stripped = line_text.lstrip(" \t\ufeff")
    if stripped.startswith("{"):
        return recognise(stripped, why)
    return metric_line.recognise(stripped, why)


def _shaped(fields: dict[str, Any], line_text: str, why: Why) -> Line:
    for key, shape in SHAPES:
        if key in fields:
            line = shape(fields, line_text, why)
            if line is not None:
                return line
    return structured.line_of(fields, line_text, why)
