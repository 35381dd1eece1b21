"""The saved objects of a made-up Kibana, and what import, export and delete do with them.

Kept as Kibana keeps them: what is imported is migrated to the release's own version, so that an export never returns
what was sent.
"""

from __future__ import annotations

import copy
import itertools
import json
import uuid
from typing import Any

from tests.integration.kibana_server import schemas

MOST = 10_000  # savedObjects.maxImportExportSize
_VALIDATED = ("index-pattern", "search")  # types of references that an import insists on


class RefusedError(Exception):
    """A request that Kibana refuses with status 400."""

    def __init__(self, message: str, attributes: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.attributes = attributes


class Store:
    """The objects of one space, by type and id."""

    def __init__(self, release: str) -> None:
        self.release = release
        self.objects: dict[tuple[str, str], dict[str, Any]] = {}
        self._versions = itertools.count()

    def import_(self, objects: list[dict[str, Any]], *, overwrite: bool) -> dict[str, Any]:
        """The answer to an import. Nothing is stored when there are conflicts or missing references."""
        if len(objects) > MOST:
            raise RefusedError(f"Can't import more than {MOST} objects")
        keys = [(one["type"], one["id"]) for one in objects]
        if len(set(keys)) < len(keys):
            raise RefusedError("Non-unique import objects detected")
        errors = [error for one in objects for error in self._errors(one, set(keys), overwrite=overwrite)]
        stored = []
        if not errors:
            for one in objects:
                why = schemas.refusal(one, self.release)
                if why:
                    message = f"{why}: Bad Request"
                    errors.append(_error(one, {"type": "unknown", "message": message, "statusCode": 400}))
                else:
                    self._store(one)
                    stored.append({"type": one["type"], "id": one["id"], "overwrite": overwrite})
        answer: dict[str, Any] = {"successCount": len(stored), "success": not errors, "warnings": []}
        return answer | ({"errors": errors} if errors else {}) | ({"successResults": stored} if stored else {})

    def _errors(self, one: dict[str, Any], sent: set[tuple[str, str]], *, overwrite: bool) -> list[dict[str, Any]]:
        if one["type"] not in schemas.SCHEMAS:
            return [_error(one, {"type": "unsupported_type"})]
        missing = [
            {"type": reference["type"], "id": reference["id"]}
            for reference in one.get("references", [])
            if reference["type"] in _VALIDATED
            and (reference["type"], reference["id"]) not in sent
            and (reference["type"], reference["id"]) not in self.objects
        ]
        found = [_error(one, {"type": "missing_references", "references": missing})] if missing else []
        if not overwrite and (one["type"], one["id"]) in self.objects:
            found.append(_error(one, {"type": "conflict"}))
        return found

    def _store(self, one: dict[str, Any]) -> None:
        stored = _migrated(copy.deepcopy(one), self.release)
        stored |= {"managed": False, "updated_at": "2026-11-21T08:00:00.000Z", "created_at": "2026-11-21T08:00:00.000Z"}
        stored["version"] = f"WzE{next(self._versions)}"
        self.objects[one["type"], one["id"]] = stored

    def export(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        """The lines of an export."""
        unknown = asked.keys() - {
            *("type", "hasReference", "objects", "search", "includeReferencesDeep", "excludeExportDetails")
        }
        if unknown:
            raise RefusedError(f"[request body.{min(unknown)}]: definition for this key is missing")
        if bool(asked.get("type")) == bool(asked.get("objects")):
            raise RefusedError("Either `type` or `objects` are required.")
        found = self._asked(asked)
        missing: list[dict[str, str]] = []
        if asked.get("includeReferencesDeep"):
            self._follow(found, missing)
        lines: list[dict[str, Any]] = [found[key] for key in sorted(found)]
        details = {"excludedObjects": [], "excludedObjectsCount": 0, "exportedCount": len(lines)}
        if not asked.get("excludeExportDetails"):
            lines.append({**details, "missingRefCount": len(missing), "missingReferences": missing})
        return lines

    def _asked(self, asked: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
        if asked.get("objects"):
            keys = [(one["type"], one["id"]) for one in asked["objects"]]
            absent = [key for key in keys if key not in self.objects]
            if absent:
                errors = [{"type": kind, "id": name, "error": {"statusCode": 404}} for kind, name in absent]
                raise RefusedError("Error fetching objects to export", {"objects": errors})
            return {key: self.objects[key] for key in keys}
        types = [asked["type"]] if isinstance(asked["type"], str) else asked["type"]
        if set(types) - schemas.SCHEMAS.keys():
            raise RefusedError("Trying to export non-exportable type(s)")
        wanted = asked.get("hasReference")
        wanted = [wanted] if isinstance(wanted, dict) else wanted
        return {
            key: one
            for key, one in self.objects.items()
            if key[0] in types and (not wanted or any(_refers(one, reference) for reference in wanted))
        }

    def _follow(self, found: dict[tuple[str, str], dict[str, Any]], missing: list[dict[str, str]]) -> None:
        waiting = list(found.values())
        while waiting:
            for reference in waiting.pop()["references"]:
                key = (reference["type"], reference["id"])
                if key in found:
                    continue
                if key in self.objects:
                    found[key] = self.objects[key]
                    waiting.append(self.objects[key])
                else:
                    missing.append({"type": key[0], "id": key[1]})

    def edit(self, kind: str, identifier: str, **attributes: Any) -> None:
        """What somebody changes by hand: Kibana leaves everything else as it is."""
        self.objects[kind, identifier]["attributes"] |= attributes


def _refers(one: dict[str, Any], reference: dict[str, str]) -> bool:
    return any(found["type"] == reference["type"] and found["id"] == reference["id"] for found in one["references"])


def _error(one: dict[str, Any], error: dict[str, Any]) -> dict[str, Any]:
    title = one.get("attributes", {}).get("title", "")
    return {"type": one["type"], "id": one["id"], "meta": {"title": title}, "error": error}


def _migrated(one: dict[str, Any], release: str) -> dict[str, Any]:
    newest = schemas.KNOWN[release][one["type"]]
    older = tuple(map(int, one["typeMigrationVersion"].split("."))) < newest
    one["typeMigrationVersion"] = ".".join(map(str, newest))
    if not older or release == "8.10":
        return one
    attributes = one["attributes"]
    if one["type"] == "search" and "tabs" not in attributes:
        # As the type's model version 6 does: with an id that is another one each time.
        inner = {name: value for name, value in attributes.items() if name not in ("title", "description")}
        attributes["tabs"] = [{"id": str(uuid.uuid4()), "label": "Untitled", "attributes": inner}]
    if one["type"] == "dashboard":
        panels = json.loads(attributes["panelsJSON"])
        attributes["panelsJSON"] = json.dumps([{key: panel[key] for key in sorted(panel)} for panel in panels])
    return one
