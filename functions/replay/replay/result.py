"""What a run did: counts for its caller, and as metrics."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from watchpost.names import PIPELINE_NAMESPACE

if TYPE_CHECKING:
    from datetime import datetime

    from watchpost.dead_letters import DeadLetter

DELIVERED, FAILED, REJECTED, LEFT = COLUMNS = ("delivered", "failed", "rejected", "left")
FINISHED, MORE, UNAVAILABLE = "finished", "more", "unavailable"
MAX_ROWS = 50  # kinds and reasons that an answer names; the others are counted together
MAX_REASON = 200  # characters
OTHERS = "(other reasons)"

_Row = tuple[str, str]  # kind and reason


@dataclass(slots=True)
class Outcome:
    """What became of objects and their letters."""

    rows: dict[_Row, Counter[str]] = field(default_factory=dict)
    gone: int = 0  # objects that are removed
    unfinished: list[str] = field(default_factory=list)  # keys of objects that a session has to come back to
    busy: int = 0  # objects that another run has claimed
    broken: int = 0  # objects that S3 would not give or take
    unreadable: int = 0  # objects of which a part, or all, is in `rejected/` as it is
    foreign: Counter[str] = field(default_factory=Counter)  # objects of other functions, which are left alone

    def count(self, letter: DeadLetter, column: str) -> None:
        """Count a letter under the reason that it had before this run."""
        self.rows.setdefault((letter.kind[:40], letter.reason[:MAX_REASON]), Counter())[column] += 1

    def add(self, other: Outcome) -> None:
        """Add what became of others."""
        for row, counts in other.rows.items():
            self.rows.setdefault(row, Counter()).update(counts)
        self.gone += other.gone
        self.unfinished += other.unfinished
        self.busy += other.busy
        self.broken += other.broken
        self.unreadable += other.unreadable
        self.foreign.update(other.foreign)

    def total(self, column: str) -> int:
        """Letters of all reasons in a column."""
        return sum(counts[column] for counts in self.rows.values())

    def shown(self) -> list[dict[str, Any]]:
        """The rows, most letters first, those beyond the fiftieth together."""
        ordered = sorted(self.rows.items(), key=lambda item: (-item[1].total(), item[0]))
        rest: dict[str, Counter[str]] = {}
        for (kind, _), counts in ordered[MAX_ROWS:]:
            rest.setdefault(kind, Counter()).update(counts)
        named = ordered[:MAX_ROWS] + [((kind, OTHERS), counts) for kind, counts in rest.items()]
        return [{"kind": kind, "reason": reason, **counts} for (kind, reason), counts in named]


@dataclass(slots=True)
class Result:
    """The answer of an invocation."""

    started: datetime
    dry_run: bool = False
    state: str = FINISHED
    stopped: str = ""  # why it stopped before it was through
    outcome: Outcome = field(default_factory=Outcome)
    objects: int = 0  # that were looked at
    waiting: int = 0  # objects that are not looked at yet, of those that were listed
    cursor: str = ""  # key of the last object that was looked at, in the order of keys
    pending: int | None = None  # objects that wait after the run; None when it did not look at all of them
    oldest_seconds: float | None = None  # age of the oldest object that waited when the run began

    def as_dict(self) -> dict[str, Any]:
        """For the caller, as JSON takes it."""
        return {
            "state": self.state,
            "stopped": self.stopped[:500],
            "started": self.started.isoformat(),
            "objects": self.objects,
            "waiting": self.waiting,
            "cursor": self.cursor,
            "again": sorted(self.outcome.unfinished),
            **{column: self.outcome.total(column) for column in COLUMNS},
            "rows": self.outcome.shown(),
            "busy": self.outcome.busy,
            "broken": self.outcome.broken,
            "unreadable": self.outcome.unreadable,
            "foreign": dict(self.outcome.foreign),
        }

    def for_log(self) -> dict[str, Any]:
        """For the function's log: without the reasons, which may repeat what stood in a line."""
        return {name: value for name, value in self.as_dict().items() if name not in ("rows", "stopped")}

    def emf(self, stack: str, now: datetime) -> str:
        """One line in CloudWatch's embedded metric format, with dimension Stack. A dry run changes nothing."""
        values: dict[str, float] = {
            "DeadLettersReplayed": self.outcome.total(DELIVERED),
            "DeadLettersFailed": self.outcome.total(FAILED),
            "DeadLettersRejected": self.outcome.total(REJECTED) + (0 if self.dry_run else self.outcome.unreadable),
        }
        if self.pending is not None:
            values["DeadLettersPending"] = self.pending
        if self.oldest_seconds is not None:
            values["OldestDeadLetterSeconds"] = round(self.oldest_seconds, 1)
        metrics = [{"Name": name, "Unit": "Seconds" if name.endswith("Seconds") else "Count"} for name in values]
        directive = {"Namespace": PIPELINE_NAMESPACE, "Dimensions": [["Stack"]], "Metrics": metrics}
        time_ms = int(now.timestamp() * 1000)
        line = {"_aws": {"Timestamp": time_ms, "CloudWatchMetrics": [directive]}, "Stack": stack, **values}
        return json.dumps(line)
