"""What the next sweep would do, worked out from what the ledger knows. Pure: nothing is read or changed here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from watchpost import names

from watchpost_cli.terminal import counted, named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from subscriber.decision import Decision, LogGroup
    from watchpost.ledger import Entry

Kind = Literal["unsubscribe", "subscribe", "redirect", "pattern", "rename", "retention"]

# What takes lines away comes first: it is what a dry run is made for.
KINDS: tuple[Kind, ...] = ("unsubscribe", "subscribe", "redirect", "pattern", "rename", "retention")
_NOUNS = {
    "unsubscribe": "to unsubscribe",
    "subscribe": "to subscribe",
    "redirect": "to send elsewhere",
    "pattern": "with another filter pattern",
    "rename": "to rename",
    "retention": "to set a retention for",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that would be done to a log group: from what, to what."""

    kind: Kind
    before: str | int | None = None
    after: str | int | None = None

    @property
    def text(self) -> str:
        """For people."""
        if self.kind == "rename":
            return f"rename {self.before} -> {self.after}"
        if self.kind == "redirect":
            return f"send to {self.after}"
        if self.kind == "pattern":
            return f"filter pattern {self.after!r}" if self.after else "no filter pattern"
        if self.kind == "retention":
            return f"set retention {self.after} d" + (f" (is {self.before} d)" if self.before else "")
        return str(self.kind)


@dataclass(frozen=True, slots=True)
class Planned:
    """One log group: what is decided about it, and what that changes."""

    group: LogGroup
    decision: Decision
    entry: Entry | None  # of the ledger
    changes: tuple[Change, ...]

    def as_json(self) -> dict[str, Any]:
        """For machines. Field names are promised in --help."""
        decision = self.decision
        retention, destination = decision.retention, decision.destination
        return {
            "logGroup": self.group.name,
            "action": decision.action,
            "service": decision.service or None,
            "rule": decision.rule,
            "reason": decision.reason,
            "filterPattern": decision.filter_pattern,
            "destination": destination.arn if destination else None,
            "retention": {"days": retention.days, "overrule": retention.overrule} if retention else None,
            "state": self.entry.state if self.entry else None,
            "changes": [{"kind": one.kind, "from": one.before, "to": one.after} for one in self.changes],
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """A dry run."""

    stack: str
    source: str  # where the configuration comes from, for people
    groups: Sequence[Planned]
    gone: Sequence[str] = ()  # log groups of the ledger that the account has no more
    problems: Sequence[str] = ()

    def listed(self, state: str | None = None, service: str | None = None) -> list[Planned]:
        """In the order in which they are shown: what changes first. Only those that are in a state now, and have or
        get a service, where one is given.
        """
        found = [one for one in self.groups if _has(one, state, service)]
        return sorted(found, key=lambda one: (_rank(one), one.group.name))

    @property
    def actions(self) -> dict[str, int]:
        """Log groups by decision."""
        found = Counter(str(one.decision.action) for one in self.groups)
        return {action: found[action] for action in ("subscribe", "skip")}

    @property
    def changes(self) -> dict[str, int]:
        """Changes by kind. A log group can have several."""
        found = Counter(str(change.kind) for one in self.groups for change in one.changes)
        return {kind: found[kind] for kind in KINDS}

    @property
    def unchanged(self) -> int:
        """Log groups about which nothing would change."""
        return sum(1 for one in self.groups if not one.changes)

    def sentences(self) -> list[str]:
        """What the table does not tell, the sum at the end."""
        if not self.groups:
            return [*self._beside(), "There are no log groups."]
        said = self._beside()
        if self.gone:
            said.append(f"{counted(len(self.gone), 'log group')} of the ledger no longer exist: {named(self.gone, 5)}.")
        decided = f"{self.actions['subscribe']:,} to be covered, {self.actions['skip']:,} to be skipped"
        said.append(f"{counted(len(self.groups), 'log group')}: {decided}.")
        changes = ", ".join(f"{number:,} {_NOUNS[kind]}" for kind, number in self.changes.items() if number)
        said.append(f"The next sweep would change: {changes}." if changes else "The next sweep would change nothing.")
        return said

    def _beside(self) -> list[str]:
        return [f"By {self.source}.", *(f"Problem: {problem}" for problem in self.problems)]

    def as_json(self, listed: Sequence[Planned]) -> dict[str, Any]:
        """For machines; listed: the log groups to show. Field names are promised in --help."""
        return {
            "stack": self.stack,
            "configuration": self.source,
            "problems": list(self.problems),
            "counts": {"actions": self.actions, "changes": self.changes, "unchanged": self.unchanged},
            "gone": list(self.gone),
            "groups": [one.as_json() for one in listed],
        }


def changes(
    group: LogGroup, decision: Decision, entry: Entry | None, destination: str, pattern: str | None = None
) -> tuple[Change, ...]:
    """What a decision changes about a log group.

    entry: what the ledger knows. destination: ARN of the stack's own. pattern: the filter pattern in force, None where
    nobody knows it; the ledger does not hold it.
    """
    found = []
    covered = entry is not None and entry.state == "covered"
    if decision.action == "skip":
        # A group that is blocked or failed may still have a filter of ours.
        if entry is not None and (covered or entry.filter):
            found.append(Change("unsubscribe", entry.service or None))
    elif entry is None or not covered:
        found.append(Change("subscribe", None, decision.service))
    else:
        found += _differences(decision, entry, destination, pattern)
    retention = decision.retention
    free = group.retention_days is None or (retention is not None and retention.overrule)
    if retention is not None and free and group.retention_days != retention.days:
        found.append(Change("retention", group.retention_days, retention.days))
    return tuple(sorted(found, key=lambda change: KINDS.index(change.kind)))


def gone(ledger: Mapping[str, Entry], groups: Sequence[LogGroup]) -> list[str]:
    """Log groups of the ledger that are not in the account."""
    return sorted(set(ledger) - {group.name for group in groups})


def _differences(decision: Decision, entry: Entry, destination: str, pattern: str | None) -> list[Change]:
    """What a group that is covered, and stays so, gets another one of."""
    found = []
    wanted = decision.destination.arn if decision.destination else destination
    if entry.destination and entry.destination != wanted:
        found.append(Change("redirect", entry.destination, wanted))
    if pattern is not None and pattern != decision.filter_pattern:
        found.append(Change("pattern", pattern, decision.filter_pattern))
    # The name of the filter counts where there is one: two services can have the same one.
    now = entry.filter or names.subscription_filter(entry.service)
    if now != names.subscription_filter(decision.service):
        found.append(Change("rename", entry.service, decision.service))
    return found


def _has(one: Planned, state: str | None, service: str | None) -> bool:
    now = one.entry
    if state is not None and (now is None or now.state != state):
        return False
    return service is None or service in (one.decision.service, now.service if now else "")


def _rank(one: Planned) -> int:
    if one.changes:
        return KINDS.index(one.changes[0].kind)
    return len(KINDS) + (one.decision.action == "skip")
