"""What the account-level policy covers, and in which order it and the filters of single groups take turns.

The policy comes before the filters that it stands for go, and goes after the filters that stand for it have come: lines
are delivered twice for a while, as the same events, and never not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from subscriber import policy
from subscriber.decision import BY_CLASS, SUBSCRIBABLE_CLASS
from subscriber.surroundings import AWS_ERRORS, said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watchpost.ledger import Entry

    from subscriber.account import Account
    from subscriber.decision import Decision, LogGroup

IN_FORCE = ("put", "unchanged")
# Sweeps for which a failed group keeps the policy in force, after the account was switched to single groups.
PATIENCE = 2


@dataclass(slots=True)
class Coverage:
    """How groups are covered during a sweep. Called, it says whether the policy covers a group."""

    # groups: each by its own filter. account: by the policy. unknown: what the policy covers cannot be found out now,
    # so that what it covers by the ledger stays as it is, and nothing is changed about it.
    mode: Literal["groups", "account", "unknown"]
    excluded: frozenset[str] = frozenset()  # by the policy in force
    finally_excluded: frozenset[str] = frozenset()  # once the groups with filters of their own have them
    problems: list[str] = field(default_factory=list)  # for people

    def __call__(self, group: LogGroup, decision: Decision, known: Entry | None) -> bool:
        """Whether the policy covers a group."""
        if self.mode == "groups" or needs_own(decision):
            return False
        if self.mode == "account":
            return group.name not in self.excluded
        return known is not None and known.via == "account"


def needs_own(decision: Decision) -> bool:
    """Whether a group's lines go another way than those of all others."""
    return bool(decision.filter_pattern) or decision.destination is not None


def prepare(account: Account, decisions: Mapping[str, Decision | None], known: Mapping[str, Entry]) -> Coverage:
    """Bring the policy in order before a sweep looks at single groups.

    decisions: of every group; None where tags that it hangs on are not known. known: the ledger. Raises OutOfTimeError;
    errors of AWS are problems of the coverage.
    """
    if account.scope != "account":
        return Coverage("groups")
    if not all(decisions.values()):
        return Coverage("unknown", problems=["The account policy stays as it is: not all tags could be read."])
    # A policy never covers groups of another class (CloudWatch Logs API, PutAccountPolicy), and its list is short.
    out = {name for name, one in decisions.items() if one and one.action == "skip" and one.rule != BY_CLASS}
    own = {name for name, decision in decisions.items() if decision and needs_own(decision)}
    # What an event told about since the groups were listed.
    late = {entry.log_group for entry in known.values() if entry.log_group not in decisions and entry.via != "account"}
    finally_out = frozenset(out | own | late)
    # A group that the policy has covered until now stays in it until its filter is in place.
    still = {name for name in own if name in known and known[name].via == "account"}
    try:
        outcome = _ensure(account, finally_out - still)
    except AWS_ERRORS as error:
        return Coverage("unknown", problems=[f"The account policy could not be brought in order: {said(error)}"])
    if outcome.state in IN_FORCE:
        return Coverage("account", finally_out - still, finally_out)
    reason = f"Log groups are subscribed one by one, not by an account policy: {outcome.reason}"
    return Coverage("groups", problems=[reason])


def conclude(account: Account, coverage: Coverage, entries: Mapping[str, Entry]) -> list[str]:
    """What is left to do with the policy after a complete sweep; for people, what could not be done.

    entries: the ledger after the sweep. Raises OutOfTimeError.
    """
    try:
        if coverage.mode == "account" and coverage.excluded != coverage.finally_excluded:
            outcome = _ensure(account, coverage.finally_excluded)
            return [] if outcome.state in IN_FORCE else [f"The account policy could not be changed: {outcome.reason}"]
        failed = (entry for entry in entries.values() if entry.state == "failed")
        # A group that has failed once may have no filter yet, and one that keeps failing must not keep the policy.
        if coverage.mode == "groups" and not any(entry.missed < PATIENCE for entry in failed):
            policy.remove(account.call, account.stack)
    except AWS_ERRORS as error:
        return [f"The account policy could not be brought in order: {said(error)}"]
    return []


def _ensure(account: Account, excluded: frozenset[str]) -> policy.PolicyOutcome:
    return policy.ensure(account.call, account.stack, account.destination, account.role, excluded)


@dataclass(slots=True)
class Announced:
    """How a single group is covered that an event told about. Called, it changes the policy as the group needs it."""

    account: Account
    again: bool = False  # whether only a sweep can bring this in order
    _answers: dict[tuple[str, bool], bool] = field(default_factory=dict)

    def __call__(self, group: LogGroup, decision: Decision, known: Entry | None) -> bool:  # noqa: ARG002
        """Whether the policy covers a group, now that it is as the group needs it. Raises botocore's errors."""
        if self.account.scope != "account" or group.log_class != SUBSCRIBABLE_CLASS:
            return False
        wanted = decision.action == "subscribe" and not needs_own(decision)
        if (group.name, wanted) not in self._answers:
            self._answers[group.name, wanted] = self._covers(group.name, wanted=wanted)
        return self._answers[group.name, wanted]

    def _covers(self, name: str, *, wanted: bool) -> bool:
        account = self.account
        change = policy.include if wanted else policy.exclude
        outcome = change(account.call, account.stack, account.destination, account.role, name)
        self.again = self.again or outcome.state in ("too_long", "blocked")
        return wanted and outcome.state in IN_FORCE
