"""What applies to an alarm of a resource, by the definitions there are and a configuration."""

from __future__ import annotations

import importlib.resources
import json
from typing import TYPE_CHECKING, Any

from provisioner import loader
from provisioner.inventory import Resource
from provisioner.overrides import Effective, Overrides
from watchpost.configuration import parse

if TYPE_CHECKING:
    from watchpost.configuration import Alarms

KINDS = loader.load(importlib.resources.files("dashboards") / "services")
BY_KIND = {kind.kind: kind for kind in KINDS}


def one_resource(kind: str = "lambda", tags: dict[str, str] | None = None, **fields: Any) -> Resource:
    return Resource(
        **({"kind": kind, "name": "orders-api", "service": "orders", "facts": {}, "tags": tags or {}} | fields)
    )


def effective(alarms: Alarms, resource: Resource, alarm_id: str = "errors") -> Effective:
    """What applies to one alarm. alarm_id: as in the definition of the resource's kind."""
    kind = BY_KIND[resource.kind]
    [alarm] = [alarm for alarm in kind.alarms if alarm.id == alarm_id]
    return Overrides(KINDS, alarms).of(kind, alarm, resource)


def alarms_of(**section: Any) -> Alarms:
    """The section `alarms` of a configuration."""
    return parse(json.dumps({"alarms": section})).alarms


def by_rules(*rules: dict[str, Any]) -> Alarms:
    """The same with these overrides only."""
    return alarms_of(overrides=list(rules))
