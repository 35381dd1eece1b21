"""`watchpost cost`: which time is looked at, and what is printed of a bill."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.shipping import Bill, Row, Used
from rich.console import Console
from watchpost_cli.cost_command import _print, _sentences
from watchpost_cli.cost_reading import Span, span
from watchpost_cli.errors import CliError

NOW = datetime(2026, 11, 21, 12, 34, 56, tzinfo=UTC)
DAY = timedelta(days=1)
MONTH = Span(NOW - 30 * DAY, NOW, 86_400)


@pytest.mark.parametrize(
    ("ago", "period"),
    [
        (timedelta(minutes=5), 300),
        (timedelta(hours=6), 300),
        (timedelta(hours=6, seconds=1), 3600),
        (15 * DAY, 3600),
        (15 * DAY + timedelta(seconds=1), 86_400),
        (455 * DAY, 86_400),
    ],
)
def test_periods_are_those_that_cloudwatch_still_has(ago: timedelta, period: int) -> None:
    assert span(NOW - ago, NOW).period == period


@pytest.mark.parametrize("ago", [timedelta(minutes=5) - timedelta(seconds=1), -DAY, 455 * DAY + timedelta(seconds=1)])
def test_a_time_that_says_nothing_or_is_forgotten_is_refused(ago: timedelta) -> None:
    with pytest.raises(CliError, match="--since"):
        span(NOW - ago, NOW)


@given(st.timedeltas(timedelta(minutes=5), 455 * DAY))
def test_a_time_begins_with_a_period_and_holds_what_was_asked_for(ago: timedelta) -> None:
    """A period that is cut would count as a whole one."""
    found = span(NOW - ago, NOW)

    assert found.start.timestamp() % found.period == 0
    assert found.start <= NOW - ago
    assert found.hours * 3600 < ago.total_seconds() + found.period


def _printed(*rows: Row, rest: tuple[tuple[str, float], ...] = (), ingestion: float = 0.0) -> str:
    stream = io.StringIO()
    output = Console(file=stream, width=160, markup=False, highlight=False, emoji=False)
    _print(output, Bill(rows, rest, ingestion), MONTH)
    return stream.getvalue()


def test_a_bill_shows_each_service_what_is_nobodys_and_the_sum() -> None:
    row = Row(Used("orders", 3000, 1024**3, 40, 5), 0.75, 1.5, 1.5)

    out = _printed(row, rest=(("one key", 1.8),), ingestion=12.5)

    cells = [line.split() for line in out.splitlines()]
    assert ["orders", "3,000", "1.000", "40", "75.0", "%", "5", "1.50", "1.50", "3.00"] in cells
    assert ["one", "key", "1.80"] in cells
    assert ["all", "3,000", "4.80"] in cells
    assert "the ingestion of logs, 12.50 USD a month" in out
    assert "An estimate: a month like the time from 2026-10-22 12:34 to 2026-11-21 12:34 UTC" in out


def test_a_service_cannot_command_the_terminal() -> None:
    out = _printed(Row(Used("\x1b[2Jorders\n"), 0, 0, 0))

    assert "\x1b" not in out
    assert "\\x1b[2Jorders\\n" in out


@pytest.mark.parametrize(("metrics", "told"), [(10_000, False), (10_001, True)])
def test_more_metrics_than_the_first_price_is_for_are_told(metrics: int, *, told: bool) -> None:
    sentences = _sentences(Bill((Row(Used("a", metrics=metrics), 0, 0, 0),), (), 0), MONTH)

    assert any("10,001 metrics are more than 10,000" in one for one in sentences) is told
