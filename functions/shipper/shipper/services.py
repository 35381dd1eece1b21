"""What the subscriptions' ledger says of a log group, when no filter's name carries its service (account mode)."""

from __future__ import annotations

import functools
import logging
import time
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from watchpost import aws

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchpost.ledger import Entry, Ledger

KEEP_SECONDS = 300.0  # an entry
MISS_SECONDS = 10.0  # that there is none: the subscriber may be about to write it
AWAY_SECONDS = 60.0  # nothing is asked after an error: lines must not wait for a table that does not answer
MAX_KEPT = 5_000  # log groups

_log = logging.getLogger(__name__)


class Lookup:
    """Entries of the ledger, kept for some minutes. An entry outlives a table that does not answer."""

    def __init__(self, connect: Callable[[], Ledger], clock: Callable[[], float] = time.monotonic) -> None:
        """connect: gives the ledger at each question. clock: seconds that never go back."""
        self._connect = connect
        self._clock = clock
        self._kept: dict[str, tuple[float, Entry | None]] = {}  # until when, and what
        self._away_until = float("-inf")

    def __call__(self, log_group: str) -> Entry | None:
        """The entry of a log group; None when there is none, or nobody knows. Raises nothing of AWS's."""
        now = self._clock()
        until, known = self._kept.get(log_group, (now, None))
        if now < until or now < self._away_until:
            return known
        try:
            entry = self._connect().get(log_group)
        except (BotoCoreError, ClientError) as error:
            self._away_until = self._clock() + AWAY_SECONDS
            _log.warning(
                "the ledger is not asked for the next %d s, services are named after functions or log groups: %s",
                *(AWAY_SECONDS, aws.code_of(error) or type(error).__name__),
            )
            return known
        if len(self._kept) >= MAX_KEPT and log_group not in self._kept:
            del self._kept[next(iter(self._kept))]  # the one that was asked for first
        self._kept[log_group] = (now + (MISS_SECONDS if entry is None else KEEP_SECONDS), entry)
        return entry


def entry_of(table: str, log_group: str) -> Entry | None:
    """The entry of a log group in the ledger of this name, through the cache of this process."""
    return _lookup(table)(log_group)


@functools.lru_cache(maxsize=1)
def _lookup(table: str) -> Lookup:
    return Lookup(functools.partial(_ledger, table))


def _ledger(table: str) -> Ledger:
    from watchpost.ledger import Ledger  # only account mode needs it: other stacks start without  # noqa: PLC0415

    return Ledger(aws.dynamodb_brief(), table)
