"""An outage of Elasticsearch under steady load: nothing is lost, nothing is doubled, and the metrics never stop."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tests.integration.faults.world import DIRECT, KINESIS, SHORT

if TYPE_CHECKING:
    from tests.integration.faults.sandbox import Lambda
    from tests.integration.faults.verdict import Judge
    from tests.integration.faults.world import World, Worlds

SANDBOXES = 4  # half of them invoked directly, half through a stream
BEFORE, DURING, AFTER = 20, 120, 40  # invocations
LINES = 45  # an invocation


class SteadyLoad:
    """Has invocations done by several sandboxes at once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._functions: queue.SimpleQueue[tuple[str, Lambda]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        for number in range(SANDBOXES):
            self._functions.put((DIRECT if number % 2 else KINESIS, world.another()))

    def run(self, pool: ThreadPoolExecutor, invocations: int) -> None:
        """Have so many invocations done; returns when the last has ended."""
        for done in [pool.submit(self._one) for _ in range(invocations)]:
            done.result()

    def _one(self) -> None:
        event, records = self._made()
        kind, function = self._functions.get()
        if kind == DIRECT:
            function.direct(event, SHORT)
        else:
            function.kinesis(records, SHORT)
        self._functions.put((kind, function))

    def _made(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        with self._lock:  # what is expected is added up in one place
            event = self._world.load.event(LINES // 9)
            return event, self._world.records(event)


def test_an_outage_loses_nothing_doubles_nothing_and_stops_no_metric(worlds: Worlds, judge: Judge) -> None:
    """Promise: documents of an outage wait in the bucket, its metrics do not wait, and a replay brings the rest.

    Minutes of an outage are told here by invocations and not by the clock: 120 of them find no Elasticsearch, each
    with 2.4 s left instead of a minute, so that retries end after about a second. That is shorter than the real thing
    in wall-clock time only: how an invocation fails does not depend on how long others have been failing.
    """
    # given steady load through four sandboxes, directly and through a stream
    world = judge.watch(worlds.new("outage", "both"))
    load = SteadyLoad(world)
    with ThreadPoolExecutor(SANDBOXES) as pool:
        load.run(pool, BEFORE)
        assert world.aws.objects == {}

        # when Elasticsearch is away
        world.proxy.stop()
        load.run(pool, DURING)

        # then every metric of that time is there before Elasticsearch is
        found = world.found()
        assert found.messages.total() == BEFORE * LINES
        assert dict(found.sums) == dict(world.load.sums)
        assert len(world.aws.objects) == DURING

        # when it is back
        world.proxy.start()
        load.run(pool, AFTER)

        # then only the outage's documents wait
        assert len(world.aws.objects) == DURING
    judge.settle("outage under steady load", world)
    assert world.load.messages.total() == (BEFORE + DURING + AFTER) * LINES
