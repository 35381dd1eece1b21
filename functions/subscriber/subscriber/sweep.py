"""A sweep: every log group of the account is brought in order, by as many invocations as it takes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from watchpost.calls import OutOfTimeError

from subscriber import coverage as coverages
from subscriber import undo
from subscriber.account import all_tags, find, pages
from subscriber.decision import TagsNeededError, decide
from subscriber.lease import Lease, LeaseLostError
from subscriber.receivers import guard_of
from subscriber.result import Result, emf
from subscriber.surroundings import AWS_ERRORS, said
from subscriber.treat import Treatment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watchpost.configuration import Configuration
    from watchpost.ledger import Entry, Ledger

    from subscriber.account import Account, TagBook
    from subscriber.coverage import Coverage
    from subscriber.decision import Decision, LogGroup
    from subscriber.guard import Guard
    from subscriber.surroundings import Surroundings

EVERY = 3_600.0  # seconds from the beginning of one sweep to that of the next
EARLY = 60.0  # seconds: the tick that is about an hour later may come a moment too early
SAVED = 25  # groups after which a sweep is saved, and entries that the ledger takes at once

BUSY = "another invocation sweeps: one more sweep begins when it is done"
LEAVING = "the stack is being deleted: nothing is subscribed any more"
NOT_DUE = "no sweep is due"


def tick(around: Surroundings, account: Account) -> Result:
    """Go on with a sweep that is not complete, begin one when it is time to, or do nothing. As `sweep` otherwise."""
    ledger = around.ledger()
    state = ledger.sweep()
    if state.leaving:
        return Result(note=LEAVING)
    due = state.again or around.clock() - state.began >= EVERY - EARLY
    if not state.running and not due:
        return Result(note=NOT_DUE)
    return sweep(around, account, anew=not state.running)


def sweep(around: Surroundings, account: Account, *, anew: bool) -> Result:
    """Sweep as long as there is time. anew: from the beginning, whatever was swept before.

    While somebody else sweeps, another sweep is asked for and nothing else done. Groups that fail are counted, and in
    the ledger. Raises what listing the groups and the ledger raise; what was done until then is kept.
    """
    ledger = around.ledger()
    lease = Lease.claim(around, ledger)
    if lease is None:
        if anew:
            ledger.request(again=True)
        return Result(complete=False, note=BUSY)
    try:
        if lease.state.leaving:
            return Result(note=LEAVING)
        if anew or not lease.state.running:
            # Whoever asks from here on, after the configuration was read, gets another one.
            lease.save(again=False, running=True, began=around.clock(), cursor="", counts={}, scope=account.scope)
        return _Sweeper(around, account, ledger, lease).work()
    except LeaseLostError as error:
        return Result(complete=False, cursor=lease.state.cursor, note=str(error))
    finally:
        lease.release()


@dataclass(slots=True)
class _Sweeper:
    """One invocation's part of a sweep."""

    around: Surroundings
    account: Account
    ledger: Ledger
    lease: Lease
    result: Result = field(default_factory=Result)
    pending: dict[str, Entry] = field(default_factory=dict)  # not in the ledger yet
    gone: list[str] = field(default_factory=list)
    done: int = 0  # groups since the last save
    unread: str = ""  # why tags are not known
    before: Mapping[str, int] = field(default_factory=Counter)  # counts of earlier invocations

    def work(self) -> Result:
        self.before = self.lease.state.counts
        cursor = self.result.cursor = self.lease.state.cursor
        try:
            groups = self._list()
            configuration, problem = self.around.configuration(fresh=True)
            guard, unknown = guard_of(self.account, configuration)
            self.result.problems += [f"Configuration: {problem}"] if problem else []
            self.result.problems += unknown
            tags = self._tags()
            known = self.ledger.read()
            decisions = self._decide(groups, tags, configuration, guard)
            coverage = coverages.prepare(self.account, decisions, known)
            self.result.problems += coverage.problems
            treatment = self._treatment(configuration, guard, coverage)
            for group in groups:
                if group.name > cursor:
                    self._treat(treatment, group, tags, known)
            self._complete(coverage, groups, known)
        except OutOfTimeError:
            self.result.complete = False
            self._save()
        return self.result

    def _list(self) -> list[LogGroup]:
        groups: list[LogGroup] = []
        for page in pages(self.account):
            groups += page
            self._renew()
        return sorted(groups, key=lambda group: group.name)

    def _tags(self) -> TagBook | None:
        """The tags of everything, None when they cannot be read: what needs none is done all the same."""
        try:
            return all_tags(self.account, self._renew)
        except AWS_ERRORS as error:
            self.unread = said(error)
            self.result.problems.append(
                f"Tags could not be read, so groups that need them stay as they are: {self.unread}"
            )
            return None

    def _decide(
        self, groups: list[LogGroup], tags: TagBook | None, configuration: Configuration, guard: Guard
    ) -> dict[str, Decision | None]:
        """What is to become of each group: the account policy has to be right for all before it is put."""
        if self.account.scope != "account":
            return {}
        decisions: dict[str, Decision | None] = {}
        for group in groups:
            try:
                decisions[group.name] = decide(group, tags.of(group) if tags else None, configuration, guard)
            except TagsNeededError:
                decisions[group.name] = None
            self._renew()
        return decisions

    def _treatment(self, configuration: Configuration, guard: Guard, coverage: Coverage) -> Treatment:
        return Treatment(
            account=self.account,
            configuration=configuration,
            guard=guard,
            ledger=self.ledger,
            result=self.result,
            stamp=self.around.stamp(),
            covers=coverage,
            sweeping=True,
            unread=self.unread,
        )

    def _treat(self, treatment: Treatment, group: LogGroup, tags: TagBook | None, known: Mapping[str, Entry]) -> None:
        before = known.get(group.name)
        treatment.stamp = self.around.stamp()
        entry = treatment.treat(group, tags.of(group) if tags else None, before)
        if entry is None:
            self.gone.append(group.name)
        elif entry != before:
            self.pending[group.name] = entry
        self.result.cursor = group.name
        self.done += 1
        if self.done >= SAVED or self.lease.is_due():
            self._save()

    def _renew(self) -> None:
        if self.lease.is_due():
            self.lease.save()

    def _save(self) -> None:
        """Store what was done, the entries before the cursor. Raises LeaseLostError."""
        self.ledger.put(self.pending.values())
        self.ledger.remove(self.gone)
        treated, self.pending, self.gone, self.done = self.pending, {}, [], 0
        counts = self.result.totals(self.account.calls, self.before)
        problems = tuple(self.result.problems)
        try:
            self.lease.save(cursor=self.result.cursor, counts=counts, problems=problems)
        except LeaseLostError as error:
            if error.leaving and not error.kept:
                # Whoever removes may have looked at these groups before this invocation put their filters.
                undo.undo(self.account, dict(treated))
            raise

    def _complete(self, coverage: Coverage, groups: list[LogGroup], known: Mapping[str, Entry]) -> None:
        self._save()
        listed = {group.name for group in groups}
        for name in known:
            # One that is created again meanwhile is not in the list either.
            if name not in listed and find(self.account, name) is None:
                self.gone.append(name)
                self._renew()
        self.result.counts["gone"] += len(self.gone)
        self.ledger.remove(self.gone)
        self.gone = []
        entries = self.ledger.read()
        self.result.problems += coverages.conclude(self.account, coverage, entries)
        now = self.around.clock()
        counts = self.result.totals(self.account.calls, self.before)
        state = self.lease.state
        self.result.cursor = ""
        self.lease.save(running=False, finished=now, cursor="", counts=counts, problems=tuple(self.result.problems))
        throttled = counts.get("throttled", 0)
        print(emf(self.account.stack, entries.values(), now - state.began, throttled, int(now * 1000)))
