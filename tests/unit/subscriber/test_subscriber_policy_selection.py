"""The list of log groups that the account-level policy leaves out, as text."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from subscriber.policy import PolicyTooLongError, selection

POSSIBLE = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")  # CloudWatch Logs API, LogGroupName


def test_a_selection_is_sorted_and_has_the_documented_form() -> None:
    assert selection(["/b", "/a", "/b"]) == 'LogGroupName NOT IN ["/a", "/b"]'


@pytest.mark.parametrize("excluded", [[], ["not a name"]])
def test_without_names_there_is_no_selection(excluded: list[str]) -> None:
    assert selection(excluded) == ""


@given(st.sets(st.one_of(st.text(max_size=8), st.text(alphabet='/ab.#-_"[],', max_size=8)), max_size=20))
def test_a_selection_names_exactly_the_groups_that_there_can_be(excluded: set[str]) -> None:
    """Whatever the names hold, none can break out of the list."""
    possible = sorted(name for name in excluded if POSSIBLE.fullmatch(name))

    text = selection(excluded)

    assert text.startswith("LogGroupName NOT IN [") or not possible
    assert json.loads(text.removeprefix("LogGroupName NOT IN ") or "[]") == possible


@pytest.mark.parametrize(("length", "size"), [(488, 25_600), (489, 25_601)])
def test_a_selection_may_have_25600_bytes(length: int, size: int) -> None:
    # given 22 bytes around the list, and 4 for each name, 2 of which the last has not
    excluded = [*(f"/{number:02}".ljust(508, "x") for number in range(49)), "/z".ljust(length, "x")]

    if size == 25_600:
        assert len(selection(excluded).encode()) == size
    else:
        with pytest.raises(PolicyTooLongError) as raised:
            selection(excluded)
        assert (raised.value.size, raised.value.groups) == (size, 50)
