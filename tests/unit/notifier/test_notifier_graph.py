"""The graph of an alarm shows its metric, its threshold and when it began, in words that CloudWatch takes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st
from notifier.alarm_metric import Metric, metric_of
from notifier.graph import LARGEST, Drawing, Easel, draw, widget

from tests.unit.notifier.facts import PNG, Aws, message, queries, refused
from tests.unit.notifier.widget_rules import WidgetError, check

NOW = datetime(2026, 11, 21, 6, 2, 30, 123456, tzinfo=UTC)
BEGAN = NOW - timedelta(minutes=2)


def _metric(trigger: dict[str, Any]) -> Metric:
    found = metric_of(trigger, "")
    assert found
    return found


def _widget(trigger: dict[str, Any], threshold: float | None = None, since: datetime = BEGAN) -> dict[str, Any]:
    found = widget(Drawing("orders", _metric(trigger), threshold, since, NOW))
    assert found
    return check(json.dumps(found))


def test_a_metric_is_drawn_with_its_threshold_and_its_beginning() -> None:
    found = _widget(message()["Trigger"], 1.0)

    assert found["metrics"] == [["Watchpost", "LogErrors", "Service", "orders", {"period": 60, "stat": "Sum"}]]
    assert found["annotations"] == {
        "horizontal": [{"label": "alarm at 1 or more", "value": 1.0, "color": "#d13212"}],
        "vertical": [{"label": "began", "value": "2026-11-21T06:00:30.123Z", "color": "#687078"}],
    }
    assert (found["start"], found["end"]) == ("2026-11-21T03:02:30.123Z", "2026-11-21T06:02:30.123Z")
    assert (found["width"], found["title"]) == (600, "orders")


def test_what_began_longer_ago_is_still_in_the_picture() -> None:
    found = _widget(message()["Trigger"], 1.0, NOW - timedelta(hours=5))

    assert found["start"] == "2026-11-21T01:02:30.123Z"


def test_metric_math_is_drawn_with_what_it_is_made_of_hidden() -> None:
    found = _widget({"Metrics": queries(("rate", "100 * errors / invocations"))}, 5.0)

    where = ["AWS/Lambda", "Errors", "FunctionName", "orders-api"]
    assert found["metrics"][0] == [*where, {"id": "errors", "period": 300, "visible": False, "stat": "Sum"}]
    assert found["metrics"][2] == [{"id": "rate", "expression": "100 * errors / invocations"}]


def test_an_alarm_on_a_band_is_drawn_with_its_band_and_without_a_threshold() -> None:
    # given an alarm that compares a metric with a band, as the project's own do
    band = [("band", "ANOMALY_DETECTION_BAND(errors, 2)")]
    items = [{**queries()[0], "ReturnData": True}, *queries(*band)[2:]]
    trigger = {
        "Metrics": items,
        "ThresholdMetricId": "band",
        "ComparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold",
    }

    found = _widget(trigger, None)

    assert found["metrics"][1] == [{"id": "band", "expression": "ANOMALY_DETECTION_BAND(errors, 2)"}]
    assert "visible" not in found["metrics"][0][-1]
    assert "horizontal" not in found["annotations"]
    assert _metric(trigger).name == "Errors"


def test_a_percentile_and_the_spelling_of_describe_alarms_are_drawn_alike() -> None:
    found = _widget(
        {
            "MetricName": "Duration",
            "Namespace": "AWS/Lambda",
            "ExtendedStatistic": "p99",
            "Period": 60,
            "Dimensions": [{"Name": "FunctionName", "Value": "f"}, {"Name": "Resource", "Value": "f:live"}],
        }
    )

    where = ["AWS/Lambda", "Duration", "FunctionName", "f", "Resource", "f:live"]
    assert found["metrics"] == [[*where, {"period": 60, "stat": "p99"}]]


@pytest.mark.parametrize("missing", ["Namespace", "Statistic"])
def test_what_cannot_be_drawn_is_not_asked_for(missing: str) -> None:
    trigger = {name: value for name, value in message()["Trigger"].items() if name != missing}

    assert widget(Drawing("orders", _metric(trigger), 1.0, BEGAN, NOW)) is None


def _draw(aws: Aws, left: float = 1.0) -> str | None:
    drawing = Drawing("orders", _metric(message()["Trigger"]), 1.0, BEGAN, NOW)
    return draw(drawing, Easel(aws, aws, "letters", lambda: left))


def test_the_picture_is_kept_in_the_bucket_and_shown_for_an_hour() -> None:
    aws = Aws()

    address = _draw(aws)

    [put] = aws.of("PutObject")
    assert (put["Bucket"], put["Body"], put["ContentType"]) == ("letters", PNG, "image/png")
    assert put["Key"].startswith("graphs/")
    assert put["Key"].endswith(".png")
    [shown] = aws.of("GetObject")
    assert shown == {"Params": {"Bucket": "letters", "Key": put["Key"]}, "ExpiresIn": 3600}
    assert address == f"https://letters.example.com/{put['Key']}?signed"


@pytest.mark.parametrize(
    "picture",
    [
        b"",
        b"<html>",
        PNG[:8] + bytes(LARGEST),
        refused("GetMetricWidgetImage"),
        refused("GetMetricWidgetImage", "InvalidAction"),
        EndpointConnectionError(endpoint_url="x"),
    ],
)
def test_without_a_picture_there_is_no_address_and_nothing_is_kept(picture: bytes | Exception) -> None:
    aws = Aws(picture=picture)

    assert _draw(aws) is None
    assert aws.of("PutObject") == []


def test_a_picture_that_comes_too_late_is_not_kept() -> None:
    aws = Aws()

    assert _draw(aws, left=0) is None
    assert aws.of("PutObject") == []


def test_an_address_that_is_not_https_is_not_shown() -> None:
    class Plain(Aws):
        def generate_presigned_url(self, operation: str, **asked: Any) -> str:
            return super().generate_presigned_url(operation, **asked).replace("https:", "http:")

    assert _draw(Plain()) is None


@pytest.mark.parametrize(
    "change",
    [
        {"metrics": []},
        {"metrics": [["AWS/Lambda"]]},
        {"metrics": [["AWS/Lambda", "Errors", "FunctionName"]]},
        {"metrics": [["a", "b", {"stat": "SUM"}]]},
        {"metrics": [["a", "b", {"period": 61}]]},
        {"metrics": [["a", "b", {"id": "M"}]]},
        {"metrics": [[{"expression": "100 * m1"}]]},
        {"width": 2001},
        {"start": "yesterday"},
        {"properties": {}},
        {"annotations": {"horizontal": [{"value": "1"}]}},
    ],
)
def test_the_rules_that_these_tests_stand_on_refuse_what_cloudwatch_refuses(change: dict[str, Any]) -> None:
    good = widget(Drawing("orders", _metric(message()["Trigger"]), 1.0, BEGAN, NOW))
    assert good

    with pytest.raises(WidgetError):
        check(json.dumps({**good, **change}))


TEXT = st.text(max_size=20)
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
QUERY = st.dictionaries(
    st.sampled_from(["Id", "Expression", "Label", "Period", "ReturnData", "MetricStat"]),
    VALUES | st.fixed_dictionaries({"Metric": st.just({"Namespace": "a", "MetricName": "b"}), "Stat": TEXT}),
)


@given(st.lists(QUERY, max_size=4), VALUES, VALUES)
def test_whatever_an_alarm_looks_at_its_graph_is_asked_for_in_strict_json(
    items: list[dict[str, Any]], name: Any, period: Any
) -> None:
    metric = metric_of({"Metrics": items, "MetricName": name, "Period": period, "Namespace": "n"}, "")

    found = widget(Drawing("t", metric, 1.0, BEGAN, NOW)) if metric else None

    assert json.loads(json.dumps(found, allow_nan=False)) == found
