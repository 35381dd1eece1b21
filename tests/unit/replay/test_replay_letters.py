"""Letters on their way: read, cut into chunks, read from Lambda's records, answered."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay import chunks, invoke, listing, records
from replay.bucket import Entry
from replay.chunks import Item, cut
from replay.result import MAX_ROWS, OTHERS, Outcome
from replay.verdict import CRASHED
from watchpost.dead_letters import DeadLetter, decode, encode, fields_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
ENTRIES = st.fixed_dictionaries({"at": st.text(), "reason": st.text(), "attempts": st.integers(0, 99)})
LETTERS = st.builds(
    DeadLetter,
    kind=st.sampled_from(["document", "metric", "payload"]),
    reason=st.text(),
    attempts=st.integers(0, 99),
    original=JSON,
    at=st.text(max_size=20),
    history=st.lists(ENTRIES, max_size=3).map(tuple),
)


@given(st.lists(LETTERS, max_size=5))
def test_letters_are_read_as_they_were_written(letters: list[DeadLetter]) -> None:
    contents = decode(encode(letters))

    assert contents.letters == letters
    assert contents.unreadable == 0


@given(st.binary(max_size=300))
def test_whatever_lies_in_the_bucket_can_be_read_without_an_error(body: bytes) -> None:
    assert decode(body).letters == []
    assert decode(b"\x1f\x8b" + body).unreadable == 1


@given(st.lists(LETTERS, min_size=1, max_size=5), st.data())
def test_what_is_damaged_does_not_hide_what_comes_before(letters: list[DeadLetter], data: st.DataObject) -> None:
    body = encode(letters)
    end = data.draw(st.integers(2, len(body) - 1))

    contents = decode(body[:end])

    assert contents.unreadable == 1
    assert contents.letters == letters[: len(contents.letters)]


def test_letters_of_older_versions_are_read() -> None:
    line = b'{"kind": "document", "reason": "r", "attempts": 6, "original": {"a": "\\ud800"}}\n'

    assert decode(gzip.compress(line)).letters == [DeadLetter("document", "r", 6, {"a": "\ud800"})]
    assert decode(line).letters == [DeadLetter("document", "r", 6, {"a": "\ud800"})]
    assert set(fields_of(decode(line).letters[0])) == {"kind", "reason", "attempts", "original"}


@pytest.mark.parametrize(("largest", "complete"), [(1_000, False), (100_000, True)])
def test_an_object_is_read_up_to_a_size(largest: int, complete: bool) -> None:
    body = encode([DeadLetter("document", "r", 1, {"n": number}) for number in range(100)])

    contents = decode(body, largest)

    assert (contents.unreadable == 0) is complete
    assert (len(contents.letters) == 100) is complete
    assert contents.letters


def test_several_gzip_members_are_one_object() -> None:
    letters = [DeadLetter("document", "r", 1, {"n": number}) for number in range(3)]

    assert decode(encode(letters[:1]) + encode(letters[1:])).letters == letters


@given(st.lists(LETTERS, max_size=30), st.integers(300, 2_000))
def test_every_letter_is_in_one_chunk_or_too_large(letters: list[DeadLetter], max_bytes: int) -> None:
    items = [Item(letter) for letter in letters]

    made = list(cut(items, max_bytes))

    sent = [item for chunk in made for item in chunk.items]
    assert sorted(map(id, sent + [item for item in items if item.failure])) == sorted(map(id, items))
    for chunk in made:
        assert len(chunk.event()) <= max_bytes + 20
        assert len({item.letter.kind for item in chunk.items}) == 1
        told = json.loads(chunk.event())["deadLetters"]
        assert [letter["original"] for letter in told] == [item.letter.original for item in chunk.items]
    kinds = [chunk.items[0].letter.kind for chunk in made]
    assert kinds == sorted(kinds, key=["document", "payload", "metric"].index)


@pytest.mark.parametrize(
    ("kind", "number", "expected"),
    [
        ("document", chunks.MAX_LETTERS, 1),
        ("document", chunks.MAX_LETTERS + 1, 2),
        ("payload", chunks.MAX_PAYLOADS, 1),
        ("payload", chunks.MAX_PAYLOADS + 1, 2),
    ],
)
def test_chunks_are_limited_by_number(kind: str, number: int, expected: int) -> None:
    assert len(list(cut(Item(DeadLetter(kind, "r", 1, {})) for _ in range(number)))) == expected


def test_a_letter_of_which_the_shipper_died_goes_alone() -> None:
    reasons = ["r", f"{CRASHED}killed", f"{CRASHED}killed", "r"]

    assert [len(chunk.items) for chunk in cut(Item(DeadLetter("metric", reason, 1, {})) for reason in reasons)] == [
        1
    ] * 4


@given(st.binary(max_size=100) | JSON.map(lambda value: json.dumps(value).encode()))
def test_every_record_of_lambda_can_be_read_without_an_error(body: bytes) -> None:
    found = records.read(body, "s-shipper")

    assert not isinstance(found, str)
    assert len(found.letters) + found.unreadable >= 1


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (
            "aws/lambda/async/f/2026/11/20/2026-11-20T10.00.00-u",
            "dead-letters/2026/11/20/async-f-2026-11-20T10.00.00-u",
        ),
        ("aws/lambda/u-1/shard-0/2026/11/20/t-u", "dead-letters/2026/11/20/u-1-shard-0-t-u"),
        ("aws/lambda/x", "dead-letters/undated/x"),
    ],
)
def test_what_is_left_of_a_record_goes_to_one_object_of_its_own(key: str, expected: str) -> None:
    assert records.letters_key(key) == f"{expected}.ndjson.gz"


@pytest.mark.parametrize(
    ("key", "function"),
    [("aws/lambda/async/f/2026/x", "f"), ("aws/lambda/async/f:live/2026/x", "f"), ("aws/lambda/uuid/s/x", None)],
)
def test_the_function_of_a_record_is_in_some_keys(key: str, function: str | None) -> None:
    assert records.function_of_key(key) == function


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()), st.booleans())
def test_every_answer_of_the_shipper_is_read_or_told(body: bytes, failed: bool) -> None:
    answer = invoke.answer_of(body, failed=failed)

    assert answer.kind in {invoke.RESULTS, invoke.FAILED, invoke.UNANSWERED}
    assert (answer.kind == invoke.RESULTS) is not bool(answer.reason)


DAY = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("key", "modified", "expected"),
    [
        ("dead-letters/2026/11/20/x", DAY + timedelta(hours=3), DAY + timedelta(hours=3)),
        ("dead-letters/2026/11/20/x", DAY + timedelta(days=2), DAY.replace(hour=23, minute=59, second=59)),
        ("dead-letters/2026/13/40/x", DAY, DAY),
        ("dead-letters/x", DAY, DAY),
    ],
)
def test_the_age_of_an_object_is_that_of_its_key_when_it_was_written_again(
    key: str, modified: datetime, expected: datetime
) -> None:
    assert listing.stored_at(Entry(key, modified)) == expected


def test_an_answer_names_a_limited_number_of_reasons_and_counts_all() -> None:
    outcome = Outcome()
    for number in range(MAX_ROWS + 5):
        outcome.count(DeadLetter("document", f"reason {number:03}" + "x" * 1000, 1, {}), "left")

    shown: list[dict[str, Any]] = outcome.shown()

    assert len(shown) == MAX_ROWS + 1
    assert shown[-1] == {"kind": "document", "reason": OTHERS, "left": 5}
    assert sum(row["left"] for row in shown) == MAX_ROWS + 5
