"""What an environment has after thousands of invocations is what it had after the first ones.

The real handler runs in a process of its own; the kernel is asked what that process has. How much is a leak is a ratio:
what an interpreter needs differs from machine to machine.
"""

from __future__ import annotations

import base64
import gzip
import json
import random
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.shipper import null_services
from local.soak import watch
from tests.integration.faults import acts
from tests.integration.faults.load import event_of
from tests.integration.faults.proxy import Fault
from tests.integration.faults.sandbox import kinesis_record
from tests.integration.faults.world import DIRECT, KINESIS, SHORT, eventually
from tests.unit.template import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.faults.sandbox import Sandbox
    from tests.integration.faults.world import World, Worlds

pytestmark = pytest.mark.skipif(not watch.PROC.joinpath("self/statm").exists(), reason="there is no /proc")

WARM, MANY = 600, 3_000  # invocations
LINES = 20  # of an invocation
FLAT = 0.03  # of its memory that a process may grow in MANY invocations: about 600 bytes for each
LARGEST_LINES, RECORDS = 77_000, 200  # of one batch of a stream: 4 MB of the 6 MB that an event may have


@contextmanager
def sandbox(world: World, **variables: str) -> Iterator[Sandbox]:
    made = world.sandboxes.new({**world.environment(), **variables}, world.log)
    try:
        yield made
    finally:
        made.close()


def reading(made: Sandbox) -> watch.Reading:
    return watch.reading(made._pid)


def usual(world: World, turn: int) -> dict[str, Any]:
    """Events as they come: directly, as a batch of a stream, and now and then one that cannot be read."""
    if turn % 100 == 99:
        return {"awslogs": {"data": "not base64"}}
    event = world.load.event(LINES // 9, f"a line of {turn}")
    return event if turn % 2 else {"Records": world.records(event)}


def test_thousands_of_invocations_leave_memory_and_descriptors_as_they_were(worlds: Worlds) -> None:
    """Promise: a warm environment leaks nothing, neither in what it delivers nor in what it stores as dead letters."""
    world = worlds.new("endurance", DIRECT)
    with null_services() as url, sandbox(world, ELASTICSEARCH_URL=url, AWS_ENDPOINT_URL_CLOUDWATCH=url) as function:
        # given an environment that is warm and has stored dead letters
        for turn in range(WARM):
            function.invoke(usual(world, turn), f"warm-{turn}", 20_000)
        before = reading(function)

        # when it goes on
        for turn in range(MANY):
            function.invoke(usual(world, turn), f"many-{turn}", 20_000)

        # then it has what it had
        after = reading(function)
    assert (after.descriptors, after.sockets) == (before.descriptors, before.sockets)
    assert after.rss_mb <= before.rss_mb * (1 + FLAT)
    assert len(world.aws.objects) == (WARM + MANY) // 100
    world.close()


def test_requests_that_fail_leave_no_connection_and_no_file(worlds: Worlds) -> None:
    """Promise: however Elasticsearch fails, the environment has the same descriptors when it is back."""
    world = worlds.new("leaks", DIRECT)
    faults = (acts.reset_while_sending, acts.reset_before_answering, acts.reset_while_answering, acts.truncated)

    def outage(function: Sandbox) -> None:
        world.proxy.stop()
        for _ in range(5):
            function.invoke(world.load.event(1), world.load.function, SHORT)
        world.proxy.start()
        for act in (*faults, acts.refuse(429, acts.BUSY), acts.refuse(502, acts.HTML, "text/html")):
            world.proxy.fault = Fault(act)
            for _ in range(5):
                function.invoke(world.load.event(1), world.load.function, SHORT)
        acts.lift(world)
        function.invoke(world.load.event(1), world.load.function, 20_000)

    with sandbox(world) as function:
        # given an environment that has been through one outage
        outage(function)
        before = reading(function)
        letters = len(world.aws.objects)

        # when there are others
        for _ in range(3):
            outage(function)

        # then nothing of them is left open
        eventually(lambda: reading(function).descriptors <= before.descriptors, "the end of connections")
        assert reading(function).sockets <= before.sockets
    assert letters > 0
    world.close()


def batch(world: World, lines: int) -> dict[str, Any]:
    """The records of a stream that was not read for a while: lines that gzip makes eight times less of."""
    made = random.Random(7)  # noqa: S311  # the same lines each time
    text = base64.b64encode(made.randbytes(60_000)).decode()
    records = []
    for record in range(RECORDS):
        messages = [
            json.dumps({"level": "INFO", "message": f"order {record}/{place} accepted", "token": text[at : at + 40],
                        "customer": {"id": place, "plan": "yearly", "country": "at"}, "service": "orders-api"})
            for place, at in enumerate(made.choices(range(len(text) - 40), k=lines // RECORDS))
        ]  # fmt: skip  # one line of the log
        records.append(kinesis_record(event_of(world.load.log_group, messages, f"stream-{record}"), record))
    return {"Records": records}


def test_the_largest_batch_of_a_stream_ends_in_dead_letters_with_the_memory_that_there_is(worlds: Worlds) -> None:
    """Promise: what waited in a stream does not exhaust the function's memory when Elasticsearch is away.

    The objects are small enough to be read again, and hold each line once.
    """
    # given a stream that was not read for a while, and no Elasticsearch
    world = worlds.new("largest", KINESIS)
    event = batch(world, LARGEST_LINES)
    assert 3_500_000 < len(json.dumps(event)) < 6 * 1024 * 1024
    world.proxy.stop()
    with sandbox(world) as function:
        # when it is read, with time to spare for a busy machine
        answer = function.invoke(event, "largest", 300_000)
        status = watch.PROC.joinpath(str(function._pid), "status").read_text()

    # then all of it is stored, with half of the memory that the template gives
    assert answer == {"batchItemFailures": []}
    peak = next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
    assert peak < number("ShipperFunction", "MemorySize") / 2
    texts = [gzip.decompress(body) for body in world.aws.objects.values()]
    assert sum(text.count(b"\n") for text in texts) == LARGEST_LINES // RECORDS * RECORDS
    assert max(map(len, texts)) <= 50_000_000
    letters = [json.loads(line)["original"]["id"] for text in texts for line in text.splitlines()]
    assert len(set(letters)) == len(letters)
    world.close()
