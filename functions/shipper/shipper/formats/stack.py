"""Stack traces in text: Python, Java, Node.js, .NET, Go, Ruby and PHP.

Everything here looks at a text from left to right once: each pattern is anchored or bounded, so that the work grows
with the length of the text only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from shipper.line import Line

    # Finds type, message and the place where the trace begins in a text; None when the text holds no such trace.
    Reader = Callable[[str], tuple[str | None, str | None, int] | None]

_TRACEBACK = "Traceback (most recent call last):"
# `TypeError: boom`, `shop.OrderError: boom`, `Exception in thread "main" java.lang.IllegalState: boom`,
# `TypeError [ERR_INVALID]: boom`, `SocketException (111): refused`
_ERROR = re.compile(
    r'(?:Exception in thread "[^"\n]{0,200}" |Caused by: |Unhandled [Ee]xception[.:] |Uncaught (?:Exception:? )?)?'
    r"([A-Za-z_][\w.$`<>]{0,200})(?: \[[\w.-]{1,60}\]| \(\w{1,20}\))?(?:: (.*))?"
)
_NAMED_LIKE_AN_ERROR = re.compile(
    r"(?:Error|Exception|Exit|Interrupt|Warning|Throwable|Failure|Timeout|Fault)$|\.[A-Z]\w*$"
)
_WITHIN = re.compile(r"[ \t(]((?:[A-Z][\w.$]{0,100})?(?:Error|Exception)): (.*)")
_SEARCHED = 2_000  # characters of a line in which an error is looked for behind other words
_LINES = 50  # lines above the first frame in which the error is looked for
_FRAME = re.compile(r"\n[ \t]+at \S")
_GO = re.compile(r"(?:^|\n)(panic|fatal error): ([^\n]*)")
_RUBY = re.compile(r"[^\n:]{1,300}\.rb:\d+:in [`'][^'\n]{1,200}': ([^\n]*)")
_RUBY_FRAME = re.compile(r"\n(?:\tfrom )?[^\n:]{1,300}\.rb:\d+:in ")
_PHP = ("PHP Fatal error: ", "Fatal error: ")


def add_trace(line: Line, text: str) -> bool:
    """Fill `error.*` from a text that holds a stack trace; False when it holds none.

    Lambda sends the lines of one event with carriage returns between them, so those count as line breaks.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ").strip()
    for sign, read in _READERS:
        if sign in text:
            found = read(text)
            if found is not None:
                error_type, message, start = found
                line.add_error(type=error_type, message=message, stack_trace=text[start:])
                return True
    return False


def error_in(text: str) -> tuple[str | None, str | None]:
    """Type and message when a text is `Type: message` or a type alone, else None and None."""
    found = _ERROR.fullmatch(text)
    if found and (found[2] is not None or _NAMED_LIKE_AN_ERROR.search(found[1])):
        return found[1], found[2]
    return None, None


def named_error_in(text: str) -> tuple[str | None, str | None]:
    """The same, when the type is named like one (`KeyError`, `shop.Refused`); the message may have several lines."""
    first, _, more = text.partition("\n")
    error_type, message = error_in(first)
    if error_type is None or not _NAMED_LIKE_AN_ERROR.search(error_type):
        return None, None
    if more:
        message = f"{message or ''}\n{more}".strip()
    return error_type, message


def _python(text: str) -> tuple[str | None, str | None, int] | None:
    """The runtime writes the error before the trace, Python itself after it."""
    start = text.find(_TRACEBACK)
    before, after = text[:start], text[text.rfind(_TRACEBACK) :]
    if before.endswith("Exception Group "):
        return _exception_group(text, start)
    error_type, message = _python_error_after(after)
    if error_type is None:
        before = before.strip()
        error_type, message = named_error_in(before)
        if error_type is None:
            error_type, message = error_in(before.rpartition("\n")[2])
    return error_type, message, start


def _python_error_after(trace: str) -> tuple[str | None, str | None]:
    """The first line behind the frames that is not indented, and everything after it."""
    position = trace.find("\n")
    while position >= 0:
        if trace[position + 1 : position + 2] not in (" ", "\t", "\n", ""):
            rest = trace[position + 1 :]
            error_type, message = named_error_in(rest)
            return (error_type, message) if error_type else error_in(rest.partition("\n")[0])
        position = trace.find("\n", position + 1)
    return None, None


def _exception_group(text: str, start: int) -> tuple[str | None, str | None, int]:
    """A group has bars in front of its lines; its own error is the first behind the frames."""
    start = text.rfind("\n", 0, start) + 1
    for row in text[start:].split("\n")[1:]:
        content = row.lstrip(" ").removeprefix("| ")
        if content[:1] not in (" ", ""):
            return *error_in(content), start
    return None, None, start


def _frames(text: str) -> tuple[str | None, str | None, int] | None:
    """Java, Node.js and .NET: the error, then lines that begin with `at`."""
    frame = _FRAME.search(text)
    if frame is None:
        return None
    head = text[: frame.start()].partition("\n ---> ")[0]
    end = len(head)
    for _ in range(_LINES):
        start = head.rfind("\n", 0, end) + 1
        error_type, message = error_in(head[start:end])
        if error_type is not None and _NAMED_LIKE_AN_ERROR.search(error_type):
            more = head[end:]
            return error_type, f"{message or ''}{more}".strip() or None, start
        within = _WITHIN.search(head, start, min(end, start + _SEARCHED))
        if within is not None:
            return within[1], f"{within[2]}{head[end:]}", within.start(1)
        if start == 0:
            break
        end = start - 1
    error_type, message = error_in(head.partition("\n")[0])
    return error_type, message, 0


def _go(text: str) -> tuple[str | None, str | None, int] | None:
    found = _GO.search(text)
    if found is None:
        return None
    return found[1], found[2].removesuffix(" [recovered]") or None, found.start(1)


def _ruby(text: str) -> tuple[str | None, str | None, int] | None:
    """`app.rb:3:in 'charge': refused (CardError)`, or `refused (CardError)` and frames on the next lines."""
    found = _RUBY.match(text)
    if found is None and _RUBY_FRAME.search(text) is None:
        return None
    message, bracket, error_type = (found[1] if found else text.partition("\n")[0]).rpartition(" (")
    if not bracket or not error_type.endswith(")") or not error_type[:1].isupper():
        return None
    return error_type[:-1], message, 0


def _php(text: str) -> tuple[str | None, str | None, int] | None:
    """`PHP Fatal error:  Uncaught RuntimeException: refused in /var/task/index.php:7`."""
    if not text.startswith(_PHP):
        return None
    error, _, _ = text.partition("\n")[0].partition("Uncaught ")[2].rpartition(" in ")
    error_type, message = error_in(error.replace("\\", "."))
    return error_type, message, 0


# What a trace has for sure, and who reads it.
_READERS: tuple[tuple[str, Reader], ...] = (
    (_TRACEBACK, _python),
    ("\ngoroutine ", _go),
    ("at ", _frames),
    (".rb:", _ruby),
    ("Stack trace:", _php),
)
