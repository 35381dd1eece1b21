"""What applies to one alarm of one resource: its definition, then the configuration, then the resource's tags. Pure.

Of what several say, the last counts, field by field; each field knows who said it, so that people can be told.
"""

from __future__ import annotations

import fnmatch
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from watchpost import names
from watchpost.configuration import AlarmOverride

from provisioner.tags import KIND_TAG, RESOURCE_TAG

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from watchpost.configuration import AlarmRule, Alarms

    from provisioner.definitions import AlarmDefinition, KindDefinition
    from provisioner.inventory import Inventory, Resource

TAG_PREFIX = "watchpost:"
ALL_TAG = "watchpost:alarms"  # =off: no alarm at all
OFF = "off"
OF_WATCHPOST = frozenset({names.OWNER_TAG, KIND_TAG, RESOURCE_TAG})  # which say something else
FIELDS = ("enabled", "threshold", "severity", "datapoints_to_alarm", "evaluation_periods")

# Not float() alone, which takes underscores, spaces and digits of other scripts too.
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Said:
    """Who said something last, and why."""

    place: str  # alarms.overrides[2], or the tag watchpost:errors
    reason: str = ""  # of the configuration, for people

    def __str__(self) -> str:
        return f"{self.place} ({self.reason})" if self.reason else self.place


@dataclass(frozen=True, slots=True)
class Effective:
    """What an alarm of a resource is in the end."""

    enabled: bool
    threshold: float | None  # None: what the definition computes
    severity: str
    datapoints_to_alarm: int
    evaluation_periods: int
    said: Mapping[str, Said] = field(default_factory=dict)  # by field, for those that are not the definition's

    @property
    def sentence(self) -> str:
        """What is changed and by whom, such as `threshold 5 by alarms.overrides[2]`; empty when nothing is."""
        told = [f"{_spoken(name, getattr(self, name))} by {said}" for name, said in self.said.items()]
        return ", ".join(told)

    def reason_against(self, kind: str, alarm_id: str) -> str | None:
        """Why there is no such alarm, or None when there is one."""
        if self.enabled:
            return None
        said = self.said.get("enabled")
        if said is None:
            return f"only on demand: alarms.{kind}.{alarm_id}.enabled is not true in watchpost.yaml"
        if not said.place.startswith("alarms."):
            return f"off by {said}"
        why = f" ({said.reason})" if said.reason else ""
        return f"excluded by watchpost.yaml: {said.place}.enabled is false{why}"


class Overrides:
    """The overrides of a configuration, ready to be asked about many alarms.

    alarms: checked by override_checks.check.
    """

    def __init__(self, kinds: Sequence[KindDefinition], alarms: Alarms) -> None:
        self._by_name = alarms.by_name
        self._rules = [_Rule(index, rule) for index, rule in enumerate(alarms.overrides)]
        self._of: dict[tuple[str, str, str], list[_Rule]] = {}
        self._ids: frozenset[str] = frozenset(alarm.id for kind in kinds for alarm in kind.alarms)

    def of(self, kind: KindDefinition, alarm: AlarmDefinition, resource: Resource) -> Effective:
        """What applies to an alarm of a resource. Raises nothing."""
        said = [(Said(f"alarms.{key}", found.reason), found) for key, found in self._named(kind, alarm)]
        said += [
            (Said(rule.place, rule.change.reason), rule.change)
            for rule in self._about(kind.kind, alarm.id, resource.service)
            if rule.resource.matches(resource.name)
        ]
        said += [(Said(f"the tag {key}"), found) for key, found in _by_tags(resource.tags, alarm)]
        return resolve(alarm, said)

    def _named(self, kind: KindDefinition, alarm: AlarmDefinition) -> list[tuple[str, AlarmOverride]]:
        key = f"{kind.kind}.{alarm.id}"
        return [(key, self._by_name[key])] if key in self._by_name else []

    def _about(self, kind: str, alarm_id: str, service: str) -> list[_Rule]:
        """The rules whose kind, alarm and service match, which is the same for many resources."""
        key = kind, alarm_id, service
        if key not in self._of:
            about = [rule for rule in self._rules if rule.kind.matches(kind) and rule.alarm.matches(alarm_id)]
            self._of[key] = [rule for rule in about if rule.service.matches(service)]
        return self._of[key]

    def warnings(self, kinds: Sequence[KindDefinition], inventory: Inventory) -> list[str]:
        """What people should know: overrides that match nothing now, tags that cannot be understood."""
        return [*self._unmatched(inventory), *self._misunderstood(kinds, inventory)]

    def _unmatched(self, inventory: Inventory) -> list[str]:
        warnings = []
        for rule in self._rules:
            if rule.service.glob is None and rule.resource.glob is None:
                continue
            # What could not be read may be what is meant.
            hidden = any(not gap.kind or rule.kind.matches(gap.kind) for gap in inventory.unknown)
            if not hidden and not any(rule.covers(resource) for resource in inventory.resources):
                warnings.append(f"{rule.place} matches no resource that was found")
        return warnings

    def _misunderstood(self, kinds: Sequence[KindDefinition], inventory: Inventory) -> list[str]:
        bands = {kind.kind: {alarm.id for alarm in kind.alarms if alarm.anomaly} for kind in kinds}
        warnings: dict[str, None] = {}
        for resource in inventory.resources:
            for key, value in resource.tags.items():
                problem = self._problem(key, value, bands.get(resource.kind, set()))
                if problem:
                    warnings[f"{resource.service}/{resource.name}: the tag {key!r:.140} {problem}, it is ignored"] = (
                        None
                    )
        return list(warnings)

    def _problem(self, key: str, value: str, bands: set[str]) -> str | None:
        """What is wrong with a tag. A name of another kind's alarm is not: tags of a stack reach all its resources."""
        if not key.startswith(TAG_PREFIX) or key in OF_WATCHPOST:
            return None
        found = f"has the value {value!r:.100}, expected"
        if key == ALL_TAG:
            return None if _is_off(value) else f"{found} {OFF}"
        alarm_id = key.removeprefix(TAG_PREFIX)
        if alarm_id not in self._ids:
            return "names no alarm of any kind"
        if _is_off(value):
            return None
        if alarm_id in bands:
            return f"{found} {OFF}: this alarm follows a band of expected values"
        return None if _number(value) is not None else f"{found} {OFF} or a number"


