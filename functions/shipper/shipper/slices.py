"""The log events of a large payload, a slice of them at a time.

Decoding thousands of events at once makes more objects than a processor's cache has room for, and takes half as long
again as decoding them in slices, whose objects are gone before the next ones come.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

SIZE = 256 * 1024  # bytes of a slice, about

_EVENTS = re.compile(rb'"logEvents"\s*:\s*\[')
_FIRST = re.compile(rb'\{\s*"\w+"')


def of(content: bytes, size: int) -> tuple[dict[str, Any], list[bytes]] | None:
    """A payload's JSON without its events, and these in slices, as of events_of; None when nobody can tell.

    When every slice is a list of events, and only then, the whole is what they are together: what stands around them is
    JSON with an empty list of events, none of the slices is empty, as an event begins in each, and commas are what the
    whole has between them. Wherever a cut is wrong, inside of a text or of an event, one of the slices is not JSON.
    """
    found = _EVENTS.search(content)
    first = _FIRST.match(content, found.end()) if found else None
    if found is None or first is None:
        return None
    start, end, opening = found.end(), content.rfind(b"]"), first[0]
    around = content[:start] + content[end:]
    if b"\\" in around:  # without one every quote begins or ends a text, and the name has one spelling only
        return None
    try:
        envelope = orjson.loads(around)
    except orjson.JSONDecodeError:
        return None
    if type(envelope) is not dict or envelope.get("logEvents") != []:
        return None
    slices = []
    while (cut := content.find(opening, start + size, end)) >= 0:
        comma = content.rfind(b",", start, cut)
        if comma < 0:
            return None
        slices.append(b"[[%b]]" % content[start:comma])
        start = comma + 1
    slices.append(b"[[%b]]" % content[start:end])
    return envelope, slices


def events_of(one: bytes) -> list[Any]:
    """The events of a slice, decoded as deep as they stand in the whole. Raises ValueError when it is no list."""
    (events,) = orjson.loads(one)
    return events  # type: ignore[no-any-return]  # the list that is written around them
