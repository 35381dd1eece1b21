"""Ids lead from some lines of a transaction to all of them, and not to those of others."""

from __future__ import annotations

from watchpost.search.documents import Document
from watchpost.search.ids import Ids


def line(correlation: str | None = None, request: str | None = None, trace: str | None = None) -> Document:
    source = {"correlation": {"id": correlation}, "faas": {"execution": request}, "trace": {"id": trace}}
    return Document("1", "i", source)


def test_what_was_asked_for_may_be_any_id() -> None:
    (either,) = [Ids.of("x").query()["bool"]["should"]]

    assert either == [{"term": {field: "x"}} for field in ("correlation.id", "faas.execution", "trace.id")]


def test_nothing_found_leads_nowhere() -> None:
    assert Ids.of("x").led_on([]) == Ids.of("x")
    assert Ids.of("x").foreign() is None


def test_a_request_leads_to_its_correlation_and_its_trace() -> None:
    led = Ids.of("r").led_on([line("c", "r", "t"), line(None, "r")])

    assert (led.correlations, led.requests, led.traces) == ({"c"}, {"r"}, {"t"})


def test_a_correlation_id_leads_to_requests_but_to_no_other_correlation_id() -> None:
    """An invocation that works off a batch has lines of many transactions."""
    led = Ids.of("c").led_on([line("c", "r1"), line("other", "r2")])

    assert (led.correlations, led.requests) == ({"c"}, {"r1", "r2"})
    assert led.led_on([line("third", "r3")]).correlations == {"c"}


def test_a_request_of_a_batch_leads_to_all_its_transactions() -> None:
    assert Ids.of("r").led_on([line("c1", "r"), line("c2", "r")]).correlations == {"c1", "c2"}


def test_lines_that_tell_another_correlation_id_are_left_out_and_counted() -> None:
    led = Ids.of("c").led_on([line("c", "r", "t")])

    own, silent = led.query()["bool"]["should"]
    assert own == {"terms": {"correlation.id": ["c"]}}
    assert silent["bool"]["must_not"] == [{"exists": {"field": "correlation.id"}}]
    foreign = led.foreign()
    assert foreign is not None
    assert foreign["bool"]["must_not"] == [{"terms": {"correlation.id": ["c"]}}]


def test_without_a_correlation_id_requests_and_traces_are_all_there_is() -> None:
    led = Ids.of("r").led_on([line(None, "r", "t")])

    assert led.query()["bool"]["should"] == [{"terms": {"faas.execution": ["r"]}}, {"terms": {"trace.id": ["t"]}}]
    assert led.foreign() is None


def test_so_many_ids_of_a_kind_are_followed_and_no_more() -> None:
    assert len(Ids.of("c").led_on([line("c", f"r{n}") for n in range(1_000)]).requests) == 1_000
    assert len(Ids.of("c").led_on([line("c", f"r{n}") for n in range(1_001)]).requests) == 1_000
