"""What becomes of a letter that failed again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.verdict import (
    FIRST_WAIT,
    KEPT_HISTORY,
    LONGEST_REASON,
    LONGEST_WAIT,
    MAX_REFUSALS,
    MAX_REPLAYS,
    Failure,
    failed_again,
    is_due,
    is_outage,
    is_permanent,
    is_poison,
)
from watchpost.dead_letters import DeadLetter
from watchpost.times import iso

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LETTER = DeadLetter("document", "first", 6, {"n": 1}, "2026-11-21T11:00:00Z")
OUTAGE = "Elasticsearch is unavailable (no answer): ConnectionError"
ODD = "nobody knows"


def _after(reasons: list[str]) -> DeadLetter:
    letter = LETTER
    for reason in reasons:
        letter = failed_again(letter, Failure(reason, 1), NOW)
    return letter


@pytest.mark.parametrize(
    "reason",
    [
        "400 document_parsing_exception: failed to parse",
        "payload is not-gzip, expected gzip or zlib",
        "it is not a document with index and id",
        "Elasticsearch refused the request (413): too large",
        "InvalidParameterValue (400): The value is out of range",
        "ValidationError (400): no",
    ],
)
def test_a_letter_that_is_refused_for_what_is_in_it_is_poison_at_once(reason: str) -> None:
    assert is_permanent(Failure(reason))
    assert not is_outage(reason)
    assert is_poison(_after([reason]), Failure(reason))


@pytest.mark.parametrize(
    "reason",
    [
        OUTAGE,
        "Elasticsearch answered 429 es_rejected_execution_exception: full",
        "Elasticsearch refused the request (401): security_exception: no",
        "404 index_not_found_exception: no such index and [require_data_stream]",
        "403 security_exception: not allowed",
        "503 unavailable_shards_exception: no",
        "no time left to send it",
        "the secret of Elasticsearch cannot be used: no credentials",
        "CloudWatch (no answer): timed out",
        "Throttling (400): Rate exceeded",
        "ServiceUnavailable (503): later",
        "AccessDenied (403): no",
    ],
)
def test_what_is_away_is_no_fault_of_the_letter(reason: str) -> None:
    assert is_outage(reason)
    assert not is_permanent(Failure(reason))
    assert not is_poison(_after([reason] * MAX_REFUSALS), Failure(reason))


def test_the_shipper_may_say_itself_whether_a_letter_will_fail_again() -> None:
    assert is_poison(_after([ODD]), Failure(ODD, permanent=True))
    assert not is_poison(_after(["400 x"]), Failure("400 x", permanent=False))


@pytest.mark.parametrize(("replays", "poison"), [(MAX_REFUSALS - 1, False), (MAX_REFUSALS, True)])
def test_refusals_of_no_known_kind_are_limited(replays: int, poison: bool) -> None:
    assert is_poison(_after([ODD] * replays), Failure(ODD)) is poison


@pytest.mark.parametrize(("replays", "poison"), [(MAX_REPLAYS - 1, False), (MAX_REPLAYS, True)])
def test_replays_of_every_kind_are_limited(replays: int, poison: bool) -> None:
    assert is_poison(_after([OUTAGE] * replays), Failure(OUTAGE)) is poison


@given(st.lists(st.sampled_from([ODD, OUTAGE, "404 x"]), min_size=MAX_REPLAYS, max_size=50))
def test_every_letter_ends_whatever_the_reasons_are(reasons: list[str]) -> None:
    assert is_poison(_after(reasons), Failure(reasons[-1]))


def test_the_history_tells_each_failure_in_its_order_and_attempts_never_fall() -> None:
    letter = failed_again(failed_again(LETTER, Failure("second", 7), NOW), Failure("third", 2), NOW)

    assert [entry["reason"] for entry in letter.history] == ["first", "second"]
    assert (letter.reason, letter.attempts, letter.at) == ("third", 8, iso(NOW))
    assert letter.first_at == LETTER.at
    assert letter.original == LETTER.original


def test_history_and_reasons_stay_bounded_and_the_first_failure_is_kept() -> None:
    letter = _after([f"{number}" for number in range(KEPT_HISTORY * 2)] + ["x" * 10_000])

    assert len(letter.history) == KEPT_HISTORY
    assert letter.history[0]["reason"] == "first"
    assert len(letter.reason) == LONGEST_REASON


def test_a_letter_that_was_never_replayed_is_due() -> None:
    assert is_due(LETTER, NOW)
    assert is_due(DeadLetter("document", "r", 1, {}), NOW)


@pytest.mark.parametrize(
    ("replays", "wait"),
    [(1, FIRST_WAIT), (2, 2 * FIRST_WAIT), (5, 16 * FIRST_WAIT), (6, LONGEST_WAIT), (19, LONGEST_WAIT)],
)
def test_the_wait_doubles_with_each_replay_up_to_a_limit(replays: int, wait: timedelta) -> None:
    letter = _after([ODD] * replays)

    assert not is_due(letter, NOW + wait - timedelta(minutes=2))
    assert is_due(letter, NOW + wait)
