"""What happens when the stack is deleted: everything of ours goes, by as many invocations as it takes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from watchpost import names
from watchpost.aws import code_of
from watchpost.calls import OutOfTimeError
from watchpost.errors import LedgerError
from watchpost.ledger import Entry

from subscriber import filters, policy
from subscriber.account import pages
from subscriber.decision import SUBSCRIBABLE_CLASS
from subscriber.lease import Lease, LeaseLostError
from subscriber.surroundings import AWS_ERRORS, SERVICE, said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from subscriber.account import Account
    from subscriber.surroundings import Surroundings

MARKER = "WatchpostRemoval"  # key in the request that one invocation hands to the next
SERVICE_TIMEOUT = 3_600.0  # seconds that CloudFormation waits for an answer: ServiceTimeout in template.yaml
ANSWER_RESERVE = 120.0  # seconds of them that are kept for the last invocation to start and to answer
# Lambda stops a function that has invoked itself about 16 times (Developer Guide, "recursive loop detection").
LINKS = 15
NAMED = 5  # log groups that an answer names; the log has more
KEPT = 50  # groups with their reasons that are handed on
PAUSE = 5.0  # seconds between two looks at a lease that somebody else has
SAVED = 25  # groups after which the ledger is told

_logger = Logger(service=SERVICE)


@dataclass(slots=True)
class Removal:
    """How far a removal is, over all its invocations. JSON takes its fields."""

    began: float  # seconds since 1970
    link: int = 1  # which invocation this is
    cursor: str = ""  # the last group that was looked at
    removed: int = 0  # groups that had filters of ours
    left: dict[str, str] = field(default_factory=dict)  # groups that may still have some, with the reason; not all
    left_count: int = 0
    policy: str = ""  # why the account policy is still there
    waiting: int | None = None  # groups that were not looked at when the time was over; None when nobody counted them
    complete: bool = False

    @classmethod
    def begun(cls, event: Mapping[str, Any], now: float) -> Removal:
        """The removal that a request goes on with, or a new one."""
        found = event.get(MARKER)
        return cls(**found) if isinstance(found, dict) else cls(began=now)

    @property
    def until(self) -> float:
        """When nothing new may be begun any more."""
        return self.began + SERVICE_TIMEOUT - ANSWER_RESERVE

    def keep(self, log_group: str, reason: str) -> None:
        """Note a group that may still have filters of ours."""
        self.left_count += 1
        if len(self.left) < KEPT:
            self.left[log_group] = reason

    def as_event(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The request for the invocation that goes on."""
        return {**event, MARKER: {**asdict(self), "link": self.link + 1}}

    def may_go_on(self, now: float) -> bool:
        """Whether another invocation could do more."""
        return not self.complete and self.link < LINKS and now < self.until

    def what_is_left(self, stack: str) -> str | None:
        """What a person has to do, or None when nothing of ours remained.

        The instructions come first: a long list of names is cut by the limit of the answer.
        """
        parts = []
        if self.policy:
            name = names.account_policy(stack)
            parts.append(
                f"The account policy {name} is left: aws logs delete-account-policy --policy-name {name}"
                f" --policy-type {policy.KIND}."
            )
        if self.left_count or not self.complete:
            parts.append(
                "Delete the stack again, or: aws logs delete-subscription-filter --log-group-name GROUP"
                f" --filter-name NAME (named {names.FILTER_PREFIX}...)."
            )
        if not self.complete:
            count = "" if self.waiting is None else f": {self.waiting} are left"
            parts.append(f"The time was over before all log groups were looked at{count}.")
        if self.left_count:
            named = ", ".join(sorted(self.left)[:NAMED])
            more = f" and {self.left_count - NAMED} more" if self.left_count > NAMED else ""
            parts.append(f"{self.left_count} log groups still have filters: {named}{more}")
        return " ".join(parts) or None


def remove_all(around: Surroundings, account: Account, removal: Removal) -> None:
    """Remove everything of ours; foreign filters stay. The removal is as far as the time allowed.

    What is left is in it. Raises botocore's errors when groups cannot be listed.
    """
    _Remover(around, account, removal).work()


