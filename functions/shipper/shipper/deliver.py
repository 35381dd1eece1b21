"""Delivery of documents to Elasticsearch, with retries inside the time that is left."""

from __future__ import annotations

import logging
import random
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from watchpost.errors import ClusterRefusedError, ClusterUnavailableError, ConfigurationError
from watchpost.ingest import DEFAULT_TIMEOUT, Ingest

from shipper import bulk, rescue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shipper.deadline import Deadline

MAX_ATTEMPTS = 6  # of one request; with the pauses below that is about 8 s
FIRST_PAUSE = 0.25  # seconds; doubled with each attempt, of which a random part is waited
LONGEST_PAUSE = 4.0  # seconds
AWAY_TIMEOUT = 3.0  # seconds for the only request to a cluster that was away the last time
IMPATIENCE = 60.0  # seconds in which such a cluster is not given more than that

_LOGIN_REFUSED = frozenset({401, 403})
_TOO_LARGE = 413
_MAYBE_HANDLED = frozenset({0, 408, 502, 504})  # no answer, or one of a proxy that got none
_log = logging.getLogger(__name__)


class Connect(Protocol):
    """Gives the stack's cluster; `fresh` reads the credentials anew."""

    def __call__(self, *, fresh: bool = False) -> Ingest: ...


@dataclass(frozen=True, slots=True)
class Failure:
    """A document that was not delivered."""

    position: int  # among all documents of the courier
    item: bytes  # as it was to be indexed at first
    reason: str
    attempts: int


@dataclass(slots=True)
class Delivery:
    """What became of the documents."""

    delivered: int = 0
    duplicates: set[int] = field(default_factory=set)  # positions of documents that were there before
    rescued: int = 0  # of those delivered
    truncated: int = 0  # of those delivered
    rejected: int = 0  # refused by Elasticsearch one by one; they are among the failures
    requests: int = 0
    failures: list[Failure] = field(default_factory=list)


@dataclass(slots=True)
class _Batch:
    positions: Sequence[int]
    documents: bulk.Documents
    attempts: int = 0
    rescues: int = 0  # how often the items were changed to be taken
    truncated: bool = False
    unsure: bool = False  # whether an earlier request may have been handled although no answer came
    originals: list[bytes] | None = None  # the items before they were changed

    def part(self, indices: Sequence[int]) -> _Batch:
        """Some of the items, with the same history."""
        return _Batch(
            [self.positions[index] for index in indices],
            bulk.Documents.of([self.documents.items[index] for index in indices]),
            self.attempts,
            self.rescues,
            self.truncated,
            self.unsure,
            [self.originals[index] for index in indices] if self.originals else None,
        )

    def failure(self, index: int, reason: str) -> Failure:
        original = (self.originals or self.documents.items)[index]
        return Failure(self.positions[index], original, reason, self.attempts)


