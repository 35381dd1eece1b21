"""What a run did, group by group."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from subscriber.filters import Outcome


@dataclass(slots=True)
class Result:
    """The outcome of every log group that a run came to: each is in one of the lists, or counted as unchanged."""

    next_token: str | None = None  # where to go on, when the time was over
    subscribed: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    unchanged: int = 0
    skipped: list[dict[str, str]] = field(default_factory=list)
    blocked: list[dict[str, Any]] = field(default_factory=list)
    retention_set: list[str] = field(default_factory=list)  # groups that are in another list as well
    failed: list[dict[str, str]] = field(default_factory=list)

    def skip(self, log_group: str, reason: str) -> None:
        """Note a group that is left alone on purpose."""
        self.skipped.append({"log_group": log_group, "reason": reason})

    def fail(self, log_group: str, error: Exception) -> None:
        """Note a group that could not be treated."""
        self.failed.append({"log_group": log_group, "reason": f"{type(error).__name__}: {error}"[:500]})

    def add(self, log_group: str, outcome: Outcome) -> None:
        """Note what became of a group's filters."""
        if outcome.state == "blocked":
            held_by = list(outcome.held_by)
            self.blocked.append({"log_group": log_group, "reason": outcome.reason, "held_by": held_by})
        elif outcome.state == "unchanged":
            self.unchanged += 1
        else:
            (self.renamed if outcome.state == "renamed" else self.subscribed).append(log_group)

    def failures(self) -> dict[str, str]:
        """The reason for each group that failed."""
        return {item["log_group"]: item["reason"] for item in self.failed}

    def as_dict(self) -> dict[str, Any]:
        """The result as JSON: `complete`, `next_token`, `unchanged` (a count), and a list for every other outcome."""
        return {
            "complete": self.next_token is None,
            "next_token": self.next_token,
            "subscribed": self.subscribed,
            "renamed": self.renamed,
            "unchanged": self.unchanged,
            "skipped": self.skipped,
            "blocked": self.blocked,
            "retention_set": self.retention_set,
            "failed": self.failed,
        }
