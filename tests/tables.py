"""Tables that tests make, for pytest's summary: they travel with a test's report, from whichever process it ran in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pytest

_MARK = "table: "


def add(
    request: pytest.FixtureRequest, title: str, rows: Iterable[Sequence[str]], headings: Sequence[str] = ()
) -> None:
    """Have rows shown in the table of a title, below its headings; without headings a row is a line of text.

    Rows of several tests come into one table, in the order of the tests' names.
    """
    request.node.user_properties.append((_MARK + title, [list(headings), [list(row) for row in rows]]))


def printed(stats: Mapping[str, Sequence[Any]]) -> list[tuple[str, list[str]]]:
    """Titles and lines of all tables; stats: pytest's reports by their outcome."""
    reports = [report for found in stats.values() for report in found if getattr(report, "when", "") == "teardown"]
    tables: dict[str, tuple[list[str], list[list[str]]]] = {}
    for report in sorted(reports, key=lambda each: each.nodeid):
        for name, value in report.user_properties:
            if name.startswith(_MARK):
                headings, rows = value
                tables.setdefault(name.removeprefix(_MARK), (headings, []))[1].extend(rows)
    return [(title, _lines(headings, rows)) for title, (headings, rows) in tables.items()]


def _lines(headings: list[str], rows: list[list[str]]) -> list[str]:
    if not headings:
        return [cell for row in rows for cell in row]
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (headings, *rows)
    ]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]
