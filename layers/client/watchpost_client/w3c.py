"""Trace context and baggage of the W3C: checked, and passed on as they came (Trace Context level 1; Baggage)."""

from __future__ import annotations

import re
from typing import Any

from watchpost_client import clean

LONGEST_STATE = 512  # characters that have to be passed on at least (Trace Context, 3.3.1.5)
MOST_STATES = 32  # members of tracestate (Trace Context, 3.3.1.3)
LONGEST_BAGGAGE = 8_192  # bytes (Baggage, 3.3.2)

_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-[!-~]*)?")
_STATE = re.compile(r"[ -~\t]*")
_BAGGAGE = re.compile(r"[ -~\t]+")


def parent(value: Any) -> str | None:
    """A `traceparent` that is right, else None: version ff and ids of zeros are not (Trace Context, 3.2.2)."""
    found = _PARENT.fullmatch(text := clean.text(value).strip())
    if not found or len(text) > LONGEST_STATE or found[1] == "ff" or not found[2].strip("0") or not found[3].strip("0"):
        return None
    # Version 00 ends behind the flags; later ones may go on.
    return None if found[1] == "00" and found[4] is not None else text


def state(value: Any) -> str | None:
    """A `tracestate`, without its last members where it is too long; None when nothing is left."""
    text = clean.text(value).strip()
    if not _STATE.fullmatch(text):
        return None
    members = [member for part in text.split(",") if (member := part.strip()) and "=" in member][:MOST_STATES]
    while members and len(",".join(members)) > LONGEST_STATE:
        members.pop()
    return ",".join(members) or None


def baggage(value: Any) -> str | None:
    """A `baggage` that is right, else None. It is not looked into: other people's words are passed on unchanged."""
    text = clean.text(value).strip()
    return text if _BAGGAGE.fullmatch(text) and "=" in text and len(text) <= LONGEST_BAGGAGE else None
