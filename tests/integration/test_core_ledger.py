"""The entries of the ledger in DynamoDB as moto has it: items of 400 KB, batches of 25, pages of 1 MB."""

from __future__ import annotations

import string
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from watchpost.errors import LedgerError
from watchpost.ledger import BATCH, LONGEST_PAUSE, MAX_ATTEMPTS, MAX_TEXT, MAX_TEXTS, SWEEP, Entry, Ledger, Sweep

from tests.integration.ledger_world import NOW, one_table, with_one_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.ledger_world import Table

SINCE = "2026-11-21T08:00:00Z"
ENTRY = Entry("/ecs/shop", "covered", SINCE, "rule containers", "named by its rule", service="shop", via="filter")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
lists = st.lists(texts, max_size=4).map(tuple)
entries = st.builds(
    Entry,
    log_group=st.text(string.ascii_letters + string.digits + "-_/#.", min_size=1, max_size=512),
    state=st.sampled_from(["covered", "skipped", "blocked", "failed"]),
    **dict.fromkeys(("since", "rule", "reason", "service", "filter", "destination", "via"), texts),
    held_by=lists,
    missed=st.integers(0, 10**6),
)


@pytest.fixture
def table() -> Iterator[Table]:
    with one_table() as found:
        yield found


def _entries(count: int, **changes: Any) -> list[Entry]:
    return [replace(ENTRY, log_group=f"/group/{number:05d}", **changes) for number in range(count)]


@given(entry=entries)
@with_one_table
def test_an_entry_is_read_as_it_was_written(table: Table, entry: Entry) -> None:
    table.ledger.put([entry])

    assert table.ledger.get(entry.log_group) == entry
    assert table.ledger.read()[entry.log_group] == entry


def test_nothing_is_stored_for_what_is_empty(table: Table) -> None:
    table.ledger.put([replace(ENTRY, service="", reason="")])

    stored = table.item(ENTRY.log_group)
    assert stored is not None
    assert stored.keys() == {"log_group", "state", "since", "rule", "via"}


def test_an_attribute_that_nobody_knows_is_ignored_and_stays_with_the_sweep(table: Table) -> None:
    table.edit(log_group={"S": "/a"}, state={"S": "skipped"}, colour={"S": "red"}, nested={"M": {"x": {"NULL": True}}})
    table.edit(log_group={"S": SWEEP}, colour={"S": "red"}, cursor={"S": "/k"})

    assert table.ledger.read() == {"/a": Entry("/a", "skipped", "", "", "")}
    sweep = table.ledger.claim("we", NOW + 900, NOW)
    assert sweep == Sweep("we", NOW + 900, cursor="/k")
    assert table.ledger.save(sweep)
    assert (table.item(SWEEP) or {})["colour"] == {"S": "red"}


BROKEN = [
    {},
    {"state": {"S": "lost"}},
    {"state": {"N": "1"}},
    {"state": {"S": "covered"}, "service": {"N": "1"}},
    {"state": {"S": "covered"}, "missed": {"S": "many"}},
    {"state": {"S": "covered"}, "missed": {"N": "1.5"}},
    {"state": {"S": "covered"}, "held_by": {"S": "somebody"}},
    {"state": {"S": "covered"}, "held_by": {"L": [{"N": "1"}]}},
    {"state": {"S": "covered"}, "reason": {"NULL": True}},
]


@pytest.mark.parametrize("attributes", BROKEN)
def test_an_entry_broken_by_hand_is_skipped_with_a_warning_and_stops_no_other(
    table: Table, attributes: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    table.edit(log_group={"S": "/broken"}, **attributes)
    table.ledger.put([ENTRY])

    assert table.ledger.read() == {ENTRY.log_group: ENTRY}
    assert table.ledger.get("/broken") is None
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 2
    assert all("/broken" in warning for warning in warnings)


def test_a_group_without_an_entry_has_none(table: Table) -> None:
    assert table.ledger.get("/nobody") is None


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (BATCH, [25]), (BATCH + 1, [25, 1])])
def test_entries_are_written_and_removed_25_at_a_time(table: Table, count: int, sizes: list[int]) -> None:
    # when
    table.ledger.put(_entries(count))

    # then
    assert table.sizes() == sizes
    assert list(table.ledger.read()) == [entry.log_group for entry in _entries(count)]

    # when all are removed, and some that are not there
    table.calls.clear()
    table.ledger.remove([entry.log_group for entry in _entries(count)])

    # then
    assert table.sizes() == sizes
    assert table.ledger.read() == {}
    table.ledger.remove(["/not/there"])


