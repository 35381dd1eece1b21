"""What is kept costs what CloudWatch's price list says, and a budget leaves out the least severe first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner import cost
from provisioner.cost import Candidate, Cost

if TYPE_CHECKING:
    from collections.abc import Sequence

STAT = {"Id": "a", "MetricStat": {}}
MATH = {"Id": "b", "Expression": "a * 2"}


@pytest.mark.parametrize(
    ("alarm", "metrics"),
    [
        ({"MetricName": "Errors"}, 1),
        ({"MetricName": "Errors", "Metrics": []}, 1),
        ({"Metrics": [STAT, MATH]}, 1),
        ({"Metrics": [STAT, STAT, MATH]}, 2),
        ({"Metrics": [STAT] * 9 + [MATH]}, 9),
        ({"Metrics": [STAT, MATH], "ThresholdMetricId": "b"}, 3),
    ],
)
def test_an_alarm_is_paid_for_by_its_metrics(alarm: dict[str, Any], metrics: int) -> None:
    assert cost.alarm_metrics(alarm) == metrics
    assert cost.of_alarm(alarm) == pytest.approx(metrics * 0.10)


def test_the_cost_is_that_of_alarms_composite_alarms_and_dashboards() -> None:
    found = cost.of([{}, {"Metrics": [STAT, STAT]}, {"Metrics": [STAT], "ThresholdMetricId": "b"}], 2, 5)

    assert found == Cost(alarms=3, alarm_metrics=6, composites=2, dashboards=5)
    assert found.as_dict() == {
        "alarms": {"count": 3, "metrics": 6, "usd": 0.6},
        "composites": {"count": 2, "usd": 1.0},
        "dashboards": {"count": 5, "usd": 6.0},
        "total": 7.6,
        "source": cost.SOURCE,
    }


@pytest.mark.parametrize(("dashboards", "usd"), [(0, 0), (3, 0), (4, 3), (10, 21)])
def test_three_dashboards_are_free(dashboards: int, usd: int) -> None:
    assert Cost(dashboards=dashboards).total == Cost(dashboards=dashboards).dashboards_usd == usd


def test_sums_are_exact() -> None:
    assert cost.of([{}] * 3, 0, 0).total == 0.3
    assert cost.of([{}] * 80_000, 1_000, 1_001).total == 8_000 + 500 + 998 * 3


def _candidate(name: str, rank: str = "warning", **fields: Any) -> Candidate:
    values: dict[str, Any] = {"order": 1, "metrics": 1, "critical": rank == "critical", "service": "orders"} | fields
    return Candidate(name, rank, **values)


def _one_each(_: str, names: Sequence[str]) -> int:
    return -(-len(names) // 100)


def _left_out(candidates: Sequence[Candidate], budget: float, dashboards: int = 0) -> list[str]:
    return cost.over_budget(candidates, dashboards, budget, _one_each)


def test_a_budget_that_is_not_exceeded_leaves_nothing_out() -> None:
    candidates = [_candidate("a"), _candidate("b"), _candidate("c", "critical")]

    assert _left_out(candidates, 0.8) == []
    assert _left_out(candidates, 0.79) == ["a"]


def test_the_last_kinds_are_left_out_first_then_what_costs_more_then_by_name() -> None:
    candidates = [
        _candidate("d"),
        _candidate("c"),
        _candidate("b", metrics=2),
        _candidate("a", order=2),
    ]

    assert _left_out(candidates, 0.01) == ["a", "b", "c", "d"]


def test_the_least_severe_are_left_out_first_whatever_their_kind() -> None:
    candidates = [
        _candidate("critical", "critical", order=9),
        _candidate("warning", order=9),
        _candidate("asked for", cost.ON_DEMAND, order=1),
        _candidate("asked for and critical", cost.ON_DEMAND, order=2, critical=True),
    ]

    assert _left_out(candidates, 0.01) == ["asked for and critical", "asked for", "warning", "critical"]


def test_a_composite_alarm_goes_with_the_last_alarm_that_it_watches() -> None:
    """Two critical alarms and their composite alarm cost 0.70 USD, one 0.60, none nothing."""
    candidates = [_candidate("a", "critical"), _candidate("b", "critical")]

    assert _left_out(candidates, 0.70) == []
    assert _left_out(candidates, 0.69) == ["a"]
    assert _left_out(candidates, 0.60) == ["a"]
    assert _left_out(candidates, 0.59) == ["a", "b"]


def test_dashboards_count_and_stay() -> None:
    assert _left_out([_candidate("a")], 3.1, dashboards=4) == []
    assert _left_out([_candidate("a")], 3.0, dashboards=4) == ["a"]
    assert _left_out([_candidate("a")], 0.1, dashboards=4) == ["a"]


CANDIDATES = st.lists(
    st.builds(
        Candidate,
        name=st.text("abc", min_size=1, max_size=6),
        rank=st.sampled_from(cost.RANKS),
        order=st.integers(0, 3),
        metrics=st.integers(1, 9),
        critical=st.booleans(),
        service=st.sampled_from(["orders", "mailing"]),
    ),
    max_size=30,
    unique_by=lambda one: one.name,
)


@given(CANDIDATES, st.integers(0, 6), st.integers(1, 3_000))
def test_a_budget_is_kept_with_as_few_left_out_as_possible_and_the_most_severe_last(
    candidates: list[Candidate], dashboards: int, cents: int
) -> None:
    left_out = _left_out(candidates, cents / 100, dashboards)
    kept = [one for one in candidates if one.name not in left_out]

    # never over the budget, unless not even nothing fits
    assert _cents(kept, dashboards) <= cents or not kept
    # with the last one of them it would be
    if left_out:
        [last] = [one for one in candidates if one.name == left_out[-1]]
        assert _cents([*kept, last], dashboards) > cents
    # and nothing goes before what is less severe
    gone = [cost.RANKS.index(one.rank) for one in candidates if one.name in left_out]
    assert max(gone, default=0) <= min((cost.RANKS.index(one.rank) for one in kept), default=9)


@given(CANDIDATES, st.integers(1, 500), st.randoms(use_true_random=False))
def test_what_is_left_out_does_not_hang_on_the_order_of_a_listing(
    candidates: list[Candidate], cents: int, order: Any
) -> None:
    shuffled = list(candidates)
    order.shuffle(shuffled)

    assert _left_out(shuffled, cents / 100) == _left_out(candidates, cents / 100)


def _cents(kept: Sequence[Candidate], dashboards: int) -> int:
    watched = [one.service for one in kept if one.critical]  # fewer than fill one composite alarm
    return 10 * sum(one.metrics for one in kept) + 50 * len(set(watched)) + 300 * max(0, dashboards - 3)
