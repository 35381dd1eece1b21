"""A handler is entered and left as without us: what it returns and raises is its own, and nothing stays behind."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2, event_source
from watchpost_client import context as contexts
from watchpost_client import correlation, entry, handler, metrics

from .spoken import ANSWERED, REQUEST, lambda_context, named, new_logger, request, spoken

if TYPE_CHECKING:
    Captured = pytest.CaptureFixture[str]


def _current() -> contexts.Context:
    found = correlation.current()
    assert found is not None
    return found


def test_event_context_and_answer_are_handed_through_as_they_are() -> None:
    event, context, answer = request(), lambda_context(), object()
    seen: list[Any] = []

    @handler
    def service(event: Any, context: Any) -> Any:
        seen.extend((event, context))
        return answer

    assert service(event, context) is answer
    assert seen[0] is event
    assert seen[1] is context


@pytest.mark.parametrize("decorate", [handler, handler(), handler(service="orders", warm_up=True, log_errors=False)])
def test_it_decorates_with_and_without_arguments(decorate: Any) -> None:
    def service(event: dict[str, Any], context: Any, more: int = 1) -> str:
        """What it does."""
        return f"{event['a']} {more}"

    decorated = decorate(service)

    assert decorated({"a": 1}, None, more=2) == "1 2"
    assert inspect.signature(decorated) == inspect.signature(service)
    assert (decorated.__name__, decorated.__doc__) == ("service", "What it does.")
    assert decorated.__wrapped__ is service


def test_what_is_no_function_is_decorated_too() -> None:
    def service(prefix: str, event: Any, context: Any) -> str:
        return prefix

    assert handler(functools.partial(service, "x"))({}, None) == "x"


def test_the_service_is_within_the_transaction_of_its_event() -> None:
    found: list[contexts.Context] = []

    handler(lambda *_: found.append(_current()))(
        request(x_correlation_id="c-1", x_correlation_tenant="t", debug_log_enabled="true"), lambda_context()
    )

    assert (found[0].correlation_id, dict(found[0].fields), found[0].debug) == ("c-1", {"tenant": "t"}, True)


def test_a_new_transaction_has_the_id_of_the_request_and_a_decision() -> None:
    found: list[contexts.Context] = []

    handler(lambda *_: found.append(_current()))({}, lambda_context())

    assert found[0].correlation_id == REQUEST
    assert found[0].debug is False


# Errors.


class _OwnError(Exception):
    pass


@pytest.mark.parametrize("kind", [_OwnError, ValueError, KeyboardInterrupt, SystemExit, GeneratorExit, BaseException])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_an_error_of_the_service_goes_on_as_it_is(kind: type[BaseException], asynchronous: bool) -> None:
    error = kind("own")

    def fails(event: Any, context: Any) -> None:
        raise error

    async def fails_later(event: Any, context: Any) -> None:
        await asyncio.sleep(0)
        raise error

    with pytest.raises(kind) as caught:
        handler(fails_later if asynchronous else fails)({}, lambda_context())

    assert caught.value is error
    assert caught.value.__cause__ is None
    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert frames[-1] == ("fails_later" if asynchronous else "fails")
    assert correlation.current() is None


def test_nothing_of_ours_stands_between_the_service_and_lambda_but_the_decorator() -> None:
    def fails(event: Any, context: Any) -> None:
        raise _OwnError

    with pytest.raises(_OwnError) as caught:
        handler(fails)({}, lambda_context())

    frames = traceback.extract_tb(caught.value.__traceback__)
    assert [frame.name for frame in frames[1:]] == ["wrapped", "fails"]
    assert caught.value.__context__ is None


# What stays behind.


def test_the_next_invocation_begins_clean_also_after_an_error(capsys: Captured) -> None:
    log = new_logger()

    @handler(log_errors=False)
    def service(event: Any, context: Any) -> None:
        correlation.set_field("tenant", "t-1")
        metrics.count("orders")
        log.info("x")
        if event.get("fails"):
            raise _OwnError

    with pytest.raises(_OwnError):
        service(request(x_correlation_id="c-1", debug_log_enabled="true") | {"fails": True}, lambda_context("r-1"))
    between = correlation.current(), contexts.invocation()
    first = capsys.readouterr().out
    log.info("between")
    handler(lambda *_: log.info("second"))({}, lambda_context("r-2"))

    assert between == (None, None)
    assert "|1|count|orders\n" in first
    outside, second = spoken(capsys)
    assert not {"correlation_id", "function_request_id", "x-correlation-tenant"} & outside.keys()
    assert (second["correlation_id"], second["function_request_id"]) == ("r-2", "r-2")
    assert "x-correlation-tenant" not in second


def test_a_thread_that_outlives_its_invocation_belongs_to_none(capsys: Captured) -> None:
    found = []

    handler(lambda *_: None)(request(x_correlation_id="c-1"), lambda_context())
    found.append(contextvars.Context().run(correlation.current))

    assert found == [None]


def test_the_metrics_of_an_invocation_are_written_at_its_end(capsys: Captured) -> None:
    written: list[str] = []

    @handler
    def service(event: Any, context: Any) -> None:
        for _ in range(3):
            metrics.count("orders")
        written.append(capsys.readouterr().out)

    service({}, lambda_context())

    assert written == [""]
    out = capsys.readouterr().out
    assert out.count("MONITORING|") == 1
    assert out.endswith("|3|count|orders\n")


def test_only_the_first_invocation_of_a_process_is_a_cold_start(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry, "_cold", True)
    log = new_logger()
    service = handler(lambda *_: log.info("x"))

    for _ in range(3):
        service({}, lambda_context())

    assert [line["cold_start"] for line in spoken(capsys)] == [True, False, False]


def test_a_process_that_was_made_ready_has_no_cold_start(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Powertools says it: with provisioned concurrency nobody waits for the start."""
    monkeypatch.setattr(entry, "_cold", True)
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "provisioned-concurrency")
    log = new_logger()

    handler(lambda *_: log.info("x"))({}, lambda_context())

    assert spoken(capsys)[0]["cold_start"] is False


