"""The fault matrix as a table in pytest's summary."""

from __future__ import annotations

from dataclasses import astuple, dataclass

HEADINGS = ("fault", "delivery", "retries", "letters", "replayed", "documents", "metric sums", "verdict")


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


def cells(row: Row) -> list[str]:
    """The row as text."""
    return [str(each) for each in astuple(row)]
