"""Queries in the Kibana Query Language against a real Elasticsearch with the project's own index templates."""

from __future__ import annotations

from typing import Any

import pytest
from watchpost.errors import ClusterRefusedError
from watchpost.search import kql, kql_parser

from tests.integration.kql_world import APP, DOCUMENTS, HOSTILE, World


@pytest.fixture(scope="module")
def world(elasticsearch_url: str) -> World:
    made = World(elasticsearch_url)
    for stream, documents in DOCUMENTS.items():
        made.add(stream, documents)
    return made


@pytest.fixture(scope="module")
def hostile(elasticsearch_url: str) -> World:
    """Services and ids whose names hold all that means something somewhere; the documents' ids are their numbers."""
    made = World(elasticsearch_url)
    named = ({"service": {"name": name}, "app": {"id": name}} for name in HOSTILE)
    made.add(APP, {str(number): document for number, document in enumerate(named)})
    return made


@pytest.mark.parametrize(
    ("query", "found"),
    [
        # keyword: the whole value, in its own case, wildcards over blanks too
        ("service.name: orders", "declined slow"),
        ('service.name: "orders"', "declined slow"),
        ("service.name: Orders", ""),
        ("service.name: order", ""),
        ("service.name: order*", "declined placed slow"),
        ("service.name: *api", "placed"),
        ("service.name: o*-*i", "placed"),
        ('service.name: "order*"', ""),
        ("service.name: (orders or payments)", "declined slow quick metric"),
        ("service.name: (o* and not *api)", "declined slow"),
        ("lifted.keyword.shop: My Shop", "declined"),
        ("lifted.keyword.shop: *y S*", "declined"),
        ("lifted.keyword.shop: my*", ""),
        ("tags: redacted", "declined"),
        ("tags: (redacted and truncated)", "declined"),
        ("tags: (redacted and other)", ""),
        ("error.stack_trace: *bank.js*", "declined"),
        ("error.message.keyword: The bank*", "declined"),
        # text: one of the words, all of them in this order in quotes, in any case
        ("message: time-out", "declined"),
        ("message: order 17", "declined placed"),
        ("message: ORDER", "declined placed"),
        ('message: "declined for order"', "declined"),
        ('message: "order declined"', ""),
        ("message: declin*", "declined"),
        ("message: *clined", "declined"),
        ("message: DECLIN* shipp*", "declined placed"),
        (r"message: nothing \AND shipp*", "placed"),
        (r"message: \NOT shipp*", "placed"),
        ("error.stack_trace.text: pay", "declined"),
        # words without a field: message and error.message, and nothing else
        ("payment", "declined"),
        ("bank", "declined"),
        ('"bank did not answer"', "declined"),
        ("PaymentError", ""),
        ('"o-17"', ""),
        ("declin* or shipp*", "declined placed"),
        ("8d5", "slow"),
        # every field, and some
        ("*: PaymentError", "declined"),
        ('*: "orders-api"', "placed"),
        ("*: 502", "declined"),
        ("*: o-17", "declined"),
        ("error.*: PaymentError", "declined"),
        ("error.*: bank", "declined"),
        ("error.*: b*", "declined"),
        ("error.*: *", "declined"),
        # below flattened fields: as keywords
        ("app.order.id: o-17", "declined"),
        ('app.order.id: "o-17"', "declined"),
        ("app.order.id: O-17", ""),
        ("app.order.id: a-17", ""),
        ("app.order.id: o-17*", "declined placed"),
        ("app.order.id: *17", "declined"),
        ("app.order.id: o*7*", "declined placed"),
        ("app.note: *", "declined"),
        ("app.state: OR*", "declined"),
        ("app.state: or*", ""),
        (r"app.state: N* \OR x", "placed"),
        ("app.order.count: 5", "declined"),
        ("app: o-17", "declined"),
        ("app: *-17", "declined"),
        ("app.*: o-17", "declined"),
        ("app.*: o-*", "declined placed"),
        ("app.*: *", "declined placed"),
        ("correlation.id: c-1", "declined"),
        ("labels.page: home", "metric"),
        (r"labels.kind: a\*b", "metric"),
        ('labels.kind: "a*b"', "metric"),
        (r"labels.kind: a\**", "metric"),
        # dates: a day is the whole of it, a bound in UTC
        ("@timestamp: 2026-11-21", "declined placed"),
        ('@timestamp: "2026-11-21T08:00"', "declined"),
        ('@timestamp: "2026-11-21T08:00:00.000Z"', "declined"),
        ('@timestamp: "2026-11-21T09:00:00+01:00"', "declined"),
        ("@timestamp: 1795248000000", "declined"),
        ("@timestamp > 2026-11-21", "slow quick metric"),
        ("@timestamp >= 2026-11-22 and @timestamp < 2026-11-23", "slow quick"),
        ('@timestamp <= "2026-11-21T23:59:59.998Z"', "declined"),
        ('@timestamp <= "2026-11-21T23:59:59.999Z"', "declined placed"),
        ("@timestamp >= 2026-11-21||+1d and @timestamp < 2026-11-21||+1d+8h", "slow"),
        ("@timestamp < now-100y", ""),
        ("lifted.date.due: 2026-11-30", "declined"),
        # numbers, booleans and addresses: as what they are
        ("aws.lambda.metrics.duration_ms > 12", "slow"),
        ("aws.lambda.metrics.duration_ms >= 12", "slow quick"),
        ("aws.lambda.metrics.duration_ms < 100", "quick"),
        ("aws.lambda.metrics.duration_ms: 12.0", "quick"),
        ("lifted.double.amount > 9.5", "placed"),
        ("lifted.double.amount <= 1e1", "declined"),
        ("http.response.status_code >= 500", "declined"),
        ("http.response.status_code: (200 or 502)", "declined placed"),
        ("metric.value: 10", "metric"),
        ("faas.coldstart: true", "slow"),
        ('faas.coldstart: "false"', "quick"),
        ("client.ip: 10.1.2.3", "declined"),
        ("client.ip: 10.0.0.0/8", "declined"),
        ('client.ip: "2001:db8::/32"', ""),
        ("client.ip >= 192.0.2.0", "placed"),
        # what is there and what is not
        ("", "declined placed slow quick metric"),
        ("*", "declined placed slow quick metric"),
        ("* : *", "declined placed slow quick metric"),
        ("log.level: *", "declined placed"),
        ("not log.level: *", "slow quick metric"),
        ("not faas.coldstart: true", "declined placed quick metric"),
        ("nowhere: x", ""),
        ("nowhere: *", ""),
        ("nowhere > 5", ""),
        ("not nowhere: x", "declined placed slow quick metric"),
        # and together
        ("event.outcome: failure or log.level: error", "declined slow"),
        ("service.name: orders and not log.level: * and message: report", "slow"),
        ("log.level: info or service.name: orders and log.level: error", "declined placed"),
        ("(log.level: info or service.name: orders) and faas.coldstart: *", "slow"),
        ("NOT (log.level: * OR metric.name: *) AND service.name: payments", "quick"),
    ],
)
def test_a_query_finds_what_it_finds_in_kibana(world: World, query: str, found: str) -> None:
    assert world.found(query) == set(found.split())


