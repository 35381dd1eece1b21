"""The dashboard shows what `watchpost cost` tells, within CloudWatch's limits, and on Watchpost's own page only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner import dashboard_shipping
from provisioner.dashboard_model import Section, Shipped
from provisioner.dashboard_shipping import MAX_FIGURES, shipping
from provisioner.layout import flow
from provisioner.shipping import Function, Measured, Used, bill
from watchpost_cli.preview.arithmetic import Widget, worked_out

from tests.unit.provisioner.dashboard_limits import check
from tests.unit.provisioner.pages import CONTEXT, resource, service_page

END = datetime(2026, 11, 20, tzinfo=UTC)
HOURS = 24
TIMES = [END - timedelta(hours=HOURS) + timedelta(minutes=15 * n) for n in range(HOURS * 4)]


def _widgets(*shipped: Shipped) -> dict[str, dict[str, Any]]:
    shipper = resource("lambda", "wp-shipper", "watchpost", memory_mb=512, architecture="arm64")
    page = service_page("watchpost", resources=(shipper,), shipped=shipped)
    widgets = shipping(page, CONTEXT)
    check("wp-watchpost", {"widgets": flow([Section(tuple(widgets))])})
    return {
        one["properties"]["title"].partition(":")[0].partition(",")[0]: one
        for one in widgets
        if one["type"] == "metric"
    }


def _figures(widget: dict[str, Any], sums: dict[tuple[str, ...], float]) -> dict[str, float]:
    """What CloudWatch would show. sums: of a day, by the metric's name and the value of its dimension."""
    entries = widget["properties"]["metrics"]
    series = {
        entry[-1]["id"]: dict.fromkeys(TIMES, sums.get((entry[1], entry[3]), 0) / len(TIMES))
        for entry in entries
        if "expression" not in entry[-1]
    }
    values: dict[str, Any] = {}
    about = Widget(TIMES[0], END, 900, series, values)
    expressions = [entry[-1] for entry in entries if "expression" in entry[-1]]
    for one in sorted(expressions, key=lambda one: one.get("visible", True)):
        values[one["id"]] = worked_out(one["expression"], about)
    return {one["label"]: values[one["id"]][TIMES[-1]] for one in expressions if one.get("visible", True)}


def test_the_dashboard_tells_the_same_as_the_command() -> None:
    sums = {
        ("LogLines", "orders"): 3e6,
        ("LogLines", "mail"): 1e6,
        ("Invocations", "wp-shipper"): 1e5,
        ("Duration", "wp-shipper"): 2e7,
    }
    widgets = _widgets(Shipped("mail", ("/m",), 2), Shipped("orders", ("/a", "/b"), 5))
    services = [Used("mail", 1e6, metrics=2), Used("orders", 3e6, metrics=5)]
    told = bill(Measured(HOURS, services, [Function("shipper", 1e5, 2e7, 512, "arm64")]))

    shown = _figures(widgets["USD a month by service"], sums)

    assert shown == pytest.approx({row.used.service: row.total for row in told.rows}, rel=1e-4)


def test_a_day_without_lines_shows_the_metrics_alone() -> None:
    widgets = _widgets(Shipped("mail", ("/m",), 2))

    assert _figures(widgets["USD a month by service"], {}) == pytest.approx({"mail": 0.6})


def test_bytes_are_those_of_all_log_groups_of_a_service() -> None:
    widget = _widgets(Shipped("orders", ("/a", "/b"), 0))["Bytes by service"]

    groups = [entry[3] for entry in widget["properties"]["metrics"] if len(entry) > 1]
    assert groups == ["/a", "/b"]
    assert widget["properties"]["metrics"][0][0]["expression"] == 'SUM(METRICS("b1_"))'


def test_no_other_service_has_it() -> None:
    assert shipping(service_page("orders"), CONTEXT) == []


def test_a_stack_that_ships_nothing_yet_shows_what_it_costs_itself() -> None:
    assert set(_widgets()) == {"USD a month"}


@pytest.mark.parametrize(("services", "told"), [(MAX_FIGURES, ""), (MAX_FIGURES + 1, ", 36 of 37 services")])
def test_what_is_left_out_is_said(services: int, told: str) -> None:
    many = tuple(Shipped(f"s{number:03}", ("/g",), 2) for number in range(services))

    widget = _widgets(*many)["USD a month by service"]

    assert widget["properties"]["title"] == f"USD a month by service, estimated{told}"
    assert len([entry for entry in widget["properties"]["metrics"] if entry[-1].get("visible", True)]) == MAX_FIGURES


@pytest.mark.parametrize(("groups", "shown"), [(498, ", 1 of 2 services"), (497, ", 1 of 2 services"), (496, "")])
def test_a_service_of_too_many_log_groups_for_a_graph_is_left_out(groups: int, shown: str) -> None:
    """500 metrics and expressions in a graph: two sums, one log group, and 497 others."""
    large = Shipped("a", tuple(f"/g/{number}" for number in range(groups + 1)), 0)

    widget = _widgets(large, Shipped("b", ("/b",), 0))["Bytes by service"]

    assert widget["properties"]["title"] == f"Bytes by service{shown}"


@given(
    st.lists(st.tuples(st.text(min_size=1, max_size=20), st.integers(0, 20)), max_size=600),
)
def test_however_many_services_there_are_and_whatever_they_are_called_cloudwatch_takes_it(
    found: list[tuple[str, int]],
) -> None:
    """Every expression stays below 2,048 characters, every graph below 500 metrics."""
    widgets = _widgets(*(Shipped(name, ("/g",) * 3, metrics) for name, metrics in found))

    for widget in widgets.values():
        for entry in widget["properties"]["metrics"]:
            assert len(entry[-1].get("expression", "")) <= 2048
    assert dashboard_shipping.ABOUT
