"""Plain text, with the level and the stack trace that may be in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipper.formats.stack import add_trace
from shipper.levels import leading_level
from shipper.line import Line

if TYPE_CHECKING:
    from shipper.formats.why import Why


def line_of(message: str, level: str | None = None, why: Why = None) -> Line:
    """A line of text; level: what a prefix says, otherwise the text may begin with one.

    `error.*` is filled when it holds a stack trace.
    """
    line = Line()
    line.message = message
    level = level or leading_level(message)
    if level is not None:
        line.level = level
    if why is not None:
        why.append("text")
    if ("\n" in message or "\r" in message) and add_trace(line, message) and why is not None:
        why.append("stack trace")
    return line