def test_days_are_those_of_the_time_zone_that_is_asked_for(world: World) -> None:
    # given two lines of one day in UTC, of which the second is of the next day in Berlin
    assert world.found("@timestamp: 2026-11-21") == {"declined", "placed"}

    assert world.found("@timestamp: 2026-11-21", time_zone="Europe/Berlin") == {"declined"}
    assert world.found("@timestamp: 2026-11-22", time_zone="Europe/Berlin") == {"placed", "slow", "quick"}
    assert world.found("@timestamp: 1795248000000", time_zone="Europe/Berlin") == {"declined"}


def test_every_name_is_found_by_its_own_query_and_no_other_is(hostile: World) -> None:
    for number, name in enumerate(HOSTILE):
        for field in ("service.name", "app.id"):
            assert hostile.found(kql.field_equals(field, name)) == {str(number)}, (field, name)


def test_a_name_is_left_out_by_its_own_query_and_no_other_is(hostile: World) -> None:
    everything = {str(number) for number in range(len(HOSTILE))}

    for number, name in enumerate(HOSTILE):
        assert hostile.found(f"not {kql.field_equals('service.name', name)}") == everything - {str(number)}, name


def test_a_pattern_finds_what_begins_with_its_characters_and_nothing_else(hostile: World) -> None:
    """Every character but the last wildcard stands for itself, where the type's own query has more of them."""
    for name in HOSTILE:
        if not name.strip() or name[0] == " ":
            continue  # without quotes no value begins with a blank, and a wildcard alone is any value
        expected = {str(number) for number, other in enumerate(HOSTILE) if other.startswith(name)}
        assert hostile.found(f"service.name: {_escaped(name)}*") == expected, name


def _escaped(text: str) -> str:
    """A text as somebody types it without quotes."""
    escaped = "".join(f"\\{character}" if character in '\\():<>"*{}' else character for character in text)
    for word in ("not ", "or ", "and "):
        escaped = escaped.replace(word, f"\\{word}")
    return escaped


def test_elasticsearch_takes_the_deepest_query(world: World) -> None:
    text = "nothing or not nowhere: *"
    for _ in range(kql_parser.DEEPEST):
        text = f"nothing or service.name: * and not ({text})"
    assert kql_parser.DEEPEST % 2 == 0

    # then it says what the query says, also inside the filters of callers: an even number of negations is none
    inside = {"bool": {"must": [{"bool": {"filter": [kql.to_elasticsearch(text)]}}]}}
    assert world.found(inside) == world.found("*")


def test_elasticsearch_takes_the_longest_query(world: World) -> None:
    text = "x or " * (kql_parser.LONGEST // 5 - 1) + "bank"

    assert world.found(text) == {"declined"}


@pytest.mark.parametrize(
    "query",
    [
        {"range": {"app.order.count": {"gt": "5"}}},
        {"match": {"metric.value": "ten"}},
        {"match": {"faas.coldstart": "yes"}},
        {"match": {"client.ip": "10.0.0.0/255.0.0.0"}},
        {"range": {"client.ip": {"gt": "10.0.0.0/8"}}},
        {"range": {"@timestamp": {"gt": "yesterday"}}},
        {"query_string": {"fields": ["metric.value"], "query": "1*"}},
        {"query_string": {"fields": ["client.ip"], "query": "1*.2"}},
        {"range": {"metric.value": {"gt": "1_000"}}},
    ],
)
def test_what_we_refuse_elasticsearch_refuses_too(world: World, query: dict[str, Any]) -> None:
    with pytest.raises(ClusterRefusedError):
        world.found(query)
