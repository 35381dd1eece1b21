"""A transaction is drawn so that order, callers, times and gaps can be seen."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console
from watchpost.search.documents import Document, Page
from watchpost.search.ids import Ids
from watchpost.search.transaction import Transaction, made
from watchpost_cli.logs import tree
from watchpost_cli.terminal import console

BEGAN = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def line(ms: int, service: str = "a", request: str | None = "r", **more: Any) -> Document:
    at = (BEGAN + timedelta(milliseconds=ms)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    source = {
        "@timestamp": at,
        "message": f"at {ms}",
        "service": {"name": service},
        "faas": {"execution": request and f"{service}-{request}", "name": service},
        "aws": {"cloudwatch": {"log_group": service, "log_stream": "s"}},
    }
    return Document(f"{service}{ms}", "i", source | more)


def transaction(*documents: Document) -> Transaction:
    return made("c-1", Ids.of("c-1").led_on(documents), Page(documents, len(documents)))


def drawn(*documents: Document, full: bool = False) -> list[str]:
    stream = io.StringIO()
    console(stream).print(tree.tree(transaction(*documents), full=full), soft_wrap=False)
    return [row.rstrip() for row in stream.getvalue().splitlines()]


def test_what_was_called_stands_in_the_midst_of_its_callers_lines() -> None:
    assert drawn(line(0), line(30), line(10, "b"), line(20, "b"), line(15, "c"), line(12, "d"), line(18, "d")) == [
        "c-1  2026-11-21 08:00:00.000 UTC  30 ms  7 lines, 4 services",
        "└── a  +0 ms  lines over 30 ms  a-r",
        "    ├──     +0 ms         at 0",
        "    ├── b  +10 ms  lines over 10 ms  b-r",
        "    │   ├──    +10 ms         at 10",
        "    │   ├── d  +12 ms  lines over 6 ms  d-r",
        "    │   │   ├──    +12 ms         at 12",
        "    │   │   ├── c  +15 ms  lines over 0 ms  c-r",
        "    │   │   │   └──    +15 ms         at 15",
        "    │   │   └──    +18 ms         at 18",
        "    │   └──    +20 ms         at 20",
        "    └──    +30 ms         at 30",
    ]


@pytest.mark.parametrize(("pause", "is_shown"), [(499, False), (500, True)])
def test_a_gap_is_shown_from_half_a_second_on(pause: int, *, is_shown: bool) -> None:
    within, between = drawn(line(0), line(pause)), drawn(line(0), line(pause, "b"))

    for rows in (within, between):
        assert any(f"{pause} ms without a line" in row for row in rows) is is_shown


def test_time_in_which_others_ran_is_no_gap() -> None:
    rows = drawn(line(0), line(1_000), *(line(at, "b") for at in range(100, 1_000, 100)))

    assert not any("without" in row for row in rows)


def test_the_time_before_a_report_is_a_gap_though_the_report_is_in_the_head() -> None:
    report = {"event": {"dataset": "watchpost.platform", "action": "report"}}

    rows = drawn(line(0), line(3_000, message="REPORT", **report))

    assert rows[-1].endswith("3,000 ms without a line")
    assert not any("REPORT" in row for row in rows)
    assert any("REPORT" in row for row in drawn(line(0), line(3_000, message="REPORT", **report), full=True))


def test_the_head_tells_failures_cold_starts_memory_and_attempts() -> None:
    told = {"max_memory_used_mb": 90, "memory_size_mb": 128, "duration_ms": 1_234.4, "init_duration_ms": 99.6}
    report = line(
        2_000,
        faas={"execution": "a-r", "name": "other-name", "coldstart": True},
        event={"dataset": "watchpost.platform", "action": "report"},
        aws={"cloudwatch": {"log_group": "a", "log_stream": "s"}, "lambda": {"metrics": told, "status": "time\x1bout"}},
    )

    rows = drawn(report, line(60_000, log={"level": "error"}))

    assert rows[0] == "c-1  2026-11-21 08:00:02.000 UTC  58,000 ms  2 lines, 1 service, 1 error"
    head = r"├── a  -1,235 ms  1,234 ms  cold start 100 ms  90 of 128 MB  time\x1bout  other-name a-r"
    assert rows[1] == head
    assert any("attempt 2" in row for row in rows)


def test_lines_without_a_request_are_named_by_their_stream() -> None:
    assert drawn(line(0, request=None))[1] == "└── a  +0 ms  lines over 0 ms  a s"


def test_errors_are_highlighted_on_a_terminal_and_nowhere_else() -> None:
    failing = transaction(line(0), line(1, "b", log={"level": "error"}, message="boom"))
    streams = io.StringIO(), io.StringIO()
    Console(file=streams[0], force_terminal=True, color_system="standard", width=200, _environ={}).print(
        tree.tree(failing)
    )
    console(streams[1]).print(tree.tree(failing))

    coloured, plain = (stream.getvalue() for stream in streams)
    for highlighted in ("b", "ERROR", "boom"):
        assert f"\x1b[1;31m{highlighted}\x1b[0m" in coloured
    assert "\x1b" not in plain


def test_machines_get_who_called_whom_and_every_line() -> None:
    record = tree.record(transaction(line(0), line(30), line(10, "b")))

    api, called = record["invocations"]
    assert (api["calledBy"], called["calledBy"], called["began"]) == (None, 0, "2026-11-21T08:00:00.010Z")
    assert [one["offsetMs"] for one in api["lines"]] == [0, 30]
    assert (api["durationMs"], api["coldStart"], api["status"], api["errors"]) == (None, False, None, 0)
    assert (record["began"], record["ended"], record["shown"]) == (
        "2026-11-21T08:00:00.000Z",
        "2026-11-21T08:00:00.030Z",
        3,
    )


def test_nothing_is_told_as_nothing() -> None:
    record = tree.record(transaction())

    assert (record["began"], record["invocations"], record["services"]) == (None, [], [])


def test_a_transaction_of_very_many_invocations_is_drawn() -> None:
    """Nested without end they would exhaust the stack, and compared with each other the patience."""
    begun = [line(n, f"s{n}") for n in range(3_000)]
    ended = [line(10_000 - n, f"s{n}") for n in range(3_000)]

    rows = drawn(*begun, *ended)

    assert sum(" without " not in row for row in rows) == 1 + 3 * 3_000


@pytest.mark.parametrize("width", [40, 60, 120])
def test_a_long_word_begins_beside_its_level_and_goes_on_below_itself(width: int) -> None:
    stream = io.StringIO()
    one = line(0, message="x" * 300, log={"level": "error"})

    Console(file=stream, width=width, markup=False).print(tree.tree(transaction(one)))

    rows = [row.rstrip() for row in stream.getvalue().splitlines() if "xx" in row]
    head = "    └──     +0 ms  ERROR  "
    assert rows[0] == head + "x" * (width - len(head))
    assert {row.count("x") for row in rows[1:-1]} <= {width - len(head)}
    assert all(row.index("x") == len(head) for row in rows)
    assert sum(row.count("x") for row in rows) == 300


@pytest.mark.parametrize(("room", "is_beside"), [(10, True), (9, False)])
def test_where_hardly_anything_fits_beside_its_level_a_message_has_the_whole_row(room: int, *, is_beside: bool) -> None:
    stream = io.StringIO()
    head = "    └──     +0 ms         "

    output = Console(file=stream, width=len(head) + room, markup=False)
    output.print(tree.tree(transaction(line(0, message="x" * 30))))

    rows = [row.rstrip() for row in stream.getvalue().splitlines() if "xx" in row]
    assert rows[0].startswith(head + "x") is is_beside
    assert sum(row.count("x") for row in rows) == 30