@dataclass(slots=True)
class _Remover:
    around: Surroundings
    account: Account
    removal: Removal
    lease: Lease | None = None
    known: Mapping[str, Entry] = field(default_factory=dict)
    done: list[Entry] = field(default_factory=list)  # not in the ledger yet

    def work(self) -> None:
        try:
            self._announce()
            self._remove_policy()
            names_left = self._names()
            for done, name in enumerate(names_left):
                self.removal.waiting = len(names_left) - done
                self._remove(name)
            self.removal.waiting = 0
            self.removal.complete = True
        except (OutOfTimeError, LeaseLostError) as error:
            _logger.warning("the removal is not complete", extra={"reason": str(error)})
        finally:
            self._save()
            if self.lease:
                self.lease.release()

    def _announce(self) -> None:
        """Let nothing be subscribed any more, and wait for whoever sweeps to stop.

        A ledger that is lost or cannot be reached keeps nobody from removing: then all groups are looked at.
        """
        try:
            ledger = self.around.ledger()
            ledger.request(leaving=True)
            while (lease := Lease.claim(self.around, ledger)) is None:
                self._wait()
            self.lease = lease
            self.known = ledger.read()
        except AWS_ERRORS as error:
            _logger.warning("the ledger cannot be read, all log groups are looked at", extra={"error": said(error)})

    def _wait(self) -> None:
        if min(self.around.remaining(), self.removal.until - self.around.clock()) < 2 * PAUSE + 20:
            raise OutOfTimeError("the lease of the sweep", None)
        self.around.sleep(PAUSE)

    def _remove_policy(self) -> None:
        """First, because it is one call that ends most of what is delivered.

        Left alone it would send every group of the account to a function that is deleted next, and keep the account's
        only place for such a policy.
        """
        try:
            policy.remove(self.account.call, self.account.stack)
            self.removal.policy = ""
        except AWS_ERRORS as error:
            # A role without the permission never put one; whoever had it may have lost it since.
            self.removal.policy = said(error)

    def _names(self) -> list[str]:
        """The groups that may have filters of ours and were not looked at, in the order of their names.

        The ledger tells which ones have; groups that it does not know have to be asked.
        """
        listed = set()
        for page in pages(self.account):
            listed |= {group.name for group in page if group.log_class == SUBSCRIBABLE_CLASS}
            self._renew()
        wanted = {entry.log_group for entry in self.known.values() if _may_have(entry)} | (listed - set(self.known))
        return sorted(name for name in wanted if name > self.removal.cursor)

    def _remove(self, name: str) -> None:
        entry = self.known.get(name)
        try:
            removed = filters.remove_ours(self.account, name, entry)
        except AWS_ERRORS as error:
            if code_of(error) != "ResourceNotFoundException":  # a group that is gone took its filters with it
                self.removal.keep(name, said(error))
        else:
            self.removal.removed += bool(removed)
            if entry or removed:
                self.done.append(_left(name, self.around.stamp()))
        self.removal.cursor = name
        if len(self.done) >= SAVED:
            self._save()
        self._renew()

    def _renew(self) -> None:
        if self.lease:
            try:
                self.lease.renew()
            except AWS_ERRORS as error:
                _logger.warning("the lease could not be renewed", extra={"error": said(error)})

    def _save(self) -> None:
        """Tell the ledger, so that a deletion that begins again need not look at these groups."""
        done, self.done = self.done, []
        if done and self.lease:
            try:
                self.lease.ledger.put(done)
            except (*AWS_ERRORS, LedgerError) as error:
                _logger.warning("the ledger could not be told what was removed", extra={"error": said(error)})


def _may_have(entry: Entry) -> bool:
    """Whether a group may have a filter of ours, by what the ledger says."""
    return bool(entry.filter) or entry.state in ("blocked", "failed")


def _left(name: str, stamp: str) -> Entry:
    return Entry(name, "skipped", stamp, "deletion of the stack", "its filters were removed")
