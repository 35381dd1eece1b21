"""What is changed of an alarm or a dashboard, field by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.compare import normalised

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_OF_A_DASHBOARD = 20  # fields of one dashboard that are told: a new layout changes all of them


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is created (before is None), updated, or deleted (after is None).

    before, after: alarms as CloudWatch's API has them, or fields that stand for a dashboard.
    """

    name: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    def as_dict(self) -> dict[str, Any]:
        """`name`, and `what`: `field`, `before` and `after` of everything that differs, None where there is none."""
        return {"name": self.name, "what": _differing(_fields(self.before), _fields(self.after))}


def of_dashboard(name: str, before: Any, after: Any) -> Change:
    """The change of a dashboard, by its decoded bodies; None where there is none.

    Bodies are large: what is kept are the fields that differ, and of a new or deleted one how many widgets it has.
    """
    if before is None or after is None:
        return Change(name, _size(before), _size(after))
    old, new = _flat(before, ""), _flat(after, "")
    differing = sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))
    told, more = differing[:MOST_OF_A_DASHBOARD], len(differing) - MOST_OF_A_DASHBOARD
    earlier, later = {path: old.get(path) for path in told}, {path: new.get(path) for path in told}
    if more > 0:
        later["more"] = f"{more} more fields"
    return Change(name, earlier, later)


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"field": field, "before": before.get(field), "after": after.get(field)}
        for field in sorted(before.keys() | after.keys())
        if before.get(field) != after.get(field)
    ]


def _fields(alarm: Mapping[str, Any] | None) -> dict[str, Any]:
    """An alarm with a field for each dimension and each part of each metric; other things as they are."""
    if alarm is None:
        return {}
    is_alarm = "AlarmRule" in alarm or "EvaluationPeriods" in alarm
    fields: dict[str, Any] = {}
    for name, value in (normalised(alarm) if is_alarm else alarm).items():
        if name == "Dimensions":
            fields.update(_dimensions(name, value))
        elif name == "Metrics" and is_alarm:
            for query in value:
                fields.update(_query(query))
        else:
            fields[name] = value
    return fields


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    start = f"Metrics.{query['Id']}"
    parts = {f"{start}.{name}": value for name, value in query.items() if name not in ("Id", "Dimensions")}
    return {**parts, **_dimensions(f"{start}.Dimensions", query["Dimensions"])}


def _dimensions(start: str, dimensions: list[tuple[str, str]]) -> dict[str, str]:
    return {f"{start}.{name}": value for name, value in dimensions}


def _size(body: Any) -> dict[str, Any] | None:
    return None if body is None else {"widgets": len(body.get("widgets", ())) if isinstance(body, dict) else 0}


def _flat(value: Any, path: str) -> dict[str, Any]:
    """Every leaf by its path, such as `widgets[3].properties.title`."""
    if isinstance(value, dict):
        inner = [(f"{path}.{name}" if path else str(name), each) for name, each in value.items()]
    elif isinstance(value, list):
        inner = [(f"{path}[{number}]", each) for number, each in enumerate(value)]
    else:
        return {path or "body": value}
    flat: dict[str, Any] = {}
    for place, each in inner:
        flat.update(_flat(each, place))
    return flat
