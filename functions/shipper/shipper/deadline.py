"""How much time an invocation has."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

RESERVE = 15.0  # seconds that delivery of documents leaves, for metrics and for storing what could not be delivered


@dataclass(frozen=True, slots=True)
class Deadline:
    """Until when new requests may be started.

    remaining: seconds until Lambda ends the invocation; reserve: seconds of those that delivery must leave.
    """

    remaining: Callable[[], float]
    reserve: float = RESERVE
    sleep: Callable[[float], None] = time.sleep

    def later(self) -> Deadline:
        """The deadline of what comes after delivery: it may use half of the time that delivery leaves."""
        return replace(self, reserve=self.reserve / 2)

    def last(self) -> Deadline:
        """The deadline of storing what could not be delivered, which leaves time to write metrics into the log."""
        return replace(self, reserve=self.reserve / 8)

    def left(self) -> float:
        """Seconds until delivery must end; below zero when it is over."""
        return self.remaining() - self.reserve

    def is_over(self) -> bool:
        """Whether no new request may be started."""
        return self.left() <= 0

    def timeout(self, longest: float) -> float:
        """Seconds that a request started now may take, at most `longest`."""
        return max(min(longest, self.left()), 0.1)

    def pause(self, seconds: float) -> bool:
        """Wait, and say whether there is time for a request afterwards. Does not wait when there would be none."""
        if self.left() <= seconds:
            return False
        self.sleep(seconds)
        return True
