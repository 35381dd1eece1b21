"""The promise that a service never fails for what watches it: here, and only here, unexpected errors end."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

FAILURES = "watchpost-client-failures"  # by where
_told: set[str] = set()


class guarded:  # noqa: N801  # it reads as a function
    """Run something of ours that must not break the service: what it raises is told once, and goes no further.

    where: a name of ours for what is done, such as `metrics`. Only for code that runs nothing of the service's own:
    the service's errors are its own. What ends the process (KeyboardInterrupt, SystemExit) goes on.
    """

    __slots__ = ("_where",)

    def __init__(self, where: str) -> None:
        self._where = where

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        failed(self._where, error)
        return True


def failed(where: str, error: BaseException) -> None:
    """Count a failure of ours and say what it was, once in the life of the process for each place."""
    # Its text may hold what the service was given, so it is not printed.
    told = f"watchpost_client: {where} failed with {type(error).__name__}, the service goes on without it"
    tell_once(where, told, f"{FAILURES}|#where:{where}")


def tell_once(key: str, text: str, metric: str) -> None:
    """Say something on a line of its own and count it, once in the life of the process for each key.

    metric: the end of a metric line: name and tags.
    """
    if key in _told:
        return
    _told.add(key)
    try:
        sys.stdout.write(f"{text}\n")
        # A metric line like any other (docs/conventions.md): it is shipped, and can have an alarm.
        sys.stdout.write(f"MONITORING|{time.time():.3f}|1|count|{metric}\n")
    except Exception:  # noqa: BLE001  # whatever standard output has become: nobody can be told
        return


def forget() -> None:
    """Tell failures again that were told before. For tests."""
    _told.clear()
