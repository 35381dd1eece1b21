"""The composite alarm of a service: unhealthy when any of its critical alarms rings. Pure.

One composite alarm watches up to 100 others, and its rule has up to 10,240 characters (CloudWatch API,
PutCompositeAlarm). Where a service has more, composite alarms without actions watch parts of them, and the one that
pages watches those.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from watchpost import names

from provisioner.tags import KIND_TAG, RESOURCE_TAG, SERVICE_KIND, SERVICE_TAG, resource_tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from watchpost.settings import Settings

RESOURCE = "service"  # stands for the service among its resources
ALARM = "unhealthy"
MOST_CHILDREN = 100
LONGEST_RULE = 10_240  # characters
LONGEST_NAME = 300  # characters of a service's name within a description, whose other parts are bounded too
OR = " OR "

_CHILD = re.compile(r'ALARM\("([^"]+)"\)')
_QUOTABLE = re.compile(r'[^"\\\x00-\x1f\x7f]+')


@dataclass(frozen=True, slots=True)
class Composite:
    """One composite alarm: the request of PutCompositeAlarm without tags, its tags, and the alarms that it watches."""

    request: dict[str, Any]
    tags: dict[str, str]
    children: tuple[str, ...]  # names, in the order of the rule
    service: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """What a service's composite alarm is made of."""

    service: str
    children: tuple[str, ...]  # names of its critical alarms, in any order
    owner: str | None = None
    runbook: str | None = None


def build(health: Health, settings: Settings) -> dict[str, Composite]:
    """The composite alarms of a service by name, each after those that it watches: the last one pages.

    None without children. A child whose name cannot stand in a rule is left out, see `watched`.
    """
    levels = _levels(settings.stack, health.service, health.children)
    return {name: _composite(name, children, health, settings) for name, children in levels}


def count(stack: str, service: str, children: Iterable[str]) -> int:
    """How many composite alarms a service with these critical alarms needs."""
    return len(_levels(stack, service, children))


def is_name(name: str) -> bool:
    """Whether a composite alarm may have this name."""
    return f"/{RESOURCE}/{ALARM}" in name


def watched(composites: Mapping[str, Composite]) -> frozenset[str]:
    """The alarms that composite alarms watch, other composite alarms not among them."""
    return frozenset(name for one in composites.values() for name in one.children if name not in composites)


def rule(children: Sequence[str]) -> str:
    """The rule of a composite alarm: any of these rings."""
    return OR.join(f'ALARM("{name}")' for name in children)


def children_of(text: str) -> tuple[str, ...]:
    """The names in a rule that `rule` wrote; of another one those that it says the same about."""
    return tuple(_CHILD.findall(text))


def _levels(stack: str, service: str, children: Iterable[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Name and children of every composite alarm, parts first."""
    level = _parts([name for name in sorted(set(children)) if _QUOTABLE.fullmatch(name)])
    found: list[tuple[str, tuple[str, ...]]] = []
    while len(level) > 1:
        first = len(found)
        found += [
            (names.alarm(stack, service, RESOURCE, f"{ALARM}-{number}"), part)
            for number, part in enumerate(level, start=first + 1)
        ]
        level = _parts([name for name, _ in found[first:]])
    return found + [(names.alarm(stack, service, RESOURCE, ALARM), part) for part in level]


def _parts(children: Sequence[str]) -> list[tuple[str, ...]]:
    """The children in as few parts as the limits allow, in their order."""
    parts: list[list[str]] = []
    length = 0
    for name in children:
        more = len(rule([name])) + len(OR)
        if not parts or len(parts[-1]) == MOST_CHILDREN or length + more - len(OR) > LONGEST_RULE:
            parts.append([])
            length = 0
        parts[-1].append(name)
        length += more
    return [tuple(part) for part in parts]


def _composite(name: str, children: tuple[str, ...], health: Health, settings: Settings) -> Composite:
    main = names.alarm(settings.stack, health.service, RESOURCE, ALARM)
    part_of = f"Part of {main}, which pages. This one tells nobody."
    actions = [settings.critical_topic] if name == main else []
    request = {
        "AlarmName": name,
        "AlarmDescription": _description(health) if name == main else part_of,
        "ActionsEnabled": True,
        "AlarmActions": actions,
        "OKActions": actions,
        "AlarmRule": rule(children),
    }
    tags = {
        names.OWNER_TAG: settings.stack,
        SERVICE_TAG: resource_tag(health.service),
        KIND_TAG: SERVICE_KIND,
        RESOURCE_TAG: resource_tag(health.service),
    }
    return Composite(request, tags, children, health.service)


def _description(health: Health) -> str:
    owner = [f"Owner: {health.owner}"] if health.owner else []
    todo = health.runbook or "see which of its alarms rings; its description says what to do first."
    first = f"{health.service[:LONGEST_NAME]} is unhealthy: at least one of its critical alarms rings."
    return "\n".join([first, *owner, f"Runbook: {todo}"])
