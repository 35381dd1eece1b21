"""What is made once and kept, but not without end: what lines and documents say is not in our hands.

The end is a number of values; that they are short is for the caller to see to.
"""

from __future__ import annotations

from typing import TypeVar

_K = TypeVar("_K")
_V = TypeVar("_V")

MOST = 1_000  # values


def keep(kept: dict[_K, _V], key: _K, value: _V, most: int = MOST) -> _V:
    """Keep a value under a key, in place of all others when there are too many; returns the value."""
    if len(kept) >= most:
        kept.clear()
    kept[key] = value
    return value
