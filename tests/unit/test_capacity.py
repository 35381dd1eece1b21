"""The capacity calculation: what grows grows, limits are met where it says, and the docs show what it prints."""

from __future__ import annotations

import json
import math
import re
import statistics
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shipper import deliver

from benchmarks import capacity, capacity_limits, capacity_report, payloads
from benchmarks.capacity import GB, TB, Inputs, direct, storage, stream, traffic
from benchmarks.capacity_limits import BOTH, DIRECT, KINESIS, LIMITS
from tests.unit.template import number

if TYPE_CHECKING:
    from benchmarks.capacity_limits import Limit

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "capacity.md").read_text()
VOLUMES = st.floats(1e6, 1e15)
INPUTS = st.builds(
    Inputs,
    lines_per_batch=st.floats(1, 5_000),
    peak=st.floats(1, 3.6),
    compression=st.floats(2, 30),
    bulk_ms=st.floats(1, 500),
)


def test_the_docs_show_what_the_program_prints() -> None:
    """Replace what stands between the two comments in docs/capacity.md by the output of `make capacity`."""
    found = re.search(r"<!-- tables -->\n(.*)\n<!-- /tables -->", DOCS, re.DOTALL)

    assert found
    assert found[1].strip() == capacity_report.document(Inputs())


def test_the_docs_say_in_words_what_the_tables_say() -> None:
    met = {limit.name: at for at, limit in capacity_limits.first_met(DIRECT, Inputs())}
    ends = [at for at, limit in capacity_limits.first_met(KINESIS, Inputs()) if limit.way == KINESIS]
    prices = [sum(capacity_limits.costs(TB, way, Inputs()).values()) for way in (DIRECT, KINESIS)]

    assert met["replay of an hour's outage"] == pytest.approx(280 * GB, rel=0.05)
    assert met["PutMetricData"] == pytest.approx(460 * GB, rel=0.05)
    assert met["one write shard for application lines"] == pytest.approx(130 * GB, rel=0.05)
    assert min(ends) > 20 * TB
    assert stream(TB, Inputs()).shards == 9
    assert prices[0] / prices[1] == pytest.approx(7, rel=0.1)


def test_the_inputs_are_those_of_the_product() -> None:
    lines = [payloads.line(place, 1_795_000_000_000) for place in range(2_000)]

    assert statistics.fmean(map(len, lines)) == pytest.approx(Inputs().line_bytes, rel=0.01)
    assert number("ShipperFunction", "MemorySize") == Inputs().memory_mb
    assert number("StreamMapping", "BatchSize") == capacity.BATCH_RECORDS
    assert number("StreamMapping", "MaximumBatchingWindowInSeconds") == capacity.WINDOW
    assert deliver.AWAY_TIMEOUT == capacity.AWAY


@given(peak=st.floats(1, 3.6))
def test_a_day_has_its_average_and_its_peak(peak: float) -> None:
    day = capacity.shape(peak)

    assert (len(day), max(day)) == (24, pytest.approx(peak))
    assert statistics.fmean(day) == pytest.approx(1)
    assert min(day) > 0


@pytest.mark.parametrize("peak", [0.99, 3.61, float("nan")])
def test_a_day_that_cannot_be_is_refused(peak: float) -> None:
    with pytest.raises(ValueError, match=r"expected 1 to 3\.6"):
        capacity.shape(peak)


@given(few=st.floats(0, 1e5), more=st.floats(0, 1e5), inputs=INPUTS)
def test_more_lines_take_longer(few: float, more: float, inputs: Inputs) -> None:
    assert capacity.seconds(few, inputs) <= capacity.seconds(few + more, inputs) * (1 + 1e-9)


@given(volume=VOLUMES, factor=st.floats(1, 1_000), inputs=INPUTS, limit=st.sampled_from(LIMITS))
def test_whatever_has_a_limit_grows_with_the_volume(volume: float, factor: float, inputs: Inputs, limit: Limit) -> None:
    assert limit.value(volume, inputs) <= limit.value(volume * factor, inputs) * (1 + 1e-9)


@given(volume=VOLUMES, factor=st.floats(1, 1_000), way=st.sampled_from([DIRECT, KINESIS]))
def test_more_costs_no_less(volume: float, factor: float, way: str) -> None:
    less, more = (sum(capacity_limits.costs(one, way, Inputs()).values()) for one in (volume, volume * factor))

    assert less <= more * (1 + 1e-9)


@given(inputs=INPUTS, limit=st.sampled_from(LIMITS))
def test_a_limit_is_kept_right_below_where_it_is_met_and_broken_right_above(inputs: Inputs, limit: Limit) -> None:
    at = limit.met_at(inputs)

    assert math.isfinite(at)
    assert limit.value(at * 0.999, inputs) <= limit.most
    assert limit.value(at * 1.001 + 1, inputs) > limit.most * (1 - 1e-9)


@given(volume=VOLUMES, inputs=INPUTS)
def test_the_shards_take_the_bytes_the_records_and_the_lines(volume: float, inputs: Inputs) -> None:
    found, load = traffic(volume, inputs), stream(volume, inputs)

    assert load.shards * capacity.SHARD_BYTES >= found.peak_lines * found.wire_bytes * (1 - 1e-9)
    assert load.shards * capacity.SHARD_RECORDS >= found.batches * (1 - 1e-9)
    assert load.peak_concurrency <= load.shards
    assert load.lines <= capacity.BATCH_RECORDS * inputs.lines_per_batch * (1 + 1e-9)


@given(volume=VOLUMES, inputs=INPUTS)
def test_concurrency_is_invocations_times_their_duration(volume: float, inputs: Inputs) -> None:
    load = direct(volume, inputs)

    assert load.peak_concurrency == pytest.approx(load.peak_invocations * load.duration)
    assert load.peak_concurrency == pytest.approx(load.concurrency * inputs.peak)
    assert load.invocations * inputs.lines_per_batch == pytest.approx(volume / inputs.line_bytes)


def test_a_replica_and_a_longer_retention_ask_for_more_disk() -> None:
    alone, usual = storage(TB, replace(Inputs(), replicas=0)), storage(TB, Inputs())

    assert usual.gb == pytest.approx(alone.gb * 2)
    assert storage(TB, replace(Inputs(), retention_days=60)).gb == pytest.approx(usual.gb * 2)
    assert usual.shards == alone.shards * 2


def test_limits_come_in_the_order_in_which_they_are_met_and_only_those_of_the_way() -> None:
    for way in (DIRECT, KINESIS):
        found = capacity_limits.first_met(way, Inputs())
        assert [at for at, _ in found] == sorted(at for at, _ in found)
        assert {limit.way for _, limit in found} == {way, BOTH}


def test_the_speed_that_was_measured_is_taken(tmp_path: Path) -> None:
    report = tmp_path / "shipper.json"
    report.write_text(json.dumps({"warm_ms": {"1": 0.5, "50": 1.0, "2000": 20.5, "8000": 90.0}}))

    found = capacity.measured(report, Inputs())

    assert (found.line_us, found.fixed_ms) == (pytest.approx(10.0), pytest.approx(0.5))


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.216, "0.22"), (1.0, "1"), (9.94, "9.9"), (10.4, "10"), (107_833.2, "107,833")],
)
def test_figures_are_shown_with_the_digits_that_count(value: float, text: str) -> None:
    assert capacity_report.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(134 * GB, "134 GB"), (TB, "1 TB"), (2.34 * TB, "2.3 TB"), (math.inf, "never")]
)
def test_volumes_are_shown_as_people_say_them(value: float, text: str) -> None:
    assert capacity_report.volume(value) == text
