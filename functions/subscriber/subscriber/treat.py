"""What becomes of one log group: decide, act, and say what it has come to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from watchpost import names
from watchpost.aws import code_of
from watchpost.calls import may_pass
from watchpost.ledger import Entry

from subscriber import filters
from subscriber.account import find, tags_of
from subscriber.decision import SUBSCRIBABLE_CLASS, TagsNeededError, decide
from subscriber.surroundings import AWS_ERRORS, said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from botocore.exceptions import BotoCoreError, ClientError
    from watchpost.configuration import Configuration
    from watchpost.ledger import Ledger, State

    from subscriber.account import Account
    from subscriber.decision import Decision, LogGroup, Tags
    from subscriber.guard import Guard
    from subscriber.result import Result

UNREAD = "its tags could not be read"
MAX_TEXT = 500  # characters of a rule or reason in the ledger


class Covers(Protocol):
    """Whether the account-level policy covers a group, so that it needs no filter of its own."""

    def __call__(self, group: LogGroup, decision: Decision, known: Entry | None) -> bool: ...


@dataclass(slots=True)
class Treatment:
    """Treats groups one after another, all in the same way."""

    account: Account
    configuration: Configuration
    guard: Guard
    ledger: Ledger
    result: Result
    stamp: str  # the time, as the ledger has it
    covers: Covers
    # Whether this is a sweep: its tags were read in bulk and lag behind, and it counts what is missed.
    sweeping: bool = False
    unread: str = ""  # why tags are not known
    _begun: dict[str, Entry] = field(default_factory=dict)  # what the ledger was told before a filter was put

    def treat(self, group: LogGroup, tags: Tags | None, known: Entry | None) -> Entry | None:
        """Bring one group in order: what it has come to, None when it is gone. Errors of AWS are its state.

        tags: None when they are not known. known: what the ledger has of the group. Raises OutOfTimeError, and outside
        of a sweep those errors of AWS that may pass by themselves.
        """
        try:
            decision, present = self._settle(group, tags, known)
            entry = self._act(group, decision, present, known)
        except TagsNeededError:
            if known and known.state == "covered":  # it stays as it is; of others nobody knows what they should be
                entry = known
            else:
                entry = self._failed(group.name, known, f"{UNREAD}: {self.unread}")
        except AWS_ERRORS as error:
            return self.refused(error, group.name, known)
        else:
            entry = self._retain(group, decision, entry)
        return self._done(entry)

    def refused(self, error: BotoCoreError | ClientError, name: str, known: Entry | None) -> Entry | None:
        """What a group has come to when AWS refused something; None for one that was deleted meanwhile.

        Raises the error where `treat` would.
        """
        if not self.sweeping and may_pass(error):
            raise error
        try:
            # "Not found" alone does not say so: it may be the shipper.
            gone = code_of(error) == "ResourceNotFoundException" and find(self.account, name) is None
        except AWS_ERRORS:
            gone = False
        if gone:
            self.result.counts["gone"] += 1
            self._begun.pop(name, None)
            return None
        return self._done(self._failed(name, known, said(error)))

    def _done(self, entry: Entry) -> Entry:
        self._begun.pop(entry.log_group, None)
        self.result.came_to(entry)
        return entry

    def _settle(self, group: LogGroup, tags: Tags | None, known: Entry | None) -> tuple[Decision, filters.Present]:
        """The decision about a group, and its filters where they matter."""
        decision = decide(group, tags, self.configuration, self.guard)
        present = self._look(group, decision, known)
        if self.sweeping and _would_lose(present, decision) and self._hangs_on_tags(group):
            # The tags were read some time ago, and an event may have told about newer ones since.
            decision = decide(group, self._fresh_tags(group), self.configuration, self.guard)
        return decision, present

    def _fresh_tags(self, group: LogGroup) -> Tags | None:
        try:
            return tags_of(self.account, group)
        except AWS_ERRORS as error:
            if code_of(error) == "ResourceNotFoundException":
                raise
            self.unread = said(error)
            return None

    def _look(self, group: LogGroup, decision: Decision, known: Entry | None) -> filters.Present:
        own = filters.ownership(self.account, known)
        without = known is not None and not known.filter and known.state in ("skipped", "covered")
        # Also where nothing is to be looked at, the policy may have to be changed.
        needs_none = self._needs_none(group, decision, known)
        if group.log_class != SUBSCRIBABLE_CLASS or (needs_none and without):
            return filters.Present((), own)
        return filters.read(self.account, group.name, own)

    def _needs_none(self, group: LogGroup, decision: Decision, known: Entry | None) -> bool:
        """Whether a group needs no filter."""
        # The policy is asked about groups to skip, too: it may have to be changed for them.
        return self.covers(group, decision, known) or decision.action == "skip"

    def _hangs_on_tags(self, group: LogGroup) -> bool:
        try:
            decide(group, None, self.configuration, self.guard)
        except TagsNeededError:
            return True
        return False

    def _act(self, group: LogGroup, decision: Decision, present: filters.Present, known: Entry | None) -> Entry:
        if self._needs_none(group, decision, known):
            for item in present.ours:
                filters.remove(self.account, group.name, item["filterName"])
            self.result.counts["removed"] += bool(present.ours)
            if decision.action == "skip":
                return self._entry(group, "skipped", decision, known)
            return self._entry(group, "covered", decision, known, destination=self.account.destination, via="account")
        wanted = self._wanted(decision)

        def before_put(stale: Sequence[Mapping[str, Any]]) -> None:
            if wanted.destination not in self.account.destinations:
                self._announce(group, decision, wanted, stale, known)

        outcome = filters.subscribe(self.account, group.name, wanted, present, before_put)
        if outcome.state == "blocked":
            kept, destination = outcome.kept
            held = {"held_by": outcome.held_by, "filter": kept, "destination": destination}
            return self._entry(group, "blocked", decision, known, outcome.reason, **held)
        if outcome.state != "unchanged":
            self.result.counts[outcome.state] += 1
        where = {"filter": wanted.name, "destination": wanted.destination, "via": "filter"}
        return self._entry(group, "covered", decision, known, **where)

    def _wanted(self, decision: Decision) -> filters.Wanted:
        own = decision.destination
        return filters.Wanted(
            name=names.subscription_filter(decision.service),
            pattern=decision.filter_pattern,
            destination=own.arn if own else self.account.destination,
            role=own.role if own else self.account.role,
        )

    def _announce(
        self,
        group: LogGroup,
        decision: Decision,
        wanted: filters.Wanted,
        stale: Sequence[Mapping[str, Any]],
        known: Entry | None,
    ) -> None:
        """Tell the ledger about a filter before it is put: its destination alone would not tell that it is ours."""
        where = {"filter": wanted.name, "destination": wanted.destination}
        before = tuple(filters.as_text(item) for item in stale)
        # The one of the same name is the same filter until it is put, and ours by what the ledger says now.
        if known and known.filter == wanted.name and known.destination not in ("", wanted.destination):
            before = (*before, filters.as_text({"filterName": known.filter, "destinationArn": known.destination}))
        entry = self._entry(group, "failed", decision, known, "its filter is being put", held_by=before, **where)
        entry = replace(entry, missed=known.missed if known else 0)  # counted when it is done
        self.ledger.put([entry])
        self._begun[group.name] = entry

    def _retain(self, group: LogGroup, decision: Decision, entry: Entry) -> Entry:
        """Set how long events are kept: where they never expire, or where a rule overrules what is there."""
        retention = decision.retention
        if not retention or group.retention_days == retention.days:
            return entry
        if decision.retention_once_covered and entry.state != "covered":
            return entry
        if group.retention_days is not None and not retention.overrule:
            return entry
        try:
            self.account.call("put_retention_policy", logGroupName=group.name, retentionInDays=retention.days)
        except AWS_ERRORS as error:
            reason = f"its retention could not be set: {said(error)}"
            self.result.exemplify("failed", group.name, reason)
            return replace(entry, reason=f"{entry.reason}; {reason}"[:MAX_TEXT])
        self.result.counts["retention_set"] += 1
        return entry

    def _failed(self, name: str, known: Entry | None, reason: str) -> Entry:
        """What a group is that could not be brought in order: filters that it may still have stay ours."""
        base = self._begun.get(name, known) or Entry(name, "failed", "", "", "")
        held = base.held_by if base.state == "failed" else ()
        entry = replace(base, state="failed", reason=reason[:MAX_TEXT], held_by=held, via="")
        return self._dated(entry, known)

    def _entry(
        self, group: LogGroup, state: State, decision: Decision, known: Entry | None, reason: str = "", **fields: Any
    ) -> Entry:
        reason = (reason or decision.reason)[:MAX_TEXT]
        entry = Entry(group.name, state, "", decision.rule[:MAX_TEXT], reason, decision.service, **fields)
        return self._dated(entry, known)

    def _dated(self, entry: Entry, known: Entry | None) -> Entry:
        """An entry with the time since when it is so, and the number of sweeps that missed the group."""
        same = known is not None and _identity(known) == _identity(entry)
        missed = 0
        if entry.state in ("blocked", "failed"):
            missed = (known.missed if known else 0) + self.sweeping
        return replace(entry, since=known.since if known and same else self.stamp, missed=missed)


def _identity(entry: Entry) -> tuple[str, str, str]:
    return entry.state, entry.service, entry.destination


def _would_lose(present: filters.Present, decision: Decision) -> bool:
    """Whether a filter of ours would go, or change the service that it stands for."""
    wanted = names.subscription_filter(decision.service) if decision.action == "subscribe" else ""
    return any(item["filterName"] != wanted for item in present.ours)
