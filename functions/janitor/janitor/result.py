"""What a run found and did: for its caller, for the log, and as metrics."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from watchpost.names import PIPELINE_NAMESPACE

from janitor.removing import DELETE, DELETED, FAILED

if TYPE_CHECKING:
    from datetime import datetime

VERSION, LAYER_VERSION, LOG_GROUP = KINDS = ("version", "layerVersion", "logGroup")
KEPT, LATER = "kept", "later"
REPORT_MODE, DELETE_MODE = "report", "delete"
FINISHED, MORE = "finished", "more"
MOST_TOLD = 1_000  # entries that an invocation answers with: an answer of Lambda is at most 6 MB


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing, and what became of it.

    action: kept, delete (it would be), deleted, gone (somebody else did), refused, failed, or later (the next run).
    """

    kind: str  # of KINDS
    name: str  # of the function, layer or log group
    number: int | None  # of the version; None is all of them, or a log group
    action: str
    reason: str  # for people; what AWS says in it is data
    why: str = ""  # of what is kept: the kind of reason
    bytes: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "kind": self.kind,
            "name": self.name,
            "version": self.number,
            "action": self.action,
            "reason": self.reason,
            "bytes": self.bytes,
        }


@dataclass(slots=True)
class Result:
    """Everything that one run found and did."""

    mode: str  # REPORT_MODE or DELETE_MODE
    entries: list[Entry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)  # of a whole listing, or of the configuration
    stopped: str = ""  # why it ended before it was through; the next day's run does the rest
    calls: dict[str, dict[str, int]] = field(default_factory=dict)  # by operation: calls, throttled, retried

    def count(self, kind: str, *actions: str) -> int:
        """How many of a kind came to one of these ends."""
        return sum(one.kind == kind and one.action in actions for one in self.entries)

    @property
    def state(self) -> str:
        """Whether all was looked at: `finished`, or `more`: the next day's run does what is left."""
        return MORE if self.stopped or any(one.action == LATER for one in self.entries) else FINISHED

    @property
    def errors(self) -> int:
        """What failed. What AWS refused because it is in use did not."""
        return len(self.problems) + sum(one.action == FAILED for one in self.entries)

    @property
    def bytes_freed(self) -> int:
        """Bytes of code of function versions that are deleted.

        What a layer version takes is told only by a call that hands out its content as well.
        """
        return sum(one.bytes for one in self.entries if one.action == DELETED and one.kind == VERSION)

    def counts(self) -> dict[str, dict[str, int]]:
        """By kind: how many came to which end."""
        found: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
        for one in self.entries:
            found[one.kind][one.action] += 1
        return {kind: dict(counter) for kind, counter in found.items()}

    def kept(self) -> dict[str, dict[str, int]]:
        """By kind: how many are kept for which kind of reason."""
        found: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
        for one in self.entries:
            if one.action == KEPT:
                found[one.kind][one.why] += 1
        return {kind: dict(counter) for kind, counter in found.items()}

    def summary(self) -> dict[str, Any]:
        """All in numbers."""
        return {
            "mode": self.mode,
            "state": self.state,
            "stopped": self.stopped,
            "counts": self.counts(),
            "kept": self.kept(),
            "bytesFreed": self.bytes_freed,
            "errors": self.errors,
            "problems": self.problems,
        }

    def as_dict(self) -> dict[str, Any]:
        """All of it, each thing that is kept too: of a large account this is large."""
        return {**self.summary(), "entries": [one.as_dict() for one in self.entries]}

    def answer(self) -> dict[str, Any]:
        """What an invocation answers with: the numbers, and what is not kept; `shortened` when that is not all."""
        told = [one.as_dict() for one in self.entries if one.action != KEPT]
        shortened = {"shortened": True} if len(told) > MOST_TOLD else {}
        return {**self.summary(), "entries": told[:MOST_TOLD], **shortened}

    def emf(self, stack: str, now: datetime) -> str:
        """One line in CloudWatch's embedded metric format, with dimension Stack."""
        values = {
            "VersionsDeleted": self.count(VERSION, DELETED),
            "LayerVersionsDeleted": self.count(LAYER_VERSION, DELETED),
            "LogGroupsDeleted": self.count(LOG_GROUP, DELETED),
            "OrphanedLogGroups": self.count(LOG_GROUP, DELETE, LATER, FAILED),
            "BytesFreed": self.bytes_freed,
            "JanitorErrors": self.errors,
        }
        metrics = [{"Name": name, "Unit": "Bytes" if name == "BytesFreed" else "Count"} for name in values]
        directive = {"Namespace": PIPELINE_NAMESPACE, "Dimensions": [["Stack"]], "Metrics": metrics}
        time_ms = int(now.timestamp() * 1000)
        return json.dumps({"_aws": {"Timestamp": time_ms, "CloudWatchMetrics": [directive]}, "Stack": stack, **values})
