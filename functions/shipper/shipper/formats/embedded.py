"""What may stand behind a prefix: a metric line, a JSON line, an error of the Node runtime, or text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipper.formats import json_line, metric_line, text
from shipper.line import usable_id

if TYPE_CHECKING:
    from shipper.formats.why import Why
    from shipper.line import Line

# The Node runtime writes an error that nobody caught as one of these words, a tab and a JSON object.
_NODE_ERRORS = ("Invoke Error", "Uncaught Exception", "Unhandled Promise Rejection", "Init Error")


def line_of(rest: str, level: str | None, request_id: str | None, why: Why, logger: str | None = None) -> Line:
    """The line behind a prefix; what the line itself says counts more than its prefix.

    rest: the text behind the prefix; level, request_id and logger: what the prefix says.
    """
    first = rest[:1]
    line: Line | None = None
    if first == "{":
        line = _described(json_line.recognise(rest, why), "JSON object", why)
    elif first == "M":
        line = _described(metric_line.recognise(rest, why), "metric line", why)
    elif first in ("I", "U") and rest.startswith(_NODE_ERRORS):
        line = _described(_node_error(rest, why), "error that nobody caught, as JSON", why)
    if line is None:
        line = text.line_of(rest, level, why)
    elif line.level is None and level is not None:
        line.level = level
    if line.request_id is None and request_id is not None:
        usable = usable_id(request_id)
        if usable is not None:
            line.request_id = usable
    if logger is not None:
        line.app = {"logger": logger} | (line.app or {})
    return line


def _described(line: Line | None, phrase: str, why: Why) -> Line | None:
    if line is not None and why is not None:
        why.insert(0, phrase)
    return line


def _node_error(rest: str, why: Why) -> Line | None:
    _, tab, json_text = rest.partition("\t")
    line = json_line.recognise(json_text.strip(), why) if tab and json_text.startswith("{") else None
    if line is not None:
        line.message = rest
    return line
