"""Each line says to which transaction and invocation it belongs, wherever it is written; the shipper reads it so."""

from __future__ import annotations

import asyncio
import contextvars
import io
import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools import Logger
from shipper import formats
from watchpost_client import correlation, guard, handler, logger, logs

from .spoken import REQUEST, invoke, lambda_context, named, new_logger, request, spoken

if TYPE_CHECKING:
    Captured = pytest.CaptureFixture[str]

TRACE = "1-5759e988-bd862e3fe1be46a994272793"


def test_it_is_a_logger_of_powertools_with_its_arguments() -> None:
    log = logger(named(), level="WARNING", log_record_order=["message"])

    assert isinstance(log, Logger)
    assert log.log_level == logging.WARNING


def test_each_line_of_an_invocation_says_whose_it_is(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={TRACE};Parent=1;Sampled=1")
    log = new_logger()

    invoke(lambda: log.info("charged"), x_correlation_id="c-1", x_correlation_tenant="t-1")

    [line] = spoken(capsys)
    assert line["message"] == "charged"
    assert line["correlation_id"] == "c-1"
    assert line["x-correlation-tenant"] == "t-1"
    assert line["function_request_id"] == REQUEST
    assert line["xray_trace_id"] == TRACE
    assert type(line["cold_start"]) is bool


def test_the_shipper_reads_the_line_as_the_conventions_say(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={TRACE};Parent=1;Sampled=1")
    log = new_logger()

    def charge() -> None:
        raise ValueError("too large")

    def fails() -> None:
        try:
            charge()
        except ValueError:
            log.exception("not charged", order=7)

    invoke(fails, x_correlation_id="c-1", x_correlation_tenant="t-1")
    line = formats.parse(capsys.readouterr().out)

    assert (line.level, line.message, line.service) == ("error", "not charged", log.service)
    assert line.request_id == REQUEST
    assert line.trace_id == TRACE
    assert line.correlation == {"id": "c-1", "tenant": "t-1"}
    assert line.error is not None
    assert (line.error["type"], line.error["message"]) == ("ValueError", "too large")
    assert "fails" in line.error["stack_trace"]
    assert line.app is not None
    assert line.app["order"] == 7


def test_outside_an_invocation_a_line_is_that_of_powertools(capsys: Captured) -> None:
    log, plain = new_logger(), Logger(named())

    log.info("ready")
    plain.info("ready")

    ours, theirs = spoken(capsys)
    assert ours.keys() == theirs.keys()


def test_what_the_service_gives_a_line_stays(capsys: Captured) -> None:
    log = new_logger()

    invoke(lambda: log.info("x", correlation_id="own", extra={"x-correlation-tenant": "own"}), x_correlation_tenant="t")

    [line] = spoken(capsys)
    assert (line["correlation_id"], line["x-correlation-tenant"]) == ("own", "own")


@pytest.mark.parametrize("way", ["append_keys", "thread_safe_append_keys"])
def test_what_the_service_gives_all_lines_stays(capsys: Captured, way: str) -> None:
    log = new_logger()

    def work() -> None:
        getattr(log, way)(correlation_id="own")
        log.info("x")

    contextvars.copy_context().run(invoke, work, x_correlation_id="c-1")

    assert spoken(capsys)[0]["correlation_id"] == "own"


def test_a_service_may_do_without_a_field(capsys: Captured) -> None:
    """A key that is None is none, and takes nothing away: Powertools leaves it out, we fill it."""
    log = new_logger(correlation_id=None)

    invoke(lambda: log.info("x"), x_correlation_id="c-1")

    assert spoken(capsys)[0]["correlation_id"] == "c-1"


def test_a_thread_of_an_invocation_belongs_to_it(capsys: Captured) -> None:
    log = new_logger()

    def work() -> None:
        thread = threading.Thread(target=log.info, args=("from a thread",))
        thread.start()
        thread.join()

    invoke(work, x_correlation_id="c-1")

    [line] = spoken(capsys)
    assert (line["correlation_id"], line["function_request_id"]) == ("c-1", REQUEST)


def test_fifty_transactions_in_threads_never_mix(capsys: Captured) -> None:
    """All of them are within their invocation at once, and each thread of theirs is in a copy of its context."""
    log, together = new_logger(), threading.Barrier(50)

    @handler
    def work(event: Any, context: Any) -> None:
        number = event["headers"]["number"]
        together.wait(timeout=60)
        log.info("first", number=number)
        inner = threading.Thread(
            target=contextvars.copy_context().run, args=(log.info, "thread"), kwargs={"number": number}
        )
        inner.start()
        inner.join()
        log.info("last", number=number)

    def one(number: int) -> None:
        work(request(x_correlation_id=f"c-{number}", number=str(number)), lambda_context(f"r-{number}"))

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(one, range(50)))

    found = spoken(capsys)
    assert len(found) == 150
    assert {(line["correlation_id"], line["function_request_id"]) for line in found} == {
        (f"c-{number}", f"r-{number}") for number in range(50)
    }
    assert all(line["correlation_id"] == f"c-{line['number']}" for line in found)


def test_fifty_transactions_in_tasks_never_mix(capsys: Captured) -> None:
    log = new_logger()

    async def one(number: int) -> None:
        with correlation.use(correlation.new(f"c-{number}")):
            for _ in range(3):
                await asyncio.sleep(0)
                log.info("step", number=number)
                await asyncio.create_task(inner(number))

    async def inner(number: int) -> None:
        await asyncio.sleep(0)
        log.info("inner", number=number)

    async def every() -> None:
        await asyncio.gather(*(one(number) for number in range(50)))

    asyncio.run(every())

    found = spoken(capsys)
    assert len(found) == 300
    assert all(line["correlation_id"] == f"c-{line['number']}" for line in found)


def test_a_child_logger_has_the_name_that_powertools_gives_it_and_the_fields(capsys: Captured) -> None:
    service = named()
    parent, child, theirs = logger(service), logger(service, child=True), Logger(service, child=True)

    invoke(lambda: child.info("x"), x_correlation_id="c-1")

    assert child.name == theirs.name
    assert child.name.startswith(f"{parent.name}.")
    assert spoken(capsys)[0]["correlation_id"] == "c-1"


def test_a_child_that_is_made_before_its_parent_has_the_fields_as_well(capsys: Captured) -> None:
    service = named()
    child = logger(service, child=True)
    logger(service)

    invoke(lambda: child.info("x"), x_correlation_id="c-1")

    assert spoken(capsys)[0]["correlation_id"] == "c-1"
    assert guard._told == set()


def test_a_second_logger_of_one_name_writes_each_line_once(capsys: Captured) -> None:
    service = named()
    first, second = logger(service), logger(service)

    invoke(lambda: (first.info("a"), second.info("b")), x_correlation_id="c-1")

    assert [line["message"] for line in spoken(capsys)] == ["a", "b"]
    assert sum(isinstance(found, logs._Transaction) for found in first.registered_handler.filters) == 1


def test_the_location_is_that_of_the_services_code(capsys: Captured) -> None:
    log = new_logger()

    def charge() -> None:
        log.info("x")

    invoke(charge)

    assert spoken(capsys)[0]["location"].startswith("charge:")


def test_another_handler_and_another_formatter_get_the_fields_too() -> None:
    stream = io.StringIO()
    own = logging.StreamHandler(stream)
    log = new_logger(logger_handler=own)
    own.setFormatter(logging.Formatter("%(correlation_id)s %(message)s"))

    invoke(lambda: log.info("x"), x_correlation_id="c-1")

    assert stream.getvalue() == "c-1 x\n"


def test_when_the_fields_cannot_be_found_the_line_is_written_without_them(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Any:
        raise RuntimeError("ours is broken")

    monkeypatch.setattr("watchpost_client.own_lines.transaction", broken)
    log = new_logger()

    invoke(lambda: (log.info("x"), log.info("y")))

    out = capsys.readouterr().out
    assert [json.loads(line)["message"] for line in out.splitlines() if line.startswith("{")] == ["x", "y"]
    assert out.count("watchpost-client-failures|#where:logging") == 1


def test_a_line_is_one_line_whatever_the_message_is(capsys: Captured) -> None:
    log = new_logger()

    invoke(lambda: log.info("a\nb\r\u2028{}\x00"), x_correlation_id="c\n-1")

    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out)["correlation_id"] == "c-1"
