"""What a run did: counts for its caller, the log, the ledger and CloudWatch."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from watchpost.names import PIPELINE_NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from watchpost.calls import Calls
    from watchpost.ledger import Entry

EXAMPLES = 20  # groups that an answer names of each kind; the ledger has all. An answer of Lambda is at most 6 MB.
OVERDUE = 2  # sweeps in a row in which a group should have been covered and was not

# What a group can come to in one run: its state in the ledger, and what was changed.
STATES = ("covered", "skipped", "blocked", "failed")
CHANGES = ("subscribed", "renamed", "removed", "retention_set", "gone")


@dataclass(slots=True)
class Result:
    """What one run did. Each group that it came to is counted in one of STATES, or as gone."""

    complete: bool = True
    cursor: str = ""  # the last group that was done, when the time was over
    note: str = ""  # why nothing was done, for people
    counts: Counter[str] = field(default_factory=Counter)  # of STATES and CHANGES
    problems: list[str] = field(default_factory=list)  # of the run, not of one group, for people
    examples: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"blocked": [], "failed": []})

    def came_to(self, entry: Entry) -> None:
        """Count what a group has come to."""
        self.counts[entry.state] += 1
        if entry.state in self.examples:
            self.exemplify(entry.state, entry.log_group, entry.reason, entry.held_by)

    def exemplify(self, kind: str, log_group: str, reason: str, held_by: Iterable[str] = ()) -> None:
        """Name a group that is blocked or failed, or where a part of the work failed."""
        if len(self.examples[kind]) < EXAMPLES:
            held = {"held_by": list(held_by)} if kind == "blocked" else {}
            self.examples[kind].append({"log_group": log_group, "reason": reason, **held})

    def totals(self, calls: Calls | None, before: Mapping[str, int] | None = None) -> dict[str, int]:
        """Counts for the ledger, those of earlier invocations of the same sweep added."""
        done = Counter(before or {})
        done.update(self.counts)
        for stats in calls.stats.values() if calls else ():
            done.update(calls=stats.calls, throttled=stats.throttled, retried=stats.retried)
        return {name: number for name, number in sorted(done.items()) if number}

    def as_dict(self) -> dict[str, Any]:
        """The result as JSON: `complete`, `cursor`, `note`, a number for each of STATES and CHANGES, `problems`, and
        `examples` of what is blocked and failed.
        """
        return {
            "complete": self.complete,
            "cursor": self.cursor,
            "note": self.note,
            **{name: self.counts[name] for name in (*STATES, *CHANGES)},
            "problems": self.problems,
            "examples": self.examples,
        }


def emf(stack: str, entries: Iterable[Entry], seconds: float, throttled: int, time_ms: int) -> str:
    """What a complete sweep found, as one line in CloudWatch's embedded metric format with dimension Stack.

    entries: the whole ledger. seconds: from the sweep's beginning to its end. time_ms: milliseconds since 1970.
    """
    found: Counter[str] = Counter()
    overdue = 0
    for entry in entries:
        found[entry.state] += 1
        overdue += entry.missed >= OVERDUE
    values: dict[str, float] = {
        "GroupsCovered": found["covered"],
        "GroupsBlocked": found["blocked"],
        "GroupsUnsubscribed": found["blocked"] + found["failed"],
        "GroupsSkipped": found["skipped"],
        "GroupsOverdue": overdue,
        "SweepSeconds": round(seconds, 1),
        "CallsThrottled": throttled,
    }
    metrics = [{"Name": name, "Unit": "Seconds" if name.endswith("Seconds") else "Count"} for name in values]
    directive = {"Namespace": PIPELINE_NAMESPACE, "Dimensions": [["Stack"]], "Metrics": metrics}
    return json.dumps({"_aws": {"Timestamp": time_ms, "CloudWatchMetrics": [directive]}, "Stack": stack, **values})