class Courier:
    """One delivery: what is still to be sent, and what is known about the cluster by now.

    Whatever is not delivered in time is among the failures, with the reason; nothing is raised for an Elasticsearch
    that is away, refuses, or whose secret cannot be read.
    """

    def __init__(self, connect: Connect, deadline: Deadline, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: seconds that never go back."""
        self._clock = clock
        self.done = Delivery()
        self._connect = connect
        self._deadline = deadline
        self._queue: deque[_Batch] = deque()
        self._begun: _Batch | None = None  # whose answer is not read yet
        self._sent = 0
        self._cluster: Ingest | None = None
        self._fresh = False  # whether the credentials were read anew
        self._given_up: str | None = None  # why nothing more is sent

    def send(self, documents: bulk.Documents) -> None:
        """Send documents. Their positions go on from the ones sent before.

        The last request is only begun: while Elasticsearch works on it, the caller can make the next documents.
        """
        for part in documents.cut():
            positions = range(self._sent, self._sent + len(part))
            self._settle()
            self._begin(_Batch(positions, part))
            self._sent += len(part)

    def finish(self) -> Delivery:
        """Wait for what was begun, and return what became of all documents."""
        self._settle()
        return self.done

    def _settle(self) -> None:
        """Wait for the request that was begun, and try again what needs it."""
        while self._begun is not None or self._queue:
            if self._begun is not None:
                batch, self._begun = self._begun, None
                self._end(batch)
            else:
                self._begin(self._queue.popleft())

    def _begin(self, batch: _Batch) -> None:
        if self._given_up is None and self._deadline.is_over():
            self._given_up = "no time left to send it"
        if self._given_up is not None:
            self._bury(batch, self._given_up)
            return
        batch.attempts += 1
        try:
            cluster = self._cluster = self._cluster or self._connect(fresh=self._fresh)
        except (ClientError, BotoCoreError, ConfigurationError) as error:
            self._given_up = f"the secret of Elasticsearch cannot be used: {error}"
            self._bury(batch, self._given_up)
            return
        self.done.requests += 1
        cluster.begin(batch.documents.body, self._deadline.timeout(self._patience(cluster)))
        self._begun = batch

    def _patience(self, cluster: Ingest) -> float:
        """Seconds for a request.

        To a cluster that was away little, so that invocations do not pile up; but now and then as many as to any other:
        it may be back, and slow.
        """
        now = self._clock()
        if cluster.away and now < cluster.impatient_until:
            return AWAY_TIMEOUT
        cluster.impatient_until = now + IMPATIENCE
        return DEFAULT_TIMEOUT

    def _end(self, batch: _Batch) -> None:
        cluster = self._cluster
        assert cluster is not None  # noqa: S101  # said by _begin, for the type checker
        try:
            answer = bulk.read_answer(len(batch.documents), cluster.finish())
        except ClusterUnavailableError as error:
            batch.unsure |= error.status in _MAYBE_HANDLED
            self._again(batch, str(error))
        except ClusterRefusedError as error:
            self._refused(batch, error)
        else:
            cluster.away = False
            self._account(batch, answer)

    def _account(self, batch: _Batch, answer: bulk.Answer) -> None:
        done = self.done
        done.delivered += answer.delivered
        if batch.rescues:
            done.rescued += answer.delivered
        if batch.truncated:
            done.truncated += answer.delivered
        if batch.unsure:  # then they are most likely from the request whose answer did not come
            done.delivered += len(answer.duplicates)
        else:
            done.duplicates.update(batch.positions[index] for index in answer.duplicates)
        if answer.refused:
            self._rescue(batch, answer.refused)
        if answer.later:
            self._again(batch.part(answer.later), f"Elasticsearch answered {answer.later_reason}")

    def _rescue(self, batch: _Batch, refused: list[bulk.Refusal]) -> None:
        """Try refused documents again in another form, those that it may help."""
        mendable = []
        for one in refused:
            if batch.rescues < rescue.STEPS and rescue.is_mendable(one):
                mendable.append(one)
            else:
                self.done.rejected += 1
                self.done.failures.append(batch.failure(one.index, str(one)))
        if mendable:
            changed = batch.part([one.index for one in mendable])
            changed.originals = changed.originals or changed.documents.items
            changed.documents = bulk.Documents.of(
                [
                    rescue.rescued(item, one, batch.rescues)
                    for item, one in zip(changed.originals, mendable, strict=True)
                ]
            )
            changed.rescues += 1
            self._queue.appendleft(changed)

    def _again(self, batch: _Batch, reason: str) -> None:
        """Try a batch again after a pause; when that is over, the cluster is away and nothing else is tried."""
        away = self._cluster is not None and self._cluster.away
        if not away and batch.attempts < MAX_ATTEMPTS and self._deadline.pause(_pause(batch.attempts)):
            self._queue.appendleft(batch)
            return
        self._given_up = reason
        if self._cluster is not None:
            self._cluster.away = True
        _log.warning("Elasticsearch is given up after %d attempts: %s", batch.attempts, reason)
        self._bury(batch, reason)

    def _refused(self, batch: _Batch, error: ClusterRefusedError) -> None:
        if error.status in _LOGIN_REFUSED and not self._fresh:
            # The credentials may have been changed since they were read.
            self._fresh, self._cluster = True, None
            self._queue.appendleft(batch)
        elif error.status == _TOO_LARGE and len(batch.documents) > 1:
            middle = len(batch.documents) // 2
            self._queue.appendleft(batch.part(range(middle, len(batch.documents))))
            self._queue.appendleft(batch.part(range(middle)))
        elif error.status == _TOO_LARGE and not batch.truncated:
            batch.originals = batch.originals or batch.documents.items
            batch.documents = bulk.Documents.of([bulk.truncated(item) for item in batch.documents.items])
            batch.truncated = True
            self._queue.appendleft(batch)
        else:
            if error.status == _TOO_LARGE:
                self.done.rejected += len(batch.documents)
            else:
                self._given_up = str(error)
            self._bury(batch, str(error))

    def _bury(self, batch: _Batch, reason: str) -> None:
        self.done.failures.extend(batch.failure(index, reason) for index in range(len(batch.documents)))


def _pause(attempts: int) -> float:
    longest: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**attempts)
    return random.uniform(longest / 2, longest)  # noqa: S311  # jitter is no secret