# Asynchronous handlers.


def test_an_asynchronous_handler_is_run_within_the_transaction(capsys: Captured) -> None:
    log = new_logger()

    @handler
    async def service(event: Any, context: Any) -> dict[str, int]:
        await asyncio.sleep(0)
        await asyncio.gather(*(asyncio.to_thread(log.info, "thread") for _ in range(3)))
        log.info("task")
        return ANSWERED

    assert service(request(x_correlation_id="c-1"), lambda_context()) is ANSWERED
    found = spoken(capsys)
    assert len(found) == 4
    assert {line["correlation_id"] for line in found} == {"c-1"}


# With Powertools' own decorators.


def test_it_works_together_with_powertools_decorators(capsys: Captured) -> None:
    log, measured = new_logger(), metrics.MetricsProvider()

    @handler
    @log.inject_lambda_context(log_event=False, correlation_id_path="headers.own")
    @measured.log_metrics(capture_cold_start_metric=False)
    @event_source(data_class=APIGatewayProxyEventV2)
    def service(event: APIGatewayProxyEventV2, context: Any) -> dict[str, int]:
        measured.add_metric("orders", MetricUnit.Count, 2)
        log.info(event.request_context.http.method)
        return ANSWERED

    assert (
        service(request(x_correlation_id="c-1", own="theirs", x_correlation_tenant="t"), lambda_context()) == ANSWERED
    )

    out = capsys.readouterr().out
    assert "|2|count|orders" in out
    assert '"message":"GET"' in out
    assert '"correlation_id":"theirs"' in out, "the service named where its own id lies"
    assert '"x-correlation-tenant":"t"' in out
    assert '"function_name":"orders"' in out


def test_the_order_of_decorators_may_be_the_other_one(capsys: Captured) -> None:
    """Behind `event_source` the event is Powertools' object, from which we read all the same."""
    log = new_logger()

    @event_source(data_class=APIGatewayProxyEventV2)
    @log.inject_lambda_context
    @handler
    def service(event: APIGatewayProxyEventV2, context: Any) -> str:
        log.info("x")
        return event.raw_path if "rawPath" in event.raw_event else "none"

    assert service(request(x_correlation_id="c-1"), lambda_context()) == "none"
    assert spoken(capsys)[0]["correlation_id"] == "c-1"


def test_a_plain_logger_of_powertools_is_left_alone(capsys: Captured) -> None:
    """Only who asks for ours gets it, also after an error was logged."""
    service = named()
    plain = Logger(service)

    @handler(service=service)
    def fails(event: Any, context: Any) -> None:
        raise _OwnError

    with pytest.raises(_OwnError):
        fails(request(x_correlation_id="c-1"), lambda_context())
    capsys.readouterr()
    handler(lambda *_: (plain.debug("d"), plain.info("i")))(
        request(x_correlation_id="c-1", debug_log_enabled="true"), None
    )

    [line] = spoken(capsys)
    assert line["message"] == "i"
    assert "correlation_id" not in line
