"""The line about an invocation that failed: the error with the event behind it, redacted and bounded."""

from __future__ import annotations

import traceback
from typing import Any

from watchpost_client import own_lines, redaction
from watchpost_client.guard import guarded

LONGEST_TRACE = 3_072  # characters of the stack trace
_HEAD = 512  # of them from its beginning: the error itself stands at its end
_LOOKED_AT = 65_536  # characters of a stack trace that are redacted
_NAME = 256
_FIELD = len(',"invocation_event":""')


def tell(service: str | None, event: Any, error: BaseException, *, record: str = "") -> None:
    """Write the line."""
    own_lines.write(line(service, event, error, record=record))


def line(service: str | None, event: Any, error: BaseException, *, record: str = "") -> str:
    """One line of at most own_lines.LONGEST characters.

    service: as for own_lines.line. record: of a batch, the identifier of the record that failed; event is the record.
    """
    name = own_lines.fitting(type(error).__name__, _NAME)
    message = f"record {own_lines.fitting(record, _NAME)} failed and comes again" if record else "the invocation failed"
    bare = own_lines.line("ERROR", message, service, exception_name=name, exception="")
    left = own_lines.LONGEST - len(bare) - _FIELD
    trace = own_lines.fitting(_trace(error), min(LONGEST_TRACE, left // 2))
    told = own_lines.line("ERROR", message, service, exception_name=name, exception=trace, invocation_event="")
    shown = own_lines.fitting(_event(event), own_lines.LONGEST - len(told))
    return own_lines.line("ERROR", message, service, exception_name=name, exception=trace, invocation_event=shown)


def _event(event: Any) -> str:
    with guarded("redaction"):
        return redaction.shown(event)
    return "<unreadable>"


def _trace(error: BaseException) -> str:
    with guarded("redaction"):
        return _ends(redaction.clean(_looked_at("".join(traceback.format_exception(error)))).rstrip())
    return ""


def _looked_at(text: str) -> str:
    half = _LOOKED_AT // 2
    return text if len(text) <= _LOOKED_AT else f"{text[:half]}\n…\n{text[-half:]}"


def _ends(text: str) -> str:
    most = LONGEST_TRACE * 3 // 4  # escaped it is longer
    return text if len(text) <= most else f"{text[:_HEAD]}\n…\n{text[_HEAD - most :]}"
