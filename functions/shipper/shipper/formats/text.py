"""Plain text, with the tracebacks that may be in it."""

from __future__ import annotations

import re

from shipper.line import Line

_TRACEBACK = "Traceback (most recent call last):"
# `TypeError: boom`, `[ERROR] shop.OrderError: boom`, `Exception in thread "main" java.lang.IllegalState: boom`
_ERROR = re.compile(r'(?:Exception in thread "[^"]*" |Caused by: |Uncaught )?([A-Za-z_][\w.$]{0,200})(?:: (.*))?')
_NAMED_LIKE_AN_ERROR = re.compile(r"(?:Error|Exception|Exit|Interrupt|Warning|Throwable|Failure|Timeout|Fault)$")
_FRAME = re.compile(r"\n\s+at \S")


def line_of(message: str, level: str | None = None) -> Line:
    """A line of text; `error.*` is filled when it holds a stack trace of Python, Java or Node."""
    line = Line(message, level=level)
    if "\n" in message or "\r" in message:
        add_trace(line, message)
    return line


def add_trace(line: Line, text: str) -> bool:
    """Fill `error.*` from a text that holds a stack trace; False when it holds none.

    Lambda sends the lines of one event with carriage returns between them, so those count as line breaks.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ").strip()
    start = text.find(_TRACEBACK)
    if start >= 0:
        # The runtime writes the error before the trace, Python itself after it.
        before, trace = text[:start].strip(), text[start:]
        error_type, message = _error_in(trace.rpartition("\n")[2])
        if error_type is None:
            error_type, message = _error_in(before.rpartition("\n")[2])
    elif _FRAME.search(text):
        trace = text
        error_type, message = _error_in(text.partition("\n")[0])
    else:
        return False
    line.add_error(type=error_type, message=message, stack_trace=trace)
    return True


def _error_in(text: str) -> tuple[str | None, str | None]:
    found = _ERROR.fullmatch(text)
    if found and (found[2] is not None or _NAMED_LIKE_AN_ERROR.search(found[1])):
        return found[1], found[2]
    return None, None
