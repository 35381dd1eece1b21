"""What is wrong reads as a person would say it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifier import words
from notifier.alarm import Metric, Notification
from notifier.story import Child, Deployment

from tests.unit.notifier.facts import SETTINGS

METRIC = Metric("Watchpost", "LogErrors", "Sum", 60, 1, "GreaterThanOrEqualToThreshold", {"Service": "orders"}, None, 7)
BEGAN = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)


def _metric(**changes: Any) -> Metric:
    return replace(METRIC, **changes)


def _child(resource: str, alarm: str, reason: str = "", name: str = "x") -> Child:
    return Child(name, "orders", resource, alarm, "ALARM", reason, None)


def _composite(state: str = "ALARM", service: str | None = "orders") -> Notification:
    return Notification("orders is unhealthy", "arn transitioned", state, "OK", "n", service=service, rule="ALARM(x)")


@pytest.mark.parametrize(
    ("topic", "severity"),
    [(SETTINGS.critical_topic, "critical"), (SETTINGS.warning_topic, "warning"), ("arn:other", "unknown")],
)
def test_the_topic_says_how_bad_it_is(topic: str, severity: str) -> None:
    assert words.severity_of(topic, SETTINGS) == severity


def test_the_value_stands_against_the_threshold() -> None:
    assert words.what(METRIC, 1.0, "x") == "Sum of LogErrors over 1 minute was 7, the alarm is at 1 or more."


@pytest.mark.parametrize(
    ("comparison", "limit"),
    [
        ("GreaterThanOrEqualToThreshold", "1 or more"),
        ("GreaterThanThreshold", "more than 1"),
        ("LessThanThreshold", "less than 1"),
        ("LessThanOrEqualToThreshold", "1 or less"),
    ],
)
def test_each_comparison_has_its_words(comparison: str, limit: str) -> None:
    assert words.what(_metric(comparison=comparison), 1.0, "").endswith(f"the alarm is at {limit}.")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(10, "10 seconds"), (60, "1 minute"), (90, "90 seconds"), (300, "5 minutes"), (3600, "1 hour"), (86400, "1 day")],
)
def test_a_period_is_told_in_its_largest_unit(seconds: float, told: str) -> None:
    assert f" over {told} was " in words.what(_metric(period=seconds), 1.0, "")


@pytest.mark.parametrize("seconds", [None, 0, -60, 0.5])
def test_a_period_that_is_none_is_left_out(seconds: float | None) -> None:
    assert words.what(_metric(period=seconds), 1.0, "").startswith("Sum of LogErrors was 7")


def test_without_a_value_cloudwatchs_own_words_follow_the_limit() -> None:
    told = words.what(_metric(value=None), 1.0, "no datapoints were received")

    assert told == "Sum of LogErrors over 1 minute: the alarm is at 1 or more. no datapoints were received"


@pytest.mark.parametrize(
    ("metric", "threshold"), [(None, 1.0), (_metric(comparison="SomethingNew"), 1.0), (METRIC, None)]
)
def test_where_no_limit_can_be_told_cloudwatchs_own_words_are_used(
    metric: Metric | None, threshold: float | None
) -> None:
    assert words.what(metric, threshold, "outside") == "outside"


@pytest.mark.parametrize(
    ("comparison", "band", "told"),
    [
        ("LessThanLowerOrGreaterThanUpperThreshold", (2.0, 5.5), "was 7, expected was 2 to 5.5."),
        ("LessThanLowerOrGreaterThanUpperThreshold", (0.0, 5.5), "was 7, expected was 0 to 5.5."),
        ("LessThanLowerThreshold", (9.0, None), "was 7, expected was 9 or more."),
        ("GreaterThanUpperThreshold", (None, 5.0), "was 7, expected was 5 or less."),
        ("LessThanLowerOrGreaterThanUpperThreshold", (2.0, None), "outside"),
        ("GreaterThanUpperThreshold", (None, None), "outside"),
    ],
)
def test_an_alarm_on_a_band_tells_what_was_expected_when_it_is_known(
    comparison: str, band: tuple[float | None, float | None], told: str
) -> None:
    assert words.what(_metric(comparison=comparison, band=band), None, "outside").endswith(told)


def test_a_composite_alarm_names_what_rings_with_its_value() -> None:
    children = [_child("orders-api", "error-rate", "rate was 7, the alarm is at 1 or more.")]

    told = words.wrong(_composite(), children)

    assert told == "1 alarm of orders rings: orders-api: error rate (rate was 7, the alarm is at 1 or more)."


@pytest.mark.parametrize(("count", "tail"), [(3, "c: x."), (4, "c: x; 1 more."), (100, "c: x; 97 more.")])
def test_of_many_alarms_three_are_named_and_the_others_counted(count: int, tail: str) -> None:
    children = [_child(name, "x") for name in ("a", "b", "c", *("d" for _ in range(count - 3)))]

    assert words.wrong(_composite(), children) == f"{count} alarms of orders ring: a: x; b: x; {tail}"


@pytest.mark.parametrize(
    ("resource", "alarm", "told"),
    [("orders", "errors-in-logs", "errors in logs"), ("queue", "age_p99", "queue: age p99"), ("", "", "CPU")],
)
def test_an_alarm_within_its_service_is_told_without_the_service(resource: str, alarm: str, told: str) -> None:
    assert words.label(_child(resource, alarm, name="CPU")) == told


@pytest.mark.parametrize(
    ("notification", "told"),
    [
        (_composite(), "arn transitioned"),
        (_composite("OK"), "No alarm of orders rings any more."),
        (_composite("OK", None), "arn transitioned"),
        (Notification("t", "first\nsecond"), "first\nsecond"),
        (Notification("the deploy is over", "the deploy is over"), ""),
    ],
)
def test_what_has_no_children_and_no_metric_is_told_in_its_own_words(notification: Notification, told: str) -> None:
    assert words.wrong(notification) == told


@pytest.mark.parametrize(("length", "cut"), [(words.LONGEST, False), (words.LONGEST + 1, True)])
def test_words_are_cut_at_their_limit_and_show_that_they_were(length: int, cut: bool) -> None:
    told = words.wrong(Notification("t", "x" * length, "ALARM"))

    assert len(told) == words.LONGEST
    assert told.endswith("…") == cut


@pytest.mark.parametrize(
    ("minutes", "told"),
    [(-4, "was deployed 4 min before it began."), (2, "was deployed 2 min after it began.")],
)
def test_a_deployment_is_told_by_its_distance_to_the_beginning(minutes: int, told: str) -> None:
    deployment = Deployment("orders-api version 42", BEGAN + timedelta(minutes=minutes))

    assert words.deployed(deployment, BEGAN) == f"orders-api version 42 {told}"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-5, "0 s"),
        (0.9, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (299, "4 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (3900, "1 h 5 min"),
        (86399, "23 h 59 min"),
        (183600, "2 d 3 h"),
    ],
)
def test_a_length_of_time_has_at_most_two_units(seconds: float, told: str) -> None:
    assert words.duration(timedelta(seconds=seconds)) == told


def test_a_window_has_days_only_where_they_differ() -> None:
    later = BEGAN + timedelta(minutes=1, seconds=12)

    assert words.between(BEGAN, later) == "from 06:00:00 to 06:01:12 UTC"
    assert words.between(BEGAN, BEGAN + timedelta(days=1)) == "from 2026-11-21 06:00:00 to 2026-11-22 06:00:00 UTC"


@given(st.text(max_size=300), st.floats(), st.text(max_size=50), st.none() | st.floats(allow_nan=False))
def test_whatever_an_alarm_looks_at_its_words_are_bounded(
    name: str, value: float, comparison: str, threshold: float | None
) -> None:
    metric = _metric(name=name, value=None if value != value else value, comparison=comparison)  # noqa: PLR0124  # NaN
    told = words.wrong(Notification("t", "reason", "ALARM", metric=metric, threshold=threshold))

    assert len(told) <= words.LONGEST
