"""The fault matrix: whatever breaks, every line ends exactly once in Elasticsearch and the metrics add up.

Each case runs the real handler in a process of its own, between small real servers and a real Elasticsearch, once
invoked directly and once through a batch of a Kinesis stream. The table at the end of the test run has a row for each.
docs/guarantees.md says in words what is shown here; the cases in which an invocation dies or comes again are in
test_shipper_fault_matrix_repeats.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.integration.faults import acts
from tests.integration.faults.acts import AWAY, BUSY, FOREVER, HTML, break_bulk, lift, refuse_metrics, struck
from tests.integration.faults.cloudwatch import DENIED, THROTTLED
from tests.integration.faults.elasticsearch import KINDS
from tests.integration.faults.load import merged
from tests.integration.faults.proxy import Exchange, Fault, answer
from tests.integration.faults.world import DIRECT, SHORT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.faults.verdict import Judge
    from tests.integration.faults.world import Worlds

SHORT_FAULTS = {
    "429, twice": break_bulk(acts.refuse(429, BUSY), 2),
    "503, twice": break_bulk(acts.refuse(503, AWAY), 2),
    "502 with an HTML page, twice": break_bulk(acts.refuse(502, HTML, "text/html"), 2),
    "413 for more than 4 documents": break_bulk(acts.too_large(4)),
    "reset while sending, twice": break_bulk(acts.reset_while_sending, 2),
    "reset before answering, once": break_bulk(acts.reset_before_answering, 1),
    "reset while answering, once": break_bulk(acts.reset_while_answering, 1),
    "truncated JSON answer, once": break_bulk(acts.truncated, 1),
}
LASTING_FAULTS = {
    "429, lasting": break_bulk(acts.refuse(429, BUSY)),
    "503, lasting": break_bulk(acts.refuse(503, AWAY)),
    "502 with an HTML page, lasting": break_bulk(acts.refuse(502, HTML, "text/html")),
    "connection refused": acts.refuse_connections,
    "reset while sending, lasting": break_bulk(acts.reset_while_sending),
    "reset while answering, lasting": break_bulk(acts.reset_while_answering),
    "truncated JSON answer, lasting": break_bulk(acts.truncated),
    "answer slower than the time left": break_bulk(acts.never_answered),
    "TLS: certificate of a stranger": acts.break_tls,
}


@pytest.mark.parametrize("fault", SHORT_FAULTS)
def test_a_fault_that_passes_in_time_costs_nothing(worlds: Worlds, judge: Judge, fault: str, delivery: str) -> None:
    """Promise: what passes while there is time needs no second invocation and no dead letter."""
    # given a function that has a connection already
    world = judge.watch(worlds.new("short", delivery))
    world.send(world.load.event())
    SHORT_FAULTS[fault](world)

    world.send(world.load.event(), world.load.event())

    assert struck(world)
    assert world.aws.objects == {}
    judge.settle(fault, world)
    assert world.function.retries == 0


@pytest.mark.parametrize("fault", LASTING_FAULTS)
def test_a_fault_that_lasts_costs_a_replay_and_no_metric(
    worlds: Worlds, judge: Judge, fault: str, delivery: str
) -> None:
    """Promise: documents wait as dead letters, metrics do not wait, and a replay brings each document once."""
    # given
    world = judge.watch(worlds.new("lasting", delivery, tls=fault.startswith("TLS")))
    LASTING_FAULTS[fault](world)

    # when lines come while it lasts
    world.send(*world.few_events(), milliseconds=SHORT)

    # then the metrics are there before Elasticsearch is
    assert struck(world)
    assert dict(world.found().sums) == dict(world.load.sums)
    assert world.aws.objects != {}
    lift(world)
    judge.settle(fault, world)


def test_a_mapping_conflict_costs_no_other_line(worlds: Worlds, judge: Judge, delivery: str) -> None:
    """Promise: a document that Elasticsearch itself refuses (400) arrives otherwise, or when the mapping is mended."""
    # given a cluster in which the type of an error has become a number
    namespace = worlds.namespace(f"conflict{delivery.lower()}", {"error": {"properties": {"type": {"type": "long"}}}})
    world = judge.watch(worlds.new("conflict", delivery, namespace=namespace))
    refused: list[int] = []

    def watch(exchange: Exchange) -> None:
        reply = exchange.forward()
        refused.extend(item["create"]["status"] for item in reply.read()["items"] if item["create"]["status"] == 400)
        exchange.send(reply)

    world.proxy.fault = Fault(watch)

    # when errors are among the lines
    world.send(world.load.event(), world.load.event())

    # then
    assert refused
    mended = {"error": {"properties": {"type": {"type": "long", "ignore_malformed": True}}}}
    world.elasticsearch.ask("PUT", f"{KINDS[0]}-{namespace}/_mapping", {"properties": mended})
    judge.settle("mapping conflict (400)", world)


@dataclass
class Mix:
    """Every fifth new document is refused for good, the one after it once; all else is really done."""

    known: set[bytes] = field(default_factory=set)
    bad: set[bytes] = field(default_factory=set)
    busy: set[bytes] = field(default_factory=set)
    statuses: set[int] = field(default_factory=set)

    def learn(self, exchange: Exchange) -> None:
        self.known |= {action for action, _ in exchange.items}
        exchange.send(exchange.forward())

    def answer(self, exchange: Exchange) -> None:
        fates = [self._fate(action, number) for number, (action, _) in enumerate(exchange.items)]
        passed = [item for item, fate in zip(exchange.items, fates, strict=True) if fate is None]
        done = iter(exchange.forward(passed).read()["items"] if passed else [])
        error = {"type": "some_exception", "reason": "made by the test"}
        items = [next(done) if fate is None else {"create": {"status": fate, "error": error}} for fate in fates]
        self.statuses |= {item["create"]["status"] for item in items}
        exchange.send(answer(200, {"took": 1, "errors": True, "items": items}))

    def _fate(self, action: bytes, number: int) -> int | None:
        if action in self.bad or (number % 5 == 1 and action not in self.busy | self.known):
            self.bad.add(action)
            return 400
        if number % 5 == 2 and action not in self.busy | self.known:
            self.busy.add(action)
            return 429
        return None


def test_a_mixed_answer_is_read_item_by_item(worlds: Worlds, judge: Judge, delivery: str) -> None:
    """Promise: 201, 400, 409 and 429 in one answer each cost only their own line what they must."""
    # given lines of which some were delivered before
    world, mix = judge.watch(worlds.new("mixed", delivery)), Mix()
    known, new = world.load.event(), world.load.event()
    world.proxy.fault = Fault(mix.learn)
    world.send(known)

    # when old and new come together
    world.proxy.fault = Fault(mix.answer)
    world.send(merged(known, new))

    # then
    assert mix.statuses >= {201, 400, 409, 429}
    assert world.aws.objects != {}
    lift(world)
    judge.settle("201, 400, 409 and 429 in one answer", world)


@pytest.mark.parametrize(
    ("fault", "before"),
    [
        ("PutMetricData throttled, twice", refuse_metrics(THROTTLED, 2)),
        ("PutMetricData throttled, lasting", refuse_metrics(THROTTLED)),
        ("PutMetricData refused, lasting", refuse_metrics(DENIED)),
    ],
)
def test_a_cloudwatch_that_takes_no_metrics_delays_no_document(
    worlds: Worlds, judge: Judge, fault: str, before: Callable[[int], None], delivery: str
) -> None:
    """Promise: documents are delivered meanwhile, and a replay brings each value once."""
    world = judge.watch(worlds.new("metrics", delivery))
    world.aws.cloudwatch.before = before

    world.send(*world.few_events(), milliseconds=6_000)

    assert world.aws.cloudwatch.calls >= 1
    assert world.found().messages == world.load.messages
    assert bool(world.aws.objects) == fault.endswith("lasting")
    lift(world)
    judge.settle(fault, world)


@pytest.mark.parametrize("refusals", [1, FOREVER], ids=["once", "lasting"])
def test_a_bucket_that_refuses_dead_letters_fails_the_invocation(
    worlds: Worlds, judge: Judge, refusals: float, delivery: str
) -> None:
    """Promise: what can be kept nowhere stays with whoever invoked; coming again doubles nothing."""
    # given nothing that takes documents and nothing that takes dead letters
    world = judge.watch(worlds.new("bucket", delivery))
    world.proxy.fault = Fault(acts.refuse(503, AWAY))
    world.aws.refuse_puts = refusals

    # when
    world.send(*world.few_events(), milliseconds=SHORT)

    # then Lambda was told
    assert world.aws.refused_puts > 0
    assert world.function.retries > 0
    lift(world)
    judge.settle(f"dead-letter bucket refused, {'once' if refusals == 1 else 'lasting'}", world)


@pytest.mark.parametrize(("silent", "milliseconds"), [(False, 6_000), (True, 16_000)], ids=["refused", "silent"])
def test_metrics_that_nobody_takes_are_written_to_the_log(
    worlds: Worlds, judge: Judge, silent: bool, milliseconds: int, delivery: str
) -> None:
    """Promise: when neither CloudWatch nor the bucket takes them, the function's own log carries the values.

    Also when the bucket takes all the time that there is.

    A retry could not bring them: it finds its documents delivered, and counts none of them again.
    """
    world = judge.watch(worlds.new("both", delivery))
    world.aws.cloudwatch.before = refuse_metrics(DENIED)
    world.aws.refuse_puts, world.aws.silent_puts = FOREVER, silent

    world.send(world.load.event(), milliseconds=milliseconds)
    assert world.aws.refused_puts > 0
    lift(world)
    world.send(world.load.event())

    judge.settle(f"CloudWatch refuses and the bucket {'is silent' if silent else 'too'}", world)


def test_an_unreadable_configuration_fails_a_cold_start_and_loses_nothing(
    worlds: Worlds, judge: Judge, delivery: str
) -> None:
    """Promise: without any configuration nothing is shipped by guesswork; the invocation fails and comes again."""
    world = judge.watch(worlds.new("cold", delivery))
    world.aws.refuse_parameters = 2

    world.send(world.load.event())

    assert world.aws.refused_parameters == 2
    assert world.function.retries > 0
    judge.settle("configuration unreadable, cold start", world)


def test_an_unreadable_configuration_leaves_the_last_good_one_in_force(
    worlds: Worlds, judge: Judge, delivery: str
) -> None:
    """Promise: a warm function goes on with what it knows: START lines, kept by this configuration, are still kept."""
    # given a function that has run, and was then frozen for longer than it keeps the configuration
    world = judge.watch(worlds.new("warm", delivery))
    world.send(world.load.event())
    world.aws.refuse_parameters = FOREVER

    # when it wakes up and the parameter cannot be read
    event = world.load.event()
    if delivery == DIRECT:
        world.function.invoke(event, frozen=360.0)
    else:
        assert not world.function.invoke({"Records": world.records(event)}, frozen=360.0)["batchItemFailures"]

    # then
    assert world.aws.refused_parameters > 0
    judge.settle("configuration unreadable, warm", world)
