"""Layout: 24 columns, no overlap, full rows, and as few dashboards as the limits allow."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.dashboard_model import Section
from provisioner.layout import even, flow, pack

from tests.unit.provisioner.dashboard_limits import check


def _widget(width: int = 6, height: int = 6, metrics: int = 0) -> dict[str, Any]:
    if not metrics:
        return {"type": "text", "width": width, "height": height, "properties": {"markdown": "m"}}
    entry = ["N", "M", {"stat": "Sum"}]
    graph = {"title": "t", "region": "r", "view": "timeSeries", "period": 60, "metrics": [entry] * metrics}
    return {"type": "metric", "width": width, "height": height, "properties": graph}


SIZES = st.builds(_widget, st.integers(1, 24), st.integers(1, 20))
SECTIONS = st.lists(st.builds(lambda widgets: Section(tuple(widgets)), st.lists(SIZES, max_size=15)), max_size=8)


@given(SECTIONS)
def test_widgets_never_overlap_never_leave_the_columns_and_keep_their_order(sections: list[Section]) -> None:
    placed = flow(sections)
    check("d", {"widgets": placed})
    wanted = [(w["width"], w["height"]) for section in sections for w in section.widgets]
    assert [(w["width"], w["height"]) for w in placed] == wanted
    assert [(w["y"], w["x"]) for w in placed] == sorted((w["y"], w["x"]) for w in placed)


@given(SECTIONS)
def test_a_section_begins_a_row_below_all_that_is_before_it(sections: list[Section]) -> None:
    placed = iter(flow(sections))
    end = 0
    for section in sections:
        own = [next(placed) for _ in section.widgets]
        if own:
            assert (own[0]["x"], own[0]["y"]) == (0, end)
        end = max([end, *(w["y"] + w["height"] for w in own)])


@given(st.lists(SIZES, min_size=1, max_size=20))
def test_a_widget_stands_beside_the_one_before_it_where_it_fits(widgets: list[dict[str, Any]]) -> None:
    placed = flow([Section(tuple(widgets))])
    for before, after in itertools.pairwise(placed):
        free = before["x"] + before["width"]
        assert (after["y"] == before["y"]) == (free + after["width"] <= 24)
        assert after["x"] == (free if after["y"] == before["y"] else 0)


@given(st.integers(0, 100))
def test_widths_fill_every_row(count: int) -> None:
    widths = even(count)
    placed = flow([Section(tuple(_widget(width) for width in widths))])
    rows = {w["y"]: sum(o["width"] for o in placed if o["y"] == w["y"]) for w in placed}
    assert len(widths) == count
    assert all(filled == 24 for filled in rows.values())


@pytest.mark.parametrize(
    ("count", "widths"), [(0, []), (1, [24]), (4, [6] * 4), (5, [8] * 3 + [12] * 2), (7, [6] * 4 + [8] * 3)]
)
def test_rows_are_nearly_alike(count: int, widths: list[int]) -> None:
    assert even(count) == widths


@given(st.lists(st.integers(1, 700), max_size=20), st.integers(0, 10))
def test_all_widgets_are_on_some_dashboard_in_their_order(sizes: list[int], reserved: int) -> None:
    # given sections of numbered widgets
    numbers = iter(range(100_000))
    sections = [Section(tuple({**_widget(), "number": next(numbers)} for _ in range(size))) for size in sizes]
    # when they are shared out
    parts = pack(sections, reserved)
    # then none is lost, none is there twice, and none is beyond the limit
    widgets = [[widget["number"] for section in part for widget in section.widgets] for part in parts]
    assert [number for part in widgets for number in part] == list(range(sum(sizes)))
    assert all(len(part) + reserved <= 500 for part in widgets)
    # and only what is too large for a dashboard is cut
    for section in sections:
        if len(section.widgets) + reserved <= 500:
            assert sum(section in part for part in parts) == 1


@pytest.mark.parametrize(("widgets", "parts"), [(499, 1), (500, 2)])
def test_a_dashboard_has_500_widgets_at_most(widgets: int, parts: int) -> None:
    assert len(pack([Section((_widget(),)) for _ in range(widgets)], 1)) == parts


@pytest.mark.parametrize(("last", "parts"), [(500, 1), (499, 1), (1, 1)])
def test_a_dashboard_takes_2500_metrics(last: int, parts: int) -> None:
    sections = [Section((_widget(metrics=count),)) for count in (500, 500, 500, 500, last)]
    assert len(pack(sections, 1)) == parts
    assert len(pack([*sections, Section((_widget(metrics=501 - last),))], 1)) == 2


def test_a_section_of_too_many_metrics_is_cut() -> None:
    parts = pack([Section((_widget(metrics=500),) * 6)], 1)
    assert [section.metrics for part in parts for section in part] == [2500, 500]


def test_without_sections_there_is_one_dashboard() -> None:
    assert pack([], 1) == [[]]
