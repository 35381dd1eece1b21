"""Lines of `key=value` pairs: Go's slog text handler, logrus and other loggers of logfmt."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from shipper.formats import structured

if TYPE_CHECKING:
    from shipper.formats.why import Why
    from shipper.line import Line

_STARTS = (
    "time=", "ts=", "t=", "timestamp=", "level=", "lvl=", "severity=", "msg=", "message=", "logger=", "app=", "source=",
)  # fmt: skip  # names are easier to read in a row
# The quoted form is unrolled: each character is looked at once.
_PAIR = re.compile(r'([A-Za-z_@][\w.@/-]{0,200})=("[^"\\]*(?:\\.[^"\\]*)*"|[^\s"]*)(?:[ \t]+|$)', re.DOTALL)
_LEVELS = frozenset({"level", "lvl", "severity", "log.level"})


def recognise(text: str, why: Why) -> Line | None:
    """A line of pairs and nothing else, each key once, with a level and a message among them."""
    if not text.startswith(_STARTS):
        return None
    fields: dict[str, Any] = {}
    end = 0
    while end < len(text):
        found = _PAIR.match(text, end)
        if found is None or found[1] in fields:
            return None
        fields[found[1]] = _value(found[2])
        end = found.end()
    if _LEVELS.isdisjoint(fields) or not (fields.get("msg") or fields.get("message")):
        return None
    return structured.line_of(fields, text, why)


def _value(text: str) -> str:
    if not text.startswith('"'):
        return text
    try:
        value = json.loads(text, strict=False)
    except ValueError:  # an escape that JSON does not know stays as it is
        return text[1:-1]
    return value if isinstance(value, str) else text
