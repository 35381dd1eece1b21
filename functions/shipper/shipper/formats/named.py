"""Lines that begin with a word of their logger: the level, its first letter, or a month."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shipper.formats import embedded
from shipper.formats import text as plain
from shipper.levels import level_of_word

if TYPE_CHECKING:
    from shipper.formats.why import Why
    from shipper.line import Line

# INFO:shop.orders:message (Python's logging.basicConfig)
_PYTHON = re.compile(r"(?P<level>TRACE|DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL):(?P<name>[\w.-]{1,200}):(?=\S|$)")
# I, [2026-11-21T08:00:00.123456 #8]  INFO <request id> -- shop: message
_RUBY = re.compile(
    r"[A-Z], \[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})? ?#\d{1,10}\][ \t]{1,4}(?P<level>[A-Z]{3,7})[ \t]{1,4}"
    r"(?:(?P<id>[0-9a-f-]{8,80})[ \t]{1,4})?-- (?P<name>[^:\n]{0,200}): ?"
)
# I1121 08:00:00.123456       1 orders.go:42] message
_KLOG = re.compile(
    r"(?P<level>[IWEF])\d{4} \d\d:\d\d:\d\d\.\d{1,9}[ \t]{1,8}\d{1,10} (?P<name>[\w./-]{1,200}:\d{1,7})\] "
)
_LETTERS = {"I": "info", "W": "warn", "E": "error", "F": "fatal"}
# INFO[0000] message  key=value
_LOGRUS = re.compile(r"(?P<level>TRAC|DEBU|INFO|WARN|ERRO|FATA|PANI)\[\d{1,6}\] {0,2}")
_CUT = {
    "TRAC": "trace",
    "DEBU": "debug",
    "INFO": "info",
    "WARN": "warn",
    "ERRO": "error",
    "FATA": "fatal",
    "PANI": "fatal",
}
# info: Shop.Orders[0]
#       message
_DOTNET = re.compile(
    r"(?P<level>trce|dbug|info|warn|fail|crit): (?P<name>[\w.+`<>,-]{1,300})\[-?\d{1,10}\][ \t]{0,8}(?:\n|$)"
)
# Nov 21, 2026 8:00:00 AM com.shop.Orders charge
# INFO: message
_JAVA = re.compile(
    r"[A-Z][a-z]{2} \d{1,2}, \d{4},? \d{1,2}:\d\d:\d\d[ \u202f](?:AM|PM) "
    r"(?P<name>[\w.$]{1,300})(?: [\w.$<>]{1,200})?\r?[\n\r]"
    r"(?P<level>[A-Z]{4,7}): "
)


def recognise_python(text: str, why: Why) -> Line | None:
    """`INFO:root:message`."""
    found = _PYTHON.match(text) if ":" in text[:9] else None
    return (
        embedded.line_of(text[found.end() :], level_of_word(found["level"]), None, why, found["name"])
        if found
        else None
    )


def recognise_ruby(text: str, why: Why) -> Line | None:
    """`I, [<time> #8]  INFO <request id> -- : message`."""
    found = _RUBY.match(text) if text[1:4] == ", [" else None
    if found is None:
        return None
    return embedded.line_of(text[found.end() :], level_of_word(found["level"]), found["id"], why, found["name"] or None)


def recognise_klog(text: str, why: Why) -> Line | None:
    """`I1121 08:00:00.123456       1 orders.go:42] message`."""
    found = _KLOG.match(text) if text[1:5].isdigit() else None
    return embedded.line_of(text[found.end() :], _LETTERS[found["level"]], None, why) if found else None


def recognise_logrus(text: str, why: Why) -> Line | None:
    """`INFO[0000] message`."""
    found = _LOGRUS.match(text) if text[4:5] == "[" else None
    return embedded.line_of(text[found.end() :], _CUT[found["level"]], None, why) if found else None


def recognise_dotnet(text: str, why: Why) -> Line | None:
    """`info: Shop.Orders[0]`, and the message indented on the next lines; alone, the line itself is the message."""
    found = _DOTNET.match(text) if text[4:6] == ": " else None
    if found is None:
        return None
    level = level_of_word(found["level"])
    indented = text[found.end() :]
    if not indented.strip():
        line = plain.line_of(text, level, why)
        line.app = {"logger": found["name"]}
        return line
    message = "\n".join(row.removeprefix("      ") for row in indented.split("\n"))
    return embedded.line_of(message, level, None, why, found["name"])


def recognise_java_util_logging(text: str, why: Why) -> Line | None:
    """`Nov 21, 2026 8:00:00 AM com.shop.Orders charge` and `INFO: message` on the next line."""
    found = _JAVA.match(text) if text[3:4] == " " else None
    level = level_of_word(found["level"]) if found else None
    if found is None or level is None:
        return None
    return embedded.line_of(text[found.end() :], level, None, why, found["name"])


def recognise_lambda_warning(text: str, why: Why) -> Line | None:
    """`LAMBDA_WARNING: Unhandled exception. …`, what the runtime says about a function's mistake."""
    return plain.line_of(text, "warn", why) if text.startswith("LAMBDA_WARNING: ") else None
