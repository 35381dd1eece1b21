"""The demonstration tells the truth: what did not arrive is named, and makes it fail."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
import requests

from local.demo import report, run
from local.demo.evidence import Lines, MetricSum
from local.demo.receiver import receiving

if TYPE_CHECKING:
    from pathlib import Path


def _lines(expected: dict[str, int], found: dict[str, int]) -> Lines:
    lines = Lines(written=sum(expected.values()))
    lines.expected.update(expected)
    lines.found.update(found)
    return lines


def test_equal_counts_are_no_problem() -> None:
    assert run._line_problems({"orders": _lines({"a": 2}, {"a": 2})}) == []


@pytest.mark.parametrize(
    ("expected", "found", "problem"),
    [
        ({"a": 2, "b": 1}, {"a": 1, "b": 1}, "orders: 1 documents missing (1 in a)"),
        ({"a": 2}, {}, "orders: 2 documents missing (2 in a)"),
        ({"a": 1}, {"a": 2}, "orders: 1 documents too many (1 in a)"),
        ({}, {}, "orders wrote no line"),
    ],
)
def test_a_count_that_is_not_equal_is_told_with_its_stream(
    expected: dict[str, int], found: dict[str, int], problem: str
) -> None:
    assert run._line_problems({"orders": _lines(expected, found)}) == [problem]


@pytest.mark.parametrize(
    ("found_samples", "found_sum", "equal"),
    [(3, 60.0, True), (3, 60.0 + 1e-9, True), (3, 60.1, False), (2, 60.0, False), (0, 0.0, False)],
)
def test_a_metric_is_equal_when_both_its_sum_and_its_samples_are(
    found_samples: float, found_sum: float, equal: bool
) -> None:
    assert MetricSum("orders", "latency", 3, 60.0, found_samples, found_sum).equal is equal


def test_a_conclusion_names_every_problem(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "console", report.Console(width=report.WIDTH))

    report.conclude(["one is missing", "another [bold]is[/bold] too"], 1.0)

    printed = capsys.readouterr().out
    assert "✗ one is missing" in printed
    assert "✗ another [bold]is[/bold] too" in printed
    assert "2 of its promises did not hold" in printed


def test_the_picture_of_the_demonstration_needs_nothing_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "console", report.Console(width=report.WIDTH, record=True, file=io.StringIO()))
    report.heading(1, "Every line became a document")

    report.save_picture(tmp_path / "demo.svg")

    picture = (tmp_path / "demo.svg").read_text()
    assert "became" in picture
    assert "url(http" not in picture.replace('"', "")


def test_the_webhook_keeps_what_it_receives_and_is_gone_afterwards() -> None:
    with receiving() as receiver:
        assert requests.post(receiver.url, data=json.dumps({"text": "hello"}), timeout=5).status_code == 204
        assert receiver.messages == [{"text": "hello"}]

    with pytest.raises(requests.ConnectionError):
        requests.post(receiver.url, data="{}", timeout=5)
