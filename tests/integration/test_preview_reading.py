"""The preview reads from CloudWatch what dashboards show: paginated, in batches, refusals told and not raised."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws
from provisioner.dashboard_service import service_dashboards
from watchpost_cli.preview import CloudWatch

from tests.unit.provisioner.pages import CONTEXT, function, service_page

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "eu-west-1"


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "testing")
    with mock_aws():
        yield boto3.client("cloudwatch", region_name=REGION)


@pytest.fixture
def end() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0)


def _graph(name: str = "Errors", **options: Any) -> dict[str, Any]:
    metric = ["AWS/Lambda", name, "FunctionName", "orders-api", {"stat": "Sum", "label": name, **options}]
    properties = {"title": name, "region": REGION, "view": "timeSeries", "period": 60, "metrics": [metric]}
    return {"type": "metric", "x": 0, "y": 0, "width": 6, "height": 6, "properties": properties}


def _count(client: Any, operation: str) -> list[dict[str, Any]]:
    """The requests of an operation that go out from now on."""
    found: list[dict[str, Any]] = []
    client.meta.events.register(
        f"provide-client-params.cloudwatch.{operation}", lambda params, **_: found.append(dict(params))
    )
    return found


def _refuse(client: Any, operation: str, word: str = "") -> None:
    """Answer requests that hold a word as AWS does when a role lacks the permission."""

    def answer(params: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]] | None:
        if word not in str(params["body"]):
            return None
        told = {"Code": "AccessDenied", "Message": f"not allowed: {operation}"}
        return SimpleNamespace(status_code=403), {"Error": told, "ResponseMetadata": {}}

    client.meta.events.register(f"before-call.cloudwatch.{operation}", answer)


def _publish(client: Any, end: datetime, *values: float, name: str = "Errors", unit: str = "Count") -> None:
    """One value a minute, the last one a minute before the end."""
    client.put_metric_data(
        Namespace="AWS/Lambda",
        MetricData=[
            {
                "MetricName": name,
                "Dimensions": [{"Name": "FunctionName", "Value": "orders-api"}],
                "Timestamp": end - timedelta(minutes=len(values) - index),
                "Value": value,
                "Unit": unit,
            }
            for index, value in enumerate(values)
        ],
    )


def test_a_graph_has_the_points_and_the_unit_that_cloudwatch_has(cloudwatch: Any, end: datetime) -> None:
    # given three values of a metric, and two widgets of which one has no data
    _publish(cloudwatch, end, 1, 5, 2, unit="Milliseconds")
    body = {"widgets": [_graph(), _graph("Throttles")]}
    # when the dashboard is read
    data = CloudWatch(lambda _: cloudwatch, end)({"d": body})
    # then the first has its points in their order, and the other none
    (line,) = data.graphs["d", 0].lines
    assert [(time, value) for time, value in line.points] == [
        (end - timedelta(minutes=3 - index), value) for index, value in enumerate((1, 5, 2))
    ]
    assert (line.label, line.unit) == ("Errors", "Milliseconds")
    assert not any(line.points for line in data.graphs["d", 1].lines)
    assert data.end == end


def test_the_unit_of_a_metric_is_asked_for_once_and_only_where_there_is_data(cloudwatch: Any, end: datetime) -> None:
    _publish(cloudwatch, end, 1)
    asked = _count(cloudwatch, "GetMetricStatistics")
    widgets = [_graph(), _graph(), _graph("Throttles"), _graph(stat="SampleCount")]
    data = CloudWatch(lambda _: cloudwatch, end)({"d": {"widgets": widgets}})
    assert [request["MetricName"] for request in asked] == ["Errors"]
    assert data.graphs["d", 3].lines[0].unit == "Count"


@pytest.mark.parametrize(("widgets", "calls"), [(500, [500]), (501, [500, 1])])
def test_one_call_has_500_queries_at_most(cloudwatch: Any, end: datetime, widgets: int, calls: list[int]) -> None:
    asked = _count(cloudwatch, "GetMetricData")
    CloudWatch(lambda _: cloudwatch, end)({"d": {"widgets": [_graph()] * widgets}})
    assert [len(request["MetricDataQueries"]) for request in asked] == calls
    ids = [query["Id"] for request in asked for query in request["MetricDataQueries"]]
    assert len(set(ids)) == widgets


def test_the_queries_of_a_widget_stay_in_one_call(cloudwatch: Any, end: datetime) -> None:
    # given two widgets with 300 metrics each, whose expressions are about metrics of the same call
    wide = _graph()
    wide["properties"]["metrics"] = [["N", f"M{n}", {"stat": "Sum", "id": f"m{n}"}] for n in range(300)]
    asked = _count(cloudwatch, "GetMetricData")
    CloudWatch(lambda _: cloudwatch, end)({"d": {"widgets": [wide, wide]}})
    assert [len(request["MetricDataQueries"]) for request in asked] == [300, 300]


def test_dashboards_are_read_for_the_time_that_they_show(cloudwatch: Any, end: datetime) -> None:
    asked = _count(cloudwatch, "GetMetricData")
    bodies = {"a": {"start": "-PT3H", "widgets": [_graph()]}, "b": {"start": "-P1D", "widgets": [_graph()]}}
    CloudWatch(lambda _: cloudwatch, end)(bodies)
    assert [request["EndTime"] - request["StartTime"] for request in asked] == [timedelta(hours=3), timedelta(days=1)]


def test_each_region_is_read_by_its_own_client(cloudwatch: Any, end: datetime) -> None:
    asked = []
    other = _graph()
    other["properties"]["region"] = "us-east-1"

    def client(region: str) -> Any:
        asked.append(region)
        return boto3.client("cloudwatch", region_name=region)

    CloudWatch(client, end)({"d": {"widgets": [_graph(), other]}})
    assert set(asked) == {REGION, "us-east-1"}


def _pages(client: Any, *pages: list[dict[str, Any]]) -> None:
    """Answer GetMetricData in these pages, the others as they are."""
    waiting = list(pages)

    def after(parsed: dict[str, Any], **_: Any) -> None:
        results = waiting.pop(0)
        parsed["MetricDataResults"] = results
        if waiting:
            parsed["NextToken"] = f"more {len(waiting)}"

    client.meta.events.register("after-call.cloudwatch.GetMetricData", after)


def test_all_pages_of_an_answer_are_read(cloudwatch: Any, end: datetime) -> None:
    times = [end - timedelta(minutes=n) for n in (3, 2, 1)]
    asked = _count(cloudwatch, "GetMetricData")
    _pages(
        cloudwatch,
        [{"Id": "w1_q0", "Label": "Errors", "Timestamps": times[2:], "Values": [3.0]}],
        [{"Id": "w1_q0", "Label": "Errors", "Timestamps": times[:2], "Values": [1.0, 2.0]}],
    )
    data = CloudWatch(lambda _: cloudwatch, end)({"d": {"widgets": [_graph()]}})
    assert [value for _, value in data.graphs["d", 0].lines[0].points] == [1.0, 2.0, 3.0]
    assert len(asked) == 2


def test_a_widget_that_is_refused_says_so_and_the_others_have_their_data(cloudwatch: Any, end: datetime) -> None:
    # given CloudWatch that refuses every call with a certain metric in it
    _publish(cloudwatch, end, 7)
    _refuse(cloudwatch, "GetMetricData", "Throttles")
    # when that metric and another are read
    data = CloudWatch(lambda _: cloudwatch, end)({"d": {"widgets": [_graph(), _graph("Throttles")]}})
    # then only its own widget is without
    assert [value for _, value in data.graphs["d", 0].lines[0].points] == [7.0]
    assert data.graphs["d", 0].trouble == ""
    assert "not allowed: GetMetricData" in data.graphs["d", 1].trouble


def test_states_of_alarms_are_read_in_calls_of_a_hundred(cloudwatch: Any, end: datetime) -> None:
    # given 101 alarms of which one rings and one does not exist
    names = [f"wp/orders/orders-api/a{n:03}" for n in range(101)]
    for name in names[:-1]:
        cloudwatch.put_metric_alarm(
            AlarmName=name, MetricName="Errors", Namespace="AWS/Lambda", Statistic="Sum", Period=60,
            EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip
    cloudwatch.set_alarm_state(AlarmName=names[0], StateValue="ALARM", StateReason="test")
    arns = [f"arn:aws:cloudwatch:{REGION}:123456789012:alarm:{name}" for name in names]
    widgets = [{"type": "alarm", "properties": {"alarms": part}} for part in (arns[:100], arns[100:])]
    asked = _count(cloudwatch, "DescribeAlarms")
    # when the dashboard is read
    states = CloudWatch(lambda _: cloudwatch, end)({"d": {"widgets": widgets}}).states
    # then the ringing one rings, and the one that does not exist is missing
    assert states[arns[0]] == "ALARM"
    assert states.keys() == set(arns[:100])
    assert [len(request["AlarmNames"]) for request in asked if "NextToken" not in request] == [100, 1]
    assert asked[0]["AlarmTypes"] == ["MetricAlarm", "CompositeAlarm"]


def test_states_that_are_refused_do_not_stop_the_graphs(cloudwatch: Any, end: datetime) -> None:
    _publish(cloudwatch, end, 7)
    _refuse(cloudwatch, "DescribeAlarms")
    alarm = {"type": "alarm", "properties": {"alarms": [f"arn:aws:cloudwatch:{REGION}:123456789012:alarm:a"]}}
    data = CloudWatch(lambda _: cloudwatch, end)({"d": {"widgets": [_graph(), alarm]}})
    assert data.states == {}
    assert "not allowed: DescribeAlarms" in data.trouble
    assert data.graphs["d", 0].lines[0].points


def test_every_widget_of_a_real_dashboard_is_read(cloudwatch: Any, end: datetime) -> None:
    # given a service with more functions than a graph shows, and errors of one of them
    _publish(cloudwatch, end, 3)
    page = service_page(resources=(*(function(f"f{n}") for n in range(21)), function("orders-api")))
    bodies = service_dashboards(page, CONTEXT)
    data = CloudWatch(lambda _: cloudwatch, end)(bodies)
    # then there is something for each metric widget, and the highest line is that of the function with errors
    widgets = {(name, index): w for name, body in bodies.items() for index, w in enumerate(body["widgets"])}
    assert data.graphs.keys() == {place for place, widget in widgets.items() if widget["type"] == "metric"}
    assert not [graph.trouble for graph in data.graphs.values() if graph.trouble]
    (errors,) = (p for p, w in widgets.items() if str(w["properties"].get("title")).startswith("Errors: the highest"))
    assert [line.label for line in data.graphs[errors].lines] == ["orders-api"]
