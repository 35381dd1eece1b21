"""A sampled transaction has all of its lines, another one those of the level, at the same time and in every logger."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.logging.buffer import LoggerBufferConfig
from watchpost_client import correlation, handler, logger

from .spoken import invoke, lambda_context, named, new_logger, request, spoken

if TYPE_CHECKING:
    Captured = pytest.CaptureFixture[str]


def _debug_lines(capsys: Captured, log: Any, flag: str | None) -> list[str]:
    headers = {"x_correlation_id": "c-1"} | ({"debug_log_enabled": flag} if flag else {})
    invoke(lambda: (log.debug("d"), log.info("i"), log.warning("w")), **headers)
    return [line["message"] for line in spoken(capsys)]


@pytest.mark.parametrize(
    ("level", "flag", "expected"),
    [
        ("INFO", "true", ["d", "i", "w"]),
        ("ERROR", "true", ["d", "i", "w"]),
        ("INFO", "false", ["i", "w"]),
        ("INFO", None, ["i", "w"]),
        ("DEBUG", "false", ["d", "i", "w"]),  # the service's own level
    ],
)
def test_a_sampled_transaction_has_all_lines_and_others_those_of_the_level(
    capsys: Captured, level: str, flag: str | None, expected: list[str]
) -> None:
    assert _debug_lines(capsys, new_logger(level=level), flag) == expected


def test_what_is_below_debug_is_nobodys_sampled_line(capsys: Captured) -> None:
    log = new_logger()

    invoke(lambda: log.log(logging.DEBUG - 1, "trace"), debug_log_enabled="true")

    assert spoken(capsys) == []


def test_child_loggers_have_sampled_lines_too(capsys: Captured) -> None:
    service = named()
    logger(service)

    assert _debug_lines(capsys, logger(service, child=True), "true") == ["d", "i", "w"]


def test_who_silences_all_logging_means_it(capsys: Captured) -> None:
    log = new_logger()
    logging.disable(logging.DEBUG)
    try:
        assert _debug_lines(capsys, log, "true") == ["i", "w"]
    finally:
        logging.disable(logging.NOTSET)


def test_two_loggers_with_sampled_and_other_transactions_at_once_do_not_mix(capsys: Captured) -> None:
    """The level of a logger is everybody's, the decision is the transaction's."""
    log, together = new_logger(), threading.Barrier(20)

    @handler
    def work(event: Any, context: Any) -> None:
        together.wait(timeout=60)
        log.debug("d")
        log.info("i")

    def one(number: int) -> None:
        flag = "true" if number % 2 else "false"
        work(request(x_correlation_id=f"c-{number}", debug_log_enabled=flag), lambda_context(f"r-{number}"))

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(one, range(20)))

    found = sorted((line["correlation_id"], line["message"]) for line in spoken(capsys))
    expected = [(f"c-{number}", text) for number in range(20) for text in ("d", "i") if number % 2 or text == "i"]
    assert found == sorted(expected)


# Powertools' buffer.


def _buffered(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A logger that keeps debug lines back until there is an error."""
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793")
    return new_logger(buffer_config=LoggerBufferConfig(buffer_at_verbosity="DEBUG"))


def test_buffered_lines_keep_the_transaction_that_they_were_written_in(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffered = _buffered(monkeypatch)

    def charge() -> None:
        with correlation.use(correlation.new("first")):
            buffered.debug("kept back")
        with correlation.use(correlation.new("second")):
            buffered.error("flushes")

    charge()

    found = {line["message"]: line for line in spoken(capsys)}
    assert found["kept back"]["correlation_id"] == "first"
    assert found["kept back"]["location"].startswith("charge:")
    assert found["flushes"]["correlation_id"] == "second"


def test_lines_of_a_sampled_transaction_are_not_kept_back(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    buffered = _buffered(monkeypatch)

    assert _debug_lines(capsys, buffered, "true") == ["d", "i", "w"]
    assert _debug_lines(capsys, buffered, "false") == ["i", "w"]
