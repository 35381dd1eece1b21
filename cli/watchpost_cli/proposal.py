"""What a run of the provisioner would change, or has changed, as its result tells. Pure: nothing is read here."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from provisioner import composites

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Action = Literal["add", "change", "delete"]
Kind = Literal["alarm", "composite", "dashboard"]

ACTIONS: tuple[Action, ...] = ("add", "change", "delete")
KINDS: tuple[Kind, ...] = ("alarm", "composite", "dashboard")
# Where the result has them.
_LISTS: tuple[tuple[str, Action], ...] = (("created", "add"), ("updated", "change"), ("deleted", "delete"))
_PARTS: tuple[tuple[str, Kind], ...] = (("alarms", "alarm"), ("dashboards", "dashboard"))
# How the names of composite alarms end; a name that was cut or has other characters ends with a hash.
_COMPOSITE = re.compile(rf"{re.escape(composites.RESOURCE)}/{re.escape(composites.ALARM)}(-\d+)?(\.[0-9a-f]{{12}})?")
RULE = "AlarmRule"  # a field that only they have
_MORE = re.compile(r"(\d{1,9}) more")
_PART = re.compile(r"-\d+\Z")  # of a dashboard that has become several
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9]")  # what names of alarms and of dashboards have others for
GUARDED = "deletion of "  # how what the guard against mass deletion refused is named
ALL = "*"  # for an alarm: the resource gets none at all


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that differs. Values are JSON's; None where there is none."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Item:
    """An alarm, a composite alarm or a dashboard that is added, changed or deleted."""

    action: Action
    kind: Kind
    name: str
    service: str  # of an alarm; "" where the name does not tell it
    group: str  # under which people find it: the service, or what the name of a dashboard says
    subject: str  # the name without stack and service; of a dashboard the name
    what: tuple[Field, ...] = ()

    @property
    def fields(self) -> int:
        """How many fields differ. Of a dashboard that has many more the result says so in a last one."""
        more = sum(int(found[1]) for one in self.what if one.name == "more" and (found := _MORE.match(str(one.after))))
        return len(self.what) - bool(more) + more

    def as_json(self) -> dict[str, Any]:
        """For machines. Field names are promised in --help."""
        return {
            "action": self.action,
            "kind": self.kind,
            "name": self.name,
            "service": self.service or None,
            "what": [{"field": one.name, "before": one.before, "after": one.after} for one in self.what],
        }


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a resource has no alarm, or not a certain one."""

    resource: str
    alarm: str  # its id; ALL for all
    reason: str


