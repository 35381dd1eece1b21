"""The formats of log lines. A new one is a module with one function, and a row in the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shipper import strict
from shipper.formats import (
    bracketed,
    coloured,
    dated,
    json_line,
    logfmt,
    metric_line,
    named,
    platform,
    runtime,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from shipper.formats.why import Why
    from shipper.line import Line

    Recogniser = Callable[[str, Why], Line | None]

_DIGITS = "0123456789"
# The first characters of a line, who is asked whether it is theirs, and what it then is: from top to bottom, the first
# that says yes. (A format of JSON lines is a row in json_line.SHAPES instead.)
TABLE: tuple[tuple[str, Recogniser, str], ...] = (
    ("{", json_line.recognise, "JSON object"),
    ("M", metric_line.recognise, "metric line"),
    ("S", platform.recognise_start, "Lambda platform: START"),
    ("E", platform.recognise_end, "Lambda platform: END"),
    ("R", platform.recognise_report, "Lambda platform: REPORT"),
    ("IRETLX", platform.recognise, "Lambda platform: a line with its keyword"),
    ("R", platform.recognise_fault, "Lambda platform: the runtime ended"),
    (_DIGITS, runtime.recognise_node, "Node.js prefix: time, request id, level"),
    (_DIGITS, platform.recognise_timeout, "Lambda platform: the invocation ended early"),
    (_DIGITS, dated.recognise_zap, "zap console prefix: time, level, caller"),
    (_DIGITS, dated.recognise_go, "Go log prefix: date and time"),
    (_DIGITS, dated.recognise_database, "database log: time, session, level"),
    (_DIGITS, dated.recognise_python, "Python logging prefix: time, name, level"),
    (_DIGITS, dated.recognise, "logger prefix: time, request id, thread, level, logger"),
    ("[", runtime.recognise_python, "Python prefix: level, time, request id"),
    ("[", bracketed.recognise, "logger prefix in brackets"),
    ("(", bracketed.recognise_gateway, "API Gateway execution log"),
    ("ltmsa", logfmt.recognise, "logfmt: key=value"),
    ("TDIWECFNA", named.recognise_python, "Python logging prefix: level, name"),
    ("DIWEFAU", named.recognise_ruby, "Ruby logger prefix: time, process, level, request id"),
    ("IWEF", named.recognise_klog, "klog prefix: level, time, place"),
    ("TDIWEFP", named.recognise_logrus, "logrus prefix: level, seconds"),
    ("tdiwfc", named.recognise_dotnet, ".NET console prefix: level, category"),
    ("JFMASOND", named.recognise_java_util_logging, "java.util.logging: time, class, level"),
    ("L", named.recognise_lambda_warning, "Lambda runtime warning"),
    (" \t\ufeff", json_line.recognise_indented, "line behind spaces"),
    ("\x1b", coloured.recognise, "colour codes"),
)

_BY_FIRST_CHARACTER: dict[str, tuple[tuple[Recogniser, str], ...]] = {
    character: tuple((recognise, phrase) for characters, recognise, phrase in TABLE if character in characters)
    for characters, _, _ in TABLE
    for character in characters
}


def parse(message: str, extracted: dict[str, Any] | None = None) -> Line:
    """What a log event's message says. Whatever no format recognises is text.

    extracted: the event's `extractedFields`, names to texts; they are kept under `app` with a line of text.
    """
    message = message.rstrip("\r\n")
    for recognise, _ in _BY_FIRST_CHARACTER.get(message[:1], ()):
        line = recognise(message, None)
        if line is not None:
            break
    else:
        line = _unrecognised(message, None)
    if extracted:
        _add_extracted(line, extracted)
    return line


def explain(message: str, extracted: dict[str, Any] | None = None) -> tuple[Line, list[str]]:
    """The line that parse() makes, and why: a short phrase for each recogniser, from the outermost to the innermost."""
    why: list[str] = []
    message = message.rstrip("\r\n")
    for recognise, phrase in _BY_FIRST_CHARACTER.get(message[:1], ()):
        line = recognise(message, why)
        if line is not None:
            why.insert(0, phrase)
            break
    else:
        line = _unrecognised(message, why)
    if extracted and _add_extracted(line, extracted):
        why.append("fields that CloudWatch extracted")
    return line, why


def _unrecognised(message: str, why: Why) -> Line:
    """A line that is no format's: colour codes may hide one, else it is text."""
    line = coloured.recognise(message, why) if "\x1b[" in message[:200] else None
    return line or text.line_of(message, why=why)


def _add_extracted(line: Line, extracted: dict[str, Any]) -> bool:
    """Keep the fields that CloudWatch extracted from a line of text; a JSON line says them itself."""
    if line.app is not None:
        return False
    line.app, changed = strict.bounded(extracted, line.message)
    if changed:
        line.tag("truncated")
    return True
