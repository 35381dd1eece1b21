"""What goes into keeping Kibana's objects, what comes out of it, and what a saved object is."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, TypeAlias

DATA_VIEW, SEARCH, DASHBOARD = "index-pattern", "search", "dashboard"
# A saved object as Kibana exports and imports it: type, id, attributes, references, version stamps.
SavedObject: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[str, str]  # type and id


@dataclass(frozen=True, slots=True)
class Service:
    """A service that gets a dashboard. owner, runbook: "" when nobody said it; the runbook is an address."""

    name: str
    owner: str = ""
    runbook: str = ""


@dataclass(frozen=True, slots=True)
class KibanaResult:
    """What happened to Kibana's objects, by id; of a plan, what would happen.

    failed: why something was not done, one line; None when all is as defined. The next run does what is missing.
    """

    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    failed: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """For an answer or a log."""
        return {
            "created": list(self.created),
            "updated": list(self.updated),
            "deleted": list(self.deleted),
            "unchanged": len(self.unchanged),
            "failed": self.failed,
        }


def key_of(one: SavedObject) -> Key:
    """By what Kibana tells its objects apart."""
    return one["type"], one["id"]


def compact(value: Any) -> str:
    """JSON as the strings inside of saved objects have it: always the same for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(*values: Any) -> str:
    """Twelve characters that are others when the values are."""
    return hashlib.sha256(compact(values).encode()).hexdigest()[:12]
