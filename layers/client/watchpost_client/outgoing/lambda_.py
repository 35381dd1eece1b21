"""Lambda: `__context__` in the JSON object that a function is invoked with."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from watchpost_client.outgoing import inputs, room

if TYPE_CHECKING:
    from collections.abc import Mapping

# Lambda API, Invoke: 6 MB, and 1 MB when nobody waits for the answer, 256 KB before 2025.
SYNCHRONOUS = (6 * room.MIB,)
ASYNCHRONOUS = (256 * room.KIB, room.MIB)


def invoke(params: dict[str, Any], pairs: Mapping[str, str]) -> None:
    """Put a context into the parameters of Invoke. Without a payload none is made: the function is to see none."""
    kind = params.get("InvocationType", "RequestResponse")
    if kind == "DryRun":
        return
    limits = ASYNCHRONOUS if kind == "Event" else SYNCHRONOUS
    payload = params.get("Payload")
    if hasattr(payload, "read"):
        sent = _of_file(payload, pairs, limits)
    else:
        sent = inputs.with_context(payload, pairs, limits, "lambda")
    if sent is not None:
        params["Payload"] = sent


def _of_file(payload: Any, pairs: Mapping[str, str], limits: tuple[int, ...]) -> bytes | None:
    """What is sent in the place of a file, which is left where sending leaves it: at its end, else where it was.

    Only one that can be set back is read. It is read once, and no further than Lambda takes.
    """
    seekable = getattr(payload, "seekable", None)
    if isinstance(payload, io.TextIOBase) or not callable(seekable) or not seekable():
        return None
    begin = payload.tell()
    sent = None
    try:
        data = payload.read(limits[-1] + 1)
        if isinstance(data, bytes) and len(data) <= limits[-1] and not payload.read(1):
            sent = inputs.with_context(data, pairs, limits, "lambda")
    finally:
        if sent is None:
            payload.seek(begin)
    return sent
