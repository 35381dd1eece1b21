"""Progress on the terminal: a line for each step, with its time; on a terminal the time runs while the step does."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

TICK = 0.2  # seconds between two updates of a running time


class Step:
    """A running step; what is put into `note` is shown when it ends."""

    def __init__(self) -> None:
        self.note = ""


@contextmanager
def step(what: str, stream: TextIO | None = None) -> Iterator[Step]:
    """Show that something goes on, and how long it took, on standard error where no other stream is given."""
    stream = stream or sys.stderr
    started = time.monotonic()
    current = Step()
    over = threading.Event()

    def line() -> str:
        note = f" ({current.note})" if current.note else ""
        return f"  {what}{note} … {time.monotonic() - started:.1f} s"

    def tick() -> None:
        while not over.wait(TICK):
            stream.write(f"\r{line()}")
            stream.flush()

    moving = stream.isatty()
    ticker = threading.Thread(target=tick, daemon=True)
    if moving:
        ticker.start()
    else:
        stream.write(f"  {what} …\n")
        stream.flush()
    outcome = ""
    try:
        yield current
    except BaseException:
        outcome = " failed"
        raise
    finally:
        over.set()
        if moving:
            ticker.join()
        stream.write(f"{chr(13) if moving else ''}{line()}{outcome}\n")
        stream.flush()
