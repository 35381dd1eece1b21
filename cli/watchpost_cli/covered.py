"""What `watchpost subscriptions` tells of the ledger: which log groups are shipped, and why the others are not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from watchpost_cli import times
from watchpost_cli.terminal import counted, named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from watchpost.ledger import Entry, Sweep

# What somebody has to do something about comes first, then what may be missed by mistake, then what is as it should
# be: in an account of thousands of log groups the covered ones are nearly all, and nobody looks for them.
STATES = ("blocked", "failed", "skipped", "covered")
COLUMNS = ("log group", "state", "service", "rule", "since (UTC)", "reason")
OVERDUE = 2  # sweeps in a row, as the alarm has it
LATE_SECONDS = 2 * 3_600  # a sweep begins every hour
MOST_HOLDERS = 10  # filters that hold places, as they are named in a sentence
MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Covered:
    """The ledger of a stack at a time."""

    stack: str
    entries: Mapping[str, Entry]  # by the names of the log groups
    sweep: Sweep
    now: float  # seconds since 1970

    def listed(self, state: str | None = None, service: str | None = None) -> list[Entry]:
        """The entries in the order in which they are shown; only those of a state and a service, where one is given."""
        found = [
            entry
            for entry in self.entries.values()
            if state in (None, entry.state) and service in (None, entry.service)
        ]
        return sorted(found, key=lambda entry: (_rank(entry.state), -entry.missed, entry.log_group))

    @property
    def counts(self) -> dict[str, int]:
        """Log groups by state."""
        found = Counter(str(entry.state) for entry in self.entries.values())
        return {state: found[state] for state in sorted({*STATES, *found}, key=_rank)}

    @property
    def exit_code(self) -> int:
        """0 when all that should be covered is; 1 when something is not, or no sweep has ended yet to say so."""
        counts = self.counts
        return 0 if self.sweep.finished and not counts["blocked"] and not counts["failed"] else 1

    def sentences(self) -> list[str]:
        """What the table does not tell, the most urgent last: it is what stands above the next prompt."""
        said = [*self._sweeps(), *self._totals()]
        problems = [f"Problem: {problem}" for problem in self.sweep.problems[:MOST_PROBLEMS]]
        if len(self.sweep.problems) > MOST_PROBLEMS:
            problems.append(f"and {counted(len(self.sweep.problems) - MOST_PROBLEMS, 'more problem')}.")
        return [*said, *problems, *self._failed(), *self._blocked()]

    def as_json(self, listed: Sequence[Entry]) -> dict[str, Any]:
        """For machines; listed: the entries to show. Field names are promised in --help."""
        sweep = self.sweep
        return {
            "stack": self.stack,
            "sweep": {
                "running": sweep.running,
                "began": times.iso(sweep.began),
                "finished": times.iso(sweep.finished),
                "cursor": sweep.cursor or None,
                "scope": sweep.scope or None,
                "leaving": sweep.leaving,
                "problems": list(sweep.problems),
                "counts": dict(sweep.counts),
            },
            "counts": self.counts,
            "groups": [
                {
                    "logGroup": entry.log_group,
                    "state": entry.state,
                    "service": entry.service or None,
                    "rule": entry.rule,
                    "since": entry.since,
                    "reason": entry.reason,
                    "filter": entry.filter or None,
                    "destination": entry.destination or None,
                    "via": entry.via or None,
                    "heldBy": list(entry.held_by),
                    "missed": entry.missed,
                }
                for entry in listed
            ],
        }

    def _sweeps(self) -> list[str]:
        sweep, said = self.sweep, []
        if not sweep.finished and not self.entries:
            said.append(
                "The ledger is empty: no sweep has ended yet. One begins at deployment and every hour; "
                f"if this stays so, the log group {self._log} says why. --plan shows what a sweep would do."
            )
        elif not sweep.finished:
            said.append("No sweep has ended yet: what is listed is what was done so far.")
        else:
            ago = times.span(max(self.now - sweep.finished, 0))
            said.append(f"The last sweep ended {times.minute(sweep.finished)} UTC, {ago} ago.")
            if self.now - sweep.finished > LATE_SECONDS and not sweep.running:
                said.append(
                    f"One should end every hour: the log group /aws/lambda/{self.stack}-subscriber says why not."
                )
        if sweep.running:
            said.append(f"A sweep is going on since {times.minute(sweep.began)} UTC{self._progress()}.")
        elif sweep.again:
            said.append("The next sweep begins within 5 minutes, because something changed.")
        if sweep.leaving:
            said.append("The stack is being deleted: nothing is subscribed any more, and filters are removed.")
        return said

    def _progress(self) -> str:
        if not self.sweep.cursor:
            return ""
        done = sum(1 for name in self.entries if name <= self.sweep.cursor)
        of = (
            f"{done} of {counted(len(self.entries), 'log group')}"
            if self.sweep.finished
            else counted(done, "log group")
        )
        return f": {of} done, up to {named((self.sweep.cursor,))}"

    @property
    def _log(self) -> str:
        """The log group of the subscriber."""
        return f"/aws/lambda/{self.stack}-subscriber"

    def _totals(self) -> list[str]:
        if not self.entries:
            return []
        parts = []
        for state, number in self.counts.items():
            via = sum(1 for entry in self.entries.values() if entry.state == state and entry.via == "account")
            account = f" ({via} by the account-level policy)" if via else ""
            if number:
                parts.append(f"{number} {state}{account}")
        return [f"{counted(len(self.entries), 'log group')}: {', '.join(parts)}."]

    def _failed(self) -> list[str]:
        failed = [entry for entry in self.entries.values() if entry.state == "failed"]
        if not failed:
            return []
        said = f"{counted(len(failed), 'log group')} failed. The next sweep tries again; {self._log} says more."
        return [said + _overdue(failed)]

    def _blocked(self) -> list[str]:
        blocked = [entry for entry in self.entries.values() if entry.state == "blocked"]
        if not blocked:
            return []
        holders = Counter(holder for entry in blocked for holder in entry.held_by)
        said = f"{counted(len(blocked), 'log group is', 'log groups are')} blocked: others hold the places for filters."
        if holders:
            ranked = [f"{name} ({number})" for name, number in holders.most_common()]
            said += f" They are held by {named(ranked, MOST_HOLDERS)}."
        return [f"{said} Watchpost removes none of them: remove one, or exclude the log group.{_overdue(blocked)}"]


def reason_of(entry: Entry) -> str:
    """Why an entry is in its state, who holds the places, and since how many sweeps it waits."""
    parts = [entry.reason] if entry.reason else []
    # Of one that failed it names filters of ours that may still be there, for the next sweep.
    if entry.state == "blocked" and entry.held_by:
        parts.append(f"held by {', '.join(entry.held_by)}")
    if entry.via == "account":
        parts.append("by the account-level policy")
    if entry.missed:
        parts.append(f"missed by {counted(entry.missed, 'sweep')}")
    return "; ".join(parts)


def _overdue(entries: Sequence[Entry]) -> str:
    overdue = sum(1 for entry in entries if entry.missed >= OVERDUE)
    return f" {counted(overdue, 'of them is', 'of them are')} overdue: not covered for two sweeps." if overdue else ""


def _rank(state: str) -> int:
    return STATES.index(state) if state in STATES else len(STATES)
