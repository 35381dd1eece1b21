"""Metric lines: both grammars, their tolerances, and what yields no metric."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shipper.formats.metric_line import recognise
from watchpost.configuration import Configuration

if TYPE_CHECKING:
    from conftest import Shipper

SECONDS = 1_795_248_000  # the shipper's now
LATENCY = f"MONITORING|{SECONDS}|27.4|latency|answer-time"


def entries_of(shipper: Shipper, *lines: str, configuration: Configuration | None = None) -> list[dict]:
    """The entries of metric lines, without the counts of lines."""
    entries = shipper.ship(*lines, configuration=configuration).entries
    return [entry for entry in entries if entry["MetricName"] not in ("LogLines", "LogErrors")]


def test_the_grammar_with_a_time_becomes_a_document_and_a_metric(shipper: Shipper) -> None:
    document = shipper.document(f"{LATENCY}|#channel:web,beta\n")
    (entry,) = entries_of(shipper, f"{LATENCY}|#channel:web,beta\n")

    assert document["data_stream"]["type"] == "metrics"
    assert document["metric"] == {"name": "answer-time", "type": "latency", "value": 27.4, "unit": "Milliseconds"}
    assert document["labels"] == {"channel": "web", "beta": "true"}
    assert entry["MetricName"] == "answer-time"
    assert entry["Dimensions"] == [{"Name": "Service", "Value": "orders-api"}]
    assert (entry["Values"], entry["Counts"], entry["Unit"]) == ([27.4], [1.0], "Milliseconds")
    assert entry["Timestamp"] == SECONDS


def test_the_grammar_with_a_namespace_becomes_a_document_and_a_metric(shipper: Shipper) -> None:
    line = "MONITORING|10|count|page-view|shop|page=home,user=a:b"

    document = shipper.document(line)

    assert document["metric"] == {"name": "page-view", "value": 10.0, "unit": "Count", "namespace": "shop"}
    assert document["labels"] == {"page": "home", "user": "a:b"}
    assert entries_of(shipper, line)[0]["Unit"] == "Count"


@pytest.mark.parametrize(
    "line",
    [
        LATENCY,
        f"[INFO]\t2026-11-21T08:00:00.123Z\t6bc9\t{LATENCY}\n",
        f"2026-11-21T08:00:00.123Z\t6bc9\tINFO\t{LATENCY}\n",
        f"2026-11-21 08:00:00 INFO  Metrics - {LATENCY}",
        json.dumps({"level": "INFO", "message": LATENCY}),
        f"{LATENCY}|",
        f"{LATENCY}|#",
        f"{LATENCY}|#|",
    ],
    ids=["alone", "python", "node", "java", "json", "trailing-bar", "bare-hash", "both"],
)
def test_a_metric_line_is_found_wherever_it_stands(shipper: Shipper, line: str) -> None:
    (entry,) = entries_of(shipper, line)

    assert entry["MetricName"] == "answer-time"
    assert "labels" not in shipper.document(line)


@pytest.mark.parametrize(
    ("kind", "unit"),
    [
        ("count", "Count"),
        ("latency", "Milliseconds"),
        ("timing", "Milliseconds"),
        ("duration", "Milliseconds"),
        ("bytes", "Bytes"),
        ("size", "Bytes"),
        ("percent", "Percent"),
        ("MICROSECONDS", "Microseconds"),
        ("kilobytes/second", "Kilobytes/Second"),
        ("gauge", None),
        ("histogram", None),
        ("check", None),
        ("apples", None),
    ],
)
def test_the_type_gives_the_unit(shipper: Shipper, kind: str, unit: str | None) -> None:
    (entry,) = entries_of(shipper, f"MONITORING|{SECONDS}|1|{kind}|n")

    assert entry.get("Unit") == unit


@pytest.mark.parametrize("time", [f"{SECONDS}", f"{SECONDS}.75", f"{SECONDS}750"])
def test_milliseconds_are_recognised_by_their_size(shipper: Shipper, time: str) -> None:
    (entry,) = entries_of(shipper, f"MONITORING|{time}|1|count|n")

    assert entry["Timestamp"] == SECONDS


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"MONITORING|{SECONDS}|NaN|latency|n", "value is not a finite number"),
        (f"MONITORING|{SECONDS}|-inf|latency|n", "value is not a finite number"),
        (f"MONITORING|{SECONDS}|abc|latency|n", "value is not a finite number"),
        (f"MONITORING|{SECONDS}|1e200|latency|n", "2^360"),
        (f"MONITORING|{SECONDS}|1|latency", "too few fields"),
        (f"MONITORING|{SECONDS}|1|latency||", "too few fields"),
        (f"MONITORING|{SECONDS}|1|latency| |#a:b", "name"),
        (f"MONITORING|{SECONDS}|1|latency|{'n' * 256}", "name"),
        ("MONITORING|nan|1|latency|n", "time is not a finite number"),
        ("MONITORING|10|Count|page-view", "too few fields"),
        ("MONITORING|", "no number"),
        ("MONITORING|x|y|z|a", "no number"),
        (f"MONITORING|{SECONDS - 14 * 86400 - 1}|1|count|n", "two weeks back"),
        (f"MONITORING|{SECONDS + 2 * 3600 + 1}|1|count|n", "two hours ahead"),
        ("MONITORING|1e308|1|count|n", "two hours ahead"),
    ],
)
def test_an_invalid_metric_line_is_a_document_with_the_reason(shipper: Shipper, line: str, reason: str) -> None:
    shipped = shipper.ship(line)

    (document,) = shipped.documents
    assert document["data_stream"]["dataset"] == "watchpost.line"
    assert document["message"] == line
    assert document["tags"] == ["metric-line-invalid"]
    assert reason in document["error"]["message"]
    assert "metric" not in document
    assert shipped.entries == []
    assert shipped.counts.metric_lines_invalid == 1


@pytest.mark.parametrize("offset", [-14 * 86400 + 301, 2 * 3600 - 301])
def test_times_just_inside_the_window_are_published(shipper: Shipper, offset: int) -> None:
    assert len(entries_of(shipper, f"MONITORING|{SECONDS + offset}|1|count|n")) == 1


def test_names_and_values_at_their_limits_are_published(shipper: Shipper) -> None:
    assert len(entries_of(shipper, f"MONITORING|{SECONDS}|{2.0**360!r}|count|{'n' * 255}")) == 1


def test_only_allowed_tags_become_dimensions(shipper: Shipper) -> None:
    allowed = Configuration(metric_dimensions=("channel", "Service", "absent"))

    (entry,) = entries_of(shipper, f"{LATENCY}|#channel:web,user:u-1,Service:faked", configuration=allowed)

    assert entry["Dimensions"] == [{"Name": "Service", "Value": "orders-api"}, {"Name": "channel", "Value": "web"}]


@given(st.text(), st.lists(st.text(), max_size=8))
def test_any_text_after_the_prefix_is_a_metric_or_has_a_reason(text: str, fields: list[str]) -> None:
    """Property: a metric line yields a metric with a finite value, or a document with the reason."""
    for line_text in (f"MONITORING|{text}", "|".join(["MONITORING", *fields, ""])):
        line = recognise(line_text, None)

        assert line is not None
        assert (line.metric is None) == ("metric-line-invalid" in line.tags)
        assert line.metric is None or abs(line.metric.value) <= 2.0**360
        assert line.metric is not None or (line.error or {}).get("message")
