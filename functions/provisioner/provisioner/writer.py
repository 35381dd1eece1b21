"""Puts and deletes alarms: each call for itself, so that one which is refused stops no other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from watchpost import names

from provisioner.changes import Change
from provisioner.failures import REFUSALS, is_missing, reason_of
from provisioner.ownership import Ownership
from provisioner.result import Changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from provisioner.actual import Existing
    from provisioner.work import Work

DELETE_BATCH = 100  # of one DeleteAlarms, of which one may be a composite alarm (CloudWatch API)
FOREIGN = f"an alarm of this name exists and is not the stack's: it has no tag {names.OWNER_TAG}"


@dataclass(slots=True)
class Writer:
    """Everything that is written about alarms in one run, and told in `changes`."""

    work: Work
    changes: Changes = field(default_factory=Changes)
    ownership: Ownership = field(init=False)

    def __post_init__(self) -> None:
        self.ownership = Ownership(self.work)

    def tags(self, existing: Existing) -> dict[str, str] | None:
        """The tags of an alarm of the stack's; None for a foreign one, and for one that nobody could tell about.

        The second is told as a failure.
        """
        try:
            return self.ownership.tags(existing.arn)
        except REFUSALS as error:
            if not is_missing(error):  # another run was quicker
                self.changes.fail(existing.name, f"its tags could not be read: {reason_of(error)}")
            return None

    def is_ours(self, existing: Existing) -> bool:
        """Whether an alarm is known to be the stack's. Why not, is told when it is put."""
        try:
            return self.ownership.tags(existing.arn) is not None
        except REFUSALS:
            return False

    def put(
        self, request: Mapping[str, Any], tags: Mapping[str, str], existing: Existing | None, work: Work | None = None
    ) -> bool:
        """Put an alarm, a new one or in the place of one of the stack's; whether it is done.

        work: another one than usual, with more time.
        """
        name = request["AlarmName"]
        try:
            found = self.ownership.tags(existing.arn) if existing else tags
            if found is None:
                self.changes.fail(name, FOREIGN)
                return False
            # CloudWatch takes tags with a new alarm and ignores them with an existing one.
            self._put(work or self.work, request, {} if existing else tags)
            if existing and not tags.items() <= found.items():
                self.work.write("tag_resource", ResourceARN=existing.arn, Tags=_listed(tags))
        except REFUSALS as error:
            self.changes.fail(name, reason_of(error))
            return False
        change = Change(name, existing.alarm if existing else None, request)
        (self.changes.updated if existing else self.changes.created).append(change)
        return True

    def put_again(self, request: Mapping[str, Any], before: Mapping[str, Any] | None, work: Work) -> None:
        """Put an alarm of the stack's otherwise than it is. before: how it was before the run; None for a new one."""
        try:
            self._put(work, request, {})
        except REFUSALS as error:
            self.changes.fail(request["AlarmName"], reason_of(error))
            return
        if before is not None:
            self.changes.unchanged -= 1
            self.changes.updated.append(Change(request["AlarmName"], before, request))

    def _put(self, work: Work, request: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        operation = "put_composite_alarm" if "AlarmRule" in request else "put_metric_alarm"
        work.write(operation, **request, **({"Tags": _listed(tags)} if tags else {}))

    def delete(self, alarms: Iterable[Existing]) -> None:
        """Delete alarms of the stack's: composite alarms first, those before others that they watch."""
        alarms = list(alarms)
        composites = [alarm for alarm in alarms if alarm.is_composite]
        for composite in _parents_first(composites):
            self._delete_each([composite])
        plain = [alarm for alarm in alarms if not alarm.is_composite]
        for start in range(0, len(plain), DELETE_BATCH):
            self._delete_batch(plain[start : start + DELETE_BATCH])

    def _delete_batch(self, batch: Sequence[Existing]) -> None:
        try:
            self._delete(batch)
        except REFUSALS:
            # One that cannot be deleted fails the whole call; alone it fails itself only, with its own reason.
            self._delete_each(batch)

    def _delete_each(self, alarms: Iterable[Existing]) -> None:
        for alarm in alarms:
            try:
                self._delete([alarm])
            except REFUSALS as error:
                if not is_missing(error):  # another run was quicker
                    self.changes.fail(alarm.name, reason_of(error))

    def _delete(self, alarms: Sequence[Existing]) -> None:
        self.work.write("delete_alarms", AlarmNames=[alarm.name for alarm in alarms])
        self.changes.deleted += [Change(alarm.name, alarm.alarm, None) for alarm in alarms]


def _listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _parents_first(composites: Sequence[Existing]) -> list[Existing]:
    """Composite alarms, each before those that it watches. One that watches itself in the end comes somewhere."""
    left = {composite.name: composite for composite in composites}
    ordered: list[Existing] = []
    while left:
        watched = frozenset().union(*(composite.children for composite in left.values()))
        free = [name for name in left if name not in watched] or list(left)[:1]
        ordered += [left.pop(name) for name in free]
    return ordered
