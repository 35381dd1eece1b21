"""Which events the replay takes, and which letters they ask for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.request import Request, request_of
from watchpost.dead_letters import DeadLetter
from watchpost.errors import PayloadError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["dryRun", "rejected", "reason", "since", "before", "cursor", "again", "maxSeconds"])


@pytest.mark.parametrize("event", [{}, {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}])
def test_a_schedule_replays_what_is_due(event: dict[str, Any]) -> None:
    assert request_of(event) == Request()


def test_a_person_can_ask_for_some_letters() -> None:
    event = {
        "dryRun": True,
        "reason": "mapping",
        "since": "2026-11-20T08:00:00+01:00",
        "maxSeconds": 30,
        "cursor": None,
    }

    request = request_of(event)

    assert request.by_person
    assert (request.dry_run, request.reason, request.max_seconds, request.cursor) == (True, "mapping", 30, "")
    assert request.since is not None
    assert request.since.isoformat() == "2026-11-20T07:00:00+00:00"


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "replay",
        {"dryrun": True},
        {"dryRun": "yes"},
        {"reason": 7},
        {"since": "yesterday"},
        {"since": "2026-11-20T08:00:00"},  # of which offset?
        {"maxSeconds": True},
        {"again": ["replay-claims/x"]},
        {"again": [7]},
        {"again": "dead-letters/x"},
    ],
)
def test_an_event_of_no_known_kind_is_refused(event: Any) -> None:
    with pytest.raises(PayloadError):
        request_of(event)


@given(JSON | st.dictionaries(NAMES, JSON, max_size=4))
def test_every_event_is_read_or_refused(event: Any) -> None:
    try:
        request = request_of(event)
    except PayloadError:
        return
    assert isinstance(request, Request)


@pytest.mark.parametrize(
    ("reason", "selected"), [("", True), ("mapping", True), ("MAPPING [x", True), ("mapping y", False)]
)
def test_reasons_are_compared_without_case(reason: str, selected: bool) -> None:
    assert Request(reason=reason).selects(DeadLetter("document", "Mapping [x]", 1, {})) is selected


@pytest.mark.parametrize(
    ("at", "selected"),
    [("2026-11-20T07:59:59Z", False), ("2026-11-20T08:00:00Z", True), ("", True), ("no time", True)],
)
def test_letters_are_asked_for_by_their_first_failure(at: str, selected: bool) -> None:
    request = request_of({"since": "2026-11-20T08:00:00Z"})
    later = DeadLetter("document", "r", 2, {}, "2026-11-21T00:00:00Z", ({"at": at, "reason": "r", "attempts": 1},))

    assert request.selects(DeadLetter("document", "r", 1, {}, at)) is selected
    assert request.selects(later) is selected
