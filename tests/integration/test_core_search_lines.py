"""Reading lines from a real Elasticsearch, with the project's templates and documents as the shipper makes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from watchpost.elasticsearch import Cluster
from watchpost.errors import ClusterRefusedError, ClusterUnavailableError
from watchpost.search import lines as reading
from watchpost.search.documents import Window
from watchpost.search.lines import Lines
from watchpost.secrets import Secret

from tests.integration.logs_shop import API, CORRELATION, MAIL, TRACE, WORKER, line, report, ship_transaction
from tests.integration.logs_world import BEGAN_MS, World, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

BEGAN = datetime.fromtimestamp(BEGAN_MS / 1_000, UTC)
WINDOW = Window(BEGAN - timedelta(minutes=1), BEGAN + timedelta(minutes=1))
KEY = "AKIAIOSFODNN7EXAMPLE"
SAME = 250  # lines of one millisecond


@pytest.fixture(scope="module")
def world(elasticsearch_url: str) -> Iterator[World]:
    """A transaction, lines of one millisecond, errors, and lines without any id but a trace's."""
    with opened(elasticsearch_url) as made:
        ship_transaction(made)
        made.ship("bulk", *((5_000, f"line {number}") for number in range(SAME)))
        failures = [
            (6_000 + n, line(f"order {n} failed", "ERROR", error={"name": "E", "message": f"no {n}"}))
            for n in range(12)
        ]
        made.ship("failing", *failures, (6_100, line("disk full", "FATAL")), (6_200, line("fine")))
        made.ship(
            "crashing",
            (7_000, "2026-11-21T08:00:00.000Z r-9 Task timed out after 3.00 seconds\n"),
            (7_001, report("r-9", "3000", "Status: timeout")),
            (7_500, report("r-8", "12", "Status: error\tError Type: Runtime.ExitError")),
        )
        trace = "1-00000001-abcdef012345678912345678"
        made.ship("silent", (8_000, line("no ids here", xray_trace_id=trace)), stream="0a01")
        made.ship("telling", (8_010, line("traced", xray_trace_id=trace, correlation_id="c-traced")), stream="0a02")
        made.ship("third", (8_020, line("by correlation alone", correlation_id="c-traced")), stream="0a03")
        made.ship(
            "", (9_000, line("behind the gateway", correlation_id="c-gate")), group="API-Gateway/access", stream="x"
        )
        yield made


def test_lines_are_found_in_order_of_time(world: World) -> None:
    oldest = world.lines.find(WINDOW, filters=[{"term": {"correlation.id": CORRELATION}}])
    newest = world.lines.find(WINDOW, filters=[{"term": {"correlation.id": CORRELATION}}], newest_first=True, most=2)

    messages = [one.message for one in oldest.documents]
    assert messages[:2] == ["charging card", "order received"]
    assert (oldest.total, oldest.after, oldest.partial) == (5, None, "")
    assert [one.message for one in newest.documents] == [messages[4], messages[3]]
    assert (newest.total, newest.after is None) == (5, False)


def test_many_lines_of_one_millisecond_are_read_in_their_order_and_none_is_lost(world: World) -> None:
    """One answer has 200 documents at first, so the border between two answers is within that millisecond."""
    only = [{"term": {"service.name": "bulk"}}]
    expected = [f"line {number}" for number in range(SAME)]

    assert [one.message for one in world.lines.find(WINDOW, filters=only).documents] == expected
    backwards = world.lines.find(WINDOW, filters=only, newest_first=True)
    assert [one.message for one in backwards.documents] == expected[::-1]


def test_reading_on_begins_behind_the_page_before(world: World) -> None:
    only = [{"term": {"service.name": "bulk"}}]
    found, after = [], None
    while True:
        page = world.lines.find(WINDOW, filters=only, most=100, after=after)
        found += [one.message for one in page.documents]
        after = page.after
        if after is None:
            break

    assert found == [f"line {number}" for number in range(SAME)]


