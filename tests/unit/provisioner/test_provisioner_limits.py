"""The validator of the tests refuses what CloudWatch refuses: both sides of each limit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.provisioner.limits import LimitError, check_alarm, check_composite, check_dashboard

STAT = {"Metric": {"Namespace": "N", "MetricName": "M"}, "Period": 60, "Stat": "Sum"}


def _alarm(**changes: Any) -> dict[str, Any]:
    request = {
        "AlarmName": "a",
        "Namespace": "N",
        "MetricName": "M",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold",
    } | changes
    return {key: value for key, value in request.items() if value is not None}


def _math(*queries: dict[str, Any], **changes: Any) -> dict[str, Any]:
    single = dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period"))
    return _alarm(**{**single, "Metrics": list(queries), **changes})


def _metrics(count: int) -> list[dict[str, Any]]:
    return [{"Id": f"m{n}", "MetricStat": STAT, "ReturnData": n == 0} for n in range(count)]


@pytest.mark.parametrize(
    ("allowed", "refused"),
    [
        (_alarm(AlarmName="a" * 255), _alarm(AlarmName="a" * 256)),
        (_alarm(), _alarm(AlarmName="a\n")),
        (_alarm(AlarmDescription="a" * 1024), _alarm(AlarmDescription="a" * 1025)),
        (_alarm(AlarmActions=["arn:a"] * 5), _alarm(AlarmActions=["arn:a"] * 6)),
        (_alarm(DatapointsToAlarm=3), _alarm(DatapointsToAlarm=4)),
        (_alarm(DatapointsToAlarm=1), _alarm(DatapointsToAlarm=0)),
        (_alarm(EvaluationPeriods=1440), _alarm(EvaluationPeriods=1441)),
        (_alarm(Period=3600, EvaluationPeriods=168), _alarm(Period=3600, EvaluationPeriods=169)),
        (_alarm(Period=30), _alarm(Period=90)),
        (_alarm(Statistic=None, ExtendedStatistic="p99"), _alarm(ExtendedStatistic="p99")),
        (_alarm(), _alarm(Statistic=None)),
        (_alarm(), _alarm(Statistic="p99")),
        (_alarm(Statistic=None, ExtendedStatistic="p100"), _alarm(Statistic=None, ExtendedStatistic="p101")),
        (_alarm(), _alarm(Unit="Count")),
        (_alarm(Threshold=1), _alarm(Threshold=float("inf"))),
        (_alarm(TreatMissingData="ignore"), _alarm(TreatMissingData="ok")),
        (_alarm(), _alarm(ComparisonOperator=">")),
        (_alarm(Tags=[{"Key": "k" * 128, "Value": "v" * 256}]), _alarm(Tags=[{"Key": "k", "Value": "v" * 257}])),
        (
            _alarm(Dimensions=[{"Name": "d", "Value": "v"}]),
            _alarm(Dimensions=[{"Name": "d", "Value": ""}]),
        ),
        (
            _alarm(Dimensions=[{"Name": f"d{n}", "Value": "v"} for n in range(30)]),
            _alarm(Dimensions=[{"Name": f"d{n}", "Value": "v"} for n in range(31)]),
        ),
        (_math(*_metrics(10)), _math(*_metrics(11))),
        (_math(*_metrics(2)), _math(*_metrics(2), Period=60)),
        (_math(*_metrics(1)), _math({"Id": "m", "MetricStat": STAT}, {"Id": "n", "MetricStat": STAT})),
        (_math(*_metrics(1)), _math({"Id": "M", "MetricStat": STAT})),
        (_math(*_metrics(1)), _math({"Id": "m", "MetricStat": {**STAT, "Stat": "Total"}})),
        (
            _math(*_metrics(1), {"Id": "e", "Expression": "m0*2", "ReturnData": False}),
            _math(*_metrics(1), {"Id": "e", "Expression": "SEARCH('x', 'Sum', 60)", "ReturnData": False}),
        ),
        (
            _alarm(Dimensions=[{"Name": "d", "Value": "e"}]),
            _alarm(Dimensions=[{"Name": "d", "Value": "é"}]),
        ),
        (
            _math(*_metrics(2)),
            _math(*_metrics(1), {"Id": "n", "MetricStat": {**STAT, "Period": 120}, "ReturnData": False}),
        ),
    ],
)
def test_an_alarm_at_a_limit_passes_and_beyond_it_does_not(allowed: dict[str, Any], refused: dict[str, Any]) -> None:
    check_alarm(allowed)
    with pytest.raises(LimitError):
        check_alarm(refused)


def _band(expression: str = "ANOMALY_DETECTION_BAND(m0, 2)", **changes: Any) -> dict[str, Any]:
    band = {"Id": "band", "Expression": expression, "ReturnData": True}
    allowed = {"ThresholdMetricId": "band", "Threshold": None, "ComparisonOperator": "GreaterThanUpperThreshold"}
    return _math(*_metrics(1), band, **{**allowed, **changes})


@pytest.mark.parametrize(
    "refused",
    [
        _band(Threshold=1.0),
        _band(ComparisonOperator="GreaterThanThreshold"),
        _band(ThresholdMetricId="other"),
        _band(ThresholdMetricId="m0"),
        _band(expression="m0 * 2"),
        _band(expression="ANOMALY_DETECTION_BAND(m1, 2)"),
        _band(expression="ANOMALY_DETECTION_BAND(m0, 0)"),
        _band(Metrics=[{"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(m0, 2)"}]),
        _band(ThresholdMetricId=None, Threshold=1.0, ComparisonOperator="GreaterThanThreshold"),
        _alarm(ComparisonOperator="GreaterThanUpperThreshold"),
    ],
)
def test_an_alarm_on_a_band_has_a_band_and_no_threshold(refused: dict[str, Any]) -> None:
    for comparison in ("GreaterThanUpperThreshold", "LessThanLowerThreshold"):
        check_alarm(_band(ComparisonOperator=comparison))
    check_alarm(_band(ComparisonOperator="LessThanLowerOrGreaterThanUpperThreshold"))
    with pytest.raises(LimitError):
        check_alarm(refused)


def _composite(rule: str = 'ALARM("a")', **changes: Any) -> dict[str, Any]:
    return {"AlarmName": "all", "AlarmRule": rule} | changes


def _any_of(count: int) -> str:
    return " OR ".join(f'ALARM("wp/orders/f/{number}")' for number in range(count))


LONG = " OR ".join(['ALARM("a")'] * 730)  # 10,216 characters: names may repeat


@pytest.mark.parametrize(
    ("allowed", "refused"),
    [
        (_composite(_any_of(100)), _composite(_any_of(101))),
        (_composite(LONG.ljust(10_240)), _composite(LONG.ljust(10_241))),
        (_composite('ALARM("b")'), _composite('ALARM("all")')),
        (_composite('ALARM("a b/c (d)")'), _composite("ALARM(a b)")),
        (_composite('OK("a") AND NOT ALARM("b")'), _composite('OK("a") ALARM("b")')),
        (_composite('(ALARM("a") OR ALARM("b")) AND OK("c")'), _composite('(ALARM("a") OR ALARM("b")')),
        (_composite('INSUFFICIENT_DATA("a")'), _composite('ALARM("a"))')),
        (_composite("TRUE"), _composite("")),
        (_composite('NOT (ALARM("a"))'), _composite('ALARM("a") OR')),
        (_composite(), _composite('alarm("a")')),
        (_composite(AlarmName="a" * 255), _composite(AlarmName="a" * 256)),
        (_composite(f'ALARM("{"a" * 255}")'), _composite(f'ALARM("{"a" * 256}")')),
        (_composite(AlarmDescription="a" * 1024), _composite(AlarmDescription="a" * 1025)),
        (_composite(AlarmActions=["arn:a"] * 5), _composite(AlarmActions=["arn:a"] * 6)),
        (_composite(), _composite(TreatMissingData="missing")),
    ],
)
def test_a_composite_alarm_at_a_limit_passes_and_beyond_it_does_not(
    allowed: dict[str, Any], refused: dict[str, Any]
) -> None:
    check_composite(allowed)
    with pytest.raises(LimitError):
        check_composite(refused)


def _text(**changes: Any) -> dict[str, Any]:
    return {"type": "text", "x": 0, "y": 0, "width": 24, "height": 1, "properties": {"markdown": "m"}} | changes


def _rows(count: int) -> list[dict[str, Any]]:
    return [_text(y=row) for row in range(count)]


def _graphs(*counts: int) -> list[dict[str, Any]]:
    line = ["N", "M", {"stat": "Sum"}]
    return [
        _text(y=row, type="metric", properties={"region": "r", "period": 60, "metrics": [line] * count})
        for row, count in enumerate(counts)
    ]


@pytest.mark.parametrize(
    ("allowed", "refused"),
    [
        (_rows(500), _rows(501)),
        (_graphs(500), _graphs(501)),
        (_graphs(*[500] * 5), _graphs(*[500] * 5, 1)),
        ([_text(x=12, width=12)], [_text(x=13, width=12)]),
        ([_text(width=12), _text(x=12, width=12)], [_text(width=13), _text(x=12, width=12)]),
        ([_text(height=2), _text(y=2)], [_text(height=2), _text(y=1)]),
        (
            [_text(type="alarm", properties={"alarms": ["arn:a:alarm:b"] * 100})],
            [_text(type="alarm", properties={"alarms": ["arn:a:alarm:b"] * 101})],
        ),
        ([_text()], [_text(type="video")]),
    ],
)
def test_a_dashboard_at_a_limit_passes_and_beyond_it_does_not(
    allowed: list[dict[str, Any]], refused: list[dict[str, Any]]
) -> None:
    check_dashboard({"DashboardName": "d" * 255, "DashboardBody": json.dumps({"widgets": allowed})})
    with pytest.raises(LimitError):
        check_dashboard({"DashboardName": "d", "DashboardBody": json.dumps({"widgets": refused})})


@pytest.mark.parametrize("name", ["", "a b", "a" * 256])
def test_a_dashboard_has_a_name_that_cloudwatch_takes(name: str) -> None:
    with pytest.raises(LimitError):
        check_dashboard({"DashboardName": name, "DashboardBody": '{"widgets": []}'})
