"""The conventions' test vectors, which other languages run as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from watchpost_client import carriers, wire

from .conftest import vectors

if TYPE_CHECKING:
    from watchpost_client.context import Context


def _told(found: Context) -> dict[str, Any]:
    return {
        "correlation_id": found.correlation_id or None,
        "debug": found.debug,
        "fields": dict(found.fields),
        "traceparent": found.traceparent,
        "tracestate": found.tracestate,
        "baggage": found.baggage,
    }


@pytest.mark.parametrize("vector", vectors("events"))
def test_the_context_of_an_event_is_found_where_the_conventions_say(vector: dict[str, Any]) -> None:
    found = carriers.of_event(vector["event"])

    assert {**_told(found), "origin": found.origin} == vector["expect"]


@pytest.mark.parametrize("vector", vectors("values"))
def test_values_are_cleaned_and_bounded_as_the_conventions_say(vector: dict[str, Any]) -> None:
    found = wire.read(vector["pairs"].items(), "test")

    assert _told(found) == vector["expect"]
