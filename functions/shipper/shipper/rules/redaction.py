"""Redacts a line: everything in it that is text, and numbers that read like what is looked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from shipper.line import Metric
from shipper.rules import finders
from shipper.rules.escapes import view_of
from shipper.rules.finders import Finder, Glance
from shipper.rules.keys import Keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from watchpost.configuration import Redact

    from shipper.line import Line
    from shipper.rules.escapes import Span

TAG = "redacted"

# What is found may have hidden something beside it, so a changed text is looked at again; no log needs more passes.
_PASSES = 4
# Parts of a line that hold the pipeline's own words, or nothing but them.
_OWN = frozenset({"kind", "level", "outcome", "tags", "cold_start"})
# Parts whose numbers have typed fields: one that must not leave is left out, since no text could take its place.
_TYPED = frozenset({"platform", "typed"})


class Redactor:
    """What one configuration redacts."""

    def __init__(self, redact: Redact) -> None:
        self._finders = [finders.built_in(name) for name in redact.patterns]
        self._finders += [finders.custom(pattern.name, pattern.regex) for pattern in redact.custom]
        implied = {key: name for name in redact.patterns for key in finders.KEYS.get(name, ())}
        names = implied | {key: key for key in redact.keys}
        self._keys = Keys(names) if names else None
        if self._keys:
            self._finders.append(self._keys.finder())
        every = {*redact.patterns, *(pattern.name for pattern in redact.custom), *names.values()}
        spelt = "|".join(map(re.escape, sorted(every, key=len, reverse=True)))
        self.placeholder = re.compile(rf"\[redacted:(?:{spelt})\]")

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to look for."""
        return not self._finders

    def redact(self, line: Line, raw: str) -> None:
        """Redact a line in place, and tag it when something was found.

        raw: the text that the line was made of.
        """
        worth = self._worth(raw)
        if worth and _Walk(self, self._keys, worth).line(line):
            line.tag(TAG)

    def labels(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Static labels, redacted as if they stood in a line."""
        redacted = dict(labels)
        _Walk(self, self._keys, self._finders).object(redacted, leave_out=False)
        return redacted

    def _worth(self, raw: str) -> list[Finder]:
        """The finders that may find something: all of them where escapes can hide it."""
        escaped = "\\" in raw
        if escaped and "\\u" in raw:
            return self._finders
        glance = Glance(raw)
        worth = [finder for finder in self._finders if finder.maybe(glance)]
        if worth and not escaped and raw[:1] == "{":
            # Each string and each number of a JSON line stands in it as it is, so what is not in the line is in none.
            worth = [finder for finder in worth if not finder.exact or any(True for _ in finder.spans(raw))]
        return worth

    def redacted(self, text: str, worth: Sequence[Finder]) -> str:
        """The text with everything replaced that the finders find, also behind JSON escapes."""
        for _ in range(_PASSES):
            found = [item for finder in worth for item in finder.spans(text)]
            view = view_of(text)
            if view is not None:
                found += [(view.back(span), name) for finder in worth for span, name in finder.spans(view.text)]
            replaced = self._replaced(text, found) if found else text
            if replaced == text:
                break
            text = replaced
        return text

    def _replaced(self, text: str, found: list[tuple[Span, str]]) -> str:
        """The text with each stretch of found characters replaced; what was replaced before stays as it is."""
        kept = [placeholder.span() for placeholder in self.placeholder.finditer(text)]
        parts: list[str] = []
        at = 0
        for start, end, name in _outside(_merged(found), kept):
            parts += (text[at:start], f"[redacted:{name}]")
            at = end
        return "".join((*parts, text[at:]))


def _merged(found: list[tuple[Span, str]]) -> list[tuple[int, int, str]]:
    """Overlapping stretches as one, with the name of the one that begins first, of several the longest."""
    merged: list[tuple[int, int, str]] = []
    for (start, end), name in sorted(found, key=lambda item: (item[0][0], -item[0][1])):
        if start == end:
            continue
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end), merged[-1][2])
        else:
            merged.append((start, end, name))
    return merged


def _outside(found: list[tuple[int, int, str]], kept: list[Span]) -> list[tuple[int, int, str]]:
    """The stretches without what is kept; both are in order."""
    outside: list[tuple[int, int, str]] = []
    first = 0
    for start, end, name in found:
        at = start
        while first < len(kept) and kept[first][1] <= start:
            first += 1
        here = first
        while here < len(kept) and kept[here][0] < end:
            if kept[here][0] > at:
                outside.append((at, kept[here][0], name))
            at = max(at, kept[here][1])
            here += 1
        if at < end:
            outside.append((at, end, name))
    return outside


class _Walk:
    """One pass through all that a line holds."""

    def __init__(self, redactor: Redactor, keys: Keys | None, worth: Sequence[Finder]) -> None:
        self._redactor = redactor
        self._worth = worth
        self._keys = keys if keys and any(finder.name == "keys" for finder in worth) else None
        self._changed = False

    def line(self, line: Line) -> bool:
        """Redact a line; whether anything changed."""
        for part, value in list(vars(line).items()):
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
        redacted = self._redactor.redacted(text, self._worth)
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
