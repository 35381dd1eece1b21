"""The first rows of a service's page: errors, latency, saturation and traffic over all of its resources."""

from __future__ import annotations

from typing import Any

import pytest
from provisioner.dashboard_health import SIGNALS, groups, signal
from provisioner.dashboard_service import service_dashboards
from provisioner.definitions import WidgetDefinition

from tests.unit.provisioner.dashboard_limits import check
from tests.unit.provisioner.pages import CONTEXT, KINDS, alarm, function, graphs, resource, service_page


def _graphs(*resources: Any, **fields: Any) -> dict[str, dict[str, Any]]:
    bodies = service_dashboards(service_page(resources=resources, **fields), CONTEXT)
    for name, body in bodies.items():
        check(name, body)
    return {title: graph for body in bodies.values() for title, graph in graphs(body).items()}


def _labels(graph: dict[str, Any]) -> list[str]:
    return [entry[-1]["label"] for entry in graph["metrics"] if entry[-1].get("visible", True)]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Errors", "Errors"),
        ("Delivery failures", "Errors"),
        ("Failed", "Errors"),
        ("Duration", "Latency"),
        ("Age of the oldest message", "Latency"),
        ("Latency of the integration", "Latency"),
        ("Throttles and concurrency", "Saturation"),
        ("CPU", "Saturation"),
        ("Free storage", "Saturation"),
        ("Requests", "Traffic"),
        ("Messages", "Traffic"),
        ("Percentage", "Traffic"),  # no age
    ],
)
def test_a_widgets_title_says_what_it_is_about(title: str, expected: str) -> None:
    assert signal(WidgetDefinition(title, (), 60, 6, 6, None, health=True)) == expected


def test_there_is_a_line_for_each_resource_in_the_order_of_kinds_and_names() -> None:
    found = _graphs(function("b"), function("a"), resource("apigateway_http", "site/live"))
    assert _labels(found["Traffic"]) == ["site/live", "a", "b"]
    assert _labels(found["Errors"]) == ["site/live 5xx", "site/live 4xx", "a", "b"]
    assert _labels(found["Latency (p99): Lambda function"]) == ["a", "b"]
    assert _labels(found["Latency (p95): HTTP API"]) == ["site/live"]


def test_values_of_different_units_are_never_in_one_graph() -> None:
    # given a duration in milliseconds and an age in seconds
    found = _graphs(function("a"), resource("sqs", "queue"))
    assert _labels(found["Latency (p99): Lambda function"]) == ["a"]
    assert _labels(found["Latency: SQS queue"]) == ["queue"]


def test_two_graphs_of_one_kind_and_signal_are_told_apart() -> None:
    found = _graphs(resource("ecs", "cluster/web"))
    assert {"Saturation: ECS service, CPU", "Saturation: ECS service, Memory"} <= found.keys()


def test_the_logs_of_a_service_do_not_drown_its_requests() -> None:
    found = _graphs(function("a"), resource("logs"))
    assert _labels(found["Log lines"]) == ["Log lines"]
    assert _labels(found["Traffic"]) == ["a"]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_health_widget_of_every_kind_is_in_one_of_the_four_signals(kind: str) -> None:
    facts = {name: True for name, fact in KINDS[kind].facts.items() if fact.type != "text"}
    found = groups(service_page(resources=(resource(kind, "one", **facts),)), CONTEXT)
    marked = [widget for widget in KINDS[kind].widgets if widget.health]
    assert len(found) == len(marked)
    assert all(group.lines for group in found)
    ranks = [SIGNALS.index(group.signal) for group in found]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize("count", [1, 20])
def test_up_to_twenty_lines_are_all_shown(count: int) -> None:
    traffic = _graphs(*(function(f"f{n:03}") for n in range(count)))["Traffic"]
    assert _labels(traffic) == [f"f{n:03}" for n in range(count)]


def test_of_more_lines_the_highest_twenty_are_shown() -> None:
    traffic = _graphs(*(function(f"f{n:03}") for n in range(21)))["Traffic: the highest 20 of 21"]
    expression, *hidden = traffic["metrics"]
    assert expression == [{"expression": "SORT(METRICS(), MAX, DESC, 20)", "id": "highest"}]
    assert [entry[-1]["label"] for entry in hidden] == [f"f{n:03}" for n in range(21)]
    assert not any(entry[-1]["visible"] for entry in hidden)


@pytest.mark.parametrize(("count", "titles"), [(499, ["Traffic"]), (500, ["Traffic, 1 of 2", "Traffic, 2 of 2"])])
def test_a_graph_has_500_metrics_at_most_with_its_expression(count: int, titles: list[str]) -> None:
    found = _graphs(*(function(f"f{n:03}") for n in range(count)))
    assert sorted(title.split(":")[0] for title in found if title.startswith("Traffic")) == titles


def test_a_threshold_that_all_functions_share_is_one_line() -> None:
    def watched(name: str) -> Any:
        return alarm(name, "Errors", Dimensions=[{"Name": "FunctionName", "Value": name}])

    alarms = tuple(watched(name) for name in ("a", "b"))
    alarms = tuple(type(each)(each.name, "Errors", each.severity, each.resource, each.request) for each in alarms)
    marks = _graphs(function("a"), function("b"), alarms=alarms)["Errors"]["annotations"]["horizontal"]
    assert [(mark["value"], mark["label"]) for mark in marks] == [(5.0, "Errors")]
