"""Which fields documents have, and of which type, out of the index templates: Kibana itself accepts any name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from provisioner.templates import Template

NUMBERS = frozenset({"long", "double"})
# What each calculation can work with (Lens, supported fields of its operations). Text has no values to look at.
_ORDERED = NUMBERS | {"date"}
TAKEN = {
    "time": frozenset({"date"}),
    "terms": NUMBERS | {"keyword", "boolean", "ip"},
    "sum": NUMBERS,
    "average": NUMBERS,
    "median": NUMBERS,
    "percentile": NUMBERS,
    "min": _ORDERED,
    "max": _ORDERED,
}
SORTED_BY = _ORDERED | {"keyword", "boolean", "ip"}
DATA_TYPES = {
    "keyword": "string",
    "boolean": "boolean",
    "ip": "ip",
    "date": "date",
    "long": "number",
    "double": "number",
}


def of_streams(templates: Sequence[Template]) -> dict[str, dict[str, str]]:
    """By the name of an index template, such as `logs-watchpost.app`: the type of each field, by its dotted path."""
    components = {one.name: one.body for one in templates if one.folder == "component"}
    return {
        one.name: _all_of([*(components.get(name, {}) for name in one.body.get("composed_of", ())), one.body])
        for one in templates
        if one.folder == "index"
    }


def of_view(streams: Iterable[str], known: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The fields of data streams that are looked at together, each of which at least one of them has."""
    found: dict[str, str] = {}
    for stream in streams:
        found.update(known[stream])
    return found


def type_of(field: str, fields: Mapping[str, str]) -> str | None:
    """The type of a field; `flattened key` of one below a flattened field, which KQL can ask for; None of no field."""
    if field in fields:
        return fields[field]
    parts = field.split(".")
    above = (".".join(parts[:end]) for end in range(1, len(parts)))
    return "flattened key" if any(fields.get(path) == "flattened" for path in above) else None


def _all_of(bodies: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for body in bodies:
        _collect(body.get("template", {}).get("mappings", {}).get("properties", {}), "", found)
    return found


def _collect(properties: Mapping[str, Any], prefix: str, found: dict[str, str]) -> None:
    for name, mapping in properties.items():
        path = prefix + name
        if mapping.get("type", "object") != "object":
            found[path] = mapping["type"]
        _collect(mapping.get("properties", {}), path + ".", found)
        _collect(mapping.get("fields", {}), path + ".", found)
