"""The short way of usual JSON lines leads where the way of all lines leads."""

from __future__ import annotations

import gc
import json
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from shipper import formats
from shipper.decode import payload_of
from shipper.document import Source
from shipper.express import Express
from shipper.formats import structured
from shipper.line import Line
from watchpost import kept
from watchpost.configuration import Configuration

from tests.unit.shipper.test_shipper_formats_corpus import entries
from tests.unit.shipper.test_shipper_properties import ANY_JSON, TEXT

if TYPE_CHECKING:
    from conftest import Shipper
    from shipper.document import Made

NOW = 1_795_248_000_000
ID = "0f9c1f6e-2b7d-4c3a-9b51-7de0a4c81f23"
TRACE = "1-5759e988-bd862e3fe1be46a994272793"
POWERTOOLS: dict[str, Any] = {
    "level": "INFO", "location": "handler:42", "message": "order 7 accepted", "timestamp": "2026-11-21 08:00:00",
    "service": "orders-api", "cold_start": False, "function_name": "orders-api", "function_request_id": ID,
    "correlation_id": "c-7", "order": {"id": 7, "total": 1.5}, "xray_trace_id": TRACE,
}  # fmt: skip  # one line of the log
# For each key what it usually has, what it may have, and what only looks like it.
VALUES: dict[str, list[Any]] = {
    "message": [
        "accepted",
        "",
        "MONITORING|7|Count|orders|shop",
        "MONITORING|",
        "a\nb",
        "a\r",
        "\0",
        7,
        None,
        ["\n"],
        {},
    ],
    "msg": ["accepted", None],
    "level": ["INFO", "warn", "nonsense", "", 30, 30.0, 1, True, None, {}],
    "severity": ["ERROR"],
    "service": ["orders-api", "mail", "service_undefined", "", " x ", 1, True, {"name": "nested"}, ["orders-api"]],
    "environment": ["prod", "", 1],
    "version": ["1.2", 3, 3.0],
    "service_version": ["1.2", 3, 3.0],
    "function_request_id": [ID, "a", "", "undefined", f" {ID}", 7, None, {}],
    "requestId": [ID, ""],
    "cold_start": [True, False, 1, 0, 1.0, "true", None, {}],
    "xray_trace_id": [TRACE, f"Root={TRACE};Sampled=1", "none", "", 7, None],
    "correlation_id": ["c-7", 7, "", None, {}],
    "x-correlation-user": ["u"],
    "correlation": ["c", {"id": "c"}],
    "error": ["broken", {"name": "E", "message": "m"}],
    "exception": ["Traceback (most recent call last):\n  File"],
    "type": ["platform.start", "app"],
    "order": [{"id": 7}, {"a": {"b": {"c": 1}}}, 2**64, 1e300, -1e300, [[1]], [2**70], "\0", "\U0001f6d2"],
    "\0": ["nul"],
}
FIELDS = st.one_of([st.tuples(st.just(key), st.sampled_from(values) | ANY_JSON) for key, values in VALUES.items()])
CHANGED = st.builds(
    lambda changes, without: {key: value for key, value in (POWERTOOLS | dict(changes)).items() if key not in without},
    st.lists(FIELDS | st.tuples(TEXT, ANY_JSON), max_size=3),
    st.sets(st.sampled_from(sorted(POWERTOOLS)), max_size=2),
).map(json.dumps)
LINES = st.builds(str.__add__, CHANGED, st.sampled_from(["", "\n", "\r\n", "}", " ", "x"]))


def source_of(shipper: Shipper) -> Source:
    payload = payload_of(shipper.event(["x"])["awslogs"]["data"])
    assert payload is not None
    return Source(payload, shipper.settings, Configuration(), NOW)


