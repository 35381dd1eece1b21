"""Which transactions write their debug lines: decided once, by the service that begins one."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from watchpost_client.guard import guarded

if TYPE_CHECKING:
    from watchpost_client.context import Context

RATE = "WATCHPOST_DEBUG_SAMPLE_RATE"  # 0 to 1
RATE_PATH = "WATCHPOST_DEBUG_SAMPLE_RATE_PATH"  # of the configuration, where the rate may change at any time
_BYTES = 6  # of a hash: as many as a float holds exactly, so that no place is 1


def decided(context: Context) -> Context:
    """The context with a decision; one that arrived stays.

    By the correlation id, so that a transaction which begins again is decided as it was.
    """
    if context.debug is not None:
        return context
    return replace(context, debug=place(context.correlation_id) < rate())


def rate() -> float:
    """Which part of the transactions is sampled, 0 to 1; what is no such number counts as 0, and is told once."""
    path, found = os.environ.get(RATE_PATH), os.environ.get(RATE, "0")
    with guarded("sampling"):
        if path:
            from watchpost_client import config  # noqa: PLC0415  # only who wants it pays for it

            found = config.get(path, default=found)
        return _checked(found)
    return 0.0


def _checked(found: str) -> float:
    number = float(found)
    if not 0 <= number <= 1:
        raise ValueError("a rate is 0 to 1")
    return number


def place(correlation_id: str) -> float:
    """Where an id stands, from 0 to below 1, always the same for the same id."""
    return int.from_bytes(hashlib.sha256(correlation_id.encode()).digest()[:_BYTES], "big") / 256.0**_BYTES
