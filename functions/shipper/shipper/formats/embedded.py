"""What may stand behind a runtime's prefix: a metric line, a JSON line, an error of the Node runtime, or text."""

from __future__ import annotations

from shipper.formats import json_line, metric_line, text
from shipper.line import Line, usable_id

# The Node runtime writes an error that nobody caught as one of these words, a tab and a JSON object.
_NODE_ERRORS = ("Invoke Error", "Uncaught Exception", "Unhandled Promise Rejection")


def line_of(rest: str, level: str | None, request_id: str | None) -> Line:
    """The line behind a prefix; what the line itself says counts more than its prefix."""
    line = _content(rest)
    line.level = line.level or level
    line.request_id = line.request_id or usable_id(request_id)
    return line


def _content(rest: str) -> Line:
    line: Line | None = None
    if rest.startswith("{"):
        line = json_line.recognise(rest)
    elif rest.startswith(metric_line.PREFIX):
        line = metric_line.recognise(rest)
    elif rest.startswith(_NODE_ERRORS):
        line = _node_error(rest)
    return line or text.line_of(rest)


def _node_error(rest: str) -> Line | None:
    _, tab, json_text = rest.partition("\t")
    line = json_line.recognise(json_text.strip()) if tab and json_text.startswith("{") else None
    if line is not None:
        line.message = rest
    return line
