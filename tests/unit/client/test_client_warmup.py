"""Pings are answered before the service sees them; everything else is the service's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost_client import correlation, entry, handler, metrics, warmup

from .spoken import lambda_context, new_logger, spoken

PINGS = [
    {"source": "serverless-plugin-warmup"},
    {"source": "watchpost.warm-up"},
    {"warmup": True},
    {"warm_up": True},
    {"warmer": True, "concurrency": 3},
    {"version": "0", "detail-type": "Scheduled Event", "source": "watchpost.warm-up", "detail": {}},
]
BUSINESS = [
    {},
    None,
    [],
    "warmup",
    7,
    {"warmup": False},
    {"warmup": "true"},
    {"warmup": 1},
    {"source": "aws.events", "detail-type": "Scheduled Event"},
    {"source": ["serverless-plugin-warmup"]},
    {"source": {"id": 7}, "arguments": {}, "info": {"fieldName": "orders"}},  # AppSync
    {"Records": [{"eventSource": "aws:sqs"}], "warmup": True},
    {"requestContext": {}, "warmup": True},  # what a client sends cannot keep the service from seeing it
]


@pytest.mark.parametrize("event", PINGS)
def test_a_ping_is_answered_without_the_service_and_without_a_line(
    capsys: pytest.CaptureFixture[str], event: dict[str, Any]
) -> None:
    called: list[Any] = []
    log = new_logger()

    @handler
    def service(event: Any, context: Any) -> str:
        called.append(event)
        metrics.count("orders")
        log.info("called")
        return "business"

    assert service(event, lambda_context()) == {"warm_up": True}
    assert called == []
    assert capsys.readouterr().out == ""
    assert correlation.current() is None


@pytest.mark.parametrize("event", BUSINESS)
def test_everything_else_reaches_the_service(event: Any) -> None:
    seen: list[Any] = []

    handler(lambda event, _: seen.append(event))(event, lambda_context())

    assert len(seen) == 1
    assert seen[0] is event


def test_an_asynchronous_service_is_kept_warm_too() -> None:
    @handler
    async def service(event: Any, context: Any) -> str:
        return "business"

    assert service({"warmup": True}, lambda_context()) == {"warm_up": True}
    assert service({}, lambda_context()) == "business"


def test_a_service_may_answer_pings_itself() -> None:
    assert handler(warm_up=False)(lambda *_: "own")({"warmup": True}, None) == "own"


def test_the_answer_is_everybodys_own() -> None:
    service = handler(lambda *_: None)

    service({"warmup": True}, None)["warm_up"] = "changed"

    assert service({"warmup": True}, None) == {"warm_up": True}


def test_what_comes_after_a_ping_finds_a_warm_process(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry, "_cold", True)
    log = new_logger()
    service = handler(lambda *_: log.info("x"))

    service({"warmup": True}, lambda_context())
    service({}, lambda_context())

    assert spoken(capsys)[0]["cold_start"] is False


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["source", "warmup", "warmer", "warm_up", "Records", "detail"]), _JSON))
def test_no_event_makes_the_question_fail(event: Any) -> None:
    assert warmup.is_ping(event) in (True, False)
