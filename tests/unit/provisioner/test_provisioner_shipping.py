"""What shipping costs: shared out by lines, at list prices, as if a month were like the time that is looked at."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner import cost, prices
from provisioner.shipping import UNCOUNTED, Function, Measured, Stream, Used, bill

MONTH = 730.0
# A million invocations of half a second with 512 MB on arm64, and as many calls of PutMetricData.
SHIPPER = Function("shipper", 1e6, 5e8, 512, "arm64")
SHIPPER_USD = 0.20 + 5e8 / 1000 * 0.5 * 0.0000133334
CALLS_USD = 10.0


def _measured(*services: Used, **fields: Any) -> Measured:
    return Measured(**({"hours": MONTH, "services": services, "functions": (SHIPPER,)} | fields))


def test_each_service_pays_its_share_of_the_lines_and_its_own_metrics() -> None:
    found = bill(_measured(Used("a", 300, metrics=2), Used("b", 100, metrics=5)))

    shared = SHIPPER_USD + CALLS_USD
    first, second = found.rows
    assert (first.used.service, first.share, second.share) == ("a", 0.75, 0.25)
    assert first.shipper == pytest.approx(0.75 * shared)
    assert second.total == pytest.approx(0.25 * shared + 1.5)


def test_a_part_of_a_month_is_taken_for_the_whole() -> None:
    day = bill(_measured(Used("a", 300, 1024**3, metrics=2), hours=MONTH / 10))

    assert day.rows[0].shipper == pytest.approx(10 * (SHIPPER_USD + CALLS_USD))
    assert day.rows[0].metrics == pytest.approx(0.6)  # metrics are paid for by the month
    assert day.ingestion == pytest.approx(10 * 0.5)


def test_without_metrics_nothing_is_published() -> None:
    found = bill(_measured(Used("a", 300)))

    assert found.rows[0].total == pytest.approx(SHIPPER_USD)


def test_what_no_service_has_lines_of_is_told_apart() -> None:
    found = bill(_measured(Used("a", 0, 5.0, metrics=2)))

    assert found.rows[0].shipper == 0
    assert dict(found.rest)[UNCOUNTED] == pytest.approx(SHIPPER_USD + CALLS_USD)


def test_an_account_in_which_nothing_happened_costs_what_is_fixed() -> None:
    found = bill(Measured(hours=1))

    assert found.rows == ()
    assert UNCOUNTED not in dict(found.rest)
    assert found.total == pytest.approx(1.8)


@pytest.mark.parametrize(
    ("stream", "usd"),
    [
        (Stream(None, 0), 29.2),
        (Stream(None, 10 * 1024**3), 29.2 + 1.2),
        (Stream(2, 10 * 1024**3), 21.9),
    ],
)
def test_a_stream_is_shared_out_with_the_shipper(stream: Stream, usd: float) -> None:
    found = bill(_measured(Used("a", 1), functions=(), stream=stream))

    assert found.rows[0].shipper == pytest.approx(usd)


def test_watchposts_own_is_no_services() -> None:
    other = Function("replay", 1e6, 1e6, 1024, "x86_64")
    own = {"own_metrics": 10, "own_bytes": 1024**3, "alarms": cost.Cost(10, 12, 1, 4)}

    found = bill(_measured(Used("a", 1), functions=(other,), **own))

    assert [round(usd, 4) for _, usd in found.rest] == [
        round(0.2 + 1000 * 0.0000166667, 4),
        3.0,
        0.5,
        round(1.2 + 0.5 + 3, 4),
        1.8,
    ]
    assert found.rows[0].total == 0


def test_the_price_of_a_function_follows_its_memory_and_its_processor() -> None:
    assert prices.of_function(1024, "arm64") == pytest.approx(0.0000133334 / 1000)
    assert prices.of_function(512, "x86_64") == pytest.approx(0.0000166667 / 2000)
    assert prices.of_function(512, "another") == prices.of_function(512, "x86_64")


COUNTS = st.floats(0, 1e15)
SERVICES = st.lists(
    st.builds(Used, st.text(max_size=5), COUNTS, COUNTS, COUNTS, st.integers(0, 10**6)), max_size=5, unique_by=id
)


@given(SERVICES, st.floats(1 / 12, 455 * 24), st.sampled_from([None, Stream(None, 1e12), Stream(200, 1e12)]))
def test_whatever_was_counted_all_of_it_is_on_the_bill_once(
    services: list[Used], hours: float, stream: Stream | None
) -> None:
    measured = _measured(*services, hours=hours, stream=stream)

    found = bill(measured)

    assert len(found.rows) == len(services)
    calls = CALLS_USD if any(one.metrics for one in services) else 0.0
    times = MONTH / hours
    shared = (SHIPPER_USD + calls) * times + (stream.month(times) if stream else 0)
    metrics = 0.3 * sum(one.metrics for one in services)
    assert found.total == pytest.approx(shared + metrics + 1.8)
    assert all(math.isfinite(row.total) and row.total >= 0 for row in found.rows)
    assert [row.total for row in found.rows] == sorted((row.total for row in found.rows), reverse=True)
