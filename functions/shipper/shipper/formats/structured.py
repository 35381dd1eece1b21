"""Lines of structured loggers: Powertools, pino, bunyan, ECS loggers, Lambda's own JSON format and any other JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from watchpost.kept import keep

from shipper import strict
from shipper.formats import json_error, loggers, metric_line
from shipper.formats.fields import FIELDS, OBJECTS
from shipper.formats.stack import add_trace
from shipper.line import Line

if TYPE_CHECKING:
    from collections.abc import Callable

    from shipper.formats.why import Why

    Step = tuple[str, str, Callable[[Any], Any]]  # a key, the attribute of Line it fills, and what makes its value

_CORRELATION = "x-correlation-"
# Keys of API Gateway's access logs: their request id is not that of a function's invocation.
_GATEWAY = frozenset({"httpMethod", "routeKey", "resourcePath", "requestTime", "requestTimeEpoch"})


@dataclass(frozen=True, slots=True)
class _Unusual:
    """What the keys of few lines are."""

    steps: tuple[Step, ...]  # that compete for an attribute: the first that has a value for it takes it
    objects: frozenset[str]  # keys whose values may be objects to look into
    headers: tuple[str, ...]  # keys of correlation headers


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done with the fields of lines that have the same keys: services write few different ones."""

    message: tuple[str, ...]  # keys that may hold the message, the first that is text does
    steps: tuple[Step, ...]
    unusual: _Unusual | None


_PLANS: dict[tuple[str, ...], Plan] = {}
_MAX_PLANS = 2_000
MAX_KEYS = 100  # of a line whose plan is kept


def line_of(fields: dict[str, Any], text: str, why: Why = None) -> Line:
    """What a JSON line says; every field that is not understood is kept under `app`, with its structure.

    fields: the decoded line, which is used up; text: the line itself.
    """
    if why is not None:
        why.append(loggers.name_of(fields))
    plan = plan_of(tuple(fields))
    line = Line()
    message = None
    for key in plan.message:
        if type(fields[key]) is str:
            message = fields.pop(key).rstrip("\r\n")
            break
    line.message = text if message is None else message
    for key, attribute, convert in plan.steps:
        taken = convert(fields[key])
        if taken is not None:
            setattr(line, attribute, taken)
            del fields[key]
    if plan.unusual is not None:
        _take_unusual(line, fields, plan.unusual)
    if fields:
        line.app = fields
    if message is None or not is_sentence(message):
        _finish(line, fields, message)
    return line


def _take_unusual(line: Line, fields: dict[str, Any], unusual: _Unusual) -> None:
    for key, attribute, convert in unusual.steps:
        if getattr(line, attribute) is None:
            taken = convert(fields[key])
            if taken is not None:
                setattr(line, attribute, taken)
                del fields[key]
    if not unusual.objects.isdisjoint(fields):
        _take_objects(line, fields, [key for key in fields if key in unusual.objects])
    if unusual.headers:
        _take_correlation_headers(line, fields, unusual.headers)


def _finish(line: Line, app: dict[str, Any], message: str | None) -> None:
    """What a line's message may be beside a sentence: nothing, a metric line, a stack trace."""
    if message is None:
        _without_message(line, app)
    elif message.startswith(metric_line.PREFIX):
        metric_line.understand(line)
    elif line.error is None:
        add_trace(line, message)


def _without_message(line: Line, app: dict[str, Any]) -> None:
    """A message that is an object may be an error; API Gateway's access logs have none and keep their request id.

    It is not that of a function's invocation.
    """
    for key in ("message", "msg"):
        if type(app.get(key)) is dict:
            json_error.take_shape(line, app, key)
    if line.level is None and line.request_id is not None and not _GATEWAY.isdisjoint(app):
        app["requestId"], line.request_id = line.request_id, None
    line.app = app or None


def is_sentence(message: str) -> bool:
    """Whether a message is one line and no metric line: then there is nothing else in it."""
    return "\n" not in message and "\r" not in message and not message.startswith(metric_line.PREFIX)


