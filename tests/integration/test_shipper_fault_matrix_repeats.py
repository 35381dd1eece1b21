"""The fault matrix where an invocation dies, comes again, or meets itself: what is counted twice, and what is not.

Documents go first, under an `_id` that is derived from the event; only lines whose document is new are counted. So a
second delivery finds its documents there and counts none of them. docs/guarantees.md has the bounds in words.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.integration.faults import acts
from tests.integration.faults.acts import AWAY, lift
from tests.integration.faults.aws import NoAnswerError
from tests.integration.faults.proxy import PATIENCE, Exchange, Fault
from tests.integration.faults.verdict import EXACT, Bound
from tests.integration.faults.world import SHORT, eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.faults.verdict import Judge
    from tests.integration.faults.world import World, Worlds


@dataclass
class Moment:
    """A point of an invocation at which it is stopped until it is killed."""

    reached: threading.Event = field(default_factory=threading.Event)
    killed: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Stop whoever comes first; nobody else."""
        if self.reached.is_set():
            return
        self.reached.set()
        assert self.killed.wait(PATIENCE)
        raise NoAnswerError

    def stop_after_bulk(self, exchange: Exchange) -> None:
        exchange.forward()
        self.reached.set()
        exchange.wait_until_closed()


def before_the_answer(moment: Moment, world: World) -> None:
    world.proxy.fault = Fault(moment.stop_after_bulk, 1)


def before_metrics_are_taken(moment: Moment, world: World) -> None:
    world.aws.cloudwatch.before = lambda _: moment.stop()


def after_metrics_are_taken(moment: Moment, world: World) -> None:
    world.aws.cloudwatch.after = lambda _: moment.stop()


# The moment of death, and whether values may be lost by it.
KILLED: dict[str, tuple[Callable[[Moment, World], None], bool]] = {
    "killed before the bulk answer came": (before_the_answer, True),
    "killed before PutMetricData was taken": (before_metrics_are_taken, True),
    "killed after PutMetricData was taken": (after_metrics_are_taken, False),
}


@pytest.mark.parametrize("fault", KILLED)
def test_a_function_killed_in_mid_flush_doubles_nothing(
    worlds: Worlds, judge: Judge, fault: str, delivery: str
) -> None:
    """Promise: every document once; at most the values of that one invocation are missing from CloudWatch.

    Documents go first, and only lines whose document is new are counted: so coming again cannot double a value, and a
    death between the two can lose the values of the lines at hand. Each of them is a document of the metric lines.
    """
    # given an invocation that is stopped at a moment
    world = judge.watch(worlds.new("killed", delivery))
    arm, may_lose = KILLED[fault]
    moment = Moment()
    arm(moment, world)
    event = world.load.event()
    bound = Bound(lost=dict(world.load.sums)) if may_lose else EXACT
    sending = threading.Thread(target=world.send, args=(event,))
    sending.start()
    eventually(lambda: moment.reached.is_set() or not sending.is_alive(), "the moment")

    # when it is killed there, and Lambda invokes again
    world.function.kill()
    moment.killed.set()
    sending.join()
    world.send(world.load.event())

    # then
    assert moment.reached.is_set()
    assert world.function.retries == 1
    judge.settle(fault, world, bound)


def test_an_event_that_comes_again_changes_nothing(worlds: Worlds, judge: Judge, delivery: str) -> None:
    """Promise: a redelivery finds every document there, and publishes no value a second time."""
    world = judge.watch(worlds.new("again", delivery))
    events = [world.load.event(), world.load.event()]

    world.send(*events)
    world.send(*events)
    world.send(*events, by=world.another())

    judge.settle("redelivery of the same event, twice", world)


def test_the_same_event_in_two_functions_at_once_counts_once(worlds: Worlds, judge: Judge, delivery: str) -> None:
    """Promise: of two deliveries at the same time each document, and its value, is one's or the other's."""
    # given two functions whose bulk requests meet
    world = judge.watch(worlds.new("twice", delivery))
    events = [world.load.event(), world.load.event()]
    meeting = threading.Barrier(2)

    def meet(exchange: Exchange) -> None:
        assert exchange.body
        meeting.wait(PATIENCE)
        exchange.send(exchange.forward())

    world.proxy.fault = Fault(meet, 2)
    other = world.another()

    # when both get the same
    threads = [
        threading.Thread(target=world.send, args=events, kwargs={"by": function})
        for function in (world.function, other)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # then
    assert world.proxy.fault.struck == 2
    judge.settle("two at once", world)


def test_a_redelivery_in_an_outage_can_count_once_more(worlds: Worlds, judge: Judge, delivery: str) -> None:
    """Bound: without Elasticsearch nobody knows what was delivered before, and metrics do not wait to find out.

    The documents are exact all the same. At most the values of the event that came again are counted once more.
    """
    world = judge.watch(worlds.new("outage", delivery))
    events = world.few_events()
    bound = Bound(doubled=dict(world.load.sums))
    world.send(*events)

    world.proxy.fault = Fault(acts.refuse(503, AWAY))
    world.send(*events, milliseconds=SHORT)

    lift(world)
    judge.settle("redelivery while Elasticsearch is away", world, bound)


def test_a_redelivery_whose_answer_is_lost_can_count_once_more(worlds: Worlds, judge: Judge, delivery: str) -> None:
    """Bound: 409 after a lost answer may mean this delivery's own document or that of the one before.

    Taking it for this one's keeps a lost answer from losing values (the usual case); at most the values of the event
    that came again are counted once more.
    """
    world = judge.watch(worlds.new("unsure", delivery))
    events = world.few_events()
    bound = Bound(doubled=dict(world.load.sums))
    world.send(*events)

    world.proxy.fault = Fault(acts.truncated, 1)
    world.send(*events)

    assert acts.struck(world)
    judge.settle("redelivery, its answer lost", world, bound)


def test_a_lost_answer_of_cloudwatch_can_count_once_more(worlds: Worlds, judge: Judge, delivery: str) -> None:
    """Bound: CloudWatch cannot be told that a call is a repetition; each lost answer may add its values once more."""
    world = judge.watch(worlds.new("unheard", delivery))

    def lose(number: int) -> None:
        if number == 1:
            raise NoAnswerError

    world.aws.cloudwatch.after = lose
    events = world.few_events()
    bound = Bound(doubled=dict(world.load.sums))

    world.send(*events)

    assert world.aws.cloudwatch.calls >= 1
    judge.settle("PutMetricData taken, answer lost", world, bound)


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_without_a_fault_everything_is_there_once(
    worlds: Worlds, judge: Judge, compression: str, delivery: str
) -> None:
    """The measure for all the others: it must hold without any fault, however requests are compressed."""
    world = judge.watch(worlds.new("none", delivery))
    world.compression = compression

    world.send(world.load.event(), world.load.event())

    assert world.aws.objects == {}
    judge.settle(f"no fault, compression {compression}", world)
    assert world.function.retries == 0
