"""Bulk requests: how they are cut, and how answers are read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from shipper import bulk
from shipper.convert import MAX_CHARACTERS, parts
from watchpost.errors import ClusterUnavailableError


def item(**document: Any) -> bytes:
    return bulk.item("logs-watchpost.app-dev", "1", {"message": "x", **document})


def lengths(items: list[bytes], **limits: int) -> list[int]:
    parts = list(bulk.Documents.of(items).cut(**limits))
    assert [one for part in parts for one in part.items] == items, "each once, in order"
    assert all(part.body == b"".join(part.items) for part in parts)
    return [len(part) for part in parts]


def test_an_item_is_two_lines_of_ndjson() -> None:
    one = item(message="a\nb\r\u2028")

    assert one.count(b"\n") == 2
    assert json.loads(bulk.Original(one).json()) == {
        "index": "logs-watchpost.app-dev",
        "id": "1",
        "document": {"message": "a\nb\r\u2028"},
    }


def test_requests_are_cut_by_count() -> None:
    for count, expected in ((3, [3]), (4, [3, 1]), (7, [3, 3, 1]), (0, [])):
        assert lengths([b"x"] * count, max_count=3, max_bytes=99) == expected


def test_requests_are_cut_by_bytes_with_line_breaks_included() -> None:
    one = item()

    assert lengths([one] * 4, max_bytes=2 * len(one)) == [2, 2]
    assert lengths([one] * 4, max_bytes=2 * len(one) - 1) == [1, 1, 1, 1]


def test_an_item_that_is_larger_than_a_request_travels_alone() -> None:
    assert lengths([b"x", b"x" * 50, b"x"], max_bytes=10) == [1, 1, 1]


def test_lines_are_converted_a_thousand_at_a_time_and_fewer_when_they_are_long() -> None:
    """What is in memory at once has an end: a payload may have 32 MB."""
    assert list(parts([])) == []
    assert list(parts(["x"] * 2_001)) == [range(1_000), range(1_000, 2_000), range(2_000, 2_001)]
    third = "x" * (MAX_CHARACTERS // 3)
    assert list(parts([third] * 3)) == [range(3)]
    assert list(parts([third] * 4)) == [range(4)]  # the line that goes beyond
    assert list(parts([third] * 9)) == [range(4), range(4, 8), range(8, 9)]
    assert list(parts(["x" * MAX_CHARACTERS, "x"])) == [range(1), range(1, 2)]
    assert list(parts(["x", "x" * (MAX_CHARACTERS - 1)])) == [range(2)]


def answer(*statuses: int | None) -> dict[str, Any]:
    error = {"type": "t", "reason": "r"}
    items = [{"create": {"status": status, **({"error": error} if status != 201 else {})}} for status in statuses]
    return {"errors": True, "items": items}


def test_every_item_is_accounted_for_by_its_own_answer() -> None:
    read = bulk.read_answer(7, answer(201, 200, 409, 429, 503, 400, None))

    assert (read.delivered, read.duplicates, read.later) == (2, [2], [3, 4, 6])
    assert [(one.index, str(one)) for one in read.refused] == [(5, "400 t: r")]


@pytest.mark.parametrize("items", [[], [{}], [{}, {}, {}]])
def test_an_answer_to_another_request_is_no_success(items: list[Any]) -> None:
    with pytest.raises(ClusterUnavailableError):
        bulk.read_answer(2, {"errors": False, "items": items})


@pytest.mark.parametrize("broken", [None, 7, {}, {"create": None}, {"index": {"status": 201}}])
def test_an_item_without_a_status_is_not_counted_as_delivered(broken: Any) -> None:
    read = bulk.read_answer(1, {"errors": True, "items": [broken]})

    assert read.delivered == 0
    assert read.later == [0]


def test_a_document_that_is_too_large_is_cut_and_tagged() -> None:
    longest = bulk.TRUNCATED_TO
    small = item(message="m" * longest, app={"a": 1}, tags=["json-invalid"])
    large = item(message="m" * (longest + 1), app={"a": "x" * longest}, error={"stack_trace": "s" * (longest + 1)})

    kept, cut = (json.loads(bulk.truncated(one).split(b"\n")[1]) for one in (small, large))

    assert kept == {"message": "m" * longest, "app": {"a": 1}, "tags": ["json-invalid", "truncated"]}
    assert len(cut["message"]) == len(cut["error"]["stack_trace"]) == len(cut["app"]["json"]) == longest
    assert cut["tags"] == ["truncated"]
