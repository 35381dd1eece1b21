"""JSON lines as most functions write them, on the short way from text to document.

They are half of most logs, and a Line for each of them is a third of the work. What becomes of them is what becomes of
any other line: a test holds one way against the other. A line that is unusual in anything takes the way of all.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import orjson
from watchpost.kept import keep

from shipper import formats, strict
from shipper.formats import json_line, structured
from shipper.formats.trace import trace_id_of
from shipper.line import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shipper.document import Head, Made, Source
    from shipper.formats.structured import Plan, Step

    # Gives the values of some fields.
    Values = Callable[[dict[str, Any]], tuple[Any, ...]]
    # What lines with the same values have in common, and the keys that it is made of; empty when they are unusual.
    Common = tuple[Head, list[str]] | tuple[()]

_SHARED = frozenset({"level", "service", "service_version", "service_environment"})
_NO_STEP: tuple[str, str, Callable[[Any], Any]] = ("", "", str)  # of what the keys do not name
_LONGEST = 1_000  # bytes of values that many lines have in common: a thousand of them are kept
_NEWLINE = orjson.OPT_APPEND_NEWLINE


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is done with the fields of lines that have the same keys."""

    message: str  # a key
    request_id: str  # a key, or ""
    request_id_of: Callable[[Any], str | None]
    cold_start: str  # likewise a key
    own: tuple[Step, ...]  # other parts of the document: a key, the part's name, and what makes it of the value
    shared: list[Step]  # what many lines have in common
    shared_of: Values  # gives the values of it
    # By these values, encoded: values that are equal may differ, such as 30 and 30.0.
    common: dict[bytes, Common]


class Express:
    """Reads the lines of one payload, when no rules apply to them."""

    def __init__(self, source: Source) -> None:
        self._source = source
        # By keys; True for those that one line had so far, False for unusual ones.
        self._shapes: dict[tuple[str, ...], _Shape | bool] = {}

    def read(self, texts: Sequence[str]) -> list[Line | Made]:
        """What lines say, or at once what their documents are made of.

        One sort of line after the other: a processor does the same again in less time than something else.
        """
        read: list[Any] = [None] * len(texts)
        others: dict[str, list[int]] = {}
        for position, text in enumerate(texts):
            first = text[:1]
            if first == "{":
                read[position] = self._read(text)
            elif first in others:
                others[first].append(position)
            else:
                others[first] = [position]
        for positions in others.values():
            for position in positions:
                read[position] = formats.parse(texts[position])
        return read

    def _read(self, text: str) -> Line | Made:
        text = text.rstrip("\r\n")
        if len(text) > strict.HARMLESS_LENGTH:  # long ones are looked at closely, and nothing of them is kept
            return formats.parse(text)
        try:
            fields = orjson.loads(text)
        except orjson.JSONDecodeError:
            return formats.parse(text)
        if len(fields) > structured.MAX_KEYS:
            return json_line.understood(fields, text)
        keys = tuple(fields)
        shape = self._shapes.get(keys)
        if shape is None:  # it may be the only line with these keys
            keep(self._shapes, keys, True)
        elif shape is True:
            shape = _shape(keys)
            keep(self._shapes, keys, shape)
        made = self._made(shape, fields, text) if isinstance(shape, _Shape) else None
        return made or json_line.understood(fields, text)

    def _made(self, shape: _Shape, fields: dict[str, Any], text: str) -> Line | Made | None:
        """What the document of a line is made of; None, and the fields as they were, when something is unusual."""
        message = fields[shape.message]
        if type(message) is not str or not structured.is_sentence(message):
            return None
        origin = self._origin(shape, fields)
        if origin is None:
            return None
        common = self._common_of(shape, fields)
        if not common:
            return None
        head, taken = common
        for key in taken:
            del fields[key]
        document = {"message": message, "app": fields}
        for key, name, part_of in shape.own:
            part = part_of(fields[key])
            if part is not None:
                document[name] = part
                del fields[key]
        if not fields:
            del document["app"]
        elif not structured.is_simple(fields, text):
            return formats.parse(text)
        return head, origin, orjson.dumps(document, None, _NEWLINE)[1:]

    def _origin(self, shape: _Shape, fields: dict[str, Any]) -> bytes | None:
        """As of Made; None when something is unusual."""
        if not shape.request_id:
            return b""
        request_id = shape.request_id_of(fields[shape.request_id])
        cold_start = fields[shape.cold_start] if shape.cold_start else None
        if request_id is None or (shape.cold_start and type(cold_start) is not bool):
            return None
        return self._source.origin_of(request_id, cold_start)

    def _common_of(self, shape: _Shape, fields: dict[str, Any]) -> Common:
        try:
            values = orjson.dumps(shape.shared_of(fields))
        except orjson.JSONEncodeError:  # nested too deeply
            return ()
        if len(values) > _LONGEST:
            return ()
        common = shape.common.get(values)
        return keep(shape.common, values, self._common(shape, values)) if common is None else common

    def _common(self, shape: _Shape, values: bytes) -> Common:
        line = Line.of("")
        taken = [key for key in (shape.message, shape.request_id, shape.cold_start) if key]
        for (key, attribute, convert), value in zip(shape.shared, orjson.loads(values), strict=True):
            if type(value) in (dict, list):
                return ()
            converted = convert(value)
            if converted is not None:
                setattr(line, attribute, converted)
                taken.append(key)
        return self._source.head_of(line), taken


def _shape(keys: tuple[str, ...]) -> _Shape | Literal[False]:
    """False when there is anything unusual about lines with these keys."""
    plan = structured.plan_of(keys)
    steps = {step[1]: step for step in plan.steps}
    shared = [step for step in plan.steps if step[1] in _SHARED]
    names = [key for key, _, _ in shared]
    request_id, _, request_id_of = steps.get("request_id", _NO_STEP)
    cold_start = steps.get("cold_start", _NO_STEP)[0]
    # Whose request it is that began cold is not known before the START line is.
    if (cold_start and not request_id) or _is_unusual(plan, keys, names):
        return False
    own = [steps["correlation"]] if "correlation" in steps else []
    own += [(steps["trace_id"][0], "trace", _trace)] if "trace_id" in steps else []
    return _Shape(
        *(plan.message[0], request_id, request_id_of, cold_start, tuple(own), shared),
        shared_of=_values_of(names),
        common={},
    )


def _values_of(names: list[str]) -> Values:
    """Gives the values of some keys."""
    if len(names) < 2:
        return lambda fields: tuple(fields[name] for name in names)
    return operator.itemgetter(*names)


def _is_unusual(plan: Plan, keys: tuple[str, ...], shared: list[str]) -> bool:
    """Whether lines with these keys may hold more than what stands in their fields; shared: keys of shared values."""
    unusual = plan.unusual
    if not plan.message:
        return True
    if unusual is not None and (unusual.steps or unusual.headers or not unusual.objects.issubset(shared)):
        return True
    return json_line.is_special(keys)


def _trace(value: Any) -> dict[str, str] | None:
    found = trace_id_of(value)
    return None if found is None else {"id": found}
