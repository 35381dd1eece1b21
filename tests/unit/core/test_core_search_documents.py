"""Documents of Elasticsearch are read as they are, whatever is in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost.search.documents import LEVELS, Document, Window, at_least, time_of
from watchpost.times import iso

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
OURS = (
    "@timestamp",
    "message",
    "service",
    "log",
    "faas",
    "correlation",
    "trace",
    "aws",
    "error",
    "event",
    "data_stream",
)
PROPERTIES = (
    *("at", "ingested", "kind", "message", "service", "level", "request_id", "correlation_id", "trace_id"),
    *("log_group", "log_stream", "function", "error_type", "error_message", "action"),
)


def document(**source: Any) -> Document:
    return Document("1", "i", source)


def test_a_document_tells_what_the_contract_of_documents_names() -> None:
    one = document(
        **{"@timestamp": "2026-11-21T08:00:00.123Z"},
        message="refused",
        service={"name": "orders"},
        log={"level": "error"},
        faas={"execution": "r", "name": "orders-api"},
        correlation={"id": 7},
        trace={"id": "t"},
        aws={"cloudwatch": {"log_group": "g", "log_stream": "s"}},
        error={"type": "E", "message": "m"},
        event={"dataset": "watchpost.platform", "action": "report", "ingested": "2026-11-21T08:00:01.000Z"},
    )

    assert one.at == NOW + timedelta(milliseconds=123)
    assert one.ingested == NOW + timedelta(seconds=1)
    told = (one.service, one.level, one.message, one.request_id, one.correlation_id, one.trace_id, one.function)
    assert told == ("orders", "error", "refused", "r", "7", "t", "orders-api")
    assert (one.log_group, one.log_stream, one.error_type, one.error_message) == ("g", "s", "E", "m")
    assert (one.kind, one.action) == ("platform", "report")


def test_what_a_document_does_not_say_is_nothing() -> None:
    one = document()

    assert (one.at, one.ingested, one.kind) == (datetime(1970, 1, 1, tzinfo=UTC), None, "app")
    assert (one.service, one.message, one.log_group, one.log_stream, one.function) == ("", "", "", "", "")
    assert (one.level, one.request_id, one.correlation_id, one.error_type, one.action) == (None,) * 5


@given(st.dictionaries(st.sampled_from(OURS), JSON))
def test_no_document_breaks_what_reads_it(source: dict[str, Any]) -> None:
    one = document(**source)

    read = [getattr(one, name) for name in PROPERTIES]

    assert all(value is None or isinstance(value, str | datetime) for value in read)


def test_keys_with_dots_are_found_in_flattened_fields() -> None:
    one = document(app={"order.id": 1, "order": {"id": 2, "a.b": 3}}, correlation={"id": "c"})

    assert one.get("app", "order", "id") == 2
    assert one.get("app", "order", "a", "b") == 3
    assert document(app={"order.id": 1}).get("app", "order", "id") == 1
    assert one.get("app", "order", "id", "deeper") is None
    assert document(**{"service.name": "orders"}).service == "orders"


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), (7, "7"), ("", None), ([], None)])
def test_values_become_text_as_json_has_them(value: Any, text: str | None) -> None:
    assert document(a=value).text("a") == text


def test_numbers_are_numbers_only() -> None:
    assert document(a=1).number("a") == 1.0
    assert document(a=True).number("a") is None
    assert document(a="1").number("a") is None


def test_a_window_is_kept_in_utc_and_may_be_empty() -> None:
    berlin = timezone(timedelta(hours=1))

    window = Window(datetime(2026, 11, 21, 9, 0, tzinfo=berlin), NOW)

    assert window.start == window.end == NOW
    assert window.start.tzinfo is UTC


def test_a_window_that_ends_before_it_starts_or_has_no_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="before it starts"):
        Window(NOW, NOW - timedelta(microseconds=1))
    with pytest.raises(ValueError, match="time zone"):
        Window(NOW.replace(tzinfo=None), NOW)


@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # given a zone
def test_times_are_written_to_the_millisecond_and_read_again(at: datetime) -> None:
    assert time_of(iso(at)) == at.replace(microsecond=at.microsecond // 1000 * 1000)


def test_a_level_means_itself_and_those_above() -> None:
    assert at_least("warn") == ("warn", "error", "fatal")
    assert at_least("trace") == LEVELS
    assert at_least("fatal") == ("fatal",)
    with pytest.raises(ValueError, match="notice"):
        at_least("notice")
