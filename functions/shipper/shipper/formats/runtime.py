"""Lines with the prefix that a Lambda runtime puts before the message: Node.js, .NET and Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipper.formats import embedded
from shipper.formats.stack import named_error_in
from shipper.levels import level_of_plain_word, level_of_word

if TYPE_CHECKING:
    from shipper.formats.why import Why
    from shipper.line import Line


def recognise_node(text: str, why: Why) -> Line | None:
    """`<time>Z<tab><request id><tab>INFO<tab>message`, as Node and .NET write it; old Node writes no level."""
    parts = text.split("\t", 3)
    if len(parts) < 3:
        return None
    time, request_id = parts[0], parts[1]
    # 2026-11-21T08:00:00.123Z; a level in the second place is a logger of Go
    if not (20 <= len(time) <= 30 and time[10] == "T" and time[-1] == "Z" and time[4] == "-"):
        return None
    if len(request_id) != _ID and (" " in request_id or "\x1b" in request_id or level_of_word(request_id) is not None):
        return None
    if len(parts) == 4:
        level = level_of_word(parts[2])
        if level is not None:
            return embedded.line_of(parts[3], level, request_id, why)
    return embedded.line_of(text.split("\t", 2)[2], None, request_id, why)


_ID = 36  # characters of a request id


def recognise_python(text: str, why: Why) -> Line | None:
    """`[INFO]<tab><time>Z<tab><request id><tab>message`, or the runtime's own `[ERROR] KeyError: 'x'`."""
    word, bracket, rest = text[1:18].partition("]")
    level = level_of_plain_word(word) if bracket else None
    if level is None:
        return None
    rest = text[len(word) + 2 :]
    if rest.startswith("\t"):
        parts = rest.split("\t", 3)
        if len(parts) == 4 and parts[1].endswith("Z"):
            return embedded.line_of(parts[3], level, parts[2], why)
    rest = rest.lstrip(" \t")
    line = embedded.line_of(rest, level, None, why)
    if word == "ERROR" and line.error is None:
        error_type, message = named_error_in(rest)
        if error_type is not None:
            line.add_error(type=error_type, message=message)
    return line
