"""Lines that the client itself writes, as JSON on standard output: about a failed invocation, or its own trouble."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from typing import Any

from watchpost_client import context as contexts

LONGEST = 8_192  # characters of a line, all of them ASCII
_SERVICE, _TRACE = "POWERTOOLS_SERVICE_NAME", "_X_AMZN_TRACE_ID"  # environment variables
_NAME = 256  # characters of what comes from the environment
_MARK = "…"


def transaction() -> dict[str, Any]:
    """The fields that say which invocation and transaction the running code belongs to, as lines have them."""
    invocation, context = contexts.invocation(), contexts.current()
    found: dict[str, Any] = {}
    if invocation is not None:
        found["cold_start"] = invocation.cold
        if invocation.request_id:
            found["function_request_id"] = invocation.request_id
    if context is not None:
        found["correlation_id"] = context.correlation_id
        for name, value in context.fields.items():
            found[f"x-correlation-{name}"] = value
    return found


def line(level: str, message: str, service: str | None = None, **more: str) -> str:
    """A line of the running transaction, with its line break.

    service: where it is None, that of POWERTOOLS_SERVICE_NAME, if any.
    """
    fields: dict[str, Any] = {
        "level": level,
        "message": message,
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
    if name := service or os.environ.get(_SERVICE):
        fields["service"] = fitting(name, _NAME)
    fields |= transaction()
    if trace := os.environ.get(_TRACE, "").split(";")[0].removeprefix("Root="):
        fields["xray_trace_id"] = fitting(trace, _NAME)
    # ASCII alone, so that every stream takes it and nobody finds a line break in it.
    return json.dumps(fields | more, separators=(",", ":")) + "\n"


def write(text: str) -> None:
    """Write a whole line."""
    sys.stdout.write(text)
    sys.stdout.flush()


def fitting(text: str, room: int) -> str:
    """The text, or as much of its beginning as has at most `room` characters when JSON escapes it to ASCII."""
    escaped = json.dumps(text)[1:-1]
    if len(escaped) <= room:
        return text
    most = room - len(json.dumps(_MARK)[1:-1])
    for end in range(most, max(most - 12, -1), -1):  # an escape has up to 12 characters
        try:
            kept = json.loads(f'"{escaped[:end]}"')
        except ValueError:  # it ends within an escape
            continue
        if not "\ud800" <= kept[-1:] <= "\udbff":
            return f"{kept}{_MARK}"
    return ""
