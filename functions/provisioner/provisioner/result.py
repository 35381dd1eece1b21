"""What a run did, for the log, for whoever asked, and for the error at its end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Changes:
    """What happened to alarms or dashboards. Of a plan: what would happen."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    unchanged: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)  # name, reason

    def fail(self, name: str, reason: str) -> None:
        """Record what was not done."""
        self.failed.append({"name": name, "reason": reason})

    def as_dict(self) -> dict[str, Any]:
        return {
            "created": self.created,
            "updated": self.updated,
            "deleted": self.deleted,
            "unchanged": self.unchanged,
            "failed": self.failed,
        }


@dataclass(slots=True)
class TemplateChanges:
    """What happened to index templates. `outside` are failures that no definition can cause."""

    installed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)  # name, reason
    outside: bool = True  # whether all failures are of the cluster or its credentials

    def fail(self, name: str, reason: str, *, outside: bool) -> None:
        """Record what was not done."""
        self.failed.append({"name": name, "reason": reason})
        self.outside = self.outside and outside

    def as_dict(self) -> dict[str, Any]:
        return {"installed": self.installed, "unchanged": self.unchanged, "failed": self.failed}


@dataclass(slots=True)
class Result:
    """Everything that one run did."""

    services: int = 0
    alarms: Changes = field(default_factory=Changes)
    dashboards: Changes = field(default_factory=Changes)
    templates: TemplateChanges = field(default_factory=TemplateChanges)
    without_alarm: list[dict[str, str]] = field(default_factory=list)  # resource, alarm, reason

    def as_dict(self) -> dict[str, Any]:
        return {
            "services": self.services,
            "alarms": self.alarms.as_dict(),
            "dashboards": self.dashboards.as_dict(),
            "templates": self.templates.as_dict(),
            "without_alarm": self.without_alarm,
        }

    def for_log(self) -> dict[str, Any]:
        """The same with a number for each reason instead of a line for each alarm that is left out."""
        reasons = Counter(entry["reason"] for entry in self.without_alarm)
        return {**self.as_dict(), "without_alarm": dict(reasons)}

    def failures(self) -> list[dict[str, str]]:
        """Everything that was not done, in the order it was tried."""
        return [*self.templates.failed, *self.alarms.failed, *self.dashboards.failed]
