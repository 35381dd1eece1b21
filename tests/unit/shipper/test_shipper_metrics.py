"""What is sent to CloudWatch, and its limits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st
from shipper import publish
from shipper.counts import Counts
from shipper.line import Metric
from shipper.metrics import MAX_DIMENSION_SETS, MINUTE, Gathered, of_metric
from watchpost import names
from watchpost.configuration import Configuration, Logs

if TYPE_CHECKING:
    from conftest import Shipper
    from shipper.metrics import ValueSample

NOW = 1_795_248_000_000


def gathered(*values: ValueSample, max_sets: int = MAX_DIMENSION_SETS) -> Gathered:
    found = Gathered("orders", NOW, max_sets)
    found.add([], [(value,) for value in values])
    return found


def sample(value: float, time_ms: int = NOW, service: str = "orders", **tags: str) -> ValueSample:
    ((found),) = of_metric(Metric("n", value), time_ms, service, tags, tuple(tags))
    return found


def entry(values: int = 1, name: str = "n") -> dict[str, Any]:
    numbers = [float(number) for number in range(values)]
    return {"MetricName": name, "Dimensions": [{"Name": "Service", "Value": "s"}], "Values": numbers, "Counts": numbers}


def test_values_of_one_metric_minute_and_dimension_set_travel_together() -> None:
    times = ((1.0, 0), (2.0, 1), (1.0, 59_999), (3.0, 60_000))

    first, second = gathered(*(sample(value, NOW + time) for value, time in times)).entries()

    assert (first["Values"], first["Counts"]) == ([1.0, 2.0], [2.0, 1.0])
    assert (second["Values"], second["Timestamp"]) == ([3.0], NOW // 1000 + 60)


def test_an_entry_has_at_most_150_distinct_values() -> None:
    for count, lengths in ((150, [150]), (151, [150, 1])):
        metrics = gathered(*(sample(float(value)) for value in range(count)))

        assert [len(item["Values"]) for item in metrics.entries()] == lengths


def test_the_number_of_dimension_sets_is_bounded_and_the_rest_goes_under_service_alone() -> None:
    for limit in (1, MAX_DIMENSION_SETS):
        for sets, capped in ((limit, 0), (limit + 2, 2)):
            metrics = gathered(*(sample(1.0, user=f"u-{number}") for number in range(sets)), max_sets=limit)

            entries = list(metrics.entries())

            assert metrics.capped == capped
            assert sum(map(publish.samples, entries)) == sets
            alone = [item for item in entries if len(item["Dimensions"]) == 1]
            assert sum(map(publish.samples, alone)) == capped


def test_only_allowed_tags_become_dimensions() -> None:
    labels = {"channel": "web", "user": "u-1", "Service": "another", "empty": ""}

    (found,) = of_metric(Metric("n", 1.0), NOW, "orders", labels, ("channel", "Service", "empty", "absent"))

    assert found[3:5] == ("orders", (("channel", "web"),))


def test_a_metric_has_at_most_thirty_dimensions() -> None:
    labels = {f"t{number}": "v" for number in range(40)}
    for allowed, dimensions in ((29, 30), (30, 30)):
        metrics = Gathered("orders", NOW)
        metrics.add([], [of_metric(Metric("n", 1.0), NOW, "orders", labels, tuple(labels)[:allowed])])

        (made,) = metrics.entries()

        assert len(made["Dimensions"]) == dimensions


def test_service_names_from_lines_are_bounded_as_well() -> None:
    metrics = Gathered("orders", NOW)
    metrics.add([(f"s-{number}", NOW // MINUTE, True) for number in range(MAX_DIMENSION_SETS * 3)], [])

    entries = list(metrics.entries())

    assert len({json.dumps(item["Dimensions"]) for item in entries}) <= MAX_DIMENSION_SETS + 1
    errors = [item for item in entries if item["MetricName"] == "LogErrors"]
    assert sum(
        value * times for item in errors for value, times in zip(item["Values"], item["Counts"], strict=True)
    ) == (MAX_DIMENSION_SETS * 3)


REPORT = (
    "REPORT RequestId: 6bc9d5b6-7f1c-4a51-9d1c-000000000001\tDuration: 3.21 ms\tBilled Duration: 4 ms\t"
    "Memory Size: 256 MB\tMax Memory Used: 64 MB\tInit Duration: 99.5 ms\t"
)


def test_memory_use_and_init_duration_of_a_report_are_published_when_that_is_configured(shipper: Shipper) -> None:
    asked = shipper.ship(REPORT, configuration=Configuration(metric_report=True))
    usual = shipper.ship(REPORT)

    numbers = {item["MetricName"]: (item["Values"], item["Unit"]) for item in asked.entries}
    assert numbers == {
        "MaxMemoryUsed": ([64.0], "Megabytes"),
        "MemoryUtilization": ([25.0], "Percent"),
        "InitDuration": ([99.5], "Milliseconds"),
    }
    assert usual.entries == []


def test_a_report_without_a_number_gives_no_zero(shipper: Shipper) -> None:
    line = "REPORT RequestId: 6bc9d5b6-7f1c-4a51-9d1c-000000000001\tDuration: 3.21 ms"

    assert shipper.ship(line, configuration=Configuration(metric_report=True)).entries == []


def test_lines_and_errors_are_counted_for_each_service_and_minute(shipper: Shipper) -> None:
    shipped = shipper.ship(
        '{"level": "error", "msg": "x"}', '{"level": 60, "msg": "x", "service": "mail"}', "x", "END RequestId: a"
    )

    numbers = {(item["MetricName"], item["Dimensions"][0]["Value"]): item["Values"] for item in shipped.entries}
    assert numbers == {
        ("LogLines", "orders-api"): [2.0],
        ("LogErrors", "orders-api"): [1.0],
        ("LogLines", "mail"): [1.0],
        ("LogErrors", "mail"): [1.0],
    }


def test_minutes_without_errors_say_zero_so_that_alarms_return_to_ok(shipper: Shipper) -> None:
    entries = shipper.ship("all is well").entries

    assert [item["Values"] for item in entries if item["MetricName"] == "LogErrors"] == [[0.0]]


def test_counting_can_be_switched_off(shipper: Shipper) -> None:
    assert shipper.ship("x", configuration=Configuration(logs=Logs(count=False))).entries == []


def test_counts_of_lines_that_are_too_old_are_skipped_and_said_so(shipper: Shipper) -> None:
    shipped = shipper.ship(("1", NOW - 15 * 86_400_000, "old"))

    assert shipped.entries == []
    assert shipped.gathered.skipped == 2
    assert len(shipped.documents) == 1


def test_a_call_has_at_most_a_thousand_entries() -> None:
    for count, lengths in ((1_000, [1_000]), (1_001, [1_000, 1])):
        assert [len(part) for part in publish.cut([b"{}"] * count)] == lengths


def test_a_call_has_at_most_a_megabyte_with_everything_around_the_entries() -> None:
    head, tail = b'{"Namespace":"Watchpost","MetricData":[', b"]}"
    around, one = len(head + tail), b"x" * 999
    fitting = (publish.MAX_BYTES - around + 1) // 1_000  # each with the comma before the next
    spare = publish.MAX_BYTES - len(head + b",".join([one] * fitting) + tail)

    full = [*[one] * (fitting - 1), one + b"y" * spare]
    beyond = [*[one] * (fitting - 1), one + b"y" * (spare + 1)]

    assert len(head + b",".join(full) + tail) == publish.MAX_BYTES
    assert [len(part) for part in publish.cut(full, around)] == [fitting]
    assert [len(part) for part in publish.cut(beyond, around)] == [fitting - 1, 1]


def test_values_that_nobody_takes_can_be_said_in_the_log() -> None:
    """Property of the embedded metric format: at most 100 values a metric and line, repeated as often as they came."""
    one = {**entry(), "Unit": "Count", "Timestamp": 7, "Values": [2.0, 3.0], "Counts": [100.0, 1.0]}

    first, second = (json.loads(line) for line in publish.as_emf([one], "Watchpost"))

    assert (first["n"], second["n"]) == ([2.0] * 100, [3.0])
    assert first["Service"] == "s"
    assert first["_aws"] == {
        "Timestamp": 7_000,
        "CloudWatchMetrics": [
            {"Namespace": "Watchpost", "Dimensions": [["Service"]], "Metrics": [{"Name": "n", "Unit": "Count"}]}
        ],
    }


@given(st.text(max_size=2000))
def test_any_text_becomes_one_that_cloudwatch_takes(text: str) -> None:
    """Property: what is not empty is printable ASCII, does not begin with a colon and is short enough."""
    made = names.ascii_text(text, 255)

    assert all(" " <= character <= "~" for character in made)
    assert not made.startswith(":")
    assert len(made) <= 255
    assert made == "" or made.strip()


def test_dead_letters_are_told_by_version_too_where_there_are_some() -> None:
    with_some = json.loads(Counts(dead_lettered=2, lines_received=5).emf("watchpost", NOW, "7"))
    without = json.loads(Counts(lines_received=5).emf("watchpost", NOW, "7"))
    unpublished = json.loads(Counts(dead_lettered=2).emf("watchpost", NOW))

    of_version = {
        "Namespace": "Watchpost/Pipeline",
        "Dimensions": [["Stack", "Version"]],
        "Metrics": [{"Name": "DeadLettered", "Unit": "Count"}],
    }
    assert with_some["_aws"]["CloudWatchMetrics"][1:] == [of_version]
    assert (with_some["Stack"], with_some["Version"], with_some["DeadLettered"]) == ("watchpost", "7", 2)
    for line in (without, unpublished):
        assert len(line["_aws"]["CloudWatchMetrics"]) == 1, "each version would be a metric for ever"
        assert "Version" not in line


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
