"""What a log group's filters need, and which of them are ours, before anything is called."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from subscriber.filters import Ownership, Plan, Present, Wanted, as_text, ownership, plan
from watchpost.ledger import Entry

OURS = "arn:aws:lambda:eu-west-1:123456789012:function:watchpost-shipper"
THEIRS = "arn:aws:lambda:eu-west-1:123456789012:function:other-shipper"
STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/watchpost-logs"
ROLE = "arn:aws:iam::123456789012:role/stream"
NAME = "watchpost.service=orders"
OWN = Ownership(frozenset((OURS, STREAM)))
WANTED = Wanted(NAME, "", OURS)


class _Account:
    destinations = frozenset((OURS, STREAM))


def _filter(name: str, destination: str = OURS, pattern: str = "", role: str | None = None) -> Any:
    item = {"filterName": name, "destinationArn": destination, "filterPattern": pattern}
    return item | ({"roleArn": role} if role else {})


def _plan(*items: Any, wanted: Wanted = WANTED, own: Ownership = OWN) -> Plan:
    return plan(Present(items, own), wanted)


def _owned(entry: Entry | None) -> Ownership:
    return ownership(_Account(), entry)  # type: ignore[arg-type]  # all that is looked at


def test_a_group_without_filters_needs_one() -> None:
    assert _plan() == Plan(put=True, stale=(), foreign=())


def test_an_equal_filter_needs_nothing() -> None:
    assert _plan(_filter(NAME)) == Plan(put=False, stale=(), foreign=())


def test_a_filter_of_ours_with_another_pattern_destination_or_role_is_put_again() -> None:
    assert _plan(_filter(NAME, pattern="ERROR")).put
    assert _plan(_filter(NAME, STREAM)).put
    streaming = Wanted(NAME, "", STREAM, ROLE)
    assert not _plan(_filter(NAME, STREAM, role=ROLE), wanted=streaming).put
    assert _plan(_filter(NAME, STREAM, role=f"{ROLE}-2"), wanted=streaming).put


def test_a_filter_of_ours_under_another_name_is_stale_wherever_it_points_to() -> None:
    old = [_filter("watchpost.service=old"), _filter("watchpost.service=older", STREAM)]

    assert _plan(*old) == Plan(put=True, stale=tuple(old), foreign=())


def test_a_filter_is_foreign_unless_both_name_and_destination_are_ours() -> None:
    existing = [_filter("watchpost.service=old", THEIRS), _filter("audit", OURS)]

    assert _plan(*existing) == Plan(put=True, stale=(), foreign=("watchpost.service=old", "audit"))


def test_a_filter_to_another_destination_is_ours_when_the_ledger_names_both() -> None:
    entry = Entry("/x", "covered", "", "", "", filter=NAME, destination=THEIRS)

    own = _owned(entry)

    assert own.has(_filter(NAME, THEIRS))
    assert not own.has(_filter("watchpost.service=old", THEIRS))
    assert not own.has(_filter(NAME, f"{THEIRS}-2"))
    assert not _owned(None).has(_filter(NAME, THEIRS))


def test_what_the_ledger_says_never_makes_a_filter_without_our_prefix_ours() -> None:
    entry = Entry("/x", "covered", "", "", "", filter="audit", destination=THEIRS)

    assert not _owned(entry).has(_filter("audit", THEIRS))


def test_a_filter_that_was_to_be_replaced_when_an_invocation_ended_is_still_ours() -> None:
    old = _filter("watchpost.service=old", f"{THEIRS}-2")
    entry = Entry("/x", "failed", "", "", "", filter=NAME, destination=THEIRS, held_by=(as_text(old),))

    assert _owned(entry).has(old)
    assert _owned(entry).has(_filter(NAME, THEIRS))


def test_who_holds_the_places_of_a_blocked_group_is_not_ours() -> None:
    foreign = _filter("watchpost.service=old", THEIRS)
    entry = Entry("/x", "blocked", "", "", "", held_by=(as_text(foreign),))

    assert not _owned(entry).has(foreign)


ITEMS = st.lists(
    st.builds(
        _filter,
        st.sampled_from([NAME, "watchpost.service=old", "watchpost.service=", "audit"]),
        st.sampled_from([OURS, STREAM, THEIRS]),
        st.sampled_from(["", "ERROR"]),
    ),
    max_size=4,
    unique_by=lambda item: item["filterName"],
)


@given(ITEMS)
def test_every_filter_is_foreign_or_stale_or_the_wanted_one_and_never_two_of_these(items: list[Any]) -> None:
    found = _plan(*items)

    stale = [item["filterName"] for item in found.stale]
    wanted = [NAME] if any(item["filterName"] == NAME and item["destinationArn"] != THEIRS for item in items) else []
    assert sorted([*stale, *found.foreign, *wanted]) == sorted(item["filterName"] for item in items)
    assert all(item["destinationArn"] in OWN.destinations for item in found.stale)
