"""The time of one invocation."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Kept for what no receiver took: one publish to SNS and one object in S3 at the same time, each with two attempts of at
# most 4 s, and for writing down who was told.
RESERVE = 12.0  # seconds


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, as the notifier sees it. remaining: seconds until Lambda ends the invocation. now: in UTC."""

    remaining: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = field(default=_now)

    def left(self) -> float:
        """Seconds that may still be spent on receivers."""
        return self.remaining() - RESERVE
