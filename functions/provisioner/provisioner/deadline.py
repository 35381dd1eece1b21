"""Stops the work while there is still time to tell what was not done."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Enough for the longest call: one of Elasticsearch that is made again, or one of AWS (13 s with its timeouts); and for
# the answer to CloudFormation (10 s).
RESERVE = 60.0  # seconds
NO_TIME = "no time was left; the next run does it"


class Deadline:
    """The time that an invocation has left.

    left: seconds until the invocation is ended. reserve: seconds that stay free at its end.
    """

    def __init__(self, left: Callable[[], float], reserve: float = RESERVE) -> None:
        self.left = left
        self.reserve = reserve

    def passed(self) -> bool:
        """Whether nothing new may be started."""
        return self.left() < self.reserve

    def check(self) -> None:
        """Raises TimeoutError when nothing new may be started."""
        if self.passed():
            raise TimeoutError(NO_TIME)

    def part(self, share: float) -> Deadline:
        """The end of a part of the work, which gets a share (0 to 1) of the time that is left now."""
        usable = max(0.0, self.left() - self.reserve)
        return Deadline(self.left, self.reserve + (1 - share) * usable)
