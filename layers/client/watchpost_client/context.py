"""What belongs to a transaction and travels with it, and which one the running code belongs to."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from watchpost_client import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CREATED = "created"


@dataclass(frozen=True, slots=True)
class Context:
    """One transaction, as this service knows it. All values are clean: see `clean`."""

    correlation_id: str
    fields: Mapping[str, str] = field(default_factory=dict)  # x-correlation-<name> by name; never `id`
    debug: bool | None = None  # whether its debug lines are written; None: nobody has decided yet
    traceparent: str | None = None  # of the W3C, as they came
    tracestate: str | None = None
    baggage: str | None = None
    origin: str = CREATED  # what it was taken from: api-gateway, sqs, sns-in-sqs …


@dataclass(frozen=True, slots=True)
class Invocation:
    """One invocation of the function."""

    context: Context
    request_id: str = ""
    cold: bool = False  # whether it is the first one of this process


_current: ContextVar[Context | None] = ContextVar("watchpost_context", default=None)
_invocation: ContextVar[Invocation | None] = ContextVar("watchpost_invocation", default=None)
_passed_on: ContextVar[bool] = ContextVar("watchpost_passed_on", default=True)


def new(correlation_id: str = "", **fields: str) -> Context:
    """A context of a new transaction. Without an id it gets a random one (UUID version 4)."""
    context = Context(clean.identifier(correlation_id) or str(uuid.uuid4()))
    for name, value in fields.items():
        context = with_field(context, name.replace("_", "-"), value)
    return context


def with_field(context: Context, name: str, value: str) -> Context:
    """The context with one more field `x-correlation-<name>`; unchanged where it cannot be one, or has too many."""
    good, text = clean.field_name(name), clean.field_value(value)
    full = good not in context.fields and len(context.fields) >= clean.MOST_FIELDS
    if not good or good == "id" or not text or full:
        return context
    return replace(context, fields={**context.fields, good: text})


# Threads begin without the variables above. What a function starts in its only invocation belongs to that one: Lambda
# gives a process one at a time.
_running: list[Invocation] = []


def invocation() -> Invocation | None:
    """The invocation that the running code belongs to, or None outside of all."""
    found = _invocation.get()
    return found if found is not None else _running[0] if len(_running) == 1 else None


def current() -> Context | None:
    """The context of the running code, or None outside every transaction."""
    found = _current.get()
    if found is None and (outer := invocation()) is not None:
        return outer.context
    return found


@contextmanager
def invoked(begun: Invocation) -> Iterator[None]:
    """Run a block as an invocation, within its context."""
    token = _invocation.set(begun)
    _running.append(begun)
    try:
        with use(begun.context):
            yield
    finally:
        _running.remove(begun)
        _invocation.reset(token)


def enter(context: Context) -> Any:
    """Make a context the current one; returns what `leave` takes."""
    return _current.set(context)


def leave(token: Any) -> None:
    """Make the context the current one that was before `enter`."""
    _current.reset(token)


def change(context: Context) -> None:
    """Put another context in the place of the current one, until what entered it leaves."""
    _current.set(context)


@contextmanager
def use(context: Context) -> Iterator[Context]:
    """Run a block within a context, and restore what was before. Threads that the block starts do not inherit it."""
    token = enter(context)
    try:
        yield context
    finally:
        leave(token)


@contextmanager
def not_passed_on() -> Iterator[None]:
    """Run a block whose calls carry no context to others."""
    token = _passed_on.set(False)
    try:
        yield
    finally:
        _passed_on.reset(token)


def to_pass_on() -> Context | None:
    """The context that calls of the running code carry, or None when they carry none."""
    return current() if _passed_on.get() else None
