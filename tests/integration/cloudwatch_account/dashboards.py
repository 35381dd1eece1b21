"""Dashboards, with what CloudWatch refuses or shows wrongly (tests.unit.provisioner.dashboard_limits)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.integration.services_account.scripted import Refusal
from tests.unit.provisioner import dashboard_limits
from tests.unit.provisioner.limits import LimitError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.integration.logs_account.clock import Clock

PAGE = 1000


@dataclass
class Dashboards:
    """All dashboards of an account: text and when it was put. checked: how many requests were checked."""

    clock: Clock
    stored: dict[str, tuple[str, float]] = field(default_factory=dict)
    checked: int = 0

    def list_dashboards(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """In the order of their names."""
        prefix, after = asked.get("DashboardNamePrefix", ""), asked.get("NextToken", "")
        found = sorted(name for name in self.stored if name.startswith(prefix) and name > after)
        page = [
            {"DashboardName": name, "LastModified": datetime.fromtimestamp(self.stored[name][1], UTC)}
            for name in found[:PAGE]
        ]
        return {"DashboardEntries": page, **({"NextToken": found[PAGE - 1]} if found[PAGE:] else {})}

    def get_dashboard(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The text."""
        return {"DashboardName": asked["DashboardName"], "DashboardBody": self._text(asked["DashboardName"])}

    def put_dashboard(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """A new one, or another text."""
        self.checked += 1
        try:
            dashboard_limits.check(asked["DashboardName"], json.loads(asked["DashboardBody"]))
        except LimitError as error:
            raise AssertionError(f"CloudWatch refuses {asked['DashboardName']}: {error}") from None
        self.stored[asked["DashboardName"]] = asked["DashboardBody"], self.clock.now()
        return {"DashboardValidationMessages": []}

    def delete_dashboards(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """All of them or none."""
        for name in asked["DashboardNames"]:
            self._text(name)
        for name in asked["DashboardNames"]:
            del self.stored[name]
        return {}

    def _text(self, name: str) -> str:
        if name not in self.stored:
            raise Refusal("ResourceNotFound", 404)
        return self.stored[name][0]
