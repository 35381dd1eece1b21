"""The lease of the sweep: of all invocations that could sweep or remove, one does."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from watchpost.errors import LedgerError

from subscriber.surroundings import AWS_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchpost.ledger import Ledger, Sweep

    from subscriber.surroundings import Surroundings

# Seconds. It outlasts a call that is throttled for long, and is over before the next tick when its owner dies.
LASTS = 180.0
RENEWED = 30.0  # seconds after which it is renewed

_log = logging.getLogger(__name__)


class LeaseLostError(Exception):
    """Somebody else sweeps, or the stack is being deleted.

    Attributes: leaving (whether the stack is being deleted), kept (whether nobody else has the lease all the same).
    """

    def __init__(self, *, leaving: bool, kept: bool) -> None:
        super().__init__("the stack is being deleted" if leaving else "another sweep has taken over")
        self.leaving = leaving
        self.kept = kept


@dataclass(slots=True)
class Lease:
    """A lease that this invocation has, and the state of the sweep that goes with it."""

    ledger: Ledger
    clock: Callable[[], float]
    state: Sweep
    renewed: float

    @classmethod
    def claim(cls, around: Surroundings, ledger: Ledger) -> Lease | None:
        """Take the lease; None while somebody else has it. Raises botocore's errors."""
        now = around.clock()
        state = ledger.claim(around.owner, now + LASTS, now)
        return None if state is None else cls(ledger, around.clock, state, now)

    def save(self, *, again: bool | None = None, **changes: Any) -> None:
        """Store how far the sweep is, and renew the lease.

        changes: fields of watchpost.ledger.Sweep. Raises LeaseLostError, also when the stack is being deleted.
        """
        now = self.clock()
        self.state = replace(self.state, lease_until=now + LASTS, **changes)
        kept = self.ledger.save(self.state, again=again)
        leaving = self.ledger.sweep().leaving
        if leaving or not kept:
            raise LeaseLostError(leaving=leaving, kept=kept)
        self.renewed = now

    def renew(self) -> None:
        """Renew the lease when it is time to, whoever leaves. Raises LeaseLostError when somebody else has it."""
        now = self.clock()
        if now - self.renewed >= RENEWED:
            self.state = replace(self.state, lease_until=now + LASTS)
            if not self.ledger.save(self.state):
                raise LeaseLostError(leaving=False, kept=False)
            self.renewed = now

    def is_due(self) -> bool:
        """Whether it should be saved again."""
        return self.clock() - self.renewed >= RENEWED

    def release(self) -> None:
        """Give the lease back. When that fails it ends by itself, so nobody is kept from what went wrong before."""
        try:
            self.ledger.save(replace(self.state, lease_until=0))
        except (*AWS_ERRORS, LedgerError) as error:
            _log.warning("the lease of the sweep could not be given back, it ends by itself: %s", error)
