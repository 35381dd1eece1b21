"""Whatever arrives: never an unhandled exception, always valid NDJSON out, as many outcomes as inputs.

The real handler in a process of its own, between an Elasticsearch that reads as strictly as JSON can be read and a
CloudWatch that refuses what the real one refuses. WATCHPOST_FUZZ_EXAMPLES sets how many examples each property gets.
"""

from __future__ import annotations

import base64
import json
import os
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.integration.faults.load import event_of, packed
from tests.integration.faults.null import NullElasticsearch, strict
from tests.integration.faults.proxy import Fault
from tests.integration.faults.strange_lines import HANDED_OVER, HAZARDS, JSON, LINES, NOW, TEXT
from tests.integration.faults.world import DIRECT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.faults.proxy import Exchange
    from tests.integration.faults.world import World, Worlds

EXAMPLES = int(os.environ.get("WATCHPOST_FUZZ_EXAMPLES", "300"))


@pytest.fixture(scope="module")
def strange(worlds: Worlds) -> Iterator[World]:
    """A function whose Elasticsearch keeps nothing and reads strictly."""
    world = worlds.new("fuzz", DIRECT)
    yield world
    world.close()


@pytest.fixture(scope="module")
def real(worlds: Worlds) -> Iterator[World]:
    """A function with a real Elasticsearch."""
    world = worlds.new("sample", DIRECT)
    yield world
    world.close()


def ship(world: World, event: Any) -> tuple[Any, NullElasticsearch]:
    """Invoke once; returns the answer and what Elasticsearch got. Lambda's time limit is the only one."""
    reader = NullElasticsearch()
    world.proxy.fault = Fault(reader)
    world.aws.objects.clear()
    answer = world.function.invoke(event)
    assert reader.wrong == []
    assert world.aws.cloudwatch.invalid == []
    assert world.aws.unsigned == []
    return answer, reader


def letters(world: World) -> list[dict[str, Any]]:
    """The dead letters of the last invocation."""
    return [letter for stored in world.aws.letters().values() for letter in stored]


@settings(max_examples=EXAMPLES)
@given(lines=st.lists(LINES, max_size=8))
def test_any_lines_become_as_many_documents(strange: World, lines: list[str]) -> None:
    """Property: each line is one document of strict JSON, whatever stands in it; none becomes a dead letter."""
    _, got = ship(strange, event_of(strange.load.log_group, lines))

    assert len(got.ids) == len(set(got.ids)) == len(lines)
    assert letters(strange) == []


@settings(max_examples=EXAMPLES)
@given(parts=st.lists(st.binary(max_size=60) | LINES.map(lambda line: line.encode("utf-8", "replace")), max_size=4))
def test_any_bytes_as_data_become_a_dead_letter_each(strange: World, parts: list[bytes]) -> None:
    """Property: of a batch of records each unreadable one is kept as it came, and the readable one is delivered."""
    # given records of anything, plain and compressed, and a good one behind them
    data = [base64.b64encode(part).decode() for part in parts] + [packed(part)["awslogs"]["data"] for part in parts]
    good = event_of(strange.load.log_group, ["good"])
    events = [*({"awslogs": {"data": one}} for one in data), good]

    # when
    answer, got = ship(strange, {"Records": strange.records(*events)})

    # then
    assert answer == {"batchItemFailures": []}
    assert got.messages == ["good"]
    assert Counter(letter["kind"] for letter in letters(strange)) == Counter({"payload": len(data)} if data else {})
    assert not set(data) - {found for letter in letters(strange) for found in texts(letter["original"])}


