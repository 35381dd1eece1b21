"""Groups of errors can be read in terminals of every width."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console
from watchpost.search.documents import Document, Page
from watchpost.search.groups import grouped
from watchpost_cli.logs import errortables
from watchpost_cli.logs.deployments import Service

MESSAGE = "the bank of the customer did not answer in time"
BEGAN = datetime(2026, 11, 21, 23, 59, 50, tzinfo=UTC)


def error(second: int, message: str = MESSAGE) -> Document:
    at = f"{BEGAN + timedelta(seconds=second):%Y-%m-%dT%H:%M:%S.000Z}"
    told = {"type": "ReadTimeout", "message": message}
    source = {"@timestamp": at, "service": {"name": "orders"}, "correlation": {"id": f"c-{second}"}, "error": told}
    return Document(str(second), "i", source)


def drawn(width: int, *documents: Document, is_new: bool = True) -> list[str]:
    stream = io.StringIO()
    output = Console(file=stream, width=width, markup=False, highlight=False, emoji=False, soft_wrap=True)
    groups = grouped(Page(documents, len(documents))).groups
    new = frozenset(one.key for one in groups) if is_new else frozenset()
    errortables.show(output, [(Service("orders", groups, new=new), groups)], 10, [])
    return [row.rstrip() for row in stream.getvalue().splitlines()]


def test_a_terminal_that_has_no_room_for_a_table_gets_blocks() -> None:
    assert drawn(89, error(0), error(9)) == [
        "orders  2 errors",
        "  NEW  2 times, 2026-11-21 23:59:50 to 23:59:59 UTC",
        f"  ReadTimeout: {MESSAGE}",
        "  [c-9]",
        "",
    ]


def test_a_terminal_that_has_room_gets_a_table() -> None:
    rows = drawn(90, error(0), error(9))

    assert rows[1].split()[:3] == ["count", "first", "(UTC)"]
    assert rows[2].split()[:6] == ["NEW", "2", "2026-11-21", "23:59:50", "2026-11-21", "23:59:59"]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        ((0,), "  1 time, 2026-11-21 23:59:50 UTC"),
        ((0, 9), "  2 times, 2026-11-21 23:59:50 to 23:59:59 UTC"),
        ((0, 10), "  2 times, 2026-11-21 23:59:50 to 2026-11-22 00:00:00 UTC"),
    ],
)
def test_a_block_tells_a_time_no_longer_than_it_must(seconds: tuple[int, ...], told: str) -> None:
    assert drawn(80, *map(error, seconds), is_new=False)[1] == told


@pytest.mark.parametrize("width", [30, 40, 60, 80, 89, 90, 100, 200])
def test_no_width_loses_anything_of_what_an_error_says(width: int) -> None:
    word = "/orders/" + "x" * 150
    rows = drawn(width, error(0, word), error(1), error(2))

    assert max(map(len, rows)) <= width
    text = "".join("".join(rows).split())
    assert all(part in text for part in ("ReadTimeout:", "[c-2]", "[c-0]", "NEW"))
    assert sum(row.count("x") for row in rows) == 150
