"""A service's dashboard: health first, then each resource, own metrics, the last errors; never beyond the limits."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.dashboard import is_owned
from provisioner.dashboard_model import Alarm, Links, ServicePage
from provisioner.dashboard_service import service_dashboards

from tests.unit.provisioner.dashboard_limits import check
from tests.unit.provisioner.pages import CONTEXT, KINDS, alarm, function, graphs, of_type, resource, service_page


def _all(page: ServicePage) -> dict[str, dict[str, Any]]:
    bodies = service_dashboards(page, CONTEXT)
    for name, body in bodies.items():
        check(name, body)
        assert is_owned(body, "wp")
    return bodies


def _body(**fields: Any) -> dict[str, Any]:
    (body,) = _all(service_page(**fields)).values()
    return body


def _head(body: dict[str, Any]) -> str:
    return str(of_type(body, "text")[0]["markdown"])


def test_a_page_begins_with_health_and_ends_with_the_last_errors() -> None:
    # given a service with a queue, a function, logs and a metric of its own
    resources = (
        resource("sqs", "orders-queue"),
        resource("metric", "placed", metric_name="OrdersPlaced"),
        resource("logs"),
        function("orders-api"),
    )
    # when its page is made
    body = _body(resources=resources)
    # then the order is that in which somebody asks
    kinds = [
        widget["properties"].get("markdown", widget["properties"].get("title", "")).split("\n")[0]
        for widget in body["widgets"]
    ]
    assert kinds[:2] == ["# orders", "Alarms"]
    sections = [title for title in kinds if title.startswith("## ")]
    assert [title.split(" · ")[0] for title in sections] == [
        "## Lambda function\\: orders-api",
        "## SQS queue\\: orders-queue",
        "## Own metrics",
    ]
    health = kinds[2 : kinds.index(sections[0])]
    signals = [title.split(":")[0].split(" (")[0] for title in health]
    assert signals == ["Errors", "Errors in the logs", "Latency", "Latency", "Saturation", "Traffic", "Log lines"]
    assert kinds[kinds.index("## Own metrics") + 1 :] == ["placed", "Last errors"]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_a_section_that_cloudwatch_takes(kind: str) -> None:
    # given a resource whose facts are all true, so that it has all of its graphs
    facts = {name: True for name, fact in KINDS[kind].facts.items() if fact.type != "text"}
    body = _body(resources=(resource(kind, "the-one", **facts),))
    # then each graph of the definition is there with its own size, besides those of the first rows
    shown = [w for w in body["widgets"] if w["type"] == "metric"]
    wanted = [(w.width, w.height) for w in KINDS[kind].widgets]
    own = shown[len(shown) - len(wanted) :] if KINDS[kind].source.scope != "service" else shown
    assert len(own) == len(wanted) > 0
    if KINDS[kind].source.scope != "service":
        assert [(w["width"], w["height"]) for w in own] == wanted


def test_the_composite_alarm_comes_first_then_the_severe_ones() -> None:
    alarms = (alarm("a-first"), alarm("b-second"))
    alarms = (replace(alarms[0], severity="warning"), alarms[1])
    (widget,) = of_type(_body(alarms=alarms), "alarm")
    names = [arn.split(":alarm:")[1] for arn in widget["alarms"]]
    assert names == ["wp/orders", "wp/orders/orders-api/b-second", "wp/orders/orders-api/a-first"]


@pytest.mark.parametrize(("count", "widgets"), [(0, []), (99, [100]), (100, [100, 1])])
def test_every_alarm_is_in_a_status_widget_of_a_hundred_at_most(count: int, widgets: list[int]) -> None:
    alarms = tuple(alarm(f"a{n:03}") for n in range(count))
    body = _body(alarms=alarms, composite="wp/orders" if count else None)
    assert [len(widget["alarms"]) for widget in of_type(body, "alarm")] == widgets


def test_the_head_links_to_kibana_the_runbook_and_the_console_and_names_owner_and_deployment() -> None:
    head = _head(_body())
    for link in ("[Kibana](https://kibana.example/s)", "[Runbook](https://wiki.example/r)", "[Console](https://con"):
        assert link in head
    assert "Owner team-a" in head
    assert "Last deployment 2026-11-20 14\\:03 v1\\.2\\.3" in head
    assert "#dashboards/dashboard/wp-overview)" in head


def test_addresses_that_are_not_https_are_not_linked() -> None:
    head = _head(_body(links=Links("http://kibana.example", "javascript:alert(1)", "[me](https://evil.example)", "")))
    assert not re.search(r"kibana|alert|Runbook|Console", head)
    assert "Owner \\[me\\]\\(https\\:\\/\\/evil\\.example\\)" in head


def test_what_nobody_said_is_not_shown() -> None:
    body = _body(links=Links(), deployments=(), log_groups=(), alarms=(), composite=None, resources=())
    assert "No deployment seen" in _head(body)
    assert "Owner" not in _head(body)
    assert [widget["type"] for widget in body["widgets"]] == ["text"]


def test_a_resource_is_linked_to_the_console_by_its_arn() -> None:
    titles = [text["markdown"] for text in of_type(_body(), "text")]
    assert "go/view?arn=arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Athing%2Forders-api)" in titles[1]


def test_deployments_are_marked_in_every_graph_over_time() -> None:
    for graph in of_type(_body(), "metric"):
        marks = graph["annotations"]["vertical"]
        assert [(mark["value"], mark["label"]) for mark in marks] == [
            ("2026-11-19T09:00:00Z", "v1.2.2"),
            ("2026-11-20T14:03:12Z", "v1.2.3"),
        ]


@pytest.mark.parametrize("time", ["", "yesterday", "2026-11-20T14:03:12", "2026-13-01T00:00:00Z"])
def test_a_deployment_without_a_time_of_the_world_is_not_marked(time: str) -> None:
    body = _body(deployments=((time, "v1"),))
    assert all("vertical" not in graph.get("annotations", {}) for graph in of_type(body, "metric"))
    assert "No deployment seen" in _head(body)


def test_times_of_deployments_are_told_in_utc_and_only_the_last_twenty() -> None:
    deployments = tuple((f"2026-11-{day:02}T01:00:00+02:00", f"v{day}") for day in range(1, 23))
    marks = of_type(_body(deployments=deployments), "metric")[0]["annotations"]["vertical"]
    assert [mark["label"] for mark in marks] == [f"v{day}" for day in range(3, 23)]
    assert marks[-1]["value"] == "2026-11-21T23:00:00Z"


def _levels(body: dict[str, Any], title: str = "Errors") -> list[tuple[Any, ...]]:
    marks = graphs(body)[title].get("annotations", {}).get("horizontal", [])
    return [(mark["value"], mark["label"], mark["fill"], mark["color"]) for mark in marks]


def test_the_threshold_of_an_alarm_is_drawn_where_its_metric_is_shown() -> None:
    assert _levels(_body()) == [(5.0, "Title of errors", "above", "#d13212")]
    lower = alarm("errors", "Errors", ComparisonOperator="LessThanThreshold")
    assert _levels(_body(alarms=(replace(lower, severity="warning"),))) == [
        (5.0, "Title of errors", "below", "#ff9900")
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"MetricName": "Throttles"},
        {"Namespace": "AWS/SQS"},
        {"Dimensions": [{"Name": "FunctionName", "Value": "another"}]},
        {"Dimensions": []},
        {"Statistic": "Average"},
        {"Period": 300},  # a sum over five minutes is not one over a minute
    ],
)
def test_a_threshold_of_something_else_is_not_drawn(other: dict[str, Any]) -> None:
    watched = alarm("errors", "Errors")
    watched = replace(watched, request=dict(watched.request) | other)
    assert _levels(_body(alarms=(watched,))) == []


def test_the_threshold_of_a_maximum_is_drawn_whatever_its_period() -> None:
    watched = alarm("duration", "Duration", Statistic="Maximum", Period=300)
    drawn = [graph for graph in of_type(_body(alarms=(watched,)), "metric") if graph["title"] == "Duration"]
    assert [mark["label"] for mark in drawn[0]["annotations"]["horizontal"]] == ["Title of duration"]


def test_alarms_on_expressions_and_bands_have_no_threshold_to_draw() -> None:
    math = Alarm("wp/a", "Rate", "critical", "orders-api", {"Metrics": [{"Id": "m"}], "Threshold": 5.0})
    band = Alarm("wp/b", "Band", "critical", "orders-api", {"ThresholdMetricId": "band"})
    assert _levels(_body(alarms=(math, band))) == []


@pytest.mark.parametrize(("count", "drawn"), [(4, 4), (5, 0)])
def test_more_thresholds_than_can_be_read_are_not_drawn(count: int, drawn: int) -> None:
    alarms = tuple(alarm(f"a{n}", "Errors", Threshold=float(n)) for n in range(count))
    assert len(_levels(_body(alarms=alarms))) == drawn


def test_graphs_begin_at_zero_but_for_what_may_be_below_it() -> None:
    found = graphs(_body(resources=(function("orders-api"), resource("metric", "balance", metric_name="Balance"))))
    assert found["Invocations"]["yAxis"] == {"left": {"min": 0}}
    assert "yAxis" not in found["balance"]


def test_a_resource_that_lacks_a_dimension_says_so_and_the_others_are_shown() -> None:
    kind, one = resource("dynamodb_index", "table/index")
    broken = replace(one, facts=dict(one.facts) | {"index": None})
    body = _body(resources=((kind, broken), function("orders-api")))
    texts = [text["markdown"] for text in of_type(body, "text")]
    assert "No graphs of table\\/index: index is not known" in texts
    assert "Invocations" in graphs(body)


def test_a_resource_without_graphs_says_why() -> None:
    body = _body(resources=(resource("s3", "files", request_metrics=False),))
    texts = [text["markdown"] for text in of_type(body, "text")]
    assert texts[-1] == "No graphs of files: no metrics of requests\\: the bucket has no metrics configuration"


def _variables(**fields: Any) -> dict[str, dict[str, Any]]:
    return {variable["id"]: variable for variable in _body(**fields)["variables"]}


NAMED = {"resources": (function("orders-dev-api"),), "log_groups": ("/aws/lambda/orders-dev-api",)}


def test_the_environment_can_be_chosen_where_names_carry_it() -> None:
    variable = _variables(**NAMED, environments=("dev", "prod"))["environment"]
    assert (variable["pattern"], variable["inputType"], variable["defaultValue"]) == ("dev", "select", "dev")
    assert [value["value"] for value in variable["values"]] == ["dev", "prod"]


def test_the_environment_can_be_typed_where_no_other_is_known() -> None:
    assert _variables(**NAMED)["environment"]["inputType"] == "input"


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ("dev", "orders-api"),  # no name carries it
        ("dev", "orders-dev-device"),  # it would be replaced within a word too
        ("eu", "orders-eu-api"),  # it would be replaced within the region
        ("stat", "orders-stat-api"),  # it would be replaced within a field of the body
        (".*", "orders-.*-api"),  # it is a pattern
    ],
)
def test_no_environment_is_offered_where_more_than_it_would_be_replaced(environment: str, name: str) -> None:
    found = _variables(environment=environment, resources=(function(name),), log_groups=())
    assert set(found) == {"period"}


def test_the_period_can_be_chosen_and_begins_as_the_definitions_have_it() -> None:
    variable = _variables()["period"]
    assert (variable["type"], variable["property"], variable["defaultValue"]) == ("property", "period", "60")
    assert {"60", "300", "3600"} <= {value["value"] for value in variable["values"]}
    assert _body()["start"] == "-PT3H"
    assert _body()["periodOverride"] == "inherit"


def test_a_service_beyond_the_limits_has_several_dashboards_that_lead_to_each_other() -> None:
    # given 120 functions with five widgets each, besides those of the first rows
    page = service_page(resources=tuple(function(f"f{n:03}") for n in range(120)))
    bodies = _all(page)
    # then nothing is left out, and each page names the others
    assert list(bodies) == ["wp-orders", "wp-orders-2"]
    titles = [text["markdown"].split(" · ")[0] for body in bodies.values() for text in of_type(body, "text")]
    assert [t for t in titles if t.startswith("## ")] == [f"## Lambda function\\: f{n:03}" for n in range(120)]
    assert _head(bodies["wp-orders"]).startswith("# orders, page 1 of 2\n")
    assert "[Page 2](" in _head(bodies["wp-orders"])
    assert "dashboard/wp-orders)" in _head(bodies["wp-orders-2"])


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


@given(
    service=NAMES,
    names=st.lists(NAMES, max_size=6, unique=True),
    owner=NAMES,
    kibana=st.text(max_size=20).map(lambda rest: f"https://{rest}"),
    groups=st.lists(NAMES, max_size=4),
    environment=NAMES,
    what=NAMES,
)
def test_whatever_the_names_are_cloudwatch_takes_the_dashboard(**made: Any) -> None:
    kinds = ("lambda", "sqs", "states", "metric", "logs", "dynamodb_index")
    page = ServicePage(
        made["service"],
        made["environment"],
        (alarm("x", "Errors"),),
        None,
        tuple(resource(kinds[n], name) for n, name in enumerate(made["names"])),
        tuple(made["groups"]),
        Links(made["kibana"], owner=made["owner"]),
        (("2026-11-20T14:03:12Z", made["what"]),),
    )
    for body in _all(page).values():
        assert not is_owned(body, "w")
