"""A soak's verdict: what it calls flat, lost, doubled, late, and what it does not judge."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from local.errors import LocalError
from local.soak import plan, report, verdict
from local.soak.plan import AGAIN, BURST, DRAIN, PHASES, RECOVERY, SLOW, STEADY, THROTTLED
from local.soak.verdict import Phase
from local.soak.watch import Reading, Sample

NUMBERS = st.floats(-1e6, 1e6)


def samples(*rss: float, descriptors: int = 8, lag: float | None = 1.0, at: float = 0.0) -> tuple[Sample, ...]:
    """One environment, a sample each second."""
    return tuple(Sample(at + index, {7: Reading(one, descriptors, 4)}, lag) for index, one in enumerate(rss))


def phase(name: str, **changes: Any) -> Phase:
    made = Phase(name, 0.0, 10.0, 100, 100, 0, 0, 0, 0, 10, 0.5, samples(*[50.0] * 10))
    return replace(made, **changes)


def phases(**changes: dict[str, Any]) -> list[Phase]:
    """A soak in which all is well, but for what a phase has otherwise; by the phase's name."""
    usual: dict[str, dict[str, Any]] = {
        BURST: {"sent": 10_000, "found": 10_000},
        SLOW: {"dead_letters": 50},
        THROTTLED: {"dead_letters": 50},
    }
    made = {name: usual.get(name, {}) | changes.get(name, {}) for name in PHASES}
    return [phase(name, **values) for name, values in made.items()]


def broken(found: list[Phase], waiting: int = 0, *, timed: bool = True) -> list[str]:
    return [one.what for one in verdict.promises(found, waiting, timed=timed) if one.kept is False]


def test_a_soak_in_which_all_is_well_breaks_no_promise() -> None:
    assert broken(phases()) == []
    assert all(one.kept for one in verdict.promises(phases(), 0, timed=True))


@pytest.mark.parametrize(
    ("name", "change", "what"),
    [
        (DRAIN, {"lost": 1}, "nothing is lost"),
        (RECOVERY, {"doubled": 1}, "nothing is doubled"),
        (SLOW, {"timeouts": 1}, "no invocation times out"),
        (BURST, {"found": 9_999}, "a burst of 100 times arrives"),
        (BURST, {"sent": 0, "found": 0}, "a burst of 100 times arrives"),
        (AGAIN, {"samples": samples(*[50.0] * 10, descriptors=9)}, "no more descriptors at the end"),
        (AGAIN, {"samples": samples(*[50.0] * 10, lag=4.1)}, "the lag comes back to what it was"),
        (AGAIN, {"samples": samples(*[53.0] * 10)}, "memory at the end is what it was before"),
    ],
)
def test_each_broken_promise_is_named(name: str, change: dict[str, Any], what: str) -> None:
    assert broken(phases(**{name: change})) == [what]


@pytest.mark.parametrize(
    "change",
    [{"descriptors": 8}, {"descriptors": 7}, {"lag": 4.0}, {"lag": 0.1}],
    ids=["as many descriptors", "fewer descriptors", "lag", "less lag"],
)
def test_what_is_just_allowed_breaks_nothing(change: dict[str, Any]) -> None:
    assert broken(phases(**{AGAIN: {"samples": samples(*[50.0] * 10, **change)}})) == []


def test_dead_letters_that_never_came_or_were_left_are_broken_promises() -> None:
    quiet = phases(**{SLOW: {"dead_letters": 0}, THROTTLED: {"dead_letters": 0}})

    assert broken(quiet) == ["back-pressure ends in dead letters"]
    assert broken(phases(), waiting=1) == ["a replay empties the bucket"]


def test_nothing_sent_is_not_nothing_lost() -> None:
    empty = [replace(one, sent=0, found=0) for one in phases()]

    assert "nothing is lost" in broken(empty)


def test_without_a_clock_memory_descriptors_and_lag_are_told_and_not_judged() -> None:
    worse = phases(**{AGAIN: {"samples": samples(*range(50, 60), lag=99.0)}})

    judged = verdict.promises(worse, 0, timed=False)

    assert broken(worse, timed=False) == []
    assert sum(one.kept is None for one in judged) == 5
    assert len(broken(worse)) == 3


def test_without_samples_nothing_is_said_of_processes() -> None:
    blind = [replace(one, samples=()) for one in phases()]

    judged = verdict.promises(blind, 0, timed=True)

    assert sum(one.kept is None for one in judged) == 5
    assert broken(blind) == []


