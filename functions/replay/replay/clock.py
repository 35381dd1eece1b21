"""How long a run works, and why it stops before it is through."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from replay.invoke import SHIPPER_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable

# For one more invocation of the shipper, which may have begun just before, and for writing down what became of it.
RESERVE = SHIPPER_TIMEOUT + 20.0  # seconds
NO_TIME = "the time of this run was over"


class Clock:
    """The time of one run. Shared by its threads."""

    def __init__(
        self, remaining: Callable[[], float], monotonic: Callable[[], float], max_seconds: float | None = None
    ) -> None:
        """remaining: seconds until Lambda ends the invocation; max_seconds: of work, None for as long as there is."""
        self.remaining = remaining
        self._monotonic = monotonic
        self._reserve = min(RESERVE, remaining() / 2)
        self._end = None if max_seconds is None else monotonic() + max_seconds
        self._stopped = threading.Event()
        self._why = ""

    def stop(self, why: str) -> None:
        """Let nothing new be started. The first reason counts."""
        if not self._stopped.is_set():
            self._why = why
            self._stopped.set()

    def is_over(self) -> bool:
        """Whether nothing new may be started."""
        late = self.remaining() <= self._reserve or (self._end is not None and self._monotonic() >= self._end)
        return late or self._stopped.is_set()

    @property
    def stopped(self) -> str:
        """Why the run was stopped, "" when it was not, or only its time was over."""
        return self._why
