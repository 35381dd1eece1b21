"""Trace ids of X-Ray and of W3C trace context."""

from __future__ import annotations

import re
from typing import Any

_XRAY = re.compile(r"1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}")
_is_xray = _XRAY.fullmatch
_W3C = re.compile(
    r"(?:0x|[0-9a-f]{2}-|projects/[^/]{1,200}/traces/)?([0-9a-f]{32})(?:-[0-9a-f]{16}-[0-9a-f]{2})?", re.IGNORECASE
)


def trace_id_of(value: Any) -> str | None:
    """The trace id in an X-Ray id or header (`Root=1-…;Parent=…`), a W3C id or a `traceparent`, else None."""
    if type(value) is not str or len(value) > 512:
        return None
    return value if _is_xray(value) is not None else _searched(value)  # usually the id stands alone


def _searched(value: str) -> str | None:
    found = _XRAY.search(value)
    if found:
        return found[0]
    found = _W3C.fullmatch(value)
    return found[1] if found and found[1].strip("0") else None
