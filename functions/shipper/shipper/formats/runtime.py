"""Lines with the prefix that a Lambda runtime or a common logger puts before the message."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shipper.formats import embedded
from shipper.levels import level_of_word

if TYPE_CHECKING:
    from shipper.line import Line

# log4j2 on Lambda: 2026-11-21 08:00:00 <request id> INFO  OrderService - message, with or without the id or a thread.
_JAVA = re.compile(
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?Z?\s+"
    r"(?:(?P<id>[0-9a-f]{8}-[0-9a-f-]{27})\s+)?(?:\[[^\]\n]{0,200}\]\s+)?"
    r"(?P<level>[A-Za-z]{4,8})\s+"
    r"(?:(?P<logger>[\w.$]{1,200})(?:\s+-\s+|:\s+))?"
    r"(?P<rest>.*)",
    re.DOTALL,
)


def recognise_python(text: str) -> Line | None:
    """`[INFO]<tab><time>Z<tab><request id><tab>message`, or the runtime's own `[ERROR] KeyError: 'x'`."""
    word, bracket, rest = text[1:].partition("]")
    level = level_of_word(word) if bracket and len(word) <= 13 else None
    if level is None:
        return None
    if rest.startswith("\t"):
        parts = rest.split("\t", 3)
        if len(parts) == 4 and parts[1].endswith("Z"):
            return embedded.line_of(parts[3], level, parts[2])
    return embedded.line_of(rest.lstrip(), level, None)


def recognise_node(text: str) -> Line | None:
    """`<time>Z<tab><request id><tab>INFO<tab>message`, as Node and .NET write it; old Node writes no level."""
    parts = text.split("\t", 3)
    if len(parts) < 3 or not _is_time(parts[0]):
        return None
    level = level_of_word(parts[2]) if len(parts) == 4 else None
    if level is None:
        return embedded.line_of(text.split("\t", 2)[2], None, parts[1])
    return embedded.line_of(parts[3], level, parts[1])


def recognise_java(text: str) -> Line | None:
    """`2026-11-21 08:00:00 <request id> INFO Class - message`, log4j2's usual pattern on Lambda."""
    found = _JAVA.fullmatch(text) if text[4:5] == "-" else None
    level = level_of_word(found["level"]) if found else None
    if found is None or level is None:
        return None
    line = embedded.line_of(found["rest"], level, found["id"])
    if found["logger"]:
        line.app = (line.app or {}) | {"logger": found["logger"]}
    return line


def _is_time(text: str) -> bool:
    return 20 <= len(text) <= 30 and text[4] == "-" and text[10] == "T" and text[-1] == "Z"
