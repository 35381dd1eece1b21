"""Dashboards: health first, no overlap, 24 columns, never more than CloudWatch takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st
from provisioner.dashboard import Block, body, is_owned, layout, owner_mark
from provisioner.definitions import Metric, WidgetDefinition

from tests.unit.provisioner.limits import check_dashboard

if TYPE_CHECKING:
    from watchpost.settings import Settings

METRIC = Metric("", "Errors", "Sum", "", "", returned=True)
GRAPH = WidgetDefinition("Errors", (METRIC,), 60, 6, 6, None)


def _block(title: str = "Function", graphs: int = 4, *, health: bool = False) -> Block:
    return Block(title, "AWS/Lambda", (("FunctionName", title),), (GRAPH,) * graphs, health)


def _check(content: dict[str, Any]) -> None:
    check_dashboard({"DashboardName": "d", "DashboardBody": json.dumps(content)})


@given(st.lists(st.builds(dict, width=st.integers(1, 24), height=st.integers(1, 20)), max_size=40))
def test_widgets_never_overlap_and_never_leave_the_columns(sizes: list[dict[str, int]]) -> None:
    placed = layout([{"type": "text", "properties": {"markdown": "m"}, **size} for size in sizes])
    _check({"widgets": placed})
    assert [(widget["width"], widget["height"]) for widget in placed] == [(s["width"], s["height"]) for s in sizes]


def test_health_comes_first_then_each_resource(settings: Settings) -> None:
    content = body("orders", ["wp/orders/logs/errors"], [_block("A"), _block("", 2, health=True)], settings)
    kinds = [(widget["type"], widget["properties"].get("markdown", "")[:4]) for widget in content["widgets"]]
    assert kinds == [
        ("text", "# or"),
        ("alarm", ""),
        ("metric", ""),
        ("metric", ""),
        ("text", "## A"),
        *[("metric", "")] * 4,
    ]
    _check(content)


def test_the_status_shows_every_alarm_in_widgets_of_a_hundred(settings: Settings) -> None:
    content = body("orders", [f"wp/orders/f/{n}" for n in range(101)], [], settings)
    shown = [widget["properties"]["alarms"] for widget in content["widgets"] if widget["type"] == "alarm"]
    assert [len(page) for page in shown] == [100, 1]
    assert shown[0][0] == "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:wp/orders/f/0"
    _check(content)


def test_a_service_without_alarms_has_no_empty_status(settings: Settings) -> None:
    content = body("orders", [], [_block()], settings)
    assert "alarm" not in {widget["type"] for widget in content["widgets"]}
    _check(content)


def test_resources_beyond_the_limit_are_named_in_the_text(settings: Settings) -> None:
    # given a head and 99 blocks of five widgets, which is 496, and one or two more
    fits = body("orders", [], [_block(f"F{n}") for n in range(99)], settings)
    full = body("orders", [], [_block(f"F{n}") for n in range(100)], settings)
    # then the last one is named instead of shown
    assert len(fits["widgets"]) == 496
    assert len(full["widgets"]) == 497
    assert full["widgets"][-1]["properties"]["markdown"].endswith("F99")
    _check(fits)
    _check(full)


def test_graphs_beyond_the_limit_of_metrics_are_named_in_the_text(settings: Settings) -> None:
    wide = WidgetDefinition("Many", (METRIC,) * 500, 60, 24, 6, None)
    blocks = [Block(f"F{n}", "N", (), (wide,), health=False) for n in range(6)]
    content = body("orders", [], blocks, settings)
    assert content["widgets"][-1]["properties"]["markdown"].endswith("F5")
    _check(content)


def test_a_dashboard_is_known_as_the_stacks_own(settings: Settings) -> None:
    content = body("orders", [], [], settings)
    assert is_owned(content, "wp")
    assert not is_owned(content, "w")
    assert not is_owned(content, "wp-2")


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5) | st.just(owner_mark("wp")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["widgets", "properties", "markdown"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(JSON)
def test_anybodys_dashboard_can_be_looked_at(content: Any) -> None:
    assert is_owned(content, "wp") in (True, False)
    assert is_owned(content, "other") is False
