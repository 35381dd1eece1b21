"""What a run did, for the log, for whoever asked, and for the error at its end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provisioner.kibana import KibanaResult

if TYPE_CHECKING:
    from provisioner.changes import Change

EXAMPLES = 20  # of each kind of change that the log names
MOST_TOLD = 1_000  # changes and reasons that an invocation answers with: an answer of Lambda is at most 6 MB


@dataclass(slots=True)
class Changes:
    """What happened to alarms or dashboards. Of a plan: what would happen."""

    created: list[Change] = field(default_factory=list)
    updated: list[Change] = field(default_factory=list)
    deleted: list[Change] = field(default_factory=list)
    unchanged: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)  # name, reason

    def fail(self, name: str, reason: str) -> None:
        """Record what was not done."""
        self.failed.append({"name": name, "reason": reason})

    def as_dict(self) -> dict[str, Any]:
        """All of it; see Change.as_dict."""
        return {
            "created": [change.as_dict() for change in self.created],
            "updated": [change.as_dict() for change in self.updated],
            "deleted": [change.as_dict() for change in self.deleted],
            "unchanged": self.unchanged,
            "failed": self.failed,
        }

    def counts(self) -> dict[str, int]:
        """How many of each."""
        return {
            "created": len(self.created),
            "updated": len(self.updated),
            "deleted": len(self.deleted),
            "unchanged": self.unchanged,
            "failed": len(self.failed),
        }

    def examples(self) -> dict[str, list[Any]]:
        """The first of each, the changes by name."""
        found: dict[str, list[Any]] = {
            "created": [change.name for change in self.created[:EXAMPLES]],
            "updated": [change.name for change in self.updated[:EXAMPLES]],
            "deleted": [change.name for change in self.deleted[:EXAMPLES]],
            "failed": self.failed[:EXAMPLES],
        }
        return {kind: named for kind, named in found.items() if named}


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
    alarms: Changes = field(default_factory=Changes)  # composite alarms among them
    dashboards: Changes = field(default_factory=Changes)
    templates: TemplateChanges = field(default_factory=TemplateChanges)
    kibana: KibanaResult = field(default_factory=KibanaResult)
    without_alarm: list[dict[str, str]] = field(default_factory=list)  # resource, alarm, reason
    left_out: list[dict[str, str]] = field(default_factory=list)  # by the budget: name, reason
    warnings: list[str] = field(default_factory=list)
    cost: tuple[float, float] = (0.0, 0.0)  # USD a month, before and after
    # What all dashboards should be, decoded and by name, for who draws them; in no answer and no log.
    bodies: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: dict[str, dict[str, int]] = field(default_factory=dict)  # by operation: calls, throttled, retried

    def as_dict(self) -> dict[str, Any]:
        """All of it, each change field by field: for a large account this is large."""
        return {
            **self._common(),
            "alarms": self.alarms.as_dict(),
            "dashboards": self.dashboards.as_dict(),
            "templates": self.templates.as_dict(),
            "without_alarm": self.without_alarm,
            "left_out": self.left_out,
        }

    def for_log(self) -> dict[str, Any]:
        """The same in numbers, with the first of each kind of change and a number for each reason."""
        return {
            **self._common(),
            "alarms": self.alarms.counts(),
            "dashboards": self.dashboards.counts(),
            "examples": {"alarms": self.alarms.examples(), "dashboards": self.dashboards.examples()},
            "templates": self.templates.as_dict(),
            "without_alarm": dict(Counter(entry["reason"] for entry in self.without_alarm)),
            "left_out": len(self.left_out),
            "calls": self.calls,
        }

    def answer(self) -> dict[str, Any]:
        """What an invocation answers with: all of it, or for a large account what the log has, and `shortened`."""
        changes = (self.alarms, self.dashboards)
        told = sum(len(part.created) + len(part.updated) + len(part.deleted) + len(part.failed) for part in changes)
        if told + len(self.without_alarm) + len(self.left_out) <= MOST_TOLD:
            return self.as_dict()
        return {**self.for_log(), "shortened": True}

    def failures(self) -> list[dict[str, str]]:
        """Everything that was not done, in the order it was tried.

        What was not done in Kibana is not among them: it is told beside them, and the next run does it.
        """
        return [*self.templates.failed, *self.alarms.failed, *self.dashboards.failed]

    def _common(self) -> dict[str, Any]:
        before, after = self.cost
        return {
            "services": self.services,
            "warnings": self.warnings,
            "cost": {"before": before, "after": after},
            "kibana": self.kibana.as_dict(),
        }
