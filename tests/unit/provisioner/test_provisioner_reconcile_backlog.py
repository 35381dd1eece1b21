"""Which services a run leaves to the next ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.actual import Existing, Listing
from provisioner.deadline import RESERVE, Deadline
from provisioner.inventory import Found
from provisioner.run import Backlog

SECONDS = 10.0  # of a run, in which alarms for six resources can be made


def _backlog(*alarms: str) -> Backlog:
    listed = Listing({name: Existing(name, f"arn:{name}", "{}") for name in alarms})
    return Backlog("wp", listed, {"wp-quiet_one"}, Deadline(lambda: RESERVE + SECONDS))


def _found(**sizes: int) -> list[Found]:
    return [Found("lambda", f"f{number}", service) for service, size in sizes.items() for number in range(size)]


@pytest.mark.parametrize(("new", "postponed"), [(6, False), (7, True)])
def test_nothing_is_left_to_later_while_there_is_time_for_all_new_services(new: int, *, postponed: bool) -> None:
    backlog = _backlog("wp/old/f0/errors")
    later = backlog.postponed(_found(old=50, one=3, two=new - 3))
    assert ("old" in later) is postponed


def test_services_that_have_alarms_wait_for_those_that_have_none() -> None:
    later = set(_backlog("wp/old/f0/errors").postponed(_found(old=1, **{f"new{number}": 2 for number in range(9)})))
    assert "old" in later
    assert len(later) == 1 + 6  # three new ones have six resources


def test_a_service_that_wants_no_alarm_is_not_new_for_ever() -> None:
    """It has a dashboard. Else the others would never be looked at again."""
    later = _backlog("wp/old/f0/errors").postponed(_found(old=1, **{"quiet one": 500}))
    assert set(later) == set()


def test_a_service_that_is_larger_than_a_run_is_begun_nevertheless() -> None:
    assert set(_backlog().postponed(_found(large=500))) == set()


def test_a_service_whose_name_begins_another_ones_is_another() -> None:
    later = _backlog("wp/orders-api/f0/errors").postponed(_found(orders=6, **{"orders-api": 50}))
    assert set(later) == set()
    assert "orders-api" in _backlog("wp/orders-api/f0/errors").postponed(_found(orders=7, **{"orders-api": 1}))


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 20), min_size=1), st.sets(st.sampled_from("abcdef")))
def test_every_run_looks_at_something(sizes: dict[str, int], known: set[str]) -> None:
    later = set(_backlog(*(f"wp/{service}/f/errors" for service in known)).postponed(_found(**sizes)))
    assert later < sizes.keys()


def test_without_time_nothing_new_is_begun() -> None:
    backlog = Backlog("wp", None, None, Deadline(lambda: RESERVE - 1))
    assert set(backlog.postponed(_found(one=1))) == {"one"}
