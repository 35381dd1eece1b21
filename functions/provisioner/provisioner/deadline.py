"""Stops the work while there is still time to tell what was not done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Enough for one call that uses all its attempts (4 of 10 s with backoff) and the answer to CloudFormation (10 s).
RESERVE = 60.0  # seconds
# PutMetricAlarm is throttled at about three calls a second and account.
PUT_INTERVAL = 0.34  # seconds
NO_TIME = "no time was left; the next run does it"


class Deadline:
    """The time that an invocation has left."""

    def __init__(self, seconds_left: Callable[[], float], put_interval: float = PUT_INTERVAL) -> None:
        """seconds_left: until the invocation is ended; put_interval: seconds between two puts of alarms."""
        self._seconds_left = seconds_left
        self._put_interval = put_interval
        self._last_put = 0.0

    def passed(self) -> bool:
        """Whether nothing new may be started."""
        return self._seconds_left() < RESERVE

    def check(self) -> None:
        """Raises TimeoutError when nothing new may be started."""
        if self.passed():
            raise TimeoutError(NO_TIME)

    def pace(self) -> None:
        """Wait until the next alarm may be put."""
        wait = self._last_put + self._put_interval - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        self._last_put = time.monotonic()
