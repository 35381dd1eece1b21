"""Delivery of letters by the shipper, with an account of every one."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from replay import chunks, invoke
from replay.verdict import CRASHED, Failure, is_outage

if TYPE_CHECKING:
    from collections.abc import Callable

    from replay.chunks import Chunk, Item
    from replay.clock import Clock
    from replay.invoke import Answer

MAX_SPLITS = 30  # of one object in one run, so that a shipper that always dies does not take the whole run


def deliver(items: list[Item], send: Callable[[bytes], Answer], clock: Clock, checkpoint: Callable[[], bool]) -> None:
    """Send letters to the shipper and note in each what became of it. What there was no time for stays open.

    checkpoint: writes down what is known by now, and says whether the rest may be sent; called after metrics when more
    are to come, because a metric that is sent twice counts twice.
    """
    queue = deque(chunks.cut(items))
    sent = splits = 0
    # Whatever was begun gets one invocation, so that each run brings it on; there is time for that.
    while queue and not clock.stopped and not (sent and clock.is_over()):
        sent += 1
        chunk = queue.popleft()
        answer = send(chunk.event())
        if answer.kind == invoke.AWAY:
            clock.stop(answer.reason)
            return
        if _divides(answer, chunk) and splits < MAX_SPLITS:
            splits += 1
            queue.extendleft(reversed(chunk.halves()))
        _account(chunk, answer, clock)
        if chunk.items[0].letter.kind == chunks.METRIC and queue and not checkpoint():
            return


def _divides(answer: Answer, chunk: Chunk) -> bool:
    """Whether a chunk is to be sent again in halves, to find the letter that the shipper dies of.

    Not metrics after a death, because some may have been published: those go one by one the next time.
    """
    if len(chunk.items) < 2:
        return False
    is_metric = chunk.items[0].letter.kind == chunks.METRIC
    return answer.kind == invoke.REFUSED or (answer.kind == invoke.FAILED and not is_metric)


def _account(chunk: Chunk, answer: Answer, clock: Clock) -> None:
    if answer.kind != invoke.RESULTS:
        # Of letters that are sent again in halves this is overwritten, unless there is no time for that.
        failure = _failure_of(answer, alone=len(chunk.items) == 1)
        for item in chunk.items:
            item.failure = failure
        return
    if len(answer.results) != len(chunk.items):
        found = f"the shipper answered {len(answer.results)} results for {len(chunk.items)} letters"
        for item in chunk.items:
            item.failure = Failure(found)
        return
    for item, result in zip(chunk.items, answer.results, strict=True):
        _note(item, result)
    away = next((item.failure for item in chunk.items if item.failure and is_outage(item.failure.reason)), None)
    if away is not None:
        clock.stop(away.reason)


def _failure_of(answer: Answer, *, alone: bool) -> Failure:
    if answer.kind == invoke.FAILED:
        return Failure(f"{CRASHED}{answer.reason}")
    if answer.kind == invoke.REFUSED:
        return Failure(answer.reason, permanent=alone)
    return Failure(answer.reason)


def _note(item: Item, result: Any) -> None:
    item.failure = None
    if isinstance(result, dict) and result.get("delivered") is True:
        item.delivered = True
        return
    result = result if isinstance(result, dict) else {}
    reason, attempts, permanent = result.get("reason"), result.get("attempts"), result.get("permanent")
    item.failure = Failure(
        reason if isinstance(reason, str) and reason else "the shipper does not say why",
        attempts if type(attempts) is int else 0,
        permanent if isinstance(permanent, bool) else None,
    )
