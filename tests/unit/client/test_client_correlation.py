"""Which transaction the running code belongs to: right in threads and in asyncio, and restored afterwards."""

from __future__ import annotations

import asyncio
import contextvars
import uuid
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from watchpost_client import clean, correlation, guard
from watchpost_client import context as contexts


def test_a_new_transaction_has_the_id_of_the_request() -> None:
    """So it is found by the id of the request that began it, too."""
    found = correlation.from_event({}, SimpleNamespace(aws_request_id="8f14e45f"))

    assert (found.correlation_id, found.origin) == ("8f14e45f", "direct")


def test_without_a_request_an_id_is_made_that_no_other_has() -> None:
    first, second = correlation.from_event({}), correlation.from_event({})

    assert uuid.UUID(first.correlation_id).version == 4
    assert first.correlation_id != second.correlation_id


def test_a_trace_is_kept_when_an_id_has_to_be_made() -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    found = correlation.from_event({"requestContext": {}, "headers": {"traceparent": parent}})

    assert found.traceparent == parent
    assert found.correlation_id


def test_a_block_has_its_context_and_restores_the_one_before() -> None:
    outer, inner = correlation.new("outer"), correlation.new("inner")

    def fails() -> None:
        with correlation.use(inner):
            assert correlation.current() is inner
            raise KeyError

    with correlation.use(outer):
        with pytest.raises(KeyError):
            fails()
        assert correlation.current() is outer
    assert correlation.current() is None


def test_each_thread_has_its_own() -> None:
    """A thread begins outside; one that is to belong to the transaction is started in a copy of its context."""

    def own(number: int) -> str:
        with correlation.use(correlation.new(f"thread-{number}")):
            found = correlation.current()
            return found.correlation_id if found else ""

    with correlation.use(correlation.new("main")), ThreadPoolExecutor(4) as pool:
        outside = pool.submit(correlation.current).result()
        found = list(pool.map(own, range(50)))
        copied = pool.submit(contextvars.copy_context().run, correlation.current).result()

    assert outside is None
    assert found == [f"thread-{number}" for number in range(50)]
    assert copied is not None
    assert copied.correlation_id == "main"


def test_tasks_of_asyncio_that_take_turns_do_not_mix() -> None:
    async def one(number: int) -> list[str]:
        seen = []
        with correlation.use(correlation.new(f"task-{number}")):
            for _ in range(3):
                await asyncio.sleep(0)
                found = correlation.current()
                seen.append(found.correlation_id if found else "")
        return seen

    async def all_of_them() -> list[list[str]]:
        return await asyncio.gather(*(one(number) for number in range(20)))

    assert asyncio.run(all_of_them()) == [[f"task-{number}"] * 3 for number in range(20)]


def test_a_field_that_is_set_belongs_to_the_current_transaction_only() -> None:
    with correlation.use(correlation.new("a")):
        with correlation.use(correlation.new("b")):
            correlation.set_field("Tenant", "t-1")
            inner = correlation.current()
        outer = correlation.current()

    assert inner is not None
    assert inner.fields == {"tenant": "t-1"}
    assert outer is not None
    assert outer.fields == {}


@pytest.mark.parametrize(("name", "value"), [("id", "other"), ("a_b", "v"), ("", "v"), ("x" * 41, "v"), ("a", "\n")])
def test_what_cannot_be_a_field_changes_nothing(name: str, value: str) -> None:
    """Above all nobody replaces the id that way."""
    context = correlation.new("a")

    assert contexts.with_field(context, name, value) == context


def test_so_many_fields_and_no_more() -> None:
    context = correlation.new("a", **{f"f{number}": "v" for number in range(clean.MOST_FIELDS)})

    assert len(context.fields) == clean.MOST_FIELDS
    assert contexts.with_field(context, "more", "v") == context
    assert contexts.with_field(context, "f0", "w").fields["f0"] == "w"


def test_a_block_may_keep_its_context_to_itself() -> None:
    with correlation.use(correlation.new("a")):
        assert contexts.to_pass_on() is not None
        with correlation.not_passed_on():
            assert contexts.to_pass_on() is None
            assert correlation.current() is not None
        assert contexts.to_pass_on() is not None


def test_a_failure_of_ours_is_told_once_and_the_service_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    secret = "hunter2"
    for _ in range(3):
        with guard.guarded("metrics"):
            raise ValueError(secret)

    told = capsys.readouterr().out.splitlines()
    assert len(told) == 2
    assert "ValueError" in told[0]
    assert told[1].startswith("MONITORING|")
    assert told[1].endswith("|1|count|watchpost-client-failures|#where:metrics")
    assert secret not in "".join(told)


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_process_is_not_ours_to_hold_back(raised: type[BaseException]) -> None:
    with pytest.raises(raised), guard.guarded("metrics"):
        raise raised
