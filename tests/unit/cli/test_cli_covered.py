"""What `watchpost subscriptions` makes of a ledger: order, sentences, exit code, JSON."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from watchpost.ledger import Entry, Sweep
from watchpost_cli import tables, times
from watchpost_cli.covered import Covered, reason_of

NOW = 1_795_251_900.0  # 2026-11-21 09:05 UTC
ENDED = Sweep(finished=NOW - 720, began=NOW - 900)


def _entry(name: str, state: Any = "covered", **values: Any) -> Entry:
    return Entry(name, state, "2026-11-21T08:00:00Z", values.pop("rule", "default"), values.pop("reason", ""), **values)


def _covered(*entries: Entry, sweep: Sweep = ENDED) -> Covered:
    return Covered("wp", {entry.log_group: entry for entry in entries}, sweep, NOW)


def _said(covered: Covered) -> str:
    return "\n".join(covered.sentences())


def _table(width: int, *entries: Entry) -> str:
    output = Console(file=io.StringIO(), width=width, markup=False, highlight=False, emoji=False, soft_wrap=True)
    tables.of_ledger(output, entries)
    return output.file.getvalue()  # type: ignore[attr-defined]


def test_what_needs_somebody_is_listed_first() -> None:
    covered = _covered(
        _entry("/a"),
        _entry("/b", "skipped"),
        _entry("/c", "failed"),
        _entry("/d", "blocked", missed=1),
        _entry("/e", "blocked", missed=3),
        _entry("/f", "failed"),
    )

    assert [entry.log_group for entry in covered.listed()] == ["/e", "/d", "/c", "/f", "/b", "/a"]


def test_a_state_and_a_service_choose_what_is_listed_and_not_what_is_counted() -> None:
    covered = _covered(_entry("/a", service="x"), _entry("/b", service="y"), _entry("/c", "blocked", service="x"))

    assert [entry.log_group for entry in covered.listed(state="covered", service="x")] == ["/a"]
    assert [entry.log_group for entry in covered.listed(service="x")] == ["/c", "/a"]
    assert covered.counts == {"blocked": 1, "failed": 0, "skipped": 0, "covered": 2}
    assert covered.exit_code == 1


@pytest.mark.parametrize(
    ("states", "sweep", "code"),
    [
        (["covered", "skipped"], ENDED, 0),
        ([], ENDED, 0),
        (["covered", "blocked"], ENDED, 1),
        (["covered", "failed"], ENDED, 1),
        (["covered"], Sweep(), 1),
        ([], Sweep(), 1),
    ],
)
def test_only_a_complete_sweep_without_blocked_and_failed_groups_ends_with_zero(
    states: list[str], sweep: Sweep, code: int
) -> None:
    assert _covered(*(_entry(f"/{state}", state) for state in states), sweep=sweep).exit_code == code


def test_an_empty_ledger_says_what_to_do() -> None:
    said = _said(_covered(sweep=Sweep()))

    assert "no sweep has ended yet" in said
    assert "/aws/lambda/wp-subscriber" in said


def test_the_end_of_the_last_sweep_is_told_with_its_age() -> None:
    assert "The last sweep ended 2026-11-21 08:53 UTC, 12 minutes ago." in _said(_covered(_entry("/a")))


@pytest.mark.parametrize(("age", "running", "late"), [(7200, False, False), (7201, False, True), (7201, True, False)])
def test_a_sweep_that_should_have_ended_is_missed_after_two_hours(age: int, running: bool, late: bool) -> None:
    sweep = Sweep(finished=NOW - age, running=running, began=NOW - 60)

    assert ("One should end every hour" in _said(_covered(_entry("/a"), sweep=sweep))) is late


def test_a_sweep_that_goes_on_is_told_with_how_far_it_is() -> None:
    sweep = replace(ENDED, running=True, began=NOW - 300, cursor="/b")
    groups = [_entry(name) for name in ("/a", "/b", "/c")]

    assert "going on since 2026-11-21 09:00 UTC: 2 of 3 log groups done, up to /b." in _said(
        _covered(*groups, sweep=sweep)
    )
    # of the first sweep nobody knows how much is before it
    first = _said(_covered(*groups[:2], sweep=replace(sweep, finished=0)))
    assert "No sweep has ended yet" in first
    assert ": 2 log groups done, up to /b." in first


def test_problems_and_a_deletion_are_told() -> None:
    sweep = replace(ENDED, leaving=True, problems=("the configuration is wrong", "another policy exists"))
    said = _said(_covered(_entry("/a"), sweep=sweep))

    assert "Problem: the configuration is wrong" in said
    assert "Problem: another policy exists" in said
    assert "nothing is subscribed any more" in said


def test_who_holds_the_places_is_named_and_counted() -> None:
    said = _said(
        _covered(
            _entry("/a", "blocked", held_by=("audit", "splunk"), missed=2),
            _entry("/b", "blocked", held_by=("splunk",), missed=1),
        )
    )

    assert "2 log groups are blocked" in said
    assert "splunk (2), audit (1)" in said
    assert "1 of them is overdue" in said


def test_what_was_missed_once_is_not_overdue() -> None:
    assert "overdue" not in _said(_covered(_entry("/b", "failed", missed=1)))


def test_the_reason_tells_holders_policy_and_sweeps() -> None:
    assert reason_of(_entry("/a", reason="name of the function")) == "name of the function"
    assert reason_of(_entry("/a", reason="tag", via="account")) == "tag; by the account-level policy"
    blocked = _entry("/a", "blocked", reason="no place", held_by=("a", "b"), missed=2)
    assert reason_of(blocked) == "no place; held by a, b; missed by 2 sweeps"
    # of a failed one these are notes of the subscriber, not somebody else's filters
    assert reason_of(replace(blocked, state="failed")) == "no place; missed by 2 sweeps"


def test_json_has_every_field_of_an_entry_and_null_for_what_there_is_none_of() -> None:
    covered = _covered(
        _entry("/a", "blocked", held_by=("x",), missed=2, reason="no place"), sweep=Sweep(problems=("odd",))
    )
    record = json.loads(json.dumps(covered.as_json(covered.listed())))

    assert record == {
        "stack": "wp",
        "sweep": {
            "running": False,
            "began": None,
            "finished": None,
            "cursor": None,
            "scope": None,
            "leaving": False,
            "problems": ["odd"],
            "counts": {},
        },
        "counts": {"blocked": 1, "failed": 0, "skipped": 0, "covered": 0},
        "groups": [
            {
                "logGroup": "/a",
                "state": "blocked",
                "service": None,
                "rule": "default",
                "since": "2026-11-21T08:00:00Z",
                "reason": "no place",
                "filter": None,
                "destination": None,
                "via": None,
                "heldBy": ["x"],
                "missed": 2,
            }
        ],
    }
    assert covered.as_json([])["counts"]["blocked"] == 1
    assert _covered().as_json([])["sweep"]["finished"] == "2026-11-21T08:53:00Z"


@pytest.mark.parametrize("width", [60, 80, 100, 139, 140, 200])
def test_no_line_of_the_table_is_wider_than_the_terminal_and_nothing_is_cut(width: int) -> None:
    name, service = "/aws/lambda/" + "long-" * 30 + "end", "s" * 80
    shown = _table(width, _entry(name, "blocked", service=service, reason="because " * 20, held_by=("h" * 300,)))

    assert max(map(len, shown.splitlines())) <= width
    letters = "".join(shown.split())
    for whole in ("blocked", "2026-11-21", "08:00"):
        assert whole in letters
    assert shown.count("h") >= 300
    assert shown.count("s") >= 80
    assert letters.count("because") == 20


def test_a_name_that_fits_is_on_one_line_so_that_it_can_be_searched_for() -> None:
    name = "/aws/lambda/" + "n" * 40

    for width in (80, 200):
        assert name in _table(width, _entry(name, reason="because " * 40, rule="rule " * 20))


@given(st.text(), st.text(), st.sampled_from([60, 160]))
def test_no_text_of_a_ledger_commands_the_terminal(text: str, other: str, width: int) -> None:
    entry = _entry(text, service=other, rule=text, reason=other, held_by=(text,), missed=1)

    assert all(line.isprintable() for line in _table(width, replace(entry, since=text)).split("\n"))


def test_times_are_shown_to_the_minute_in_utc() -> None:
    assert times.minute_of("2026-11-21T09:00:59.5+01:00") == "2026-11-21 08:00"
    assert times.minute_of("2026-11-21T08:00:00") == "2026-11-21 08:00"
    assert times.minute_of("yesterday") == "yesterday"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (59, "less than a minute"),
        (60, "1 minute"),
        (3_599, "59 minutes"),
        (3_600, "1 hour"),
        (86_399, "23 hours"),
        (172_800, "2 days"),
    ],
)
def test_spans_are_told_in_their_largest_unit(seconds: float, text: str) -> None:
    assert times.span(seconds) == text
