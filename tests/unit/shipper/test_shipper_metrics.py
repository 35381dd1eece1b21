"""What is sent to CloudWatch, and its limits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st
from shipper import publish
from shipper.counts import Counts
from shipper.line import Line, Metric
from shipper.metrics import MAX_DIMENSION_SETS, Gathered, ascii_text
from watchpost.configuration import Configuration, Logs

if TYPE_CHECKING:
    from conftest import Shipper

NOW = 1_795_248_000_000


def gathered(*allowed: str) -> Gathered:
    return Gathered("orders", allowed, NOW)


def entry(values: int = 1, name: str = "n") -> dict[str, Any]:
    numbers = [float(number) for number in range(values)]
    return {"MetricName": name, "Dimensions": [{"Name": "Service", "Value": "s"}], "Values": numbers, "Counts": numbers}


def test_values_of_one_metric_minute_and_dimension_set_travel_together() -> None:
    metrics = gathered()
    for value, time in ((1.0, 0), (2.0, 1), (1.0, 59_999), (3.0, 60_000)):
        metrics.add(Metric("n", value), NOW + time, "orders", {})

    first, second = metrics.entries()

    assert (first["Values"], first["Counts"]) == ([1.0, 2.0], [2.0, 1.0])
    assert (second["Values"], second["Timestamp"]) == ([3.0], NOW // 1000 + 60)


def test_an_entry_has_at_most_150_distinct_values() -> None:
    for count, lengths in ((150, [150]), (151, [150, 1])):
        metrics = gathered()
        for value in range(count):
            metrics.add(Metric("n", float(value)), NOW, "orders", {})

        assert [len(item["Values"]) for item in metrics.entries()] == lengths


def test_the_number_of_dimension_sets_is_bounded_and_the_rest_goes_under_service_alone() -> None:
    for sets, capped in ((MAX_DIMENSION_SETS, 0), (MAX_DIMENSION_SETS + 2, 2)):
        metrics = gathered("user")
        for number in range(sets):
            metrics.add(Metric("n", 1.0), NOW, "orders", {"user": f"u-{number}"})

        entries = list(metrics.entries())

        assert metrics.capped == capped
        assert sum(map(publish.samples, entries)) == sets
        alone = [item for item in entries if len(item["Dimensions"]) == 1]
        assert sum(map(publish.samples, alone)) == capped


def test_service_names_from_lines_are_bounded_as_well() -> None:
    metrics = gathered()
    for number in range(MAX_DIMENSION_SETS * 3):
        metrics.count(Line("x", service=f"s-{number}", level="error"), NOW)

    entries = list(metrics.entries())

    assert len({json.dumps(item["Dimensions"]) for item in entries}) <= MAX_DIMENSION_SETS + 1
    errors = [item for item in entries if item["MetricName"] == "LogErrors"]
    assert sum(
        value * times for item in errors for value, times in zip(item["Values"], item["Counts"], strict=True)
    ) == (MAX_DIMENSION_SETS * 3)


def test_lines_and_errors_are_counted_for_each_service_and_minute(shipper: Shipper) -> None:
    shipped = shipper.ship(
        '{"level": "error", "msg": "x"}', '{"level": 60, "msg": "x", "service": "mail"}', "x", "END RequestId: a"
    )

    numbers = {(item["MetricName"], item["Dimensions"][0]["Value"]): item["Values"] for item in shipped.outputs.entries}
    assert numbers == {
        ("LogLines", "orders-api"): [2.0],
        ("LogErrors", "orders-api"): [1.0],
        ("LogLines", "mail"): [1.0],
        ("LogErrors", "mail"): [1.0],
    }


def test_minutes_without_errors_say_zero_so_that_alarms_return_to_ok(shipper: Shipper) -> None:
    entries = shipper.ship("all is well").outputs.entries

    assert [item["Values"] for item in entries if item["MetricName"] == "LogErrors"] == [[0.0]]


def test_counting_can_be_switched_off(shipper: Shipper) -> None:
    assert shipper.ship("x", configuration=Configuration(logs=Logs(count=False))).outputs.entries == []


def test_counts_of_lines_that_are_too_old_are_skipped_and_said_so(shipper: Shipper) -> None:
    shipped = shipper.ship(("1", NOW - 15 * 86_400_000, "old"))

    assert shipped.outputs.entries == []
    assert shipped.counts.metrics_skipped == 2
    assert len(shipped.documents) == 1


def test_a_call_has_at_most_a_thousand_entries() -> None:
    for count, lengths in ((1_000, [1_000]), (1_001, [1_000, 1])):
        parts = list(publish.cut([entry()] * count))

        assert [len(part) for part in parts] == lengths


def test_a_call_has_at_most_a_megabyte() -> None:
    one = entry(150)
    fitting = publish.MAX_BYTES // publish.size_of(one)

    assert [len(part) for part in publish.cut([one] * fitting)] == [fitting]
    assert [len(part) for part in publish.cut([one] * (fitting + 1))] == [fitting, 1]


@given(st.text(max_size=2000))
def test_any_text_becomes_one_that_cloudwatch_takes(text: str) -> None:
    """Property: what is not empty is printable ASCII, does not begin with a colon and is short enough."""
    made = ascii_text(text, 255)

    assert all(" " <= character <= "~" for character in made)
    assert not made.startswith(":")
    assert len(made) <= 255
    assert made == "" or made.strip()


def test_the_own_metrics_are_one_emf_line() -> None:
    line = json.loads(Counts(lines_received=3).emf("watchpost", NOW))

    (directive,) = line["_aws"]["CloudWatchMetrics"]
    names = {metric["Name"] for metric in directive["Metrics"]}
    assert directive["Namespace"] == "Watchpost/Pipeline"
    assert directive["Dimensions"] == [["Stack"]]
    assert line["Stack"] == "watchpost"
    assert line["LinesReceived"] == 3
    assert all(name in line for name in names)
    assert "DeliveryLagSeconds" not in names, "a lag of zero would be said of documents that did not arrive"
    assert len(names) <= 100
