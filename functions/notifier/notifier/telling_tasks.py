"""Work that is done beside other work, for as long as somebody can wait for it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from aws_lambda_powertools import Logger

from notifier.service import SERVICE

if TYPE_CHECKING:
    from collections.abc import Callable

_Result = TypeVar("_Result")

_logger = Logger(service=SERVICE)


class Task(Generic[_Result]):
    """Begins at once, in a thread that the end of the process does not wait for.

    So an answer that never comes holds nothing up: not this message, and not the next one.
    """

    def __init__(self, name: str, work: Callable[[], _Result], otherwise: _Result, left: Callable[[], float]) -> None:
        """otherwise: the result when the work fails or takes too long. left: seconds until it does."""
        self._name = name
        self._result = otherwise
        self._otherwise = otherwise
        self._left = left
        self._done = threading.Event()
        threading.Thread(target=self._run, args=(work,), name=name, daemon=True).start()

    def result(self) -> _Result:
        """What the work returned. Waits for as long as is left."""
        if self._done.wait(max(self._left(), 0)):
            return self._result
        _logger.warning("a part of the message took too long and is left out", extra={"part": self._name})
        return self._otherwise

    def _run(self, work: Callable[[], _Result]) -> None:
        try:
            self._result = work()
        except Exception:  # whatever it is: the alarm must be told, with what is known
            _logger.exception("a part of the message could not be made", extra={"part": self._name})
        finally:
            self._done.set()