def test_the_start_of_a_window_is_in_it_and_its_end_is_not(world: World) -> None:
    at = BEGAN + timedelta(seconds=5)
    moment = timedelta(milliseconds=1)

    assert world.lines.find(Window(at, at + moment), most=0).total == SAME
    assert world.lines.find(Window(at - moment, at), most=0).total == 0


def test_kinds_are_read_as_asked_for(world: World) -> None:
    only = [{"term": {"faas.name": "mail-sender"}}]

    kinds = {kind: world.lines.find(WINDOW, filters=only, kinds=(kind,)) for kind in ("app", "platform", "line")}

    assert {kind: page.total for kind, page in kinds.items()} == {"app": 1, "platform": 2, "line": 0}
    assert {one.kind for one in kinds["platform"].documents} == {"platform"}


def test_large_lines_come_in_answers_of_a_size_that_can_be_carried(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_FIRST", 20)
    monkeypatch.setattr(reading, "_BYTES", 50_000)
    lines = Lines(_through_the_gate(world), world.namespace)
    before = len(world.gate.bodies)

    found = lines.find(WINDOW, filters=[{"term": {"service.name": "bulk"}}], most=200)

    assert len(found.documents) == 200
    sizes = [body["size"] for body in world.gate.bodies[before:]]
    assert sizes[0] == 20
    assert all(size <= 50 for size in sizes[1:])


def test_data_streams_that_are_not_there_have_no_lines(world: World) -> None:
    nobody = Lines(world.cluster, "nobody")

    assert nobody.find(WINDOW).documents == ()
    assert nobody.errors(WINDOW).groups == ()
    assert nobody.transaction("x", WINDOW).invocations == ()


def test_errors_are_grouped_and_counted_the_most_frequent_first(world: World) -> None:
    found = world.lines.errors(WINDOW)

    groups = [
        (one.service, one.type, one.message, one.count) for one in found.groups if one.service != "payment-worker"
    ]
    assert groups == [
        ("failing", "E", "no 11", 12),
        ("crashing", "Runtime.ExitError", "the invocation ended with status error", 1),
        ("crashing", "", groups[2][2], 1),
        ("failing", "", "disk full", 1),
    ]
    assert "Task timed out" in groups[2][2]
    assert (found.total, found.read) == (16, 16)
    first = found.groups[0]
    assert (first.first, first.last) == (BEGAN + timedelta(seconds=6), BEGAN + timedelta(seconds=6, milliseconds=11))
    assert found.functions["failing"] == ("failing",)
    assert found.log_groups["crashing"] == ("/aws/lambda/crashing",)


def test_errors_of_one_service_are_found_as_asked_for(world: World) -> None:
    assert {one.service for one in world.lines.errors(WINDOW, service="failing").groups} == {"failing"}
    filtered = world.lines.errors(WINDOW, filters=[{"match_phrase": {"message": "disk full"}}])
    assert [one.message for one in filtered.groups] == ["disk full"]


def test_when_there_are_too_many_errors_the_newest_are_counted(world: World) -> None:
    found = world.lines.errors(WINDOW, service="failing", most=4)

    assert (found.total, found.read) == (13, 4)
    assert {one.message: one.count for one in found.groups} == {"disk full": 1, "no 11": 3}


@pytest.mark.parametrize("identifier", [CORRELATION, API, MAIL, TRACE])
def test_a_transaction_is_the_same_from_wherever_one_begins(world: World, identifier: str) -> None:
    found = world.lines.transaction(identifier, WINDOW)

    assert found.services == ("orders-api", "payment-worker", "mail-sender")
    assert len(found.documents) == found.total == 12
    assert (found.correlation_ids, found.trace_ids) == ((CORRELATION,), (TRACE,))


def test_the_request_of_an_invocation_with_two_transactions_leads_to_both(world: World) -> None:
    found = world.lines.transaction(WORKER, WINDOW)

    assert found.correlation_ids == (CORRELATION, "c-other")
    assert (len(found.documents), found.others) == (13, 0)


def test_lines_of_other_transactions_in_the_same_invocation_are_left_out_and_counted(world: World) -> None:
    found = world.lines.transaction(CORRELATION, WINDOW)

    assert {one.correlation_id for one in found.documents} == {CORRELATION, None}
    assert found.others == 1


def test_a_trace_leads_to_the_correlation_id_that_others_tell(world: World) -> None:
    found = world.lines.transaction("1-00000001-abcdef012345678912345678", WINDOW)

    assert [one.message for one in found.documents] == ["no ids here", "traced", "by correlation alone"]


def test_lines_without_a_function_are_part_of_a_transaction(world: World) -> None:
    (one,) = world.lines.transaction("c-gate", WINDOW).invocations

    assert (one.request_id, one.function, one.log_group) == (None, "", "API-Gateway/access")


def test_a_transaction_is_read_up_to_so_many_lines(world: World) -> None:
    found = world.lines.transaction(CORRELATION, WINDOW, most=3)

    assert (len(found.documents), found.total) == (3, 12)


def test_what_must_not_be_shown_is_taken_out_of_texts_and_not_out_of_ids(world: World) -> None:
    world.ship(
        "leaky", (9_500, line(f"key {KEY}", "ERROR", requestId=KEY, order={"note": [KEY]}, correlation_id="c-leak"))
    )
    lines = Lines(world.cluster, world.namespace, redact=lambda text: text.replace(KEY, "[gone]"))
    only = [{"term": {"service.name": "leaky"}}]

    (one,) = lines.find(WINDOW, filters=only).documents
    (group,) = lines.errors(WINDOW, service="leaky").groups

    assert (one.message, one.get("app", "order", "note"), one.request_id) == ("key [gone]", ["[gone]"], KEY)
    assert group.message == "key [gone]"
    assert KEY not in json.dumps([dict(two.source) for two in lines.transaction(KEY, WINDOW).documents]).replace(
        f'"{KEY}"', ""
    )


def test_elasticsearch_that_is_away_is_told(world: World) -> None:
    world.gate.shut = True
    lines = Lines(_through_the_gate(world), world.namespace)
    try:
        with pytest.raises(ClusterUnavailableError):
            lines.find(WINDOW)
        with pytest.raises(ClusterUnavailableError):
            lines.errors(WINDOW)
        with pytest.raises(ClusterUnavailableError):
            lines.transaction("x", WINDOW)
    finally:
        world.gate.shut = False


def test_what_was_read_before_elasticsearch_went_away_is_a_part_and_says_so(world: World) -> None:
    lines = Lines(_through_the_gate(world), world.namespace)
    begin = world.gate.searches

    def shut(number: int) -> None:
        world.gate.shut = number == begin + 2

    world.gate.on_search = shut
    page = lines.find(WINDOW, filters=[{"term": {"service.name": "bulk"}}])
    world.gate.on_search, world.gate.shut = (lambda _: None), False

    assert len(page.documents) == 200
    assert page.total == SAME
    assert "503" in page.partial or "failed" in page.partial
    assert page.after is not None


def test_no_time_is_no_answer(world: World) -> None:
    with pytest.raises(ClusterUnavailableError, match="time is up"):
        world.lines.find(WINDOW, timeout=0.0)


def test_a_query_that_elasticsearch_refuses_is_told_as_such(world: World) -> None:
    with pytest.raises(ClusterRefusedError) as told:
        world.lines.find(WINDOW, filters=[{"nothing": {}}])

    assert told.value.status == 400


def test_shards_that_failed_are_told(world: World) -> None:
    """A query that one of two indices cannot answer fails its shard, as a broken disk would."""
    broken = {"prefix": {"aws.lambda.metrics.duration_ms": "1"}}  # a number there, not mapped in the other one

    page = world.lines.find(WINDOW, filters=[{"bool": {"should": [broken, {"match_all": {}}]}}])

    assert "1 of 2 shards failed" in page.partial
    assert page.documents


def _through_the_gate(world: World) -> Cluster:
    return Cluster.connect(world.gate.url, Secret("test", world.account.secret))
