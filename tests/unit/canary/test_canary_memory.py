"""What the canary keeps of a run can be read again, and whatever else lies there is no run."""

from __future__ import annotations

from typing import Any

import pytest
from canary.findings import JOINTS, Finding
from canary.memory import BROKEN, WARNED, WELL, Record, item_of, record_of
from hypothesis import given
from hypothesis import strategies as st

_times = st.floats(min_value=0, max_value=4e9)
_findings = st.builds(Finding, st.sampled_from(JOINTS), st.text(), st.text(), st.booleans())
_records = st.builds(
    Record,
    st.lists(_findings, max_size=4).map(tuple),
    since=_times,
    told=_times,
    ran=_times,
    written=_times,
    lag=st.none() | _times,
    heartbeat=st.sampled_from(["pinged", "none", "withheld", "failed"]),
)


@given(_records)
def test_a_record_is_read_as_it_was_written(record: Record) -> None:
    assert record_of(item_of(record)) == record


_attributes = st.sampled_from(["state", "joints", "since", "told", "ran", "written", "lag", "heartbeat"])
_values = st.fixed_dictionaries({}, optional={"S": st.text(), "N": st.text()}) | st.just({"S": "[1]"})


@given(_records, _attributes, _values)
def test_an_item_that_somebody_broke_is_no_record_or_another_one(record: Record, name: str, value: Any) -> None:
    found = record_of(item_of(record) | {name: value})

    assert found is None or isinstance(found, Record)


@pytest.mark.parametrize(("warnings", "state"), [((), WELL), ((True,), WARNED), ((True, False), BROKEN)])
def test_a_run_is_broken_by_one_finding_that_is_no_warning(warnings: tuple[bool, ...], state: str) -> None:
    findings = tuple(Finding("metrics", "s", "t", is_warning) for is_warning in warnings)

    assert Record(findings).state == state
