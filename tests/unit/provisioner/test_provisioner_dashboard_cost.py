"""What a service costs: metrics that exist, times list prices, within CloudWatch's limits, called an estimate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner import dashboard_cost
from provisioner.dashboard_cost import cost_widget
from provisioner.dashboard_model import Cost
from provisioner.dashboard_overview import overview_dashboards
from watchpost_cli.preview.arithmetic import Widget, worked_out

from tests.unit.provisioner import reference
from tests.unit.provisioner.dashboard_limits import check
from tests.unit.provisioner.pages import CONTEXT, KINDS, resource, service_page

END = datetime(2026, 11, 20, tzinfo=UTC)
ARM = {"memory_mb": 512, "architecture": "arm64"}
X86 = {"memory_mb": 1024, "architecture": "x86_64"}


def _properties(*resources: Any, **fields: Any) -> dict[str, Any]:
    made = {"resources": resources, "log_groups": (), "cost": Cost(2.5, "its alarms")}
    page = service_page(**(made | fields))
    # The whole page is checked against the limits of dashboards.
    for name, body in overview_dashboards([page], CONTEXT).items():
        check(name, body)
    found: dict[str, Any] = cost_widget(page, CONTEXT, (5, 3))["properties"]
    return found


def _metrics(properties: dict[str, Any]) -> list[list[Any]]:
    return [entry for entry in properties["metrics"] if "expression" not in entry[-1]]


def _figure(properties: dict[str, Any], hours: int = 24, period: int = 900, **sums: float) -> float:
    """What CloudWatch would show when each metric has the same sum in every hour that is shown. sums: by metric."""
    start = END - timedelta(hours=hours)
    times = [start + timedelta(seconds=period * n) for n in range(hours * 3600 // period)]
    series = {
        entry[-1]["id"]: dict.fromkeys(times, sums[entry[1]] * period / 3600) if entry[1] in sums else {}
        for entry in _metrics(properties)
    }
    values: dict[str, Any] = {}
    widget = Widget(start, END, period, series, values)
    expressions = [entry[-1] for entry in properties["metrics"] if "expression" in entry[-1]]
    for one in sorted(expressions, key=lambda one: one.get("visible", True)):
        assert len(one["expression"]) <= 2048  # CloudWatch API, MetricDataQuery
        values[one["id"]] = worked_out(one["expression"], widget)
    return float(values["month"][times[-1]])


@pytest.mark.parametrize(
    ("resources", "sums", "month"),
    [
        # 1,000 invocations of 200 ms an hour: 0.20 USD a million, and half a GB at the price of arm64
        ([resource("lambda", **ARM)], {"Invocations": 1000, "Duration": 200_000}, 730 * (0.0002 + 100 * 0.0000133334)),
        ([resource("lambda", **X86)], {"Invocations": 1000, "Duration": 200_000}, 730 * (0.0002 + 200 * 0.0000166667)),
        ([resource("sqs", fifo=False)], {"NumberOfMessagesSent": 1e6, "NumberOfEmptyReceives": 1e6}, 730 * 0.8),
        ([resource("sqs", fifo=True)], {"NumberOfMessagesReceived": 1e6, "NumberOfMessagesDeleted": 1e6}, 730 * 1.0),
        ([resource("sns")], {"NumberOfMessagesPublished": 1e6}, 730 * 0.5),
        ([resource("apigateway_rest")], {"Count": 1e6}, 730 * 3.5),
        ([resource("apigateway_http")], {"Count": 1e6}, 730 * 1.0),
        (
            [resource("dynamodb", on_demand=True)],
            {"ConsumedReadCapacityUnits": 1e6, "ConsumedWriteCapacityUnits": 1e6},
            730 * 0.75,
        ),
        ([resource("sns"), resource("kinesis", shards=2, on_demand=False)], {}, 2 * 730 * 0.015),
        ([resource("sns"), resource("kinesis", shards=2, on_demand=True)], {}, 0),
        ([resource("lambda", **ARM), resource("lambda", "b", **X86)], {"Duration": 1000}, 730 * 0.00002333340),
    ],
)
def test_a_month_like_the_time_that_is_shown_is_counted_at_list_prices(
    resources: list[Any], sums: dict[str, float], month: float
) -> None:
    assert _figure(_properties(*resources), **sums) == pytest.approx(2.5 + month, rel=1e-6)


def test_log_ingestion_is_counted_for_every_log_group() -> None:
    """0.50 USD for a GB."""
    properties = _properties(log_groups=("/a", "/b"))

    assert _figure(properties, IncomingBytes=1024**3) == pytest.approx(2.5 + 730 * 2 * 0.5)


@given(st.sampled_from([60, 300, 900, 3600]), st.integers(1, 48))
def test_the_figure_is_the_same_whatever_period_and_time_are_chosen(period: int, hours: int) -> None:
    properties = _properties(resource("sns"))

    assert _figure(properties, hours, period, NumberOfMessagesPublished=1e6) == pytest.approx(2.5 + 365)


def test_hours_without_use_count_as_well() -> None:
    """Else a function that runs once a day would cost as if it ran all day."""
    properties = _properties(resource("sns"))
    month, price, metric = (one[-1] for one in properties["metrics"])
    values: dict[str, Any] = {}
    # given a million messages in one of ten hours
    used = {metric["id"]: {END - timedelta(hours=1): 1e6}}
    widget = Widget(END - timedelta(hours=10), END, 3600, used, values)

    values[price["id"]] = worked_out(price["expression"], widget)
    figures = worked_out(month["expression"], widget)

    assert list(figures.values()) == [pytest.approx(2.5 + 730 * 0.05)] * 10


def test_what_is_not_used_at_all_costs_its_alarms() -> None:
    assert _figure(_properties(resource("lambda", **ARM))) == 2.5


def test_the_figure_says_that_it_is_an_estimate_and_what_of_it_is_alarms() -> None:
    properties = _properties(resource("lambda", **ARM))

    assert (properties["view"], properties["title"]) == ("singleValue", "USD a month, estimated")
    assert [one[-1]["label"] for one in properties["metrics"] if one[-1].get("visible", True)] == ["2.50 of it alarms"]
    (body,) = overview_dashboards([service_page()], CONTEXT).values()
    head = body["widgets"][0]["properties"]["markdown"]
    assert "Costs are estimates by list prices of US East (N. Virginia), November 2026" in head


def test_a_service_of_which_nothing_has_a_price_costs_its_alarms() -> None:
    page = service_page(resources=(resource("rds"),), log_groups=(), cost=Cost(2.5, "its alarms"))

    assert cost_widget(page, CONTEXT, (5, 3))["properties"] == {"markdown": "**2.50 USD** a month\n\nits alarms"}


def test_shards_cost_where_nothing_else_has_a_price() -> None:
    streams = (resource("kinesis", shards=2, on_demand=False), resource("kinesis", "b", shards=4, on_demand=True))
    page = service_page(resources=streams, log_groups=(), cost=Cost(2.5, "its alarms"))

    markdown = cost_widget(page, CONTEXT, (5, 3))["properties"]["markdown"]

    assert markdown == "**24.40 USD** a month\n\nits shards and its alarms"


@pytest.mark.parametrize("kind", sorted(dashboard_cost.PRICES))
def test_every_metric_that_has_a_price_exists_with_its_statistic_and_dimensions(kind: str) -> None:
    """CloudWatch takes a graph of a metric that does not exist, and shows nothing."""
    found = resource(kind, on_demand=True, **ARM)

    entries = _metrics(_properties(found))

    assert entries
    for namespace, name, *dimensions, options in entries:
        known = reference.known(namespace, name)
        assert known
        # Lambda's documentation names the statistics of durations that are useful, and not their sum.
        assert options["stat"] in {"Sum" if name == "Duration" else "", *known.statistics}
        assert frozenset(dimensions[::2]) in reference.OF_NAMESPACE[namespace]
        assert dimensions[::2] == [place for place, _ in KINDS[kind].dimensions]


def test_log_groups_are_asked_for_the_bytes_that_came_in() -> None:
    """CloudWatch Logs User Guide, "CloudWatch Logs metrics": IncomingBytes by LogGroupName."""
    (entry,) = _metrics(_properties(log_groups=("/aws/lambda/a",)))

    assert entry[:4] == ["AWS/Logs", "IncomingBytes", "LogGroupName", "/aws/lambda/a"]


@pytest.mark.parametrize(("groups", "left_out"), [(498, 0), (499, 1), (700, 202)])
def test_a_large_service_stays_below_the_limit_of_a_graph_and_says_what_is_left_out(groups: int, left_out: int) -> None:
    """500 metrics and expressions: the sum, one price, and 498 log groups."""
    properties = _properties(log_groups=tuple(f"/g/{number}" for number in range(groups)))

    assert len(properties["metrics"]) == min(groups + 2, 500)
    label = properties["metrics"][0][-1]["label"]
    assert label == ("2.50 of it alarms" if not left_out else f"2.50 of it alarms, {left_out} metrics left out")


@pytest.mark.parametrize(("sizes", "left_out"), [(166, 0), (167, 2), (300, 268)])
def test_functions_of_many_sizes_stay_below_the_length_of_an_expression(sizes: int, left_out: int) -> None:
    """Each size has two metrics and a price of its own, besides the one of invocations."""
    functions = [resource("lambda", f"f{number:03}", memory_mb=128 + number) for number in range(sizes)]
    label = f"2.50 of it alarms, {left_out} metrics left out" if left_out else "2.50 of it alarms"

    properties = _properties(*functions)

    assert len(properties["metrics"]) <= 500
    assert properties["metrics"][0][-1]["label"] == label
    assert _figure(properties, Invocations=1) > 2.5


@given(st.lists(st.text(min_size=1, max_size=40), max_size=5))
def test_whatever_log_groups_are_called_cloudwatch_takes_the_widget(groups: list[str]) -> None:
    _properties(log_groups=tuple(groups))