def outcomes(source: Source, lines: list[Line | Made]) -> tuple[list[Any], list[Any]]:
    """The documents of lines, and how the lines count."""
    of_none = source.origin_of(None, None)  # as if there had been no START line
    whole = [line if isinstance(line, Line) or line[1] else (line[0], of_none, line[2]) for line in lines]
    events = [(line, b"%d" % number, NOW, "") for number, line in enumerate(whole)]
    pieces, samples = source.encoded(events)
    return [json.loads(one) for one in b"".join(pieces).splitlines()], samples


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=500)
@given(lines=st.lists(LINES, min_size=1, max_size=6))
@example(lines=[json.dumps(POWERTOOLS | {"level": level}) for level in ("INFO", 30, 30.0, True, 1)])
@example(lines=[json.dumps(POWERTOOLS | {"cold_start": cold}) for cold in (True, 1, 1.0, False, 0, "true", None)])
@example(lines=[json.dumps(POWERTOOLS | {"service": name}) for name in ("a", "service_undefined", {"name": "a"}, "a")])
@example(lines=['{"message": "m", "level": ' + "[" * 300 + "]" * 300 + "}"])
@example(lines=[json.dumps(POWERTOOLS | {"message": message}) for message in VALUES["message"]])
@example(lines=[json.dumps(POWERTOOLS | {"order": "x" * length}) for length in (7_000, 9_000)])
def test_both_ways_lead_to_the_same_documents(shipper: Shipper, lines: list[str]) -> None:
    """Property: whatever a JSON line holds and whatever came before it, the short way changes nothing."""
    short, all_lines = source_of(shipper), source_of(shipper)

    lines = lines + lines  # the first line with its keys never goes the short way
    assert outcomes(short, Express(short).read(lines)) == outcomes(all_lines, [formats.parse(line) for line in lines])


@pytest.mark.parametrize(("line", "_"), entries())
def test_both_ways_agree_on_the_corpus(shipper: Shipper, line: str, _: Any) -> None:
    short, all_lines = source_of(shipper), source_of(shipper)

    assert outcomes(short, Express(short).read([line] * 3)) == outcomes(all_lines, [formats.parse(line)] * 3)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"level": "ERROR", "service": "service_undefined"},  # Powertools without a service's name
        {"correlation_id": None, "xray_trace_id": "", "cold_start": True},
        {"message": ""},
    ],
)
def test_the_usual_lines_go_the_short_way(shipper: Shipper, changes: dict[str, Any]) -> None:
    first, second = Express(source_of(shipper)).read([json.dumps(POWERTOOLS | changes)] * 2)

    assert isinstance(first, Line)  # it may have been the only one
    assert not isinstance(second, Line)


def test_usual_lines_without_an_id_belong_to_the_request_whose_start_was_seen_last(shipper: Shipper) -> None:
    line = json.dumps({"level": "info", "message": "m"})
    assert not isinstance(Express(source_of(shipper)).read([line] * 2)[1], Line)

    shipped = shipper.ship(line, line, "START RequestId: a-1 Version: 1", line, "START RequestId: a-2 Version: 1", line)

    assert [document["faas"].get("execution") for document in shipped.documents] == [None, None, "a-1", "a-2"]


def test_lines_keep_their_places(shipper: Shipper) -> None:
    source = source_of(shipper)
    lines = ["START RequestId: a", json.dumps(POWERTOOLS), "text", "{", "START RequestId: b"]

    documents = outcomes(source, Express(source).read(lines))[0][1::2]

    assert [document["message"] for document in documents] == [lines[0], "order 7 accepted", *lines[2:]]


def test_what_is_kept_has_an_end() -> None:
    values: dict[int, int] = {}

    for key in range(kept.MOST):
        assert kept.keep(values, key, key) == key
    assert len(values) == kept.MOST

    assert kept.keep(values, -1, 7) == 7
    assert values == {-1: 7}


@pytest.mark.parametrize(("characters", "expected"), [(900, 2), (1_100, 0)])
def test_what_is_kept_is_short(shipper: Shipper, characters: int, expected: int) -> None:
    express = Express(source_of(shipper))

    express.read([json.dumps({"message": "m", "level": f"{number}" + "x" * characters}) for number in (0, 1, 2)])

    (shape,) = express._shapes.values()
    assert not isinstance(shape, bool)
    assert len(shape.common) == expected  # of the two that came after the first


@pytest.mark.parametrize(("keys", "expected"), [(structured.MAX_KEYS, 1), (structured.MAX_KEYS + 1, 0)])
def test_of_lines_with_many_keys_nothing_is_kept(shipper: Shipper, keys: int, expected: int) -> None:
    express = Express(source_of(shipper))

    express.read([json.dumps({"message": "m"} | {f"k{number}": 1 for number in range(keys - 1)})])

    assert len(express._shapes) == expected


def test_what_is_kept_of_a_payload_goes_with_it(shipper: Shipper) -> None:
    """Promise: nothing waits for the garbage collector, which is off while lines are shipped."""
    source = source_of(shipper)
    gone = weakref.ref(source)
    gc.disable()
    try:
        outcomes(source, Express(source).read([json.dumps(POWERTOOLS), "text", '{"type": 1}'] * 2))
        del source
        assert gone() is None
    finally:
        gc.enable()
