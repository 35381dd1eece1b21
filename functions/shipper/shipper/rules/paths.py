"""Dotted paths into the fields of a line. A dot may be a level of nesting, or stand in a name itself."""

from __future__ import annotations

from typing import Any

MISSING: Any = object()

Parts = tuple[str, ...]
Place = tuple[dict[str, Any], str]  # an object, and the name of a field in it


def get(fields: dict[str, Any], parts: Parts) -> Any:
    """The value at a path, or MISSING."""
    found = find(fields, parts)
    return found[0][found[1]] if found else MISSING


def find(fields: dict[str, Any], parts: Parts) -> Place | None:
    """Where the value at a path is. Of `a.b` both `{"a": {"b": …}}` and `{"a.b": …}` have it; the first counts."""
    first = parts[0]
    if len(parts) == 1:
        return (fields, first) if first in fields else None
    inner = fields.get(first)
    if type(inner) is dict:
        found = find(inner, parts[1:])
        if found:
            return found
    return find(fields, (f"{first}.{parts[1]}", *parts[2:]))


def remove(fields: dict[str, Any], parts: Parts, place: Place) -> None:
    """Take away the value at a path, and the objects that it leaves empty; place: what `find` found."""
    inner, name = place
    del inner[name]
    if inner or inner is fields:
        return
    for length in range(len(parts) - 1, 0, -1):
        outer = find(fields, parts[:length])
        if outer and outer[0][outer[1]] is inner:
            remove(fields, parts[:length], outer)
            return


def put(fields: dict[str, Any], parts: Parts, value: Any) -> bool:
    """Set a value in nested objects, which are made where they are missing; False when there is one already."""
    for part in parts[:-1]:
        fields = fields.setdefault(part, {})
    return fields.setdefault(parts[-1], value) is value
