"""What a sweep of a large account asked for, as a table in pytest's summary."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from watchpost.calls import Calls

HEADINGS = ("operation", "calls", "throttled", "retried", "calls/s", "quota/s")


@dataclass(frozen=True)
class Swept:
    """One sweep, over all its invocations."""

    groups: int
    invocations: int
    seconds: float  # of virtual time, from the first call to the last, the pauses between invocations included
    calls: Mapping[str, int]  # by operation
    throttled: Mapping[str, int]
    retried: Mapping[str, int]
    quotas: Mapping[str, float]  # calls a second, as documented

    @classmethod
    def of(cls, groups: int, seconds: float, invocations: Iterable[Calls], quotas: Mapping[str, float]) -> Swept:
        """Add up what the invocations counted."""
        calls: Counter[str] = Counter()
        throttled: Counter[str] = Counter()
        retried: Counter[str] = Counter()
        count = 0
        for invocation in invocations:
            count += 1
            for operation, stats in invocation.stats.items():
                calls[operation] += stats.calls
                throttled[operation] += stats.throttled
                retried[operation] += stats.retried
        return cls(groups, count, seconds, calls, throttled, retried, quotas)

    def lines(self) -> list[str]:
        """The table with a heading and a sum."""
        rows = [
            (
                *(operation, f"{self.calls[operation]:,}"),
                *(f"{self.throttled[operation]:,}", f"{self.retried[operation]:,}"),
                *(f"{self.calls[operation] / self.seconds:.2f}", f"{self.quotas[operation]:g}"),
            )
            for operation in sorted(self.calls)
        ]
        sums = (sum(part.values()) for part in (self.calls, self.throttled, self.retried))
        cells = [HEADINGS, *rows, ("all", *(f"{number:,}" for number in sums), "", "")]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        table = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
        ]
        title = f"{self.groups:,} log groups in {self.invocations} invocations and {self.seconds:,.0f} virtual seconds"
        return [title, "", table[0], "  ".join("-" * width for width in widths), *table[1:]]
