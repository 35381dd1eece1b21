"""The tables of the capacity calculation, in Markdown: the same on a terminal and in docs/capacity.md."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks import capacity_limits as limits
from benchmarks.capacity import GB, TB, Inputs, direct, replay_hours, storage, stream, traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

VOLUMES = (10 * GB, 100 * GB, TB, 10 * TB)
BATCHES = (20.0, 100.0, 1_000.0)  # lines of a batch: what nobody knows beforehand


def volume(value: float) -> str:
    """Bytes a day as people say them."""
    if math.isinf(value):
        return "never"
    return f"{number(value / TB)} TB" if value >= TB else f"{number(value / GB)} GB"


def number(value: float) -> str:
    """A figure with two digits that count, or whole."""
    if value >= 10 or value == 0:
        return f"{value:,.0f}"
    return f"{value:.2g}" if value < 1 else f"{value:.1f}".removesuffix(".0")


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are figures."""
    widths = [max(len(row[place]) for row in (headings, *rows)) for place in range(len(headings))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if not place else cell.rjust(width) for place, (cell, width) in _placed(cells, widths)
        ]
        return f"| {' | '.join(padded)} |"

    ruler = "|".join(
        ("-" * (width + 2)) if not place else f"{'-' * (width + 1)}:" for place, width in enumerate(widths)
    )
    return "\n".join([line(headings), f"|{ruler}|", *map(line, rows)])


def _placed(cells: Sequence[str], widths: Sequence[int]) -> list[tuple[int, tuple[str, int]]]:
    return list(enumerate(zip(cells, widths, strict=True)))


def demands(inputs: Inputs) -> str:
    """What volumes ask for."""
    headings = ["a day", *map(volume, VOLUMES)]
    rows: list[tuple[str, Callable[[float], float]]] = [
        ("lines a second, average", lambda one: traffic(one, inputs).lines),
        ("lines a second, busiest hour", lambda one: traffic(one, inputs).peak_lines),
        ("direct: invocations a second, busiest hour", lambda one: direct(one, inputs).peak_invocations),
        ("direct: concurrency, average", lambda one: direct(one, inputs).concurrency),
        ("direct: concurrency, busiest hour", lambda one: direct(one, inputs).peak_concurrency),
        ("direct: hours to replay an hour's outage", lambda one: replay_hours(one, inputs)),
        ("kinesis: shards", lambda one: stream(one, inputs).shards),
        ("kinesis: lines of an invocation, busiest hour", lambda one: stream(one, inputs).lines),
        ("kinesis: concurrency, busiest hour", lambda one: stream(one, inputs).peak_concurrency),
        ("documents a second, busiest hour", lambda one: storage(one, inputs).peak_documents),
        ("write shards of application lines", lambda one: storage(one, inputs).write_shards),
        ("GB a day on disk, with a replica", lambda one: storage(one, inputs).gb_a_day),
        (f"GB of {inputs.retention_days} days", lambda one: storage(one, inputs).gb),
        (f"shards of {inputs.retention_days} days", lambda one: storage(one, inputs).shards),
    ]
    return table(headings, [[name, *(number(value(one)) for one in VOLUMES)] for name, value in rows])


def money(inputs: Inputs) -> str:
    """USD a month by item."""
    rows = []
    for way in (limits.DIRECT, limits.KINESIS):
        columns = [limits.costs(one, way, inputs) for one in VOLUMES]
        rows += [[f"{way}: {item}", *(number(column[item]) for column in columns)] for item in columns[0]]
        rows.append([f"**{way}: all**", *(f"**{number(sum(column.values()))}**" for column in columns)])
    rows.append(
        [
            "stream on demand, in place of shards and records",
            *(number(limits.on_demand(one, inputs)) for one in VOLUMES),
        ]
    )
    rows.append(
        [
            "CloudWatch Logs for the lines themselves, in any case",
            *(number(limits.ingestion(one, inputs)) for one in VOLUMES),
        ]
    )
    return table(["USD a month", *map(volume, VOLUMES)], rows)


def met(way: str, inputs: Inputs) -> str:
    """The limits of a way, the first one first, at 1 TB a day."""
    rows = []
    for at, limit in limits.first_met(way, inputs):
        value = limit.value(TB, inputs)
        headroom = f"{number(limit.most / value)} x" if value else "-"
        rows.append(
            [
                limit.name,
                f"{number(value)} of {number(limit.most)} {limit.unit}",
                headroom,
                volume(at),
                limit.source,
                limit.remedy,
            ]
        )
    return table([f"{way}: limit", "at 1 TB a day", "headroom", "met at", "whose", "then"], rows)


def by_batch(inputs: Inputs) -> str:
    """Which limit is met first, by how many lines come in a batch."""
    rows = []
    for lines in BATCHES:
        changed = replace(inputs, lines_per_batch=lines)
        cells = [f"{number(lines)} lines"]
        for way in (limits.DIRECT, limits.KINESIS):
            found = [(at, one) for at, one in limits.first_met(way, changed) if one.way == way]
            cells.append(f"{found[0][1].name}, {volume(found[0][0])}")
            cells.append(number(sum(limits.costs(TB, way, changed).values())))
        rows.append(cells)
    return table(["a batch of", "direct: first met", "USD at 1 TB", "kinesis: first met", "USD at 1 TB"], rows)


def document(inputs: Inputs) -> str:
    """All tables, as they are printed and as they stand in the docs."""
    parts = [demands(inputs), money(inputs), met(limits.DIRECT, inputs), met(limits.KINESIS, inputs), by_batch(inputs)]
    return "\n\n".join(parts)
