"""What the parts of a run have in common: the account, what removes, the cap, and how it is told."""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from janitor.removing import DELETE, DELETED, FAILED, Outcome, told
from janitor.result import KEPT, LATER, Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from janitor.model import Numbered, Reason
    from janitor.plan import Verdict
    from janitor.reading import Account
    from janitor.removing import Remover
    from janitor.result import Result

_log = logging.getLogger("janitor")


@dataclass(slots=True)
class Work:
    """One run. most: deletions, or what would be some, after which the rest is left to the next run."""

    account: Account
    remover: Remover
    result: Result
    most: int
    done: int = 0

    @property
    def is_full(self) -> bool:
        """Whether this run has deleted as much as it may."""
        return self.done >= self.most

    def keep(self, kind: str, name: str, version: Numbered | None, reason: Reason, bytes_: int = 0) -> None:
        """Note that something is kept."""
        number = version.number if version else None
        size = version.bytes if version else bytes_
        self.result.entries.append(Entry(kind, name, number, KEPT, reason.text, reason.kind, size))

    def remove(self, kind: str, name: str, version: Numbered | None, why: str, removal: Removal) -> None:
        """Remove something, or note that it would be, or that the next run will."""
        number = version.number if version else None
        if self.is_full:
            outcome = Outcome(LATER, f"this run has done {self.most:,}, which is the most of one")
        else:
            outcome = removal.make()
        self.done += outcome.action in (DELETE, DELETED)
        reason = f"{why}; {outcome.detail}" if outcome.detail else why
        self.result.entries.append(Entry(kind, name, number, outcome.action, reason, "", removal.bytes))
        level = logging.ERROR if outcome.action == FAILED else logging.INFO
        what = {"kind": kind, "thing": name, "version": number, "action": outcome.action, "reason": reason}
        _log.log(level, "%s", outcome.action, extra=what)

    def fail(self, kind: str, name: str, error: Exception) -> None:
        """Note that something could not be looked at, so that all of it stays."""
        reason = f"it stays, as not all about it is known: {told(error)}"
        self.result.entries.append(Entry(kind, name, None, FAILED, reason))
        _log.error("failed", extra={"kind": kind, "thing": name, "action": FAILED, "reason": reason})


@dataclass(frozen=True, slots=True)
class Removal:
    """How something is removed, and what that frees."""

    make: Callable[[], Outcome]
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Thing:
    """A function or a layer. asked: what else keeps a version, by its number, which takes a call."""

    kind: str
    name: str
    asked: Callable[[int], Reason | None]
    remove: Callable[[int], Outcome]


def settle(work: Work, thing: Thing, verdicts: Sequence[Verdict]) -> None:
    """Keep and remove versions of one thing, and log why those are kept of which others go."""
    kept: dict[str, list[int]] = {}
    goes = False
    for verdict in verdicts:
        version = verdict.version
        reason = verdict.kept or (None if work.is_full else thing.asked(version.number))
        if reason:
            work.keep(thing.kind, thing.name, version, reason)
            kept.setdefault(reason.text, []).append(version.number)
            continue
        goes = True
        since = f"{version.since:%Y-%m-%d}" if version.since else "nobody knows when"
        removal = Removal(functools.partial(thing.remove, version.number), version.bytes)
        work.remove(thing.kind, thing.name, version, f"from {since}, and nothing refers to it", removal)
    if goes and kept:
        _log.info("kept", extra={"kind": thing.kind, "thing": thing.name, "action": KEPT, "versions": kept})