def resolve(alarm: AlarmDefinition, said: Iterable[tuple[Said, AlarmOverride]]) -> Effective:
    """What an alarm is after what was said about it, in this order."""
    values = {name: getattr(alarm, name) for name in FIELDS} | {"threshold": None}
    last: dict[str, Said] = {}
    for who, change in said:
        for name in FIELDS:
            value = getattr(change, name)
            # A glob may be about alarms with and without a threshold.
            if value is not None and not (name == "threshold" and alarm.anomaly):
                values[name], last[name] = value, who
    # Of three periods, five cannot be bad.
    values["datapoints_to_alarm"] = min(values["datapoints_to_alarm"], values["evaluation_periods"])
    return Effective(**values, said={name: last[name] for name in FIELDS if name in last})


class _Glob:
    def __init__(self, glob: str | None) -> None:
        self.glob = glob
        self._match = re.compile(fnmatch.translate(glob)).match if glob is not None else None

    def matches(self, text: str) -> bool:
        return self._match is None or self._match(text) is not None


class _Rule:
    def __init__(self, index: int, rule: AlarmRule) -> None:
        self.place = f"alarms.overrides[{index}]"
        self.change = rule.change
        self.kind, self.service = _Glob(rule.kind), _Glob(rule.service)
        self.resource, self.alarm = _Glob(rule.resource), _Glob(rule.alarm)

    def covers(self, resource: Resource) -> bool:
        parts = (self.kind, resource.kind), (self.service, resource.service), (self.resource, resource.name)
        return all(glob.matches(text) for glob, text in parts)


def _by_tags(tags: Mapping[str, str], alarm: AlarmDefinition) -> list[tuple[str, AlarmOverride]]:
    """What a resource's tags say about an alarm. What cannot be understood says nothing."""
    key = f"{TAG_PREFIX}{alarm.id}"
    found = []
    if key not in OF_WATCHPOST and key != ALL_TAG and key in tags:
        number = _number(tags[key])
        if _is_off(tags[key]):
            found.append((key, AlarmOverride(enabled=False)))
        elif number is not None:
            found.append((key, AlarmOverride(threshold=number)))
    if _is_off(tags.get(ALL_TAG, "")):
        found.append((ALL_TAG, AlarmOverride(enabled=False)))
    return found


def _is_off(value: str) -> bool:
    return value.strip().lower() == OFF


def _number(value: str) -> float | None:
    text = value.strip()
    number = float(text) if _NUMBER.fullmatch(text) else math.nan
    return number if math.isfinite(number) else None


def _spoken(name: str, value: object) -> str:
    if name == "enabled":
        return "on" if value else OFF
    if isinstance(value, float):
        return f"{name} {int(value) if value.is_integer() and abs(value) < 1e15 else value}"
    return f"{name.replace('_', ' ')} {value}"
