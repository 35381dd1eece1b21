"""The fault matrix as a table in pytest's summary."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

HEADINGS = ("fault", "delivery", "retries", "letters", "replayed", "documents", "metric sums", "verdict")
ROWS = pytest.StashKey[list["Row"]]()


@dataclass(frozen=True)
class Row:
    """One case: what was broken, what it took, and what was found of what was expected."""

    fault: str
    delivery: str
    retries: int  # invocations that Lambda repeated
    letters: int  # dead letters before the replay
    replayed: int  # of those, how many a replay delivered
    documents: str  # found/expected
    sums: str  # sum over all metrics, found/expected
    verdict: str


def table(rows: Iterable[Row]) -> list[str]:
    """The rows as lines of text, with a heading."""
    cells = [HEADINGS, *(tuple(map(str, astuple(row))) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]
