"""What Kibana lets saved objects have: their attributes at the versions that we stamp, and which versions it knows.

Source: the `create` schemas of the types dashboard, search and index-pattern in Kibana 8.10, which forbid what they do
not name; Kibana API, Import saved objects.
"""

from __future__ import annotations

import json
from typing import Any

DASHBOARD = {
    "title": str,
    "description": str,
    "kibanaSavedObjectMeta": dict,
    "timeRestore": bool,
    "timeFrom": str,
    "timeTo": str,
    "refreshInterval": dict,
    "controlGroupInput": dict,
    "panelsJSON": str,
    "optionsJSON": str,
    "hits": int,
    "version": int,
}
SEARCH = {
    "title": str,
    "description": str,
    "columns": list,
    "sort": list,
    "grid": dict,
    "rowHeight": int,
    "rowsPerPage": int,
    "hideChart": bool,
    "breakdownField": str,
    "kibanaSavedObjectMeta": dict,
    "isTextBasedQuery": bool,
    "usesAdHocDataView": bool,
    "timeRestore": bool,
    "timeRange": dict,
    "refreshInterval": dict,
    "viewMode": str,
    "hideAggregatedPreview": bool,
    "hits": int,
    "version": int,
    "tabs": list,  # from 9.2 on
}
DATA_VIEW = {
    "title": str,
    "name": str,
    "timeFieldName": str,
    "type": str,
    "typeMeta": str,
    "fields": str,
    "sourceFilters": str,
    "fieldFormatMap": str,
    "fieldAttrs": str,
    "runtimeFieldMap": str,
    "allowNoIndex": bool,
    "allowHidden": bool,
}
SCHEMAS: dict[str, dict[str, type]] = {"dashboard": DASHBOARD, "search": SEARCH, "index-pattern": DATA_VIEW}
# The newest stamp that each release knows; what is older is migrated.
KNOWN = {
    "8.10": {"dashboard": (8, 9, 0), "search": (8, 0, 0), "index-pattern": (8, 0, 0)},
    "9.2": {"dashboard": (10, 3, 0), "search": (10, 6, 0), "index-pattern": (10, 1, 0)},
}
CORE = (8, 8, 0)
TOP = {
    *("type", "id", "attributes", "references", "coreMigrationVersion", "typeMigrationVersion", "migrationVersion"),
    *("version", "created_at", "updated_at", "created_by", "updated_by", "managed", "namespaces", "originId"),
}


def refusal(one: dict[str, Any], release: str) -> str | None:
    """Why Kibana does not take an object, or None."""
    kind = one["type"]
    for name, known in (("typeMigrationVersion", KNOWN[release][kind]), ("coreMigrationVersion", CORE)):
        stamp = one.get(name)
        if not isinstance(stamp, str) or tuple(map(int, stamp.split("."))) > known:
            return f"Document {one['id']} belongs to a more recent version of Kibana [{stamp}]"
    unknown = sorted(one.keys() - TOP)
    if unknown:
        return f"[{unknown[0]}]: definition for this key is missing"
    for name, value in one["attributes"].items():
        expected = SCHEMAS[kind].get(name)
        if expected is None:
            return f"[attributes.{name}]: definition for this key is missing"
        if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
            return f"[attributes.{name}]: expected value of type [{expected.__name__}]"
    return _inner(one["attributes"])


def _inner(attributes: dict[str, Any]) -> str | None:
    if not isinstance(attributes.get("title"), str):
        return "[attributes.title]: expected value of type [string] but got [undefined]"
    meta = attributes.get("kibanaSavedObjectMeta", {})
    if meta.keys() - {"searchSourceJSON"}:
        return "[attributes.kibanaSavedObjectMeta]: definition for this key is missing"
    strings = {**meta, **{name: attributes[name] for name in ("panelsJSON", "optionsJSON") if name in attributes}}
    for name, value in strings.items():
        try:
            json.loads(value)
        except (ValueError, TypeError):
            return f"[attributes.{name}]: expected value of type [string] with JSON"
    return None
