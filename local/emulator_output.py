"""All lines of an invocation are taken before it counts as done. The emulator waits 50 ms for them.

On a busy machine they come later, and are another invocation's, or nobody's.
"""

from __future__ import annotations

import os
import select
import threading
from typing import Any

from ministack.core import lambda_runtime

_drain_lines = lambda_runtime.Worker._drain_stderr_bounded  # noqa: SLF001


def mend() -> None:
    """Put these in the place of the emulator's own."""
    lambda_runtime.Worker._read_stderr = _read_output  # noqa: SLF001
    lambda_runtime.Worker._drain_stderr_bounded = _drain_all_lines  # noqa: SLF001


class _Output:
    """What the process of a function writes: read while it runs, and to the last byte when an invocation has ended."""

    _making = threading.Lock()

    def __init__(self, process: Any, lines: Any) -> None:
        self.process = process
        self._lines = lines
        self._file: int | None = os.dup(process.stderr.fileno())  # of our own: nobody else closes it
        # One for each thread, as one alone refuses to be asked twice at a time.
        self._comes, self._there = select.poll(), select.poll()
        self._comes.register(self._file, select.POLLIN)
        self._there.register(self._file, select.POLLIN)
        self._begun = b""
        self._lock = threading.Lock()

    @classmethod
    def of(cls, worker: Any) -> _Output | None:
        with cls._making:
            found: _Output | None = worker.__dict__.get("_output")
            process = worker._proc  # noqa: SLF001
            if process is not None and (found is None or found.process is not process):
                found = worker._output = cls(process, worker._stderr_queue)  # noqa: SLF001
            return found

    def read(self) -> None:
        """Read until the process ends."""
        while self._comes.poll() and self.take():
            pass

    def take(self) -> bool:
        """Read what has been written. Returns whether more may come."""
        with self._lock:
            while self._file is not None and self._there.poll(0):
                data = os.read(self._file, 65_536)
                *whole, self._begun = (self._begun + data).split(b"\n") if data else (self._begun, b"")
                for line in whole:
                    if data or line:
                        self._lines.put(line.decode(errors="replace"))
                if not data:
                    os.close(self._file)
                    self._file = None
            return self._file is not None


def _read_output(worker: Any) -> None:
    output = _Output.of(worker)
    if output:
        output.read()


def _drain_all_lines(worker: Any, *args: Any, **kwargs: Any) -> str:
    output = None if isinstance(worker, lambda_runtime.ProvidedWorker) else _Output.of(worker)
    if output is None:
        return str(_drain_lines(worker, *args, **kwargs))
    # A function writes its lines before its answer, which is here.
    output.take()
    return str(worker._drain_stderr())  # noqa: SLF001