@given(slope=st.floats(-100, 100), start=NUMBERS, places=st.lists(st.integers(0, 10_000), min_size=2, unique=True))
def test_the_slope_of_a_straight_line_is_its_own(slope: float, start: float, places: list[int]) -> None:
    found = verdict.slope([(place, start + slope * place) for place in places])

    assert found == pytest.approx(slope, abs=1e-3)


@given(value=NUMBERS, times=st.integers(1, 5))
def test_points_without_width_have_no_slope(value: float, times: int) -> None:
    assert verdict.slope([(1.0, value)] * times) == verdict.slope([]) == 0.0


def test_growth_is_that_of_the_worst_environment_and_not_of_late_ones() -> None:
    grows = [50 + index * 0.5 for index in range(11)]  # 5 of 52.5 on average
    track = [
        Sample(float(index), {1: Reading(40, 8, 4), 2: Reading(rss, 8, 4)}, None) for index, rss in enumerate(grows)
    ]
    late = [
        replace(one, environments=one.environments | ({3: Reading(9.0**one.at, 8, 4)} if one.at > 2 else {}))
        for one in track
    ]

    assert verdict.growth(track) == verdict.growth(late) == pytest.approx(5 / 52.5)


@pytest.mark.parametrize(("last", "flat"), [(1.049, True), (1.055, False)])
def test_flat_is_up_to_a_twentieth(last: float, flat: bool) -> None:
    rising = [50.0 * (1 + (last - 1) * index / 7) for index in range(8)]
    long = phase(STEADY, samples=samples(50.0, 50.0, *rising))
    rest = phases()[1:]

    assert ("memory is flat at the beginning" in broken([long, *rest])) is not flat


def test_descriptors_of_which_some_are_closed_again_are_not_kept() -> None:
    busy = [
        replace(one, environments={7: Reading(50, 8 + index % 3, 4)}) for index, one in enumerate(samples(*[50] * 9))
    ]

    assert verdict.held(busy) == 8
    assert verdict.held([*busy, replace(busy[0], environments={9: Reading(50, 11, 4)})]) == 11
    assert verdict.held([]) is None


def test_fewer_samples_than_a_slope_needs_tell_nothing() -> None:
    assert verdict.growth(samples(*range(50, 54))) is None
    assert verdict.growth(samples(*range(50, 55))) is not None


@given(values=st.lists(NUMBERS, min_size=1), percent=st.integers(1, 100))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(values: list[float], percent: int) -> None:
    found = verdict.percentile(values, percent)

    assert found in values
    assert sum(one <= found for one in values) * 100 >= percent * len(values)
    assert verdict.percentile([], percent) is None


@pytest.mark.parametrize("minutes", [4.99, 0.0, -1.0, float("nan")])
def test_a_soak_that_is_too_short_is_refused_with_what_to_do(minutes: float) -> None:
    with pytest.raises(LocalError, match="MINUTES=5"):
        plan.of_minutes(minutes)


@given(minutes=st.floats(5, 600))
def test_a_soak_takes_about_as_long_as_it_was_asked_to(minutes: float) -> None:
    made = plan.of_minutes(minutes)

    spent = made.steady + made.burst + made.slow + made.throttled + made.again
    assert 0.85 * minutes * 60 <= spent <= minutes * 60
    assert made.slow > 60, "longer than the shipper may take"
    assert made.delay > 10, "longer than a bulk request may take"


def test_the_table_and_the_figures_tell_each_phase_and_each_promise() -> None:
    found = phases(**{DRAIN: {"lost": 3, "samples": ()}})
    promises = verdict.promises(found, 0, timed=True)
    text = io.StringIO()

    report.show(found, promises, Console(file=text, width=report.WIDTH))
    figures = json.loads(json.dumps(report.figures(found, promises, minutes=5)))

    shown = text.getvalue()
    assert all(shown.count(name) >= 2 for name in PHASES)
    assert all(one.what in shown and one.figures in shown for one in promises)
    assert max(map(len, shown.splitlines())) <= report.WIDTH
    assert (figures["kept"], figures["minutes"]) == (False, 5)
    assert [one["name"] for one in figures["phases"]] == list(PHASES)
    assert figures["phases"][2]["lost"] == 3
    assert figures["phases"][2]["rss_mb"] == [None, None]
