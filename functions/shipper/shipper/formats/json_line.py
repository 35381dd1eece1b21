"""JSON lines: decoded once, then handed to the format whose key they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shipper import strict
from shipper.formats import platform_event, structured, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from shipper.line import Line

# The key that a line must have, and who is asked whether it is theirs. Any other line is a structured logger's.
SHAPES: tuple[tuple[str, Callable[[dict[str, Any], str], Line | None]], ...] = (("record", platform_event.recognise),)


def recognise(line_text: str) -> Line | None:
    """A line that is one JSON object; one that only begins like it is text with the tag `json-invalid`."""
    try:
        fields = strict.loads(line_text)
    except ValueError:
        line = text.line_of(line_text)
        line.tag("json-invalid")
        return line
    changed = False
    if not strict.is_harmless(line_text):
        fields, changed = strict.bounded(fields, line_text)
    line = _shaped(fields, line_text)
    if changed:
        line.tag("truncated")
    return line


def recognise_indented(line_text: str) -> Line | None:
    """A JSON line behind spaces or tabs."""
    stripped = line_text.lstrip(" \t")
    return recognise(stripped) if stripped.startswith("{") else None


def _shaped(fields: dict[str, Any], line_text: str) -> Line:
    for key, shape in SHAPES:
        if key in fields:
            line = shape(fields, line_text)
            if line is not None:
                return line
    return structured.line_of(fields, line_text)
