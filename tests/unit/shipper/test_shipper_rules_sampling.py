"""Sampling: the share that is kept is right, and a transaction is kept or dropped whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shipper.line import Line
from shipper.rules import Rules, compiled
from shipper.rules.selection import limit_of, place_of
from watchpost import configuration


def made(rule: dict[str, Any], group: str = "/aws/lambda/orders") -> Rules:
    document = {"logs": {"rules": [{"name": "r0"} | rule]}}
    found = compiled(configuration.parse(json.dumps(document)), group)
    assert found is not None
    return found


IDS = [f"6bc9d5b6-7f1c-4a51-9d1c-{number:012d}" for number in range(10_000)]


@pytest.mark.parametrize(("sample", "share"), [({"one_in": 10}, 0.1), ({"rate": 0.5}, 0.5), ({"one_in": 100}, 0.01)])
def test_the_share_that_is_kept_is_what_the_rule_says(sample: dict[str, Any], share: float) -> None:
    """Of ten thousand fixed ids: within four standard deviations, so the ids are spread evenly."""
    rules = made({"sample": sample})
    kept = sum(rules.apply(Line.of("x", correlation={"id": one}), "x", None) is None for one in IDS)

    assert abs(kept - 10_000 * share) <= 4 * (10_000 * share * (1 - share)) ** 0.5


def test_a_rate_of_one_keeps_everything_and_the_smallest_nothing() -> None:
    everything, nothing = made({"sample": {"rate": 1}}), made({"sample": {"rate": 5e-324}})

    assert {everything.apply(Line.of(one), one, None) for one in IDS} == {None}
    assert {nothing.apply(Line.of(one), one, None) for one in IDS} == {"r0"}


@pytest.mark.parametrize(("rate", "limit"), [(1, 2**64), (0.5, 2**63), (2**-64, 1), (5e-324, 0)])
def test_the_limit_of_a_rate(rate: float, limit: int) -> None:
    assert limit_of(rate) == limit


def test_where_a_transaction_lies_is_the_same_everywhere_and_forever() -> None:
    """Written down, so that no new version tears a transaction apart between two invocations."""
    assert place_of("c-1") == 8_458_119_715_100_675_186
    assert place_of("\ud800") == place_of("\ud800")


@given(
    st.text(min_size=1),
    st.lists(st.tuples(st.text(), st.sampled_from(["debug", "info", "warn", None])), min_size=2, max_size=8),
)
def test_a_transaction_is_kept_or_dropped_whole(correlation: str, lines: list[tuple[str, str | None]]) -> None:
    """Given lines of one transaction, of different requests, services and invocations."""
    fates = set()
    for number, (text, level) in enumerate(lines):
        rules = made({"sample": {"rate": 0.5}}, group=f"/aws/lambda/{number}")
        line = Line.of(text, level=level, correlation={"id": correlation}, request_id=str(number), trace_id=text)
        fates.add(rules.apply(line, text, "other"))

    assert len(fates) == 1


@pytest.mark.parametrize(
    ("line", "request_id", "raw"),
    [
        ({"correlation": {"id": "T"}, "request_id": "a", "trace_id": "b"}, "c", "d"),
        ({"correlation": {"user": "x"}, "request_id": "T", "trace_id": "b"}, "c", "d"),
        ({"correlation": {"id": ""}, "trace_id": "b"}, "T", "d"),
        ({"trace_id": "T"}, None, "d"),
        ({}, None, "T"),
    ],
)
def test_what_a_lines_fate_hangs_on(line: dict[str, Any], request_id: str | None, raw: str) -> None:
    """The correlation id, else the request, else the trace, else the line itself."""
    for transaction in IDS[:50]:
        given = {
            name: transaction if value == "T" else {"id": transaction} if value == {"id": "T"} else value
            for name, value in line.items()
        }
        rules = made({"sample": {"rate": 0.5}})

        fate = rules.apply(
            Line.of("x", **given),
            transaction if raw == "T" else raw,
            transaction if request_id == "T" else request_id,
        )

        assert (fate is None) is (place_of(transaction) < 2**63)


def test_a_number_and_its_text_are_the_same_transaction() -> None:
    for number in range(50):
        rules = made({"sample": {"rate": 0.5}})
        fates = {rules.apply(Line.of("x", correlation={"id": one}), "x", None) for one in (number, str(number))}
        assert len(fates) == 1


@pytest.mark.parametrize("level", ["error", "fatal"])
def test_errors_are_kept_unless_the_rule_says_otherwise(level: str) -> None:
    keeping, sampling = made({"sample": {"rate": 5e-324}}), made({"sample": {"rate": 5e-324, "errors": True}})

    assert keeping.apply(Line.of("x", level=level), "x", None) is None
    assert sampling.apply(Line.of("x", level=level), "x", None) == "r0"
    assert keeping.apply(Line.of("x", level="warn"), "x", None) == "r0"