def is_simple(fields: dict[str, Any], text: str) -> bool:
    """Whether none of a JSON line's fields needs a closer look: no number beyond 64 bits, no deep nesting, no NUL.

    orjson makes floats of integers beyond 64 bits. False only means that somebody has to look closely.
    """
    if len(text) > strict.HARMLESS_LENGTH or ("\\" in text and "\\u0000" in text):
        return False
    for value in fields.values():
        kind = type(value)
        if kind is str:
            continue
        if kind is dict or kind is list:
            for part in value.values() if kind is dict else value:
                kind = type(part)
                if kind is dict or kind is list:
                    return strict.is_harmless(text) and not strict.has_huge_number(fields)
                if kind is float and not _LEAST < part < _MOST:
                    return False
        elif kind is float and not _LEAST < value < _MOST:
            return False
    return True


_LEAST, _MOST = -strict.BEYOND_64_BITS, strict.BEYOND_64_BITS


def plan_of(keys: tuple[str, ...]) -> Plan:
    """What is done with the fields of lines that have these keys, in this order."""
    return _PLANS.get(keys) or _planned(keys)


def _planned(keys: tuple[str, ...]) -> Plan:
    present = set(keys)
    message: list[str] = [key for key in ("message", "msg") if key in present]
    # .NET's loggers name fields like classes; in another's line a "Message" may be anything.
    if "Message" in present and not present.isdisjoint(("Level", "LogLevel")):
        message.append("Message")
    steps = [(key, *FIELDS[key]) for key in keys if key in FIELDS and FIELDS[key][0] != "message"]
    filled = [attribute for _, attribute, _ in steps]
    unusual = _Unusual(
        steps=tuple(step for step in steps if filled.count(step[1]) > 1),
        objects=frozenset(present & OBJECTS.keys()),
        headers=tuple(key for key in keys if key[: len(_CORRELATION)].lower() == _CORRELATION),
    )
    plan = Plan(
        message=tuple(message),
        steps=tuple(step for step in steps if filled.count(step[1]) == 1),
        unusual=unusual if unusual.steps or unusual.objects or unusual.headers else None,
    )
    if len(keys) <= MAX_KEYS:
        keep(_PLANS, keys, plan, _MAX_PLANS)
    return plan


def _take_objects(line: Line, app: dict[str, Any], keys: list[str]) -> None:
    """Look into the fields that may be objects: what is taken is taken away, the rest stays where it is."""
    errors = []
    for key in keys:
        if key in json_error.FIELDS:
            errors.append(key)
        elif key == "correlation":
            _take_correlation(line, app)
        elif type(app[key]) is dict:
            _take_parts(line, app, key)
    # A name given by itself counts more than one in a trace.
    for key in sorted(errors, key=lambda key: json_error.order(key, app[key])):
        json_error.take(line, app, key)


def _take_parts(line: Line, app: dict[str, Any], key: str) -> None:
    inside: dict[str, Any] = app[key]
    if key == "resource" and type(inside.get("attributes")) is dict:
        inside = inside["attributes"]
    parts = OBJECTS[key]
    for name in [name for name in inside if name in parts]:
        attribute, convert = parts[name]
        taken = convert(inside[name]) if getattr(line, attribute) is None else None
        if taken is not None:
            setattr(line, attribute, taken)
            del inside[name]
    if not inside and app[key] is inside:
        del app[key]


def _take_correlation(line: Line, app: dict[str, Any]) -> None:
    """`"correlation": {"id": …, "user": …}`, or the id alone."""
    value = app["correlation"]
    if type(value) is dict and value:
        line.correlation = value | (line.correlation or {})
    elif type(value) in (str, int) and value != "" and "id" not in (line.correlation or {}):
        line.correlation = (line.correlation or {}) | {"id": value}
    else:
        return
    del app["correlation"]


def _take_correlation_headers(line: Line, app: dict[str, Any], keys: tuple[str, ...]) -> None:
    """`x-correlation-id` and every other `x-correlation-…`, in any case."""
    for key in keys:
        name, value = key.lower().removeprefix(_CORRELATION), app[key]
        if name and type(value) in (str, int, bool) and value != "" and name not in (line.correlation or {}):
            line.correlation = (line.correlation or {}) | {name: value}
            del app[key]
