"""Batches: each record in its own transaction, in order where order counts, and nothing undecided."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import SQSEvent
from hypothesis import given
from hypothesis import strategies as st
from watchpost_client import correlation, handler, records

from .batches import SOURCES, current, event_of, failed_of, sqs


@pytest.mark.parametrize("source", SOURCES)
def test_each_record_has_its_own_transaction_and_the_one_before_is_restored(source: str) -> None:
    seen: list[str] = []

    with correlation.use(correlation.new("invocation")):
        answer = records.for_each(event_of(source, 3), lambda _: seen.append(current()))
        after = current()

    assert seen == ["c-0", "c-1", "c-2"]
    assert after == "invocation"
    assert answer == {"batchItemFailures": []}


@pytest.mark.parametrize("source", SOURCES)
@given(fails=st.lists(st.booleans(), max_size=8))
def test_every_record_is_either_done_or_comes_again(source: str, fails: list[bool]) -> None:
    """Of an ordered source nothing behind a failure is done before it."""
    event, done = event_of(source, len(fails)), []

    def work(record: dict[str, Any]) -> None:
        number = event["Records"].index(record)
        if fails[number]:
            raise ValueError(number)
        done.append(f"id-{number}")

    failed = failed_of(records.for_each(event, work))

    assert sorted(done + failed) == [f"id-{number}" for number in range(len(fails))]
    if source == "sqs":
        assert failed == [f"id-{number}" for number, failing in enumerate(fails) if failing]
    elif any(fails):
        first = fails.index(True)
        assert failed == [f"id-{number}" for number in range(first, len(fails))]


def test_a_failure_is_logged_and_counted_within_its_transaction(capsys: pytest.CaptureFixture[str]) -> None:
    """With the record, redacted: whoever reads the line need not look for it in the queue."""

    def work(_: Any) -> None:
        if current() == "c-1":
            raise KeyError("password=hunter2")

    records.for_each(event_of("sqs", 3), work)

    written = capsys.readouterr().out.splitlines()
    (line,) = [json.loads(text) for text in written if text.startswith("{")]
    assert (line["level"], line["message"]) == ("ERROR", "record id-1 failed and comes again")
    assert (line["correlation_id"], line["exception_name"]) == ("c-1", "KeyError")
    assert "id-1" in line["invocation_event"]
    assert "hunter2" not in "".join(written)
    metrics = [text for text in written if text.startswith("MONITORING|")]
    assert [text.split("|", 2)[2] for text in metrics] == ["1|count|batch-records-failed|#source:sqs"]


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        {},
        {"Records": None},
        {"Records": [{}]},
        {"Records": [None]},
        {"Records": [{"eventSource": ["aws:sqs"]}]},
        {"Records": [{"eventSource": "aws:s3", "s3": {}}]},
        {"Records": [sqs(0, "a"), {"eventSource": "aws:sqs"}]},
        {"Records": [{"eventSource": "aws:kinesis", "kinesis": {}}]},
        {"Records": [{"eventSource": "aws:kinesis", "kinesis": "?"}]},
    ],
)
def test_what_is_no_batch_fails_as_a_whole_before_anything_is_done(event: Any) -> None:
    """A record without a name cannot be told to Lambda, which would take it for done."""
    done: list[Any] = []

    with pytest.raises(ValueError, match=r"nothing of the batch was done|expected an event"):
        records.for_each(event, done.append)

    assert done == []


def test_a_record_that_cannot_be_decoded_fails_alone() -> None:
    event = {"Records": [sqs(0, "a"), {**sqs(1, ""), "body": "no json"}, sqs(2, "b")]}
    event["Records"][0]["body"] = event["Records"][2]["body"] = "{}"

    answer = records.for_each(event, lambda record: json.loads(record["body"]))

    assert failed_of(answer) == ["id-1"]


async def _async_work(_: Any) -> None:
    raise AssertionError


class _AsyncObject:
    async def __call__(self, _: Any) -> None:
        raise AssertionError


@pytest.mark.parametrize("function", [_async_work, _AsyncObject()])
def test_an_async_function_is_refused_instead_of_being_forgotten(function: Any) -> None:
    with pytest.raises(TypeError, match="not async"):
        records.for_each(event_of("sqs", 1), function)


def test_a_record_whose_work_is_never_awaited_is_not_done() -> None:
    answer = records.for_each(event_of("sqs", 2), lambda record: _async_work({"record": record}))

    assert failed_of(answer) == ["id-0", "id-1"]


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_process_fails_the_whole_batch(raised: type[BaseException]) -> None:
    def work(_: Any) -> None:
        raise raised

    with pytest.raises(raised):
        records.for_each(event_of("sqs", 2), work)


def test_an_event_of_powertools_is_taken_as_well() -> None:
    seen: list[Any] = []

    records.for_each(SQSEvent(event_of("sqs", 2)), lambda record: seen.append((record["messageId"], current())))

    assert seen == [("id-0", "c-0"), ("id-1", "c-1")]


@pytest.mark.parametrize(("count", "own"), [(1, False), (2, True)])
def test_a_record_that_brings_no_transaction_begins_one_unless_it_is_the_only_one(count: int, own: bool) -> None:
    """Then the invocation has begun it already, with the id of the request."""
    seen: list[str] = []

    @handler
    def entered(event: Any, _context: Any) -> Any:
        return records.for_each(event, lambda _: seen.append(current()))

    event = {"Records": [sqs(number, "") for number in range(count)]}
    entered(event, SimpleNamespace(aws_request_id="r-1"))

    assert len(set(seen)) == count
    assert ("r-1" not in seen) is own
