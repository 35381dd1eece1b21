"""The formats of log lines. A new one is a module with one function, and a row in the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipper.formats import json_line, metric_line, platform, runtime, text
from shipper.levels import leading_level

if TYPE_CHECKING:
    from collections.abc import Callable

    from shipper.line import Line

    Recogniser = Callable[[str], Line | None]

# The first characters of a line, and who is asked whether it is theirs: from top to bottom, the first that says yes.
# (A format of JSON lines is a row in json_line.SHAPES instead.)
TABLE: tuple[tuple[str, Recogniser], ...] = (
    ("{", json_line.recognise),
    (" \t", json_line.recognise_indented),
    ("M", metric_line.recognise),
    ("SERITL", platform.recognise),
    ("0123456789", platform.recognise_timeout),
    ("[", runtime.recognise_python),
    ("0123456789", runtime.recognise_node),
    ("0123456789", runtime.recognise_java),
)

_BY_FIRST_CHARACTER: dict[str, tuple[Recogniser, ...]] = {
    character: tuple(recognise for characters, recognise in TABLE if character in characters)
    for characters, _ in TABLE
    for character in characters
}


def parse(message: str) -> Line:
    """What a log event's message says. Whatever no format recognises is text."""
    message = message.rstrip("\r\n")
    for recognise in _BY_FIRST_CHARACTER.get(message[:1], ()):
        line = recognise(message)
        if line is not None:
            return line
    return text.line_of(message, leading_level(message))
