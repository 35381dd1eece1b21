"""Batches: each record within its own transaction, and what failed told to Lambda.

    def handler(event, context):
        return records.for_each(event, charge)

The event source needs `ReportBatchItemFailures`, or Lambda takes a partial failure for a success.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, TypeVar

from watchpost_client import carriers, correlation, metrics, sampling
from watchpost_client import context as contexts
from watchpost_client.guard import guarded

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    F = TypeVar("F", bound=Callable[..., Any])

FAILED = "batch-records-failed"  # metric, by source
_STREAMS = {"aws:kinesis": "kinesis", "aws:dynamodb": "dynamodb"}


def for_each(event: Any, function: Callable[[dict[str, Any]], Any]) -> dict[str, list[dict[str, str]]]:
    """Call a function with each record of SQS, Kinesis or a DynamoDB stream, and return what failed.

    event: as Lambda hands it over, or Powertools' object for it. function: takes a record as Lambda hands it over; what
    it raises makes this record a failure, and is logged. Of a queue the failed records come again; of a FIFO queue
    those behind the first one too, of a stream likewise: order is kept. Raises ValueError for an event that is no such
    batch and TypeError for an `async` function (Powertools' AsyncBatchProcessor takes one, see `with_context`): nothing
    of the batch was done then.
    """
    if _is_async(function):
        raise TypeError("expected a function that is not async: use with_context and Powertools' AsyncBatchProcessor")
    event = getattr(event, "raw_event", event)
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list):
        raise ValueError("expected an event of SQS, Kinesis or a DynamoDB stream, with Records")  # noqa: TRY004  # as below
    identifiers = [_identifier(record) for record in records]
    failed: list[str] = []
    for record, (identifier, ordered) in zip(records, identifiers, strict=True):
        if failed and ordered:
            # What stands behind a failure must not be done before it. A stream comes again from the first one on.
            failed.append(identifier)
            continue
        with own_context(record, alone=len(records) == 1):
            try:
                _call(function, record)
            except Exception as error:  # noqa: BLE001  # whatever it is, this record failed and comes again: Lambda is told
                failed.append(identifier)
                _tell(record, identifier, error)
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in failed]}


def _call(function: Callable[[dict[str, Any]], Any], record: dict[str, Any]) -> None:
    """Raises what the function raises, and TypeError when it gave something to await: nothing was done with it."""
    answer = function(record)
    if inspect.isawaitable(answer):
        if inspect.iscoroutine(answer):
            answer.close()
        raise TypeError("the function for a record is async, so the record was not worked on")


def with_context(function: F) -> F:
    """Decorate a record handler of Powertools' batch processors: each record within its own transaction.

    A function or method that takes `record`, `async` or not; the record may be Powertools' object or Lambda's dict.
    """
    if _is_async(function):

        @functools.wraps(function)
        async def within_async(*args: Any, **kwargs: Any) -> Any:
            with own_context(_record(args, kwargs)):
                return await function(*args, **kwargs)

        return within_async  # type: ignore[return-value]  # it has the signature of what it wraps

    @functools.wraps(function)
    def within(*args: Any, **kwargs: Any) -> Any:
        with own_context(_record(args, kwargs)):
            return function(*args, **kwargs)

    return within  # type: ignore[return-value]  # likewise


def _is_async(function: Any) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004  # an object may have an `async` one


def _record(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What of the arguments is the record: Powertools gives it by name, others as the first one, behind `self`."""
    if "record" in kwargs:
        return kwargs["record"]
    return next((item for item in args if isinstance(item, dict) or hasattr(item, "raw_event")), None)


def own_context(record: Any, *, alone: bool = False) -> AbstractContextManager[Any]:
    """Run a block within the transaction of a record, decided whether it is sampled, and restore the one before.

    alone: whether it is the only one of its batch. Then the transaction that the invocation began is its own, when it
    brings none.
    """
    found = None
    with guarded("records"):
        raw = getattr(record, "raw_event", record)  # Powertools' data classes
        brought = carriers.of_record(raw)
        before = contexts.current()
        if alone and not brought.correlation_id and before is not None:
            found = before
        else:
            found = sampling.decided(correlation.for_record(raw))
    return contexts.use(found or contexts.new())


def _identifier(record: Any) -> tuple[str, bool]:
    """How Lambda calls a record, and whether what stands behind it has to wait for it. Raises ValueError."""
    source = record.get("eventSource") if isinstance(record, dict) else None
    if source == "aws:sqs" and record.get("messageId"):
        return str(record["messageId"]), str(record.get("eventSourceARN", "")).endswith(".fifo")
    if isinstance(source, str) and source in _STREAMS and isinstance(inner := record.get(_STREAMS[source]), dict):
        number = inner.get("sequenceNumber") or inner.get("SequenceNumber")
        if number:
            return str(number), True
    raise ValueError("a record is none of SQS, Kinesis or a DynamoDB stream, so nothing of the batch was done")


def _tell(record: dict[str, Any], identifier: str, error: Exception) -> None:
    with guarded("records"):
        metrics.count(FAILED, source=str(record["eventSource"]).removeprefix("aws:"))
        from watchpost_client import failures  # noqa: PLC0415  # most batches have none

        failures.tell(None, record, error, record=identifier)
