"""What was deployed last is asked for in few calls, and told by name and version."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from notifier import deployments
from notifier.alarm_metric import Metric, metric_of

from tests.unit.notifier.facts import Aws


def _metric(*functions: str) -> Metric | None:
    queries = [
        {
            "Id": f"m{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Lambda",
                    "MetricName": "Errors",
                    "Dimensions": [{"Name": "FunctionName", "Value": name}],
                }
            },
        }
        for number, name in enumerate(functions)
    ]
    return metric_of({"Metrics": queries}, "")


def _configuration(when: str, description: str = "") -> dict[str, Any]:
    return {"LastModified": when, "Description": description}


def _newest(functions: deployments.Functions, aws: Aws, left: float = 1.0) -> list[tuple[str, int]]:
    found = deployments.newest(functions, aws, lambda text: text.replace("secret", "*"), lambda: left)
    return [(one.what, one.when.hour) for one in found]


def test_the_functions_of_an_alarm_come_first_and_the_version_that_wrote_the_errors_counts() -> None:
    found = deployments.functions_of([_metric("api", "queue"), None], [("worker", "7"), ("api", "42")])

    assert found == {"api": "42", "queue": None, "worker": "7"}
    assert list(found) == ["api", "queue", "worker"]


@pytest.mark.parametrize(("count", "asked"), [(5, 5), (6, 5)])
def test_no_more_than_five_functions_are_asked_for(count: int, asked: int) -> None:
    assert len(deployments.functions_of([_metric(*map(str, range(count)))], [])) == asked


@pytest.mark.parametrize("name", ["", "a" * 65, "arn:aws:lambda:eu-west-1:1:function:x", "../x", "a b", "é"])
def test_what_is_no_name_of_a_function_is_not_asked_for(name: str) -> None:
    assert deployments.functions_of([_metric(name)], [(name, None)]) == {}
    assert deployments.log_groups([_metric(name, "good")]) == ("/aws/lambda/good",)


def test_the_newest_three_are_told_the_newest_first() -> None:
    hours = {"a": 3, "b": 5, "c": 2, "d": 4}
    times = {name: _configuration(f"2026-11-21T0{hour}:00:00.000+0000") for name, hour in hours.items()}

    assert _newest(dict.fromkeys("abcd"), Aws(functions=times)) == [("b", 5), ("d", 4), ("a", 3)]


def test_a_version_is_asked_for_and_its_description_is_cleaned_and_redacted() -> None:
    aws = Aws(functions={"api:42": _configuration("2026-11-21T07:00:00.000+0200", "a\x1b[0m secret\n" + "x" * 200)})

    [(what, hour)] = _newest({"api": "42"}, aws)

    assert what.startswith("api version 42 (a * xxx")
    assert what.endswith("…)")
    assert len(what) == len("api version 42 ()") + deployments.DESCRIPTION
    assert hour == 5  # in UTC


@pytest.mark.parametrize("when", ["", "yesterday", None, 7, "0001-01-01T00:00:00.000+1400"])
def test_a_time_that_is_none_is_no_deployment(when: Any) -> None:
    assert _newest({"api": None}, Aws(functions={"api": _configuration(when)})) == []


def test_one_that_is_not_there_does_not_hide_the_others() -> None:
    aws = Aws(functions={"b": _configuration("2026-11-21T05:00:00.000+0000")})

    assert _newest({"a": None, "b": None}, aws) == [("b", 5)]


def test_one_that_does_not_answer_does_not_hide_the_others() -> None:
    class Slow(Aws):
        def get_function_configuration(self, **asked: Any) -> dict[str, Any]:
            if asked["FunctionName"] == "a":
                raise ReadTimeoutError(endpoint_url="x")
            return super().get_function_configuration(**asked)

    aws = Slow(functions={"b": _configuration("2026-11-21T05:00:00.000+0000")})

    assert _newest({"a": None, "b": None}, aws) == [("b", 5)]


@pytest.mark.parametrize(("left", "calls"), [(deployments.LEAST, 1), (deployments.LEAST - 0.01, 0)])
def test_nobody_is_asked_when_the_time_is_up(left: float, calls: int) -> None:
    aws = Aws(functions={"a": _configuration("2026-11-21T05:00:00.000+0000")})

    _newest({"a": None}, aws, left)

    assert len(aws.asked) == calls


def test_times_are_in_utc() -> None:
    aws = Aws(functions={"a": _configuration("2026-11-21T05:00:00.000+0000")})

    [found] = deployments.newest({"a": None}, aws, str, lambda: 1.0)

    assert found.when == datetime(2026, 11, 21, 5, tzinfo=UTC)
