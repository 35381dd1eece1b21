"""Single log groups that events told about: new ones, and those whose tags changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from watchpost.aws import code_of
from watchpost.calls import OutOfTimeError, may_pass
from watchpost.errors import LedgerError, PayloadError

from subscriber import events, undo
from subscriber.account import find, tags_of
from subscriber.coverage import Announced
from subscriber.receivers import guard_of
from subscriber.result import Result
from subscriber.surroundings import AWS_ERRORS, SERVICE, said
from subscriber.sweep import LEAVING
from subscriber.treat import Treatment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from watchpost.configuration import Configuration
    from watchpost.ledger import Entry, Ledger

    from subscriber.account import Account
    from subscriber.decision import LogGroup, Tags
    from subscriber.guard import Guard
    from subscriber.surroundings import Surroundings

_logger = Logger(service=SERVICE)


def batch(records: Iterable[Any], around: Surroundings) -> dict[str, Any]:
    """Treat the groups that a batch of messages is about, each once, and say which messages have to come again.

    Returns {"batchItemFailures": [{"itemIdentifier": …}]} (Lambda Developer Guide, "partial batch responses"): those
    whose group may be treated later, because the time was over, or AWS or the ledger was not available. What fails for
    good is in the ledger, and done. Raises PayloadError for records that are none of SQS, and what reading the
    configuration raises.
    """
    waiting: dict[str, list[str]] = {}  # identifiers of messages by the name of the group
    for record in records:
        identifier, body = events.message_of(record)
        try:
            name = events.announced(body)
        except PayloadError as error:
            # It will not become better; what it holds is nobody's business.
            _logger.warning("a message is not what it should be", extra={"message_id": identifier, "error": str(error)})
            continue
        if name is not None:
            waiting.setdefault(name, []).append(identifier)
    later = _treat_all(waiting, around) if waiting else set()
    failed = [identifier for name in later for identifier in waiting[name]]
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in failed]}


def single(event: Any, around: Surroundings) -> Result:
    """Treat the group that an event of EventBridge is about.

    Raises PayloadError, OutOfTimeError and what AWS and the ledger raise, so that Lambda tries again.
    """
    name = events.announced(event)
    if name is None:
        return Result(note="no log group was created or tagged")
    group = _Announcements.begin(around)
    group.treat(name)
    group.conclude()
    return group.result


def _treat_all(names: Iterable[str], around: Surroundings) -> set[str]:
    """Treat groups and return those that have to be treated later."""
    try:
        announcements = _Announcements.begin(around)
    except (*AWS_ERRORS, OutOfTimeError) as error:
        _logger.warning("announced groups are treated later", extra={"error": said(error)})
        return set(names)
    later = set()
    for name in names:
        try:
            announcements.treat(name)
        except (*AWS_ERRORS, LedgerError, OutOfTimeError) as error:
            _logger.warning("an announced group is treated later", extra={"log_group": name, "error": said(error)})
            later.add(name)
    try:
        announcements.conclude()
    except AWS_ERRORS as error:
        _logger.warning("announced groups are treated once more", extra={"error": said(error)})
        return set(names)
    _logger.info("announced groups treated", extra={"result": announcements.result.as_dict()})
    return later


@dataclass(slots=True)
class _Announcements:
    """What announced groups are treated with, and what they have come to."""

    account: Account
    ledger: Ledger
    configuration: Configuration
    guard: Guard
    covers: Announced
    around: Surroundings
    leaving: bool
    result: Result = field(default_factory=Result)
    treated: dict[str, Entry | None] = field(default_factory=dict)  # None: it is not known what was done

    @classmethod
    def begin(cls, around: Surroundings) -> _Announcements:
        account, ledger = around.account(around.remaining), around.ledger()
        leaving = ledger.sweep().leaving
        configuration, _ = around.configuration(fresh=False)
        guard, unknown = guard_of(account, configuration)
        result = Result(note=LEAVING if leaving else "", problems=list(unknown))
        return cls(account, ledger, configuration, guard, Announced(account), around, leaving, result)

    def treat(self, name: str) -> None:
        """Bring one group in order.

        Raises what may pass by itself: OutOfTimeError, some of AWS's errors, and the ledger's.
        """
        if self.leaving:
            return
        known = self.ledger.get(name)
        self.treated[name] = None
        entry = self._treated(name, known)
        if entry is None:
            del self.treated[name]
            self.ledger.remove([name])
            return
        self.treated[name] = entry
        if entry != known:
            self.ledger.put([entry])

    def _treated(self, name: str, known: Entry | None) -> Entry | None:
        """What a group has come to; None when it is gone."""
        treatment = self._treatment()
        try:
            group = find(self.account, name)
            if group is None:
                self.result.counts["gone"] += 1
                return None
            tags = self._tags(group, treatment)
        except AWS_ERRORS as error:
            return treatment.refused(error, name, known)
        return treatment.treat(group, tags, known)

    def conclude(self) -> None:
        """Take back what was done while the stack's deletion began, and ask for a sweep where only that helps."""
        if self.treated and self.ledger.sweep().leaving:
            # Whoever removes may have looked at these groups before their filters were put.
            undo.undo(self.account, self.treated)
        elif self.covers.again:
            self.ledger.request(again=True)

    def _treatment(self) -> Treatment:
        return Treatment(
            account=self.account,
            configuration=self.configuration,
            guard=self.guard,
            ledger=self.ledger,
            result=self.result,
            stamp=self.around.stamp(),
            covers=self.covers,
        )

    def _tags(self, group: LogGroup, treatment: Treatment) -> Tags | None:
        """The tags of a group; None when they may not be read, as the treatment is told."""
        try:
            return tags_of(self.account, group)
        except AWS_ERRORS as error:
            if may_pass(error) or code_of(error) == "ResourceNotFoundException":
                raise
            treatment.unread = said(error)
            return None
