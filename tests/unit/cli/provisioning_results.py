"""Results of the provisioner, as `Result.as_dict` has them, for tests of what the command line makes of them."""

from __future__ import annotations

from typing import Any


def item(name: str, *what: tuple[str, Any, Any]) -> dict[str, Any]:
    """An entry of created, updated or deleted. what: field, before, after."""
    return {"name": name, "what": [{"field": one[0], "before": one[1], "after": one[2]} for one in what]}


def part(**lists: Any) -> dict[str, Any]:
    """What became of the alarms, or of the dashboards."""
    return {"created": [], "updated": [], "deleted": [], "unchanged": 0, "failed": [], **lists}


def result(
    alarms: dict[str, Any] | None = None, dashboards: dict[str, Any] | None = None, **others: Any
) -> dict[str, Any]:
    """A result in which nothing happened but what is given."""
    return {
        "services": 0,
        "alarms": part(**(alarms or {})),
        "dashboards": part(**(dashboards or {})),
        "templates": {"installed": [], "unchanged": [], "failed": [{"name": "elasticsearch", "reason": "not asked"}]},
        "without_alarm": [],
        "left_out": [],
        "warnings": [],
        "cost": {"before": 0.0, "after": 0.0},
        **others,
    }
