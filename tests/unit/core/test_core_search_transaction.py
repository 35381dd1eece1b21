"""The lines of a transaction become invocations, in the order in which they ran, below who called them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost.search.documents import Document, Page
from watchpost.search.ids import Ids
from watchpost.search.transaction import DEEPEST, Transaction, made

if TYPE_CHECKING:
    from collections.abc import Sequence

BEGAN = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
NUMBER = itertools.count()


def line(ms: int, service: str = "a", request: str | None = None, *, stream: str = "s", **more: Any) -> Document:
    at = (BEGAN + timedelta(milliseconds=ms)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    source: dict[str, Any] = {
        "@timestamp": at,
        "message": f"{service} {ms}",
        "service": {"name": service},
        "faas": {"execution": request, "name": service},
        "aws": {"cloudwatch": {"log_group": f"/aws/lambda/{service}", "log_stream": stream}},
        "event": {"dataset": "watchpost.app"},
    }
    return Document(f"{next(NUMBER)}", "i", source | more)


def platform(ms: int, action: str, service: str = "a", request: str | None = None, **metrics: Any) -> Document:
    one = line(ms, service, request, stream=metrics.pop("stream", "s"))
    aws = dict(one.source["aws"]) | {"lambda": {"metrics": metrics, "status": metrics.pop("status", None)}}
    return Document(
        one.id, "i", {**one.source, "event": {"dataset": "watchpost.platform", "action": action}, "aws": aws}
    )


def put_together(*documents: Document, others: int = 0) -> Transaction:
    return made("c", Ids.of("c").led_on(documents), Page(documents, len(documents)), others)


def tree(found: Transaction) -> list[tuple[str, str | None]]:
    """Services in order, each with the one that called it."""
    all_of_them = found.invocations
    return [(one.service, None if one.parent is None else all_of_them[one.parent].service) for one in all_of_them]


def test_lines_of_one_request_are_one_invocation_whatever_the_order_they_come_in() -> None:
    found = put_together(line(30, "b", "r2"), line(20, "a", "r1"), line(10, "b", "r2"), line(0, "a", "r1"))

    assert [[one.message for one in each.documents] for each in found.invocations] == [
        ["a 0", "a 20"],
        ["b 10", "b 30"],
    ]
    assert [one.message for one in found.documents] == ["a 0", "b 10", "a 20", "b 30"]
    assert found.services == ("a", "b")


def test_lines_without_a_request_belong_to_their_stream() -> None:
    found = put_together(line(0, stream="x"), line(1, stream="y"), line(2, stream="x"))

    assert [(one.log_stream, len(one.documents), one.attempt) for one in found.invocations] == [
        ("x", 2, 1),
        ("y", 1, 1),
    ]


def test_start_comes_first_and_report_last_in_a_millisecond() -> None:
    found = put_together(
        platform(5, "report", request="r"), line(5, request="r"), platform(5, "end", request="r"),
        platform(5, "start", request="r"),
    )  # fmt: skip  # one line of the same millisecond after the other

    actions = [one.action or "line" for one in found.invocations[0].documents]
    assert actions == ["start", "line", "end", "report"]


def test_what_runs_while_another_runs_was_called_by_it() -> None:
    found = put_together(
        line(0, "api", "r1"), line(100, "api", "r1"),
        line(10, "worker", "r2"), line(90, "worker", "r2"),
        line(20, "bank", "r3"), line(30, "bank", "r3"),
        line(95, "mail", "r4"),
        line(100, "late", "r5"),
    )  # fmt: skip  # an invocation a row

    assert tree(found) == [
        ("api", None),
        ("worker", "api"),
        ("bank", "worker"),
        ("mail", "api"),
        ("late", None),  # nothing ran any more
    ]
    assert found.children(None) == (0, 4)
    assert found.children(0) == (1, 3)


def test_one_of_two_at_the_same_time_is_not_taken_for_the_others_caller() -> None:
    found = put_together(
        line(0, "api", "r1"), line(500, "api", "r1"),
        line(100, "left", "r2"), line(300, "left", "r2"),
        line(200, "right", "r3"), line(400, "right", "r3"),
    )  # fmt: skip  # an invocation a row

    assert tree(found) == [("api", None), ("left", "api"), ("right", "api")]


def test_what_outlives_all_that_ran_was_called_by_the_last_of_them() -> None:
    found = put_together(
        line(0, "api", "r1"), line(100, "api", "r1"), line(10, "b", "r2"), line(50, "b", "r2"),
        line(20, "c", "r3"), line(200, "c", "r3"),
    )  # fmt: skip  # one that a queue brought while its senders ran

    assert tree(found)[2] == ("c", "b")


@pytest.mark.parametrize("where", ["correlation", "app"])
def test_the_length_of_the_call_chain_says_who_called(where: str) -> None:
    def chained(ms: int, service: str, length: Any) -> Document:
        return line(ms, service, service, **{where: {"call-chain-length": length}})

    # Each ended before the next one began, and two were called by the first.
    found = put_together(
        chained(0, "api", 1), chained(100, "left", 2), chained(200, "right", "2"), chained(300, "bank", 3)
    )

    assert tree(found) == [("api", None), ("left", "api"), ("right", "api"), ("bank", "right")]


@pytest.mark.parametrize("length", ["one", "", -1, "999999", None, {}])
def test_a_chain_that_is_no_number_is_none(length: Any) -> None:
    found = put_together(line(0, "a", "r1"), line(9, "a", "r1"), line(5, "b", "r2", app={"call-chain-length": length}))

    assert found.invocations[1].chain is None
    assert tree(found) == [("a", None), ("b", "a")]


def test_an_invocation_began_when_its_report_says_so() -> None:
    """START lines are not shipped by default, and a caller may log nothing before it calls."""
    found = put_together(
        line(320, "worker", "r2"),
        line(330, "api", "r1"),
        platform(670, "report", "api", "r1", duration_ms=650.0),
        platform(650, "report", "worker", "r2", duration_ms=340.0),
    )

    assert tree(found) == [("api", None), ("worker", "api")]
    assert [one.began for one in found.invocations] == [
        BEGAN + timedelta(milliseconds=20),
        BEGAN + timedelta(milliseconds=310),
    ]


@pytest.mark.parametrize(("duration", "began"), [(1_000_000.0, -999_000), (1_000_000.1, 900), (-1.0, 900), (50.0, 900)])
def test_a_duration_that_cannot_be_is_not_believed(duration: float, began: int) -> None:
    found = put_together(line(900, "a", "r"), platform(1_000, "report", "a", "r", duration_ms=duration))

    assert found.invocations[0].began == BEGAN + timedelta(milliseconds=began)


def test_what_the_platform_measured_is_told() -> None:
    cold = line(0, request="r", faas={"execution": "r", "coldstart": True})
    report = platform(
        9, "report", request="r", duration_ms=8, init_duration_ms=400.5, max_memory_used_mb=90, memory_size_mb=128,
        status="timeout",
    )  # fmt: skip  # what a REPORT line has

    (one,) = put_together(cold, report).invocations

    assert (one.duration_ms, one.init_ms, one.memory_mb, one.is_cold) == (8, 400.5, (90, 128), True)
    assert (one.status, one.errors, one.function) == ("timeout", 0, "a")


def test_errors_and_failures_are_told() -> None:
    (one,) = put_together(
        line(0, request="r", log={"level": "error"}),
        line(1, request="r", log={"level": "fatal"}),
        line(2, request="r", log={"level": "warn"}, event={"outcome": "failure"}),
    ).invocations

    assert (one.errors, one.status) == (2, "failure")
    assert put_together(line(0)).invocations[0].status is None


def test_a_retry_is_an_invocation_of_its_own() -> None:
    on_the_same_stream = put_together(
        platform(0, "start", request="r"), line(1, request="r"), platform(2, "report", request="r"),
        platform(60_000, "start", request="r"), line(60_001, request="r"),
    )  # fmt: skip  # two attempts
    without_start = put_together(line(1, request="r"), platform(2, "report", request="r"), line(60_001, request="r"))
    elsewhere = put_together(line(1, request="r", stream="x"), line(60_001, request="r", stream="y"))

    for found in (on_the_same_stream, without_start, elsewhere):
        assert [one.attempt for one in found.invocations] == [1, 2]
        assert [one.parent for one in found.invocations] == [None, None]


def test_a_timeout_is_told_after_the_report_and_is_no_retry() -> None:
    found = put_together(
        line(1, request="r"), platform(3_000, "report", request="r"), platform(3_001, "timeout", request="r")
    )

    assert [one.attempt for one in found.invocations] == [1]


@pytest.mark.parametrize(("pause", "attempts"), [(4_999, 1), (5_000, 2)])
def test_so_long_after_a_report_a_line_is_of_a_retry(pause: int, attempts: int) -> None:
    found = put_together(platform(0, "report", request="r"), line(pause, request="r"))

    assert len(found.invocations) == attempts


def test_a_chain_of_calls_is_drawn_so_deep_and_no_deeper() -> None:
    chain = [line(n, f"s{n}", f"r{n}") for n in range(DEEPEST + 2)]
    ends = [line(1_000 - n, f"s{n}", f"r{n}") for n in range(DEEPEST + 2)]

    found = put_together(*chain, *ends)

    parents = [one.parent for one in found.invocations]
    assert parents[1:DEEPEST] == list(range(DEEPEST - 1))
    assert parents[DEEPEST] == parents[DEEPEST + 1] == DEEPEST - 2


def test_services_are_named_by_their_own_lines() -> None:
    own = line(1, "group", "r")
    renamed = Document(own.id, "i", {**own.source, "service": {"name": "orders"}})

    (one,) = put_together(platform(0, "start", "group", "r"), renamed).invocations

    assert one.service == "orders"


LINES = st.lists(
    st.tuples(
        st.integers(0, 50), st.sampled_from("abc"), st.sampled_from([None, "r1", "r2"]),
        st.sampled_from(["line", "start", "report", "end"]),
    ),
    max_size=30,
)  # fmt: skip  # what a line is


@given(LINES)
def test_no_line_is_lost_or_shown_twice_and_callers_come_first(
    lines: Sequence[tuple[int, str, str | None, str]],
) -> None:
    documents = [
        line(ms, service, request) if kind == "line" else platform(ms, kind, service, request)
        for ms, service, request, kind in lines
    ]

    found = put_together(*documents)

    assert sorted(one.id for one in found.documents) == sorted(one.id for one in documents)
    assert all(one.parent is None or one.parent < place for place, one in enumerate(found.invocations))
    assert [one.began for one in found.invocations] == sorted(one.began for one in found.invocations)


def test_no_lines_are_no_transaction() -> None:
    found = put_together()

    assert (found.invocations, found.documents, found.services) == ((), (), ())
