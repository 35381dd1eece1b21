"""Time that passes only when somebody lets it pass."""

from __future__ import annotations

import threading


class Clock:
    """A clock shared by the account and the code under test."""

    def __init__(self, start: float = 1_750_000_000.0) -> None:
        """start: seconds since 1970."""
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds since 1970."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let time pass, without waiting."""
        assert seconds >= 0, f"cannot sleep for {seconds} s"
        with self._lock:
            self._now += seconds
