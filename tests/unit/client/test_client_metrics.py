"""Metrics become lines that the shipper reads as what was measured; they never break the service."""

from __future__ import annotations

import asyncio
import math
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.metrics import MetricUnit
from hypothesis import given
from hypothesis import strategies as st
from shipper.formats.metric_line import recognise
from watchpost_client import metric_lines, metrics

from .conftest import vectors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shipper.line import Line

AT = 1_795_248_000.0  # seconds since the epoch


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """What was written so far, as the shipper reads it."""

    def read() -> list[Line]:
        found = [recognise(line, None) for line in capsys.readouterr().out.splitlines()]
        assert all(found), "a line is no metric line"
        return [line for line in found if line]

    yield read
    metrics.flush()


@pytest.mark.parametrize("vector", vectors("metric-lines"))
def test_lines_are_as_the_conventions_say(vector: dict[str, Any]) -> None:
    measured = vector["measured"]
    of = metric_lines.series(measured["kind"], measured["name"], measured["tags"])

    line = metric_lines.line(measured["at"], float(measured["value"]), of).removesuffix("\n") if of else None

    assert line == vector["line"]


@given(
    st.sampled_from(["count", "latency", "gauge", "bytes", "Percent"]),
    st.text(max_size=300),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e100, max_value=1e100),
    st.dictionaries(st.text(max_size=20), st.one_of(st.text(max_size=20), st.integers(), st.none()), max_size=5),
)
def test_the_shipper_reads_what_was_measured(kind: str, name: str, value: float, tags: dict[str, Any]) -> None:
    """Whatever names, tags and values a service makes up."""
    of = metric_lines.series(kind, name, tags)
    if of is None:
        return
    written = metric_lines.line(AT, value, of)

    assert written.endswith("\n")
    assert len(written.splitlines()) == 1
    read = recognise(written, None)
    assert read is not None
    assert read.metric is not None, written
    assert (read.metric.name, read.metric.value, read.metric.time_ms) == (of.name, value, AT * 1000)
    # A tag without a value reads as one that is there.
    assert (read.labels or {}) == dict(of.tags)


def test_outside_an_invocation_a_metric_is_written_at_once(lines: Any) -> None:
    metrics.count("orders", channel="web")
    metrics.timing("charge", 27.4)
    metrics.gauge("queue", 12)

    found = lines()
    assert [(line.metric.name, line.metric.type, line.metric.value) for line in found] == [
        ("orders", "count", 1.0),
        ("charge", "latency", 27.4),
        ("queue", "gauge", 12.0),
    ]
    assert found[0].labels == {"channel": "web"}


def test_within_an_invocation_counts_are_summed_and_written_at_its_end(lines: Any) -> None:
    # given an invocation that counts a lot
    metrics.begin()
    for number in range(500):
        metrics.count("orders", channel=("web", "app")[number % 2])
    metrics.count("orders", 2.5)
    metrics.timing("charge", 1)
    metrics.timing("charge", 1)
    assert lines() == []

    # when it ends
    metrics.end()

    # then each count is one line with its sum, and each timing a line of its own
    every = lines()
    found = {(line.metric.name, tuple((line.labels or {}).items())): line.metric.value for line in every}
    assert len(every) == 5
    assert found["orders", (("channel", "web"),)] == 250
    assert found["orders", (("channel", "app"),)] == 250
    assert found["orders", ()] == 2.5


@pytest.mark.parametrize(("waiting", "written"), [(metrics.MOST_WAITING - 1, 0), (metrics.MOST_WAITING, 1)])
def test_so_many_lines_wait_and_no_more(lines: Any, waiting: int, written: int) -> None:
    """Memory stays bounded, and nothing is lost."""
    metrics.begin()
    for _ in range(waiting):
        metrics.gauge("queue", 1)

    early = len(lines())
    metrics.end()

    assert early == waiting * written
    assert early + len(lines()) == waiting


def test_threads_count_together_and_lose_nothing(lines: Any) -> None:
    metrics.begin()
    start = threading.Barrier(8)

    def work(_: int) -> None:
        start.wait()
        for _ in range(200):
            metrics.count("orders")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    metrics.end()

    assert [line.metric.value for line in lines()] == [1_600]


def test_a_block_a_function_and_a_coroutine_function_are_timed_also_when_they_raise(lines: Any) -> None:
    @metrics.timer("function", kind="sync")
    def fails() -> None:
        raise KeyError("mine")

    @metrics.timer("coroutine")
    async def gives(value: int) -> int:
        await asyncio.sleep(0)
        return value

    with metrics.timer("block"):
        pass
    with pytest.raises(KeyError, match="mine"):
        fails()

    async def both() -> list[int]:
        return await asyncio.gather(gives(1), gives(2))

    assert asyncio.run(both()) == [1, 2]
    found = lines()
    assert [line.metric.name for line in found] == ["block", "function", "coroutine", "coroutine"]
    assert all(line.metric.value >= 0 and line.metric.unit == "Milliseconds" for line in found)
    assert found[1].labels == {"kind": "sync"}
    assert fails.__name__ == "fails"


@pytest.mark.parametrize("value", [math.nan, math.inf, "7", None, True, 2.0**361, 10**400])
def test_what_is_no_number_is_told_once_and_breaks_nothing(capsys: pytest.CaptureFixture[str], value: Any) -> None:
    for _ in range(3):
        metrics.count("orders", value)

    told = capsys.readouterr().out
    assert told.count("watchpost-client-failures") == 1
    assert "|orders" not in told


def test_a_closed_standard_output_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed:
        def write(self, _: str) -> None:
            raise ValueError("I/O operation on closed file")

        def flush(self) -> None:
            raise AssertionError

    monkeypatch.setattr("sys.stdout", Closed())

    metrics.count("orders")


def test_powertools_metrics_write_lines_through_the_provider(lines: Any) -> None:
    # given a function that uses Powertools' decorator with our provider
    provider = metrics.MetricsProvider(default_tags={"channel": "web"})

    @provider.log_metrics(capture_cold_start_metric=True)
    def handler(_event: Any, _context: Any) -> str:
        provider.add_metric("orders", unit=MetricUnit.Count, value=2, shop="a")
        provider.add_metric("charge", unit=MetricUnit.Milliseconds, value=27.4)
        provider.add_metric("upload", unit="Bytes/Second", value=5)
        assert len(provider.serialize_metric_set()) == 3
        return "done"

    # when it runs
    answer = handler({}, SimpleNamespace(function_name="orders-api"))

    # then its metrics are lines, and nothing waits any more
    assert answer == "done"
    found = {line.metric.name: line for line in lines()}
    assert (found["orders"].metric.unit, found["orders"].metric.value) == ("Count", 2.0)
    assert found["orders"].labels == {"channel": "web", "shop": "a"}
    assert (found["charge"].metric.unit, found["upload"].metric.unit) == ("Milliseconds", "Bytes/Second")
    assert found["ColdStart"].labels == {"channel": "web", "function_name": "orders-api"}
    assert provider.serialize_metric_set() == []