def texts(value: Any) -> list[str]:
    """Every text in a JSON value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    return [value] if isinstance(value, str) else []


EVENTS = (
    HANDED_OVER
    | st.fixed_dictionaries({"awslogs": HANDED_OVER})
    | st.fixed_dictionaries({"awslogs": st.fixed_dictionaries({"data": HANDED_OVER})})
    | st.fixed_dictionaries({"Records": HANDED_OVER})
    | st.fixed_dictionaries({"Records": st.lists(st.fixed_dictionaries({"kinesis": HANDED_OVER}), max_size=3)})
)


@settings(max_examples=EXAMPLES)
@given(event=EVENTS)
@example(event={"Records": []})
@example(event={"Records": [{"kinesis": {"data": "!", "sequenceNumber": 7}}]})
@example(event=None)
def test_any_event_is_answered_and_kept(strange: World, event: Any) -> None:
    """Property: what is no event of CloudWatch Logs raises nothing and is not forgotten."""
    _, got = ship(strange, event)

    assert got.ids == []
    kept = letters(strange)
    assert {letter["kind"] for letter in kept} <= {"payload"}
    if not isinstance(event, dict) or event.get("Records") != []:
        assert len(kept) >= 1


PAYLOAD_KEYS = ("messageType", "owner", "logGroup", "logStream", "subscriptionFilters", "logEvents")


@settings(max_examples=EXAMPLES)
@given(changes=st.dictionaries(st.sampled_from(PAYLOAD_KEYS) | TEXT, JSON, max_size=3), more=st.lists(JSON, max_size=3))
def test_any_payload_is_delivered_or_kept(strange: World, changes: dict[str, Any], more: list[Any]) -> None:
    """Property: a payload in which anything was changed becomes documents or one dead letter, never both."""
    line = {"id": "1", "timestamp": NOW * 1_000, "message": "x"}
    content = {
        "messageType": "DATA_MESSAGE",
        "owner": "1",
        "logGroup": strange.load.log_group,
        "logStream": "s",
        "subscriptionFilters": ["f"],
        "logEvents": [line, *more],
        **changes,
    }

    _, got = ship(strange, packed(json.dumps(content).encode()))

    kept = letters(strange)
    if kept:
        assert [letter["kind"] for letter in kept] == ["payload"]
        assert got.ids == []
    elif content["messageType"] == "DATA_MESSAGE":
        assert len(got.ids) == len(content["logEvents"])
    else:
        assert content["messageType"] == "CONTROL_MESSAGE"


@pytest.mark.parametrize("hazard", HAZARDS)
def test_a_hazard_becomes_a_document_and_takes_no_other_with_it(strange: World, real: World, hazard: str) -> None:
    """Promise: lines at and beyond what readers of JSON bear are documents, in a real Elasticsearch at once (201)."""
    lines = ["before", HAZARDS[hazard], "after"]
    _, got = ship(strange, event_of(strange.load.log_group, lines))
    statuses = watched(real)

    real.function.invoke(event_of(real.load.log_group, lines))

    assert (len(got.ids), got.messages[0], got.messages[2]) == (3, "before", "after")
    assert statuses == [201] * 3
    assert real.aws.objects == {}
    assert real.aws.cloudwatch.invalid == []


@settings(max_examples=max(EXAMPLES // 10, 5))
@given(lines=st.lists(LINES, min_size=1, max_size=40))
def test_a_real_elasticsearch_takes_what_strict_json_is(real: World, lines: list[str]) -> None:
    """Property: of any lines a real Elasticsearch creates each document at the first attempt."""
    statuses = watched(real)

    real.function.invoke(event_of(real.load.log_group, lines))

    assert statuses == [201] * len(lines)
    assert real.aws.objects == {}


def watched(world: World) -> list[int]:
    """Pass requests on, and note what became of each item."""
    statuses: list[int] = []

    def watch(exchange: Exchange) -> None:
        reply = exchange.forward()
        statuses.extend(item["create"]["status"] for item in reply.read()["items"])
        exchange.send(reply)

    world.proxy.fault = Fault(watch)
    return statuses


@pytest.mark.parametrize(
    "line",
    [
        *(b'{"a": NaN}', b'{"a": 1e400}', b'{"a": 18446744073709551616}', b'{"a": 1, "a": 2}', b'{"a\\u0000": 1}'),
        *(b'{"a": "\\ud800"}', b'{"a": "\xff"}', b"{" + b'"a":{' * 30 + b"}" * 31, b'{"a": 1'),
    ],
)
def test_the_strict_reader_refuses_what_it_must(line: bytes) -> None:
    """The measure itself: each thing that must not go out is seen when it does."""
    with pytest.raises(ValueError):  # noqa: PT011  # each of them says it in its own words
        strict(line)


def test_the_strict_reader_takes_the_limits() -> None:
    """The other side of the limits."""
    assert strict(b'{"a": 18446744073709551615, "b": -9223372036854775808, "c": 1e308, "d": "\\ud83d\\ude00"}')
