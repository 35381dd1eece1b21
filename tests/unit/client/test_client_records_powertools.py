"""Record handlers of Powertools' batch processors run within the transaction of their record."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.batch import (
    AsyncBatchProcessor,
    BatchProcessor,
    EventType,
    SqsFifoPartialProcessor,
    async_process_partial_response,
    process_partial_response,
)
from watchpost_client import correlation, records

from .batches import current, event_of, failed_of, sqs


def _fails_at_one(seen: list[str], record: Any) -> str:
    seen.append(current())
    if record.raw_event["messageId"] == "id-1":
        raise ValueError("mine")
    return "done"


@pytest.mark.parametrize(
    ("processor", "source", "failed"),
    [
        (BatchProcessor(EventType.SQS), "sqs", ["id-1"]),
        (SqsFifoPartialProcessor(), "fifo", ["id-1", "id-2"]),
    ],
    ids=["standard", "fifo"],
)
def test_a_processor_of_powertools_gives_each_record_its_transaction(
    processor: Any, source: str, failed: list[str]
) -> None:
    seen: list[str] = []

    @records.with_context
    def work(record: Any, lambda_context: Any) -> str:
        assert lambda_context.aws_request_id == "r-1"
        return _fails_at_one(seen, record)

    with correlation.use(correlation.new("invocation")):
        context: Any = SimpleNamespace(aws_request_id="r-1")
        answer = process_partial_response(event_of(source, 3), work, processor, context)
        assert current() == "invocation"

    assert seen == ["c-0", "c-1", "c-2"][: len(seen)]
    assert len(seen) == 3 - (source == "fifo")
    assert failed_of(answer) == failed  # type: ignore[arg-type]  # Powertools' name for the same


def test_records_that_are_worked_on_at_once_do_not_mix() -> None:
    seen: list[list[str]] = []

    @records.with_context
    async def work(record: Any) -> None:
        own = [current()]
        for _ in range(3):
            await asyncio.sleep(0)
            own.append(current())
        seen.append(own)
        if record.message_id == "id-1":
            raise ValueError("mine")

    answer = async_process_partial_response(event_of("sqs", 20), work, AsyncBatchProcessor(EventType.SQS))

    assert sorted(seen) == sorted([f"c-{number}"] * 4 for number in range(20))
    assert failed_of(answer) == ["id-1"]  # type: ignore[arg-type]  # as above


def test_a_method_and_a_keyword_only_function_are_called_as_they_were() -> None:
    class Worker:
        @records.with_context
        def work(self, record: dict[str, Any]) -> tuple[str, str]:
            return record["messageId"], current()

    @records.with_context
    def by_name(*, lambda_context: Any = None, record: dict[str, Any]) -> tuple[str, str]:
        assert lambda_context is None
        return record["messageId"], current()

    record = sqs(7, "c-7")

    assert Worker().work(record) == ("id-7", "c-7")
    assert Worker().work(record=record) == ("id-7", "c-7")
    assert by_name(record=record) == ("id-7", "c-7")
    assert by_name.__name__ == "by_name"


@pytest.mark.parametrize("record", [None, 17, "text", {}, {"eventSource": 17}])
def test_a_strange_record_has_a_transaction_of_its_own(record: Any) -> None:
    @records.with_context
    def work(record: Any) -> tuple[Any, str]:
        return record, current()

    assert work(record=record)[0] is record
    assert work(record=record)[1]


def test_errors_of_the_service_come_through_as_they_are() -> None:
    error = KeyError("mine")

    @records.with_context
    def work(_: Any) -> None:
        raise error

    with pytest.raises(KeyError) as raised:
        work(sqs(0, "a"))

    assert raised.value is error
