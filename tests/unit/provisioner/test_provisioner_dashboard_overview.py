"""The overview: one row for each service, with what a person asks first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.dashboard import all_dashboards, is_owned
from provisioner.dashboard_overview import overview_dashboards

from tests.unit.provisioner.dashboard_limits import check
from tests.unit.provisioner.pages import CONTEXT, alarm, function, of_type, resource, service_page

if TYPE_CHECKING:
    from provisioner.dashboard_model import ServicePage


def _overview(*pages: ServicePage) -> dict[str, Any]:
    bodies = overview_dashboards(pages, CONTEXT)
    for name, body in bodies.items():
        check(name, body)
        assert is_owned(body, "wp")
    return bodies


def _row(**fields: Any) -> list[dict[str, Any]]:
    (body,) = _overview(service_page(**fields)).values()
    return list(body["widgets"][-5:])


def test_a_row_says_whether_a_service_works_is_used_what_it_costs_and_when_it_was_deployed() -> None:
    (body,) = _overview(service_page()).values()
    titles = [widget["properties"]["markdown"] for widget in body["widgets"][1:6]]
    assert titles == [
        "**Service**",
        "**Is it working?**",
        "**Is it used?**",
        "**What does it cost?**",
        "**When was it deployed?**",
    ]
    name, working, used, cost, deployed = _row()
    assert "dashboards/dashboard/wp-orders)" in name["properties"]["markdown"]
    assert [arn.split(":alarm:")[1] for arn in working["properties"]["alarms"]] == ["wp/orders"]
    assert used["properties"]["view"] == "singleValue"
    assert cost["properties"]["title"] == "USD a month, estimated"
    assert deployed["properties"]["markdown"] == "**2026-11-20 14\\:03**\n\nv1\\.2\\.3"
    # and the cells stand below their titles
    columns = [(widget["x"], widget["width"]) for widget in body["widgets"][1:6]]
    assert [(widget["x"], widget["width"]) for widget in (name, working, used, cost, deployed)] == columns


def test_what_is_not_known_is_said() -> None:
    row = _row(alarms=(), composite=None, resources=(), log_groups=(), cost=None, deployments=())
    assert [widget["properties"]["markdown"] for widget in row[1:]] == [
        "No alarms",
        "No figures of use",
        "Not known",
        "No deployment seen",
    ]


@pytest.mark.parametrize(("composite", "expected"), [("wp/orders", ["wp/orders"]), (None, ["critical"])])
def test_without_a_composite_alarm_the_severe_ones_say_whether_it_works(
    composite: str | None, expected: list[str]
) -> None:
    alarms = (replace(alarm("a"), name="critical"), replace(alarm("b"), name="warning", severity="warning"))
    working = _row(alarms=alarms, composite=composite)[1]["properties"]["alarms"]
    assert [arn.split(":alarm:")[1] for arn in working] == expected


def test_with_mild_alarms_only_those_say_it_a_hundred_at_most() -> None:
    alarms = tuple(replace(alarm(f"a{n}"), severity="warning") for n in range(101))
    assert len(_row(alarms=alarms, composite=None)[1]["properties"]["alarms"]) == 100


def _totals(widget: dict[str, Any]) -> dict[str, list[str]]:
    """The names of the metrics that each shown figure sums up."""
    metrics = widget["properties"]["metrics"]
    shown = [entry[-1] for entry in metrics if entry[-1].get("visible", True)]
    prefixes = {one["label"]: one["expression"].split('"')[1] for one in shown}
    return {
        label: [f"{entry[1]} {entry[3]}" for entry in metrics if entry[-1]["id"].startswith(prefix)]
        for label, prefix in prefixes.items()
    }


def test_use_is_what_comes_in_at_the_entrance_and_errors_are_those_of_all() -> None:
    # given an API before a function: a request through both is one use
    resources = (resource("apigateway_http", "site/live"), function("orders-api"), resource("logs"))
    totals = _totals(_row(resources=resources)[2])
    assert totals["calls"] == ["Count the-api_id"]
    assert totals["errors"] == ["5xx the-api_id", "4xx the-api_id", "Errors orders-api", "LogErrors orders"]


def test_logs_are_use_where_nothing_else_counts() -> None:
    assert _totals(_row(resources=(resource("logs"),))[2])["calls"] == ["LogLines orders"]


@pytest.mark.parametrize(("count", "parts"), [(0, 1), (98, 1), (99, 2)])
def test_a_row_is_never_cut_and_the_parts_lead_to_each_other(count: int, parts: int) -> None:
    # given services of five widgets a row, and six widgets at the head
    bodies = _overview(*(service_page(f"s{n:03}") for n in range(count)))
    assert list(bodies) == ["wp-overview", "wp-overview-2"][:parts]
    assert sum(len(of_type(body, "alarm")) for body in bodies.values()) == count
    assert all((len(body["widgets"]) - 6) % 5 == 0 for body in bodies.values())
    if parts > 1:
        assert "[Page 2](" in of_type(bodies["wp-overview"], "text")[0]["markdown"]


def test_services_are_sorted_by_name() -> None:
    (body,) = _overview(service_page("b"), service_page("a")).values()
    assert [widget["title"] for widget in of_type(body, "alarm")] == ["a", "b"]


@pytest.mark.parametrize(("services", "failed"), [(("a/b", "a_b"), "wp-a_b"), (("overview",), "wp-overview")])
def test_two_dashboards_of_one_name_are_both_refused(services: tuple[str, ...], failed: str) -> None:
    made = all_dashboards([service_page(service) for service in services], CONTEXT)
    assert made.failed == {failed: "two services would have a dashboard of this name"}
    assert failed not in made.bodies


def test_the_second_part_of_a_service_never_takes_the_name_of_another_service() -> None:
    large = service_page("a", resources=tuple(function(f"f{n:03}") for n in range(120)))
    made = all_dashboards([large, service_page("a-2")], CONTEXT)
    assert set(made.failed) == {"wp-a-2"}
    assert set(made.bodies) == {"wp-a", "wp-overview"}


@given(st.lists(st.text(min_size=1, max_size=300), max_size=4, unique=True))
def test_whatever_services_are_called_cloudwatch_takes_all_dashboards(services: list[str]) -> None:
    made = all_dashboards([service_page(service, composite="wp/all") for service in services], CONTEXT)
    for name, body in made.bodies.items():
        check(name, body)
    assert len(made.bodies) + len(made.failed) >= 1