def test_more_entries_than_fit_into_a_page_are_read_all_and_as_they_are_by_now(table: Table) -> None:
    # given more than 1 MB, which is all that one call gives
    written = _entries(1_200, reason="x" * MAX_TEXT)
    table.ledger.put(written)

    # when
    found = table.ledger.read()

    # then
    assert list(found.values()) == written
    scans = [params for name, params in table.calls if name == "Scan"]
    assert len(scans) >= 2
    assert all(params["ConsistentRead"] for params in scans)


def test_a_single_entry_and_the_sweep_are_read_as_they_are_by_now(table: Table) -> None:
    table.ledger.get("/a")
    table.ledger.sweep()

    assert [(name, params["ConsistentRead"]) for name, params in table.calls] == [("GetItem", True)] * 2


def test_of_two_entries_for_one_group_the_last_is_kept(table: Table) -> None:
    table.ledger.put([ENTRY, replace(ENTRY, state="blocked", held_by=("audit", "siem"))])

    assert table.ledger.read() == {ENTRY.log_group: replace(ENTRY, state="blocked", held_by=("audit", "siem"))}


def test_what_a_busy_table_hands_back_is_written_after_pauses(table: Table) -> None:
    table.takes(10, 0, 15, 5)

    table.ledger.put(_entries(30))

    assert table.sizes() == [25, 15, 15, 5]
    assert len(table.ledger.read()) == 30
    assert len(table.pauses) == 2
    assert all(0 <= pause <= LONGEST_PAUSE for pause in table.pauses)


def test_a_table_that_stays_busy_ends_in_an_error_that_names_what_is_left(table: Table) -> None:
    table.takes(25, 1)

    with pytest.raises(LedgerError) as caught:
        table.ledger.put(_entries(60))

    written = {entry.log_group for entry in _entries(60)} - set(caught.value.left)
    assert len(table.sizes()) == 1 + MAX_ATTEMPTS
    assert len(caught.value.left) == 34
    assert set(table.ledger.read()) == written


def test_a_table_that_stays_busy_names_what_was_not_removed(table: Table) -> None:
    table.ledger.put([ENTRY])
    table.takes()

    with pytest.raises(LedgerError, match=ENTRY.log_group):
        table.ledger.remove([ENTRY.log_group])


@pytest.mark.parametrize("name", [SWEEP, "", "x" * 513])
def test_what_is_no_name_of_a_group_touches_nothing(table: Table, name: str, caplog: pytest.LogCaptureFixture) -> None:
    table.ledger.request(leaving=True)

    table.ledger.put([replace(ENTRY, log_group=name), ENTRY])
    table.ledger.remove([name])

    assert table.ledger.get(name) is None
    assert table.ledger.read() == {ENTRY.log_group: ENTRY}
    assert table.ledger.sweep() == Sweep(leaving=True)
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 2


def test_the_longest_name_of_a_group_is_kept(table: Table) -> None:
    table.ledger.put([replace(ENTRY, log_group="x" * 512)])

    assert table.ledger.get("x" * 512) == replace(ENTRY, log_group="x" * 512)


@pytest.mark.parametrize(("length", "kept"), [(MAX_TEXT, MAX_TEXT), (MAX_TEXT + 1, MAX_TEXT)])
@pytest.mark.parametrize(("count", "held"), [(MAX_TEXTS, MAX_TEXTS), (MAX_TEXTS + 1, MAX_TEXTS)])
def test_texts_and_lists_are_cut_so_that_an_item_fits(
    table: Table, length: int, kept: int, count: int, held: int
) -> None:
    table.ledger.put([replace(ENTRY, reason="\U0001f600" * length, held_by=("\U0001f600" * length,) * count)])

    found = table.ledger.get(ENTRY.log_group)
    assert found == replace(ENTRY, reason="\U0001f600" * kept, held_by=("\U0001f600" * kept,) * held)


def test_a_lone_surrogate_in_a_tag_becomes_text_that_dynamodb_takes(table: Table) -> None:
    table.ledger.put([replace(ENTRY, service="a\ud800b")])

    assert table.ledger.get(ENTRY.log_group) == replace(ENTRY, service="a\ufffdb")


def test_errors_of_the_client_are_raised(table: Table) -> None:
    nowhere = Ledger(table.client, "no-such-table")

    for act in (
        lambda: nowhere.get("/a"),
        nowhere.read,
        lambda: nowhere.put([ENTRY]),
        lambda: nowhere.remove(["/a"]),
        nowhere.sweep,
        lambda: nowhere.claim("we", NOW + 1, NOW),
        lambda: nowhere.save(Sweep("we")),
        lambda: nowhere.request(again=True),
    ):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            act()