@dataclass(frozen=True, slots=True)
class Named:
    """Something by its name, and why it is as it is."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """The result of a run, put in order. applied: whether it was done, or would be."""

    stack: str
    applied: bool
    services: int
    items: tuple[Item, ...]
    unchanged: int
    failed: tuple[Named, ...]
    without_alarm: tuple[Reason, ...]
    left_out: tuple[Named, ...]
    warnings: tuple[str, ...]
    cost: tuple[float, float]  # USD a month, before and after
    dashboards: Mapping[str, dict[str, Any]] = field(default_factory=dict)  # decoded bodies as they should be, by name

    @property
    def counts(self) -> dict[Action, int]:
        """How many are added, changed and deleted."""
        found = Counter(item.action for item in self.items)
        return {action: found[action] for action in ACTIONS}

    @property
    def is_guarded(self) -> bool:
        """Whether deletions were refused because they are so many."""
        return any(one.name.startswith(GUARDED) for one in self.failed)

    @property
    def exit_code(self) -> int:
        """0: nothing is left to do. 1: there are changes to make, or something could not be read or done."""
        return 1 if self.failed or (self.items and not self.applied) else 0

    def as_done(self) -> Proposal:
        """The same after it was applied, where there was nothing to do."""
        return replace(self, applied=True)

    def beside(self, planned: Proposal) -> list[Item]:
        """What was done and not planned, because the account changed in between."""
        known = {(item.action, item.name) for item in planned.items}
        return [item for item in self.items if (item.action, item.name) not in known]

    def as_json(self, source: str) -> dict[str, Any]:
        """For machines. Field names are promised in --help. source: of the configuration, for people."""
        before, after = self.cost
        return {
            "stack": self.stack,
            "configuration": source,
            "applied": self.applied,
            "services": self.services,
            "counts": {
                **self.counts,
                "unchanged": self.unchanged,
                "failed": len(self.failed),
                "withoutAlarm": len(self.without_alarm),
                "leftOut": len(self.left_out),
            },
            "cost": {"before": before, "after": after, "currency": "USD"},
            "changes": [item.as_json() for item in self.items],
            "failed": [{"name": one.name, "reason": one.reason} for one in self.failed],
            "withoutAlarm": [
                {"resource": one.resource, "alarm": None if one.alarm == ALL else one.alarm, "reason": one.reason}
                for one in self.without_alarm
            ],
            "leftOut": [{"name": one.name, "reason": one.reason} for one in self.left_out],
            "warnings": list(self.warnings),
        }


def read(result: Mapping[str, Any], stack: str, *, applied: bool) -> Proposal:
    """Put a result in order. result: of provisioner.result.Result.as_dict; index templates in it are passed over."""
    parts = [result[part] for part, _ in _PARTS]
    items = list(_items(result, stack))
    services = {_NOT_PLAIN.sub("-", item.service): item.service for item in items if item.service}
    items = [replace(item, group=_group(item, services)) for item in items]
    without = (Reason(one["resource"], one["alarm"], one["reason"]) for one in result["without_alarm"])
    return Proposal(
        stack=stack,
        applied=applied,
        services=result["services"],
        items=tuple(sorted(items, key=_place)),
        unchanged=sum(part["unchanged"] for part in parts),
        failed=_named(one for part in parts for one in part["failed"]),
        without_alarm=tuple(sorted(without, key=lambda one: (one.alarm != ALL, one.resource, one.alarm, one.reason))),
        left_out=_named(result["left_out"]),
        warnings=tuple(result["warnings"]),
        cost=(float(result["cost"]["before"]), float(result["cost"]["after"])),
    )


def _items(result: Mapping[str, Any], stack: str) -> Iterator[Item]:
    for part, kind in _PARTS:
        for name, action in _LISTS:
            for entry in result[part][name]:
                yield _item(entry, action, kind, stack)


def _item(entry: Mapping[str, Any], action: Action, kind: Kind, stack: str) -> Item:
    name = entry["name"]
    what = tuple(Field(one["field"], one["before"], one["after"]) for one in entry["what"])
    if kind == "dashboard":
        return Item(action, kind, name, "", name.removeprefix(f"{stack}-"), name, what)
    # <stack>/<service>/<resource>/<alarm>: a service with a slash in its name is cut there, which only groups it.
    service, slash, subject = name.removeprefix(f"{stack}/").partition("/")
    if not slash:
        return Item(action, kind, name, "", "", name, what)
    composite = _COMPOSITE.fullmatch(subject) or any(one.name == RULE for one in what)
    return Item(action, "composite" if composite else kind, name, service, service, subject, what)


def _group(item: Item, services: Mapping[str, str]) -> str:
    """Where an item stands: a dashboard by the service whose name it has, as far as its characters tell.

    services: names as alarms have them, by the same names with plain characters only.
    """
    if item.kind != "dashboard":
        return item.group
    plain = _NOT_PLAIN.sub("-", item.group)
    return services.get(plain) or services.get(_PART.sub("", plain)) or item.group


def _named(entries: Sequence[Mapping[str, str]] | Iterator[Mapping[str, str]]) -> tuple[Named, ...]:
    return tuple(Named(entry["name"], entry["reason"]) for entry in entries)


def _place(item: Item) -> tuple[str, int, str, int, str]:
    """Its place in the order: by service, there alarms by resource, then the composite, then the dashboard."""
    resource = item.subject.rpartition("/")[0]
    return item.group, KINDS.index(item.kind), resource, ACTIONS.index(item.action), item.subject
