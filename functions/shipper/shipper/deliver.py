"""Delivery of documents to Elasticsearch, with retries inside the time that is left."""

from __future__ import annotations

import logging
import random
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from watchpost.dead_letters import DeadLetter
from watchpost.elasticsearch import DEFAULT_TIMEOUT, Cluster
from watchpost.errors import ClusterRefusedError, ClusterUnavailableError, ConfigurationError

from shipper import bulk

if TYPE_CHECKING:
    from shipper.deadline import Deadline

MAX_ATTEMPTS = 6  # of one request; with the pauses below that is about 8 s
FIRST_PAUSE = 0.25  # seconds; doubled with each attempt, of which a random part is waited
LONGEST_PAUSE = 4.0  # seconds

_LOGIN_REFUSED = frozenset({401, 403})
_TOO_LARGE = 413
_log = logging.getLogger(__name__)


class Connect(Protocol):
    """Gives the stack's cluster; `fresh` reads the credentials anew."""

    def __call__(self, *, fresh: bool = False) -> Cluster: ...


@dataclass(slots=True)
class Delivery:
    """What became of the documents."""

    delivered: int = 0
    duplicates: int = 0
    rejected: int = 0  # refused by Elasticsearch one by one; they are among the letters
    letters: list[DeadLetter] = field(default_factory=list)


@dataclass(slots=True)
class _Batch:
    items: list[bytes]
    attempts: int = 0
    truncated: bool = False


def deliver(items: list[bytes], connect: Connect, deadline: Deadline) -> Delivery:
    """Send documents to Elasticsearch.

    items: as of bulk.item. Whatever is not delivered in time is among the letters, with the reason; nothing is raised
    for an Elasticsearch that is away, refuses, or whose secret cannot be read.
    """
    return _Courier(connect, deadline).send(items) if items else Delivery()


class _Courier:
    """One delivery: the batches that are still to be sent, and what is known about the cluster by now."""

    def __init__(self, connect: Connect, deadline: Deadline) -> None:
        self._connect = connect
        self._deadline = deadline
        self._queue: deque[_Batch] = deque()
        self._cluster: Cluster | None = None
        self._fresh = False  # whether the credentials were read anew
        self._given_up: str | None = None  # why nothing more is sent
        self._done = Delivery()

    def send(self, items: list[bytes]) -> Delivery:
        self._queue.extend(_Batch(batch) for batch in bulk.cut(items))
        while self._queue:
            batch = self._queue.popleft()
            if self._given_up is None and self._deadline.is_over():
                self._given_up = "no time left to send it"
            if self._given_up is not None:
                self._bury(batch, self._given_up)
            else:
                self._attempt(batch)
        return self._done

    def _attempt(self, batch: _Batch) -> None:
        batch.attempts += 1
        try:
            cluster = self._cluster = self._cluster or self._connect(fresh=self._fresh)
            answer = cluster.bulk(b"".join(batch.items), self._deadline.timeout(DEFAULT_TIMEOUT))
            self._account(batch, bulk.read_answer(batch.items, answer))
        except ClusterUnavailableError as error:
            self._again(batch, str(error))
        except ClusterRefusedError as error:
            self._refused(batch, error)
        except (ClientError, BotoCoreError, ConfigurationError) as error:
            self._given_up = f"the secret of Elasticsearch cannot be used: {error}"
            self._bury(batch, self._given_up)

    def _account(self, batch: _Batch, answer: bulk.Answer) -> None:
        self._done.delivered += answer.delivered
        self._done.duplicates += answer.duplicates
        self._done.rejected += len(answer.rejected)
        for item, reason in answer.rejected:
            self._done.letters.append(DeadLetter("document", reason, batch.attempts, bulk.original_of(item)))
        if answer.later:
            batch.items = answer.later
            self._again(batch, f"Elasticsearch answered {answer.later_reason}")

    def _again(self, batch: _Batch, reason: str) -> None:
        """Try a batch again after a pause; when that is over, the cluster is away and nothing else is tried."""
        if batch.attempts < MAX_ATTEMPTS and self._deadline.pause(_pause(batch.attempts)):
            self._queue.appendleft(batch)
            return
        self._given_up = reason
        _log.warning("Elasticsearch is given up after %d attempts: %s", batch.attempts, reason)
        self._bury(batch, reason)

    def _refused(self, batch: _Batch, error: ClusterRefusedError) -> None:
        if error.status in _LOGIN_REFUSED and not self._fresh:
            # The credentials may have been changed since they were read.
            self._fresh, self._cluster = True, None
            self._queue.appendleft(batch)
        elif error.status == _TOO_LARGE and len(batch.items) > 1:
            middle = len(batch.items) // 2
            self._queue.appendleft(_Batch(batch.items[middle:], batch.attempts))
            self._queue.appendleft(_Batch(batch.items[:middle], batch.attempts))
        elif error.status == _TOO_LARGE and not batch.truncated:
            shorter = [bulk.truncated(item) for item in batch.items]
            self._queue.appendleft(_Batch(shorter, batch.attempts, truncated=True))
        else:
            if error.status == _TOO_LARGE:
                self._done.rejected += len(batch.items)
            else:
                self._given_up = str(error)
            self._bury(batch, str(error))

    def _bury(self, batch: _Batch, reason: str) -> None:
        self._done.letters.extend(
            DeadLetter("document", reason, batch.attempts, bulk.original_of(item)) for item in batch.items
        )


def _pause(attempts: int) -> float:
    longest: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**attempts)
    return random.uniform(longest / 2, longest)  # noqa: S311  # jitter is no secret
