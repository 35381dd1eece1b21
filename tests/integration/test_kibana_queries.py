"""What the panels ask for, asked of a real Elasticsearch with the project's own index templates and documents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from provisioner import kibana
from provisioner.kibana import objects
from watchpost.search import kql

from tests.integration.kibana_world import DEFINITIONS, OWN, settings
from tests.integration.kql_world import APP, METRIC, PLATFORM, World
from tests.integration.lens_queries import Shown

if TYPE_CHECKING:
    from collections.abc import Callable

PRICE, REQUEST = 0.0000166667, 0.0000002  # USD for a GB-second and a request, as AWS lists them


def _line(minute: int, service: str, level: str | None, **more: Any) -> dict[str, Any]:
    at = {"@timestamp": f"2026-11-21T08:{minute:02}:00.000Z", "service": {"name": service}, "message": "a line"}
    return at | ({"log": {"level": level}} if level else {}) | more


def _error(kind: str | None, message: str | None) -> dict[str, Any]:
    return {"error": {name: value for name, value in (("type", kind), ("message", message)) if value}}


def _report(
    minute: int, service: str, function: str, *, ms: float, size: int, used: int, init: float | None = None
) -> dict[str, Any]:
    numbers = {"duration_ms": ms, "billed_duration_ms": ms, "memory_size_mb": size, "max_memory_used_mb": used}
    numbers |= {"init_duration_ms": init} if init is not None else {}
    return _line(minute, service, None) | {
        "event": {"action": "report"},
        "faas": {"name": function, "execution": f"{function}-{minute}"},
        "aws": {"lambda": {"metrics": numbers}},
    }


def _metric(minute: int, service: str, name: str, value: float, unit: str | None = None) -> dict[str, Any]:
    return _line(minute, service, None) | {"metric": {"name": name, "value": value} | ({"unit": unit} if unit else {})}


APP_LINES = [
    *(_line(minute, "orders", "info") for minute in range(5)),
    _line(5, "orders", None),
    *(_line(6 + n, "orders", "error", **_error("Timeout", "the bank is away")) for n in range(3)),
    _line(10, "orders", "fatal", **_error("Timeout", "the shop is away")),
    _line(11, "orders", "error", **_error("KeyError", None), correlation={"id": "c-1"}),
    _line(12, "payments", "warn", correlation={"id": "c-1"}),
    _line(13, "payments", "error", **_error(None, None)),
]
REPORTS = [
    _report(20, "orders", "orders-api", ms=1000, size=1024, used=512, init=300),
    _report(21, "orders", "orders-api", ms=3000, size=1024, used=900),
    _report(22, "orders", "orders-api", ms=2000, size=2048, used=600, init=700),
    _report(23, "orders", "orders-mail", ms=100, size=128, used=64),
    _report(24, "payments", "payments-api", ms=500, size=512, used=100),
]
PLATFORM_LINES = [*REPORTS, _line(25, "orders", None, event={"action": "timeout", "outcome": "failure"})]
METRICS = [
    _metric(30, "orders", "latency", 10, "Milliseconds"),
    _metric(31, "orders", "latency", 30, "Milliseconds"),
    _metric(32, "orders", "stock", 7),
    _line(33, "orders", None, tags=["metric-line-invalid"], error={"message": "metric line: value is not a number"}),
]
GB_SECONDS = {"orders-api": 1.0 + 3.0 + 2 * 2.0, "orders-mail": 0.1 * 128 / 1024, "payments-api": 0.25}


@pytest.fixture(scope="module")
def world(elasticsearch_url: str) -> World:
    made = World(elasticsearch_url)
    for stream, lines in ((APP, APP_LINES), (PLATFORM, PLATFORM_LINES), (METRIC, METRICS)):
        made.add(stream, {str(number): line for number, line in enumerate(lines)})
    return made


@pytest.fixture(scope="module")
def there(world: World) -> dict[str, dict[str, Any]]:
    """Every object of a stack with two services, by id without what all begin with."""
    services = [kibana.Service("orders"), kibana.Service("payments")]
    built = objects.build(DEFINITIONS, services, settings("none", environment=world.namespace))
    return {one["id"].removeprefix(OWN): one for one in built}


@pytest.fixture(scope="module")
def of(world: World, there: dict[str, dict[str, Any]]) -> Callable[[str], Shown]:
    by_id = {one["id"]: one for one in there.values()}
    return lambda what: Shown(world.cluster, by_id, there[what])


def _titles() -> list[tuple[str, str]]:
    return [
        (what, panel.title)
        for what, dashboard in (("overview", DEFINITIONS.overview), ("service-orders", DEFINITIONS.service))
        for panel in dashboard.panels
        if panel.chart
    ]


@pytest.mark.parametrize(("what", "title"), _titles())
def test_every_chart_asks_what_elasticsearch_can_answer_and_shows_something(
    of: Callable[[str], Shown], what: str, title: str
) -> None:
    rows = of(what).rows(title)
    assert rows
    for label in rows[0]:
        # A unit is what not every metric has; every other column has a value somewhere.
        assert any(row[label] is not None for row in rows), label


def test_the_log_volume_is_that_of_each_level_and_of_lines_without_one(of: Callable[[str], Shown]) -> None:
    rows = of("service-orders").rows("Log volume by level")
    found = {row["Level"]: row["Lines"] for row in rows}
    assert found == {"info": 5, "error": 4, "fatal": 1, "(missing value)": 1}


def test_the_top_errors_are_counted_by_type_and_message_the_most_frequent_first(of: Callable[[str], Shown]) -> None:
    rows = of("service-orders").rows("Top errors by type and message")
    assert [(row["Type"], row["Message"], row["Errors"]) for row in rows] == [
        ("Timeout", "the bank is away", 3),
        ("Timeout", "the shop is away", 1),
        ("(missing value)", "(missing value)", 1),
        ("KeyError", "(missing value)", 1),
    ]
    assert rows[0]["Newest"] == "2026-11-21T08:08:00.000Z"


def test_the_numbers_of_a_service_are_its_own(of: Callable[[str], Shown]) -> None:
    shown = of("service-orders")
    numbers = {title: shown.rows(title) for title in ("Lines", "Errors", "Invocations")}
    assert numbers == {"Lines": [{"Lines": 11}], "Errors": [{"Errors": 6}], "Invocations": [{"Invocations": 4}]}


def test_the_cost_is_exact_though_functions_have_other_memory_sizes(of: Callable[[str], Shown]) -> None:
    cost = {name: found * PRICE for name, found in GB_SECONDS.items()}
    orders = cost["orders-api"] + 3 * REQUEST + cost["orders-mail"] + REQUEST
    [row] = of("service-orders").rows("Cost of Lambda at list price")
    assert row["USD"] == pytest.approx(orders)
    assert sum(row["USD"] for row in of("service-orders").rows("Cost over time, USD at list price")) == pytest.approx(
        orders
    )


def test_each_function_has_one_row_of_cost(of: Callable[[str], Shown]) -> None:
    rows = of("service-orders").rows("Cost by function, at list price")
    assert [row["Function"] for row in rows] == ["orders-api", "orders-mail"]
    assert [row["Invocations"] for row in rows] == [3, 1]
    assert [row["GB-seconds"] for row in rows] == pytest.approx([GB_SECONDS["orders-api"], GB_SECONDS["orders-mail"]])
    assert rows[0]["USD"] == pytest.approx(GB_SECONDS["orders-api"] * PRICE + 3 * REQUEST)


def test_memory_is_compared_with_the_size_it_was_used_of(of: Callable[[str], Shown]) -> None:
    rows = of("service-orders").rows("Memory against size")
    shown = {(row["Function"], row["Size, MB"]): (row["Most used, MB"], row["Used of size"]) for row in rows}
    assert shown == {
        ("orders-api", 1024.0): (900.0, 900 / 1024),
        ("orders-api", 2048.0): (600.0, 600 / 2048),
        ("orders-mail", 128.0): (64.0, 0.5),
    }


def test_durations_and_cold_starts_are_those_of_the_invocations(of: Callable[[str], Shown]) -> None:
    [duration] = of("service-orders").rows("Duration of invocations, ms")
    assert duration["Slowest"] == 3000
    assert duration["Median"] == pytest.approx(1500)
    [cold] = of("service-orders").rows("Cold starts")
    assert (cold["Cold starts"], cold["Longest init, ms"]) == (2, 700)


def test_metric_lines_have_a_row_for_each_name_with_its_values(of: Callable[[str], Shown]) -> None:
    rows = {row["Metric"]: row for row in of("service-orders").rows("Metric lines")}
    assert rows.keys() == {"latency", "stock"}
    values = {name: rows["latency"][name] for name in ("Unit", "Lines", "Smallest", "Average", "Largest", "Sum")}
    assert values == {"Unit": "Milliseconds", "Lines": 2, "Smallest": 10, "Average": 20, "Largest": 30, "Sum": 40}
    assert rows["stock"]["Unit"] == "(missing value)"


def test_the_overview_has_one_row_for_each_service(of: Callable[[str], Shown]) -> None:
    rows = of("overview").rows("Services")
    assert [row["Service"] for row in rows] == ["orders", "payments"]
    orders, payments = rows
    assert (orders["Lines"], orders["Errors"], orders["Invocations"], orders["Cold starts"]) == (16, 6, 4, 2)
    assert orders["Errors of lines"] == pytest.approx(6 / 16)
    assert (orders["Slowest, ms"], orders["Coldest, ms"], orders["Memory used, MB"]) == (3000, 700, 900)
    assert orders["Newest line"] == "2026-11-21T08:25:00.000Z"
    assert (payments["Lines"], payments["Errors"], payments["Invocations"]) == (3, 1, 1)


def test_the_overview_has_one_row_of_cost_for_each_service(of: Callable[[str], Shown]) -> None:
    rows = {row["Service"]: row for row in of("overview").rows("Cost of Lambda by service, at list price")}
    expected = {"orders": GB_SECONDS["orders-api"] + GB_SECONDS["orders-mail"], "payments": GB_SECONDS["payments-api"]}
    assert {name: row["GB-seconds"] for name, row in rows.items()} == pytest.approx(expected)


@pytest.mark.parametrize(
    ("what", "field", "found"),
    [
        (
            "slow",
            "faas.execution",
            ["orders-api-21", "orders-api-22", "orders-api-20", "payments-api-24", "orders-mail-23"],
        ),
        ("cold", "faas.execution", ["orders-api-22", "orders-api-20"]),
        ("correlation", "service.name", ["orders", "payments"]),
        ("errors", "service.name", ["orders", "payments", *["orders"] * 5]),
        ("invalid-metric-lines", "error.message", ["metric line: value is not a number"]),
        ("own", "tags", []),
    ],
)
def test_saved_searches_find_their_lines_in_their_order(
    world: World, there: dict[str, dict[str, Any]], what: str, field: str, found: list[str]
) -> None:
    attributes = there[what]["attributes"]
    source = json.loads(attributes["kibanaSavedObjectMeta"]["searchSourceJSON"])
    [view] = [one for one in there.values() if one["id"] == there[what]["references"][0]["id"]]
    body = {
        "size": 50,
        "query": kql.to_elasticsearch(source["query"]["query"]),
        "sort": [{name: direction} for name, direction in attributes["sort"]],
        "fields": [field, *attributes["columns"]],
    }
    answer = world.cluster.request("POST", f"/{view['attributes']['title']}/_search", body)
    assert [hit["fields"][field][0] for hit in answer["hits"]["hits"]] == found
