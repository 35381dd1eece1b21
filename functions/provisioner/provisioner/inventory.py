"""What discovery finds: services' resources, what is left out, and what is not known."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provisioner.tags import SERVICE_KIND, may_begin_with, resource_tag

if TYPE_CHECKING:
    from collections.abc import Mapping

    Facts = Mapping[str, float | bool | str | None]


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing to watch, with the facts that its kind's definition declares."""

    kind: str
    name: str
    service: str
    facts: Facts
    tags: Mapping[str, str] = field(default_factory=dict)
    arn: str = ""
    deployed: str = ""  # when its code or configuration changed last, as AWS tells it (ISO 8601); "" when not known


@dataclass(frozen=True, slots=True)
class Found:
    """What a listing tells of a resource, before it is described."""

    kind: str
    name: str
    service: str
    arn: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    facts: Facts = field(default_factory=dict)  # of the ARN

    def resource(self, facts: Facts | None = None, name: str | None = None, deployed: str = "") -> Resource:
        """The resource that it is, with the facts of its description besides those of the ARN.

        name: another one than the ARN's. deployed: as of Resource.
        """
        known = {**self.facts, **(facts or {})}
        return Resource(self.kind, name or self.name, self.service, known, self.tags, self.arn, deployed)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A resource that gets no alarms at all."""

    resource: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """What could not be read. Empty fields stand for all: such alarms and dashboards stay as they are."""

    reason: str
    kind: str = ""
    service: str = ""
    resource: str = ""  # with a slash at its end: all whose names begin so, such as the stages of an API

    @property
    def name(self) -> str:
        """How it is called in the result."""
        return "/".join(part for part in (self.service, self.kind, self.resource) if part) or "discovery"

    def covers_alarm(self, kind: str, resource: str) -> bool:
        """Whether an alarm must stay as it is. kind, resource: the values of its tags, as provisioner.tags makes them.

        A service's composite alarm must whenever anything of the service is not known: its children tell nobody.
        """
        if kind == SERVICE_KIND:
            return not self.service or resource == resource_tag(self.service)
        if self.kind not in ("", kind):
            return False
        if self.resource.endswith("/"):
            return may_begin_with(resource, self.resource)
        return not self.resource or resource == resource_tag(self.resource)


@dataclass(slots=True)
class Inventory:
    """What is there, what is left out, and what is not known."""

    resources: list[Resource] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    # By service: those whose lines Watchpost ships, or should, by the subscriptions' ledger.
    log_groups: dict[str, list[str]] = field(default_factory=dict)
    # By service: how many metrics of the stack's namespace it has, each of which is paid for.
    custom_metrics: Counter[str] = field(default_factory=Counter)

    @property
    def services(self) -> list[str]:
        return sorted({resource.service for resource in self.resources})
