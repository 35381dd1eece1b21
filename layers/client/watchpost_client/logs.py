"""Powertools' Logger, with the transaction on each line, and debug lines for the transactions that are sampled."""

from __future__ import annotations

import logging
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.buffer.cache import LoggerBufferCache

from watchpost_client import context as contexts
from watchpost_client import own_lines
from watchpost_client.guard import guarded

_HOOK = "watchpost_sampled"  # attribute of a logger that decides by transaction


class logger(Logger):  # noqa: N801  # it reads as a function; being the class, it leaves a child logger its module's name
    """A Logger of Powertools that knows the transaction.

    Each line has `correlation_id`, each `x-correlation-<name>`, `function_request_id`, `cold_start` and
    `xray_trace_id`, as far as they are known where the line is written, in every thread and task. What the service
    itself gives a line, or all lines of the logger, stays. Lines from debug on are written for sampled transactions,
    whatever the level of the logger, and at once where it buffers. Arguments and methods are those of
    aws_lambda_powertools.Logger.
    """

    _buffers: Any = None

    def _init_logger(self, *args: Any, **options: Any) -> None:
        super()._init_logger(*args, **options)
        with guarded("logging"):
            _attach(self)

    @property
    def _buffer_config(self) -> Any:  # Powertools asks it at each line
        """What is buffered: nothing of a sampled transaction, whose lines are there in any case."""
        return None if self._buffers is None or _is_sampled() else self._buffers

    @_buffer_config.setter
    def _buffer_config(self, value: Any) -> None:
        self._buffers = value


class _Buffer(LoggerBufferCache):
    """A buffer whose lines keep the transaction that they were written in, whoever flushes them."""

    def add(self, key: str, item: Any) -> None:
        with guarded("logging"):
            item["extra"] = own_lines.transaction() | (item["extra"] or {})
        super().add(key, item)


def _attach(made: logger) -> None:
    inner = logging.getLogger(made.name)
    handler: Any = made.registered_handler
    # A child that is made before its parent has no handler yet. Its own filter sees its lines all the same.
    place = handler if handler is not None else inner
    if not any(isinstance(item, _Transaction) for item in place.filters):
        place.addFilter(_Transaction(handler))
    if not hasattr(inner, _HOOK):
        inner.isEnabledFor = _Sampled(inner)  # type: ignore[method-assign]  # logging asks it before a record is made
        setattr(inner, _HOOK, True)
    if made._buffers is not None and type(made._buffer_cache) is LoggerBufferCache:  # noqa: SLF001  # our own class
        made._buffer_cache = _Buffer(made._buffers.max_bytes)  # noqa: SLF001
        if not made.child:
            inner.powertools_buffer_cache = made._buffer_cache  # type: ignore[attr-defined]  # noqa: SLF001


class _Transaction(logging.Filter):
    """Puts the transaction on each record; what the service itself gave a line stays."""

    def __init__(self, handler: logging.Handler | None) -> None:
        super().__init__()
        self._handler = handler

    def filter(self, record: logging.LogRecord) -> bool:
        with guarded("logging"):
            fields, (given, given_here) = record.__dict__, self._given()
            for name, value in own_lines.transaction().items():
                if name not in fields and given.get(name) is None and given_here.get(name) is None:
                    fields[name] = value
        return True

    def _given(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the service gave all lines, and those of this thread: the record's own fields would replace it."""
        formatter: Any = self._handler.formatter if self._handler is not None else None
        if not hasattr(formatter, "thread_safe_get_current_keys"):
            return {}, {}
        return formatter.get_current_keys(), formatter.thread_safe_get_current_keys()


class _Sampled:
    """Whether a logger writes a level: by its own one, or because the transaction is sampled."""

    def __init__(self, inner: logging.Logger) -> None:
        self._usual, self._manager = inner.isEnabledFor, inner.manager

    def __call__(self, level: int) -> bool:
        if self._usual(level):
            return True
        # Who silences all logging means it.
        return logging.DEBUG <= level > self._manager.disable and _is_sampled()


def _is_sampled() -> bool:
    context = contexts.current()
    return context is not None and context.debug is True
