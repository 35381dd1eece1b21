"""Brings the services' composite alarms to the desired state, and sees to it that no critical alarm is silent.

CloudWatch refuses a composite alarm with a child that does not exist, and to delete a child of a composite alarm
(ValidationError of PutCompositeAlarm and DeleteAlarms): so children are put before, and deleted after.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from watchpost import names

from provisioner import composites
from provisioner.compare import differences

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from watchpost.settings import Settings

    from provisioner.desired import Composite
    from provisioner.orphans import Known
    from provisioner.writer import Writer

# Of the time that a run leaves free at its end, the part that stays free when the composite alarm of a service is still
# to be put, and its alarms are there already.
LATE = 0.5
CHILDLESS = "none of the alarms that it watches is there"


class Healths:
    """The composite alarms of one run."""

    def __init__(self, writer: Writer, settings: Settings, known: Known, reserve: float) -> None:
        """reserve: seconds that the run leaves free at its end."""
        desired, actual = known.desired, known.actual
        self._writer, self._settings, self._desired, self._actual = writer, settings, desired, actual
        self._late = replace(writer.work, calls=writer.work.calls.within(reserve * LATE))
        self._there = {*actual.equal, *actual.differing}  # alarms that exist, and can be watched
        self._equal = actual.equal
        self._kept = known.orphans.kept.keys()
        self._of_service: dict[str, dict[str, Composite]] = {}
        for name, composite in desired.composites.items():
            self._of_service.setdefault(composite.service, {})[name] = composite
        self._uncovered: set[str] = set()
        self.final: dict[str, Composite] = {}  # what should be there in the end
        self._old_rules = dict(actual.composites)  # those that are as they were

    def watched(self, service: str) -> frozenset[str]:
        """The alarms of a service that its composite alarm should watch."""
        return composites.watched(self._of_service.get(service, {}))

    def is_there(self, name: str) -> None:
        """Note that an alarm was created."""
        self._there.add(name)

    def bring(self, service: str) -> None:
        """Put the composite alarms of a service as they should be, over those of its alarms that exist.

        When that fails, the alarms that no composite alarm tells for tell by themselves.
        """
        leaves = self._leaves(service)
        group = self._of_service.get(service, {})
        if leaves != composites.watched(group):
            health = replace(self._desired.health[service], children=tuple(sorted(leaves)))
            group = composites.build(health, self._settings)
        self.final.update(group)
        if not group:
            for name in self._of_service.get(service, {}):
                self._writer.changes.fail(name, CHILDLESS)
        for name, composite in group.items():
            if not self._put(name, composite):
                for other in list(group)[list(group).index(name) + 1 :]:
                    self._writer.changes.fail(other, f"it watches {name}, which was not put")
                self._let_page(leaves - self._told_for(name for name in group))
                return

    def request_of(self, name: str) -> dict[str, Any]:
        """The request of an alarm that should be there: with its own actions while nothing tells for it."""
        alarm = self._desired.alarms[name]
        return alarm.paging(self._settings) if name in self._uncovered else alarm.request

    def still_watched(self, deleted: Collection[str] = ()) -> dict[str, str]:
        """Alarms that composite alarms watch now, with the name of one. deleted: composite alarms that go."""
        rules: dict[str, Iterable[str]] = {name: one.children for name, one in self._old_rules.items()}
        rules |= {name: one.children for name, one in self.final.items() if name not in rules}
        return {child: name for name, children in rules.items() if name not in deleted for child in children}

    def leaves_below(self, name: str) -> set[str]:
        """The alarms that an existing composite alarm tells for, also through others."""
        found: set[str] = set()
        seen, left = {name}, [name]
        while left:
            existing = self._actual.composites.get(left.pop())
            for child in existing.children if existing else ():
                if child in self._actual.composites and child not in seen:
                    left.append(child)
                    seen.add(child)
                elif child not in self._actual.composites:
                    found.add(child)
        return found

    def _leaves(self, service: str) -> set[str]:
        wanted = {name for name in self.watched(service) if name in self._there and self._is_ours(name)}
        # Those that stay, though nothing asks for them now, and that the service's composite alarm tells for.
        main = names.alarm(self._settings.stack, service, composites.RESOURCE, composites.ALARM)
        return wanted | (self.leaves_below(main) & self._kept)

    def _is_ours(self, name: str) -> bool:
        """Whether an alarm of this name is ours: a foreign one could not be deleted any more once it is watched."""
        existing = self._actual.differing.get(name)
        return existing is None or self._writer.is_ours(existing)

    def _put(self, name: str, composite: Composite) -> bool:
        existing = self._actual.composites.get(name)
        if existing is not None and not differences(composite.request, existing.alarm):
            self._writer.changes.unchanged += 1
            return True
        done = self._writer.put(composite.request, composite.tags, existing, self._late)
        if done:
            self._old_rules.pop(name, None)
        return done

    def _told_for(self, group: Iterable[str]) -> set[str]:
        """The alarms for which a composite alarm of a service that was there before still tells."""
        main = list(group)[-1]
        existing = self._actual.composites.get(main)
        return self.leaves_below(main) if existing and self._writer.is_ours(existing) else set()

    def _let_page(self, alarms: Iterable[str]) -> None:
        for name in sorted(alarms):
            if name not in self._desired.alarms:
                continue  # it stays as it is
            self._uncovered.add(name)
            if name not in self._actual.differing:
                before = self._desired.alarms[name].request if name in self._equal else None
                self._writer.put_again(self.request_of(name), before, self._late)
