"""As much of JSON Schema 2020-12 as `dashboards/schema.json` uses, so that tests need no library for it."""

from __future__ import annotations

import importlib.resources
import json
import re
from typing import Any

SCHEMA: dict[str, Any] = json.loads(
    (importlib.resources.files("dashboards") / "schema.json").read_text(encoding="utf-8")
)
DEFS: dict[str, Any] = SCHEMA["$defs"]
TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}
# The bounds of `contains` are one and one wherever the schema has it.
WITHOUT_EFFECT = {"$schema", "$defs", "title", "description", "default", "examples", "minContains", "maxContains"}


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


# The keywords that the schema uses, each as JSON Schema 2020-12 defines it for the values that it is about.
CHECKS: dict[str, Any] = {
    "type": lambda v, a: any(_is(v, kind) for kind in ([a] if isinstance(a, str) else a)),
    "enum": lambda v, a: v in a,
    "pattern": lambda v, a: not isinstance(v, str) or re.search(a, v),
    "minLength": lambda v, a: not isinstance(v, str) or len(v) >= a,
    "maxLength": lambda v, a: not isinstance(v, str) or len(v) <= a,
    "minimum": lambda v, a: not _is(v, "number") or v >= a,
    "exclusiveMinimum": lambda v, a: not _is(v, "number") or v > a,
    "maximum": lambda v, a: not _is(v, "number") or v <= a,
    "multipleOf": lambda v, a: not _is(v, "number") or v % a == 0,
    "minItems": lambda v, a: not isinstance(v, list) or len(v) >= a,
    "maxItems": lambda v, a: not isinstance(v, list) or len(v) <= a,
    "maxProperties": lambda v, a: not isinstance(v, dict) or len(v) <= a,
    "required": lambda v, a: not isinstance(v, dict) or set(a) <= set(v),
    "dependentRequired": lambda v, a: not isinstance(v, dict) or all(set(a[n]) <= set(v) for n in a if n in v),
    "propertyNames": lambda v, a: not isinstance(v, dict) or all(valid(name, a) for name in v),
    "items": lambda v, a: not isinstance(v, list) or all(valid(item, a) for item in v),
    "properties": lambda v, a: not isinstance(v, dict) or all(valid(v[name], a[name]) for name in a if name in v),
    "contains": lambda v, a: not isinstance(v, list) or [valid(item, a) for item in v].count(True) == 1,
    "const": lambda v, a: v is a,
    "$ref": lambda v, a: valid(v, DEFS[a.removeprefix("#/$defs/")]),
    "not": lambda v, a: not valid(v, a),
    "oneOf": lambda v, a: [valid(v, one) for one in a].count(True) == 1,
    "anyOf": lambda v, a: any(valid(v, one) for one in a),
}


def valid(value: Any, schema: dict[str, Any]) -> bool:
    """Whether a value is valid; KeyError for a keyword that is not known here."""
    checked = {name: argument for name, argument in schema.items() if name not in WITHOUT_EFFECT}
    others = checked.pop("additionalProperties", None)
    if others is not None and isinstance(value, dict):
        rest = [value[name] for name in value if name not in schema.get("properties", {})]
        if any(others is False or not valid(item, others) for item in rest):
            return False
    return all(CHECKS[name](value, argument) for name, argument in checked.items())
