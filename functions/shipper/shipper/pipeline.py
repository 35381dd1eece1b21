"""The pipeline: decode -> convert -> deliver -> publish -> keep. Pure stages between I/O at both ends.

Documents come first: what Elasticsearch had already is a repetition, and is not counted in metrics again. Metrics come
second, whether Elasticsearch took the documents or not. What either did not take becomes dead letters.
"""

from __future__ import annotations

import contextlib
import gc
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from watchpost.dead_letters import DeadLetter
from watchpost.errors import DeadLetterError, PayloadError

from shipper import decode, recursion, replayed
from shipper.counts import Counts
from shipper.shipment import Shipment, store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from watchpost.configuration import Configuration
    from watchpost.dead_letters import Store
    from watchpost.ledger import Entry
    from watchpost.settings import Settings

    from shipper.cloudwatch import CloudWatch
    from shipper.deadline import Deadline
    from shipper.deliver import Connect

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything outside the pipeline that it needs, so that the stages need no environment."""

    settings: Settings
    configuration: Configuration
    connect: Connect  # gives the cluster
    cloudwatch: Callable[[], CloudWatch]
    s3: Callable[[], Store]
    entry_of: Callable[[str], Entry | None]  # what the ledger says of a log group; asked in account mode only
    deadline: Deadline  # of the delivery of documents
    request_id: str  # of this invocation
    now_ms: Callable[[], int]  # milliseconds since 1970
    version: str = ""  # of the function, "" when it is not a published one


def run(event: Any, surroundings: Surroundings) -> dict[str, Any]:
    """Ship what one event brings: a subscription's payload, Kinesis records, or dead letters that are replayed.

    Returns what was done, by the names of the pipeline's own metrics; for Kinesis `batchItemFailures`, the records that
    are to be sent again; for dead letters `results`, one for each.
    Raises DeadLetterError when something that came directly could neither be delivered nor stored.
    """
    counts = Counts()
    try:
        with _garbage_kept():
            return _answer(event, surroundings, counts)
    finally:
        recursion.warn(counts.echoes)
        print(counts.emf(surroundings.settings.stack, surroundings.now_ms(), surroundings.version))


def _answer(event: Any, surroundings: Surroundings, counts: Counts) -> dict[str, Any]:
    letters = replayed.letters_of(event)
    if letters is not None:
        return {"results": replayed.replay(letters, surroundings, counts)}
    try:
        inputs = decode.inputs_of(event)
    except PayloadError as error:
        counts.payloads_invalid += 1
        _log.warning("the event is kept as a dead letter: %s", error)
        store([DeadLetter("payload", str(error), 1, event)], surroundings, counts)
        return counts.by_name()
    shipment = Shipment(surroundings, counts)
    is_stream = inputs[0].sequence is not None
    try:
        shipment.ship(inputs)
    except DeadLetterError:
        if not is_stream:
            raise
        return {"batchItemFailures": [{"itemIdentifier": one.sequence} for one in shipment.unfinished()]}
    return {"batchItemFailures": []} if is_stream else counts.by_name()


@contextlib.contextmanager
def _garbage_kept() -> Iterator[None]:
    """Leave the garbage collector off for the length of an invocation.

    Lines make hundreds of thousands of objects, none of them in a cycle: looking for cycles among them took up to a
    fifth of the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
