"""The state of sweeping in the ledger: one lease, whoever asks for it, and flags that others set."""

from __future__ import annotations

import string
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost.ledger import KEY, SWEEP, Sweep

from tests.integration.ledger_world import NOW, one_table, with_one_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.ledger_world import Table

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
times = st.just(0.0) | st.floats(min_value=1, max_value=1e11)  # DynamoDB has no numbers below 1e-130
sweeps = st.builds(
    Sweep,
    **dict.fromkeys(("began", "lease_until", "finished"), times),
    **dict.fromkeys(("cursor", "scope"), texts),
    running=st.booleans(),
    problems=st.lists(texts, max_size=4).map(tuple),
    counts=st.dictionaries(st.text(string.ascii_letters, min_size=1), st.integers(0, 10**9), max_size=4),
)


@pytest.fixture
def table() -> Iterator[Table]:
    with one_table() as found:
        yield found


@given(sweep=sweeps)
@with_one_table
def test_the_state_of_a_sweep_is_read_as_it_was_saved(table: Table, sweep: Sweep) -> None:
    # given
    assert table.ledger.claim("we", NOW + 900, NOW) is not None
    sweep = replace(sweep, owner="we")

    # when, then
    assert table.ledger.save(sweep)
    assert table.ledger.sweep() == sweep
    table.ledger.save(replace(sweep, lease_until=0.0))


def test_a_free_lease_is_taken_with_what_the_last_owner_left(table: Table) -> None:
    # given a sweep that stopped half way and gave its lease back
    assert table.ledger.sweep() == Sweep()
    assert table.ledger.claim("first", NOW + 900, NOW) == Sweep("first", NOW + 900)
    half = Sweep("first", 0.0, began=NOW, cursor="/k", running=True, counts={"covered": 7}, problems=("x",))
    assert table.ledger.save(half)

    # when, then
    taken = replace(half, owner="second", lease_until=NOW + 901)
    assert table.ledger.claim("second", NOW + 901, NOW + 1) == taken
    assert table.ledger.sweep() == taken


def test_a_lease_that_somebody_has_is_not_taken_and_stays(table: Table) -> None:
    table.ledger.claim("first", NOW + 900, NOW)

    assert table.ledger.claim("second", NOW + 1_000, NOW + 899.75) is None
    assert table.ledger.sweep() == Sweep("first", NOW + 900)


def test_a_lease_that_has_expired_is_taken_and_its_owner_saves_nothing_more(table: Table) -> None:
    # given
    first = table.ledger.claim("first", NOW + 900, NOW)
    assert first is not None

    # when
    second = table.ledger.claim("second", NOW + 1_800, NOW + 900)

    # then
    assert second == Sweep("second", NOW + 1_800)
    assert not table.ledger.save(replace(first, cursor="/z", problems=("late",)))
    assert table.ledger.sweep() == second


def test_the_own_lease_is_prolonged(table: Table) -> None:
    table.ledger.claim("we", NOW + 900, NOW)

    assert table.ledger.claim("we", NOW + 1_000, NOW + 100) == Sweep("we", NOW + 1_000)


def test_nobody_saves_without_having_claimed(table: Table) -> None:
    assert not table.ledger.save(Sweep(cursor="/z"))
    assert not table.ledger.save(Sweep("we", cursor="/z"))

    assert table.ledger.sweep() == Sweep()


@pytest.mark.parametrize("flags", [{"again": True}, {"leaving": True}, {"again": True, "leaving": True}])
def test_flags_that_others_set_meanwhile_survive_a_save(table: Table, flags: dict[str, bool]) -> None:
    # given a sweep that knows nothing of them
    sweep = table.ledger.claim("we", NOW + 900, NOW)
    assert sweep is not None
    table.ledger.request(**flags)

    # when
    assert table.ledger.save(replace(sweep, cursor="/k"))

    # then
    assert table.ledger.sweep() == Sweep("we", NOW + 900, cursor="/k", **flags)


def test_a_save_sets_and_clears_the_flags_it_is_asked_to(table: Table) -> None:
    table.ledger.request(again=True)
    sweep = table.ledger.claim("we", NOW + 900, NOW)
    assert sweep == Sweep("we", NOW + 900, again=True)

    assert table.ledger.save(sweep, again=False, leaving=True)
    assert table.ledger.sweep() == Sweep("we", NOW + 900, leaving=True)


def test_a_flag_is_cleared_by_request_and_the_other_stays(table: Table) -> None:
    table.ledger.claim("we", NOW + 900, NOW)
    table.ledger.request(again=True, leaving=True)

    table.ledger.request(again=False)
    table.ledger.request()

    assert table.ledger.sweep() == Sweep("we", NOW + 900, leaving=True)


def test_what_a_sweep_has_no_more_is_removed(table: Table) -> None:
    sweep = table.ledger.claim("we", NOW + 900, NOW)
    assert sweep is not None
    table.ledger.save(
        replace(sweep, cursor="/k", problems=("x",), counts={"covered": 1}, running=True, scope="account")
    )

    table.ledger.save(sweep)

    assert (table.item(SWEEP) or {}).keys() == {KEY, "owner", "lease_until"}


def test_a_sweep_broken_by_hand_is_claimed_and_the_rest_of_it_is_read(
    table: Table, caplog: pytest.LogCaptureFixture
) -> None:
    table.edit(
        log_group={"S": SWEEP},
        owner={"S": "somebody"},
        lease_until={"S": "tomorrow"},
        counts={"M": {"covered": {"S": "many"}}},
        again={"S": "yes"},
        cursor={"S": "/k"},
    )

    assert table.ledger.sweep() == Sweep("somebody", cursor="/k")
    assert {name for name in ("lease_until", "counts", "again") if name in caplog.text} == {
        "lease_until", "counts", "again",
    }  # fmt: skip  # short enough for one row
    assert table.ledger.claim("we", NOW + 900, NOW) == Sweep("we", NOW + 900, cursor="/k")


def test_the_sweep_is_no_entry(table: Table) -> None:
    table.ledger.claim("we", NOW + 900, NOW)

    assert table.ledger.read() == {}
