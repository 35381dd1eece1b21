"""A context as names and values, which is how every carrier has it (docs/conventions.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from watchpost_client import clean, w3c
from watchpost_client.context import Context

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ID = "x-correlation-id"
PREFIX = "x-correlation-"
DEBUG = "debug-log-enabled"
PARENT, STATE, BAGGAGE = "traceparent", "tracestate", "baggage"
KEY = "__context__"  # of JSON objects

_OTHERS = frozenset({DEBUG, PARENT, STATE, BAGGAGE})
_MOST_PAIRS = 200  # that are looked at: headers are many, attributes few


def read(pairs: Iterable[tuple[Any, Any]], origin: str) -> Context:
    """The context in names and values, of which names count in any case; its id is "" where there is none."""
    known: dict[str, Any] = {}
    for number, (name, value) in enumerate(pairs):
        if number >= _MOST_PAIRS:
            break
        lower = name.lower() if isinstance(name, str) else ""
        # Of a name that stands there twice the first one counts.
        if (lower.startswith(PREFIX) or lower in _OTHERS) and lower not in known:
            known[lower] = value
    parent = w3c.parent(known.get(PARENT))
    return Context(
        correlation_id=clean.identifier(known.get(ID)),
        fields=_fields(known),
        debug=clean.flag(known.get(DEBUG)),
        traceparent=parent,
        # Without a parent a state says nothing (Trace Context, 4.3).
        tracestate=w3c.state(known.get(STATE)) if parent else None,
        baggage=w3c.baggage(known.get(BAGGAGE)),
        origin=origin,
    )


def _fields(known: Mapping[str, Any]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in known.items():
        if not name.startswith(PREFIX) or name == ID or len(fields) >= clean.MOST_FIELDS:
            continue
        good, text = clean.field_name(name.removeprefix(PREFIX)), clean.field_value(value)
        if good and text:
            fields[good] = text
    return fields


def write(context: Context) -> dict[str, str]:
    """The names and values of a context, the correlation id first, those that can be done without last."""
    pairs = {ID: context.correlation_id}
    if context.debug is not None:
        pairs[DEBUG] = "true" if context.debug else "false"
    trace = {PARENT: context.traceparent, STATE: context.tracestate}
    pairs |= {name: value for name, value in trace.items() if value}
    pairs |= {f"{PREFIX}{name}": value for name, value in context.fields.items()}
    if context.baggage:
        pairs[BAGGAGE] = context.baggage
    return pairs
