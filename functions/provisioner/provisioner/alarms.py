"""Brings the stack's alarms to the desired state: creates, updates, deletes, and leaves what is not ours alone.

First what is missing, service by service and each with its composite alarm, so that no critical alarm is without one
for long; then what differs; then what is too much. A run compares first: what one has no time for, the next one does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provisioner import cost, orphans
from provisioner.actual import Listing, compare, listing
from provisioner.compare import differences
from provisioner.deadline import RESERVE
from provisioner.failures import REFUSALS, reason_of
from provisioner.gaps import Gaps
from provisioner.healths import Healths
from provisioner.orphans import Known
from provisioner.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from watchpost.settings import Settings

    from provisioner.actual import Actual, Existing
    from provisioner.desired import Desired
    from provisioner.inventory import Unknown
    from provisioner.orphans import Orphans
    from provisioner.result import Changes
    from provisioner.work import Work


@dataclass(slots=True)
class Reconciler:
    """One run over the alarms of a stack. cost: before and after, of alarms and composite alarms, once it is known."""

    work: Work
    settings: Settings
    reserve: float = RESERVE  # seconds that the run leaves free at its end
    listed: Listing | None = None
    cost: tuple[cost.Cost, cost.Cost] | None = None
    _writer: Writer = field(init=False)

    def __post_init__(self) -> None:
        self._writer = Writer(self.work)

    @property
    def changes(self) -> Changes:
        """What is done, or planned."""
        return self._writer.changes

    def look(self) -> None:
        """List what is there, before anything is discovered: so what another run creates meanwhile is no orphan."""
        try:
            self.listed = listing(self.work)
        except REFUSALS as error:
            self.changes.fail("alarms", f"they could not be listed: {reason_of(error)}")

    def run(self, desired: Desired, unknown: Sequence[Unknown], *, allow_mass_deletion: bool) -> Changes:
        """Reconcile what `look` found; what could not be done is in `failed` of what is returned."""
        for gap in unknown:
            self.changes.fail(gap.name, gap.reason)
        for name, reason in desired.failed.items():
            self.changes.fail(name, reason)
        if self.listed is None:
            return self.changes
        actual, gaps = compare(self.listed, desired), Gaps(unknown)
        self.changes.unchanged += len(actual.equal)
        known = Known(desired, actual, gaps, orphans.find(self._writer, actual, desired, gaps))
        healths = Healths(self._writer, self.settings, known, self.reserve)
        self._create(desired, actual, healths)
        self._update(desired, actual, healths)
        self._delete(known, healths, allowed=allow_mass_deletion)
        return self.changes

    def delete_all(self) -> Changes:
        """Delete every alarm of the stack, for the end of its life.

        Raises ClientError, BotoCoreError or OutOfTimeError when the alarms cannot be listed.
        """
        listed = listing(self.work)
        found = [*listed.composites.values(), *listed.alarms.values()]
        self._writer.delete([existing for existing in found if self._writer.tags(existing) is not None])
        return self.changes

    def _create(self, desired: Desired, actual: Actual, healths: Healths) -> None:
        missing: dict[str, list[str]] = {}
        for name, alarm in desired.alarms.items():
            if name not in actual.equal and name not in actual.differing:
                missing.setdefault(alarm.service, []).append(name)
        for service in sorted({*missing, *desired.health}):
            watched = healths.watched(service)
            later = []
            for name in missing.get(service, ()):
                if name not in watched:
                    later.append(name)
                elif self._put_new(desired, name):
                    healths.is_there(name)
            if service in desired.health:
                healths.bring(service)
            for name in later:
                self._put_new(desired, name)

    def _put_new(self, desired: Desired, name: str) -> bool:
        alarm = desired.alarms[name]
        return self._writer.put(alarm.request, alarm.tags, None)

    def _update(self, desired: Desired, actual: Actual, healths: Healths) -> None:
        for name, existing in actual.differing.items():
            request = healths.request_of(name)
            if differences(request, existing.alarm):
                self._writer.put(request, desired.alarms[name].tags, existing)
            else:
                self.changes.unchanged += 1

    def _delete(self, known: Known, healths: Healths, *, allowed: bool) -> None:
        actual, found = known.actual, known.orphans
        silent = {failure["name"] for failure in self.changes.failed} | found.kept.keys()
        parents = orphans.composites(self._writer, known, healths, silent)
        owned = len(actual.equal) + len(actual.differing) + len(found.kept) + len(found.deletable)
        owned += len(parents.kept) + len(parents.deletable) + len(healths.final.keys() & actual.composites.keys())
        composites = len(healths.final.keys() | parents.kept.keys())
        self.cost = _before(actual, found, owned), _after(known.desired, found, composites)
        watched = healths.still_watched(deleted=parents.deletable)
        orphans.delete(self._writer, {**parents.deletable, **found.deletable}, owned, watched, allowed=allowed)


def _before(actual: Actual, found: Orphans, owned: int) -> cost.Cost:
    """What the stack's alarms cost as they were. owned: how many there were, composite alarms among them."""
    alarms = len(actual.equal) + len(actual.differing) + len(found.kept) + len(found.deletable)
    metrics = actual.equal_metrics + _metrics(
        [*actual.differing.values(), *found.kept.values(), *found.deletable.values()]
    )
    return cost.Cost(alarms, metrics, owned - alarms)


def _after(desired: Desired, found: Orphans, composites: int) -> cost.Cost:
    """What they cost when everything is done."""
    alarms = len(desired.alarms) + len(found.kept)
    metrics = sum(cost.alarm_metrics(alarm.request) for alarm in desired.alarms.values())
    return cost.Cost(alarms, metrics + _metrics(found.kept.values()), composites)


def _metrics(alarms: Iterable[Existing]) -> int:
    return sum(cost.alarm_metrics(existing.alarm) for existing in alarms)
