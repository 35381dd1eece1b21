"""Redacts a line: everything in it that is text, and numbers that read like what is looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from watchpost.redaction import Patterns

from shipper.line import Metric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from watchpost.configuration import Redact
    from watchpost.redaction import Finder

    from shipper.line import Line

TAG = "redacted"

# Parts of a line that hold the pipeline's own words, or nothing but them.
_OWN = frozenset({"kind", "level", "outcome", "tags", "cold_start"})
# Parts whose numbers have typed fields: one that must not leave is left out, since no text could take its place.
_TYPED = frozenset({"platform", "typed"})


class Redactor:
    """What one configuration redacts in lines."""

    def __init__(self, redact: Redact) -> None:
        self._patterns = Patterns(redact)

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to look for."""
        return self._patterns.nothing

    def redact(self, line: Line, raw: str) -> None:
        """Redact a line in place, and tag it when something was found.

        raw: the text that the line was made of.
        """
        worth = self._patterns.worth(raw)
        if worth and _Walk(self._patterns, worth).line(line):
            line.tag(TAG)

    def labels(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Static labels, redacted as if they stood in a line."""
        redacted = dict(labels)
        _Walk(self._patterns, self._patterns.finders).object(redacted, leave_out=False)
        return redacted


class _Walk:
    """One pass through all that a line holds."""

    def __init__(self, patterns: Patterns, worth: Sequence[Finder]) -> None:
        self._patterns = patterns
        self._worth = worth
        self._keys = patterns.keys if any(finder.name == "keys" for finder in worth) else None
        self._changed = False

    def line(self, line: Line) -> bool:
        """Redact a line; whether anything changed."""
        for part, value in list(line.parts()):
            if part in _OWN or value is None:
                continue
            if type(value) is Metric:
                self._metric(line, value)
            elif type(value) is dict:
                prefix = "x-correlation-" if part == "correlation" else ""
                self.object(value, leave_out=part in _TYPED, prefix=prefix)
            else:
                setattr(line, part, self._part(part, value))
        return self._changed

    def _part(self, part: str, value: Any) -> Any:
        name = self._keys.name_of(part) if self._keys and type(value) is str else None
        return self._whole(value, name) if name else self._value(value, leave_out=False)

    def _metric(self, line: Line, metric: Metric) -> None:
        metric.name = self._text(metric.name)
        metric.type = self._text(metric.type) if metric.type else None
        metric.namespace = self._text(metric.namespace) if metric.namespace else None
        value = repr(metric.value)
        if self._text(value) != value:
            line.invalidate_metric("its value is redacted")

    def _value(self, value: Any, *, leave_out: bool) -> Any:
        """The value, redacted; None for a number that is left out."""
        kind = type(value)
        if kind is str:
            return self._text(value)
        if kind is dict:
            self.object(value, leave_out=leave_out)
        elif kind is list:
            value[:] = [self._value(item, leave_out=leave_out) for item in value]
        elif kind is int or kind is float:
            spelt = repr(value)
            redacted = self._text(spelt)
            if redacted != spelt:
                return None if leave_out else redacted
        return value

    def object(self, fields: dict[str, Any], *, leave_out: bool, prefix: str = "") -> None:
        """Redact an object in place: values by the names of their fields, other values, and names."""
        renamed = False
        for field, value in list(fields.items()):
            name = self._named(field, prefix)
            new = self._whole(value, name) if name else self._value(value, leave_out=leave_out)
            if new is not value:
                fields[field] = new
                if new is None:
                    del fields[field]
            renamed |= self._text(field) != field
        if renamed:
            items = list(fields.items())
            fields.clear()
            for field, value in items:
                fields[_free(self._text(field), fields)] = value

    def _named(self, field: str, prefix: str) -> str | None:
        if self._keys is None:
            return None
        return self._keys.name_of(field) or (self._keys.name_of(prefix + field) if prefix else None)

    def _whole(self, value: Any, name: str) -> Any:
        """What stands for the value of a field that is redacted by its name; nothing says nothing."""
        placeholder = f"[redacted:{name}]"
        if value is None or value in ("", placeholder):
            return value
        self._changed = True
        return placeholder

    def _text(self, text: str) -> str:
        redacted = self._patterns.redacted(text, self._worth)
        if redacted != text:
            self._changed = True
            return redacted
        return text


def _free(name: str, taken: dict[str, Any]) -> str:
    """The name, or that name with a number when another field has it: two addresses become the same words."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}~{number}"
    return free
