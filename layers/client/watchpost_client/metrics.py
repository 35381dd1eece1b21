"""Metrics of a service, as lines on standard output: no call leaves the service's path.

    metrics.count("orders", channel="web")
    metrics.timing("charge", 27.4)          # milliseconds
    metrics.gauge("queue-length", 12)
    with metrics.timer("charge"): …         # also `@metrics.timer("charge")`, of `async` functions too

Within an invocation of `handler` they are written at its end, counts of one name and one set of tags as one line with
their sum; elsewhere at once. Nothing here raises: what cannot be measured is told once.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from watchpost_client import metric_lines
from watchpost_client.guard import guarded
from watchpost_client.metric_lines import COUNT, GAUGE, TIMING, Series

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    F = TypeVar("F", bound=Callable[..., Any])

# Lines that wait at most: more are written in the middle of the invocation, so that memory stays bounded.
MOST_WAITING = 1_000


class Buffer:
    """What was measured and not written yet. Threads of one invocation share it."""

    def __init__(self, write: Callable[[str], Any]) -> None:
        """write: takes whole lines."""
        self._write = write
        self._lock = threading.Lock()
        self._counts: dict[Series, tuple[float, float]] = {}  # when the first one was, and their sum
        self._lines: list[str] = []
        self._waits = 0

    def add(self, of: Series, value: float, at: float) -> None:
        """Take one measurement; at: seconds since the epoch."""
        with self._lock:
            if of.kind == COUNT:
                first, total = self._counts.get(of, (at, 0.0))
                self._counts[of] = first, total + value
            else:
                self._lines.append(metric_lines.line(at, value, of))
            if not self._waits or len(self._lines) + len(self._counts) >= MOST_WAITING:
                self._flush()

    def flush(self) -> None:
        """Write what waits."""
        with self._lock:
            self._flush()

    def begin(self) -> None:
        """Let what is measured wait from now on, until as many `end`s."""
        with self._lock:
            self._waits += 1

    def end(self) -> None:
        """Write what waits, and whatever comes later at once."""
        with self._lock:
            self._waits = max(0, self._waits - 1)
            self._flush()

    def _flush(self) -> None:
        lines = [metric_lines.line(at, total, of) for of, (at, total) in self._counts.items()]
        lines += self._lines
        # Cleared first: what cannot be written now is not written twice later.
        self._counts, self._lines = {}, []
        if lines:
            # In one piece, so that lines of other threads do not come between.
            self._write("".join(lines))


def _print(lines: str) -> None:
    sys.stdout.write(lines)
    sys.stdout.flush()


_buffer = Buffer(_print)
begin, end = _buffer.begin, _buffer.end


def count(name: str, value: float = 1, **tags: Any) -> None:
    """Count something that happened, once or `value` times."""
    measure(COUNT, name, value, tags)


def timing(name: str, milliseconds: float, **tags: Any) -> None:
    """Tell how long something took."""
    measure(TIMING, name, milliseconds, tags)


def gauge(name: str, value: float, **tags: Any) -> None:
    """Tell how much there is of something."""
    measure(GAUGE, name, value, tags)


def measure(kind: str, name: str, value: float, tags: dict[str, Any], at: float | None = None) -> None:
    """Any measurement. kind: `count`, `latency`, `gauge` or a unit of CloudWatch; at: seconds since the epoch."""
    with guarded("metrics"):
        good, of = metric_lines.number(value), metric_lines.series(kind, name, tags)
        if good is None or of is None:
            raise ValueError("a metric needs a name and a finite number")
        _buffer.add(of, good, time.time() if at is None else at)


def flush() -> None:
    """Write what waits, before the invocation ends."""
    with guarded("metrics"):
        _buffer.flush()


class timer:  # noqa: N801  # it reads as a function, which it is as a decorator
    """Tells how long a block, a function or a coroutine function takes, also when it raises.

    As a decorator one timer serves many calls at once; a block has a timer of its own.
    """

    def __init__(self, name: str, **tags: Any) -> None:
        self._name, self._tags = name, tags
        self._started: list[float] = []

    def __enter__(self) -> timer:
        self._started.append(time.perf_counter())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tell(self._started.pop())

    def __call__(self, function: F) -> F:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def timed_coroutine(*args: Any, **kwargs: Any) -> Any:
                started = time.perf_counter()
                try:
                    return await function(*args, **kwargs)
                finally:
                    self._tell(started)

            return timed_coroutine  # type: ignore[return-value]  # it has the signature of what it wraps

        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self._tell(started)

        return timed  # type: ignore[return-value]  # likewise

    def _tell(self, started: float) -> None:
        timing(self._name, (time.perf_counter() - started) * 1_000, **self._tags)


def __getattr__(name: str) -> Any:
    # Only who uses Powertools' Metrics pays for importing it.
    if name == "MetricsProvider":
        from watchpost_client.provider import MetricsProvider  # noqa: PLC0415

        return MetricsProvider
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
