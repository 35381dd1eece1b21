"""What should be there: definitions, resources and the configuration's overrides. No call leaves this module."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from watchpost import names

from provisioner import alarm_request, composites, cost, dashboard, own, service_pages
from provisioner.composites import Composite, Health
from provisioner.expressions import ExpressionError
from provisioner.override_checks import check as check_overrides
from provisioner.overrides import Overrides
from provisioner.placeholders import PlaceholderError
from provisioner.tags import KIND_TAG, RESOURCE_TAG, SERVICE_TAG, resource_tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watchpost.configuration import Configuration
    from watchpost.settings import Settings

    from provisioner.definitions import AlarmDefinition, KindDefinition
    from provisioner.inventory import Inventory, Resource
    from provisioner.overrides import Effective

__all__ = ["KIND_TAG", "RESOURCE_TAG", "Alarm", "Composite", "Desired", "Health", "build", "check_overrides"]

TWICE = "two alarms would have this name"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm: the request of PutMetricAlarm without tags, and its tags."""

    request: dict[str, Any]
    tags: dict[str, str]
    severity: str = ""
    kind: str = ""
    resource: str = ""  # its name, which the tag may have in another form
    service: str = ""  # likewise
    title: str = ""
    cost: float = 0.0  # USD a month
    order: int = 0  # of its kind
    on_demand: bool = False  # whether its definition has it off
    apart: bool = False  # whether it tells by itself, whatever its severity

    def paging(self, settings: Settings) -> dict[str, Any]:
        """The request with its own actions, for as long as no composite alarm tells for it."""
        topics = [alarm_request.topic(self.severity, settings)]
        return {**self.request, "AlarmActions": topics, "OKActions": topics}


@dataclass(slots=True)
class Desired:
    """The desired state. Names in `failed` have no state: what exists under them stays as it is."""

    alarms: dict[str, Alarm] = field(default_factory=dict)
    composites: dict[str, Composite] = field(default_factory=dict)  # each after those that it watches
    dashboards: dict[str, dict[str, Any]] = field(default_factory=dict)
    without_alarm: list[dict[str, str]] = field(default_factory=list)  # resource, alarm, reason
    failed: dict[str, str] = field(default_factory=dict)
    failed_dashboards: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    left_out: list[dict[str, str]] = field(default_factory=list)  # by the budget: name, reason
    cost: cost.Cost = field(default_factory=cost.Cost)
    # What `composites` is made of, for who has to make one again with other children: composites.build.
    health: dict[str, Health] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An alarm of a resource, as far as it has a name."""

    kind: KindDefinition
    alarm: AlarmDefinition
    resource: Resource

    def names(self, stack: str) -> tuple[str, str, str]:
        """What it is called, in more detail each time: with the kind, and with the resource's ARN."""
        service, resource, alarm = self.resource.service, self.resource.name, self.alarm.id
        with_kind = f"{self.kind.kind}:{resource}"
        arn = hashlib.sha256(self.resource.arn.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        parts = resource, with_kind, f"{with_kind}:{arn}"
        first, second, third = (names.alarm(stack, service, part, alarm) for part in parts)
        return first, second, third


def build(
    kinds: Sequence[KindDefinition], inventory: Inventory, configuration: Configuration, settings: Settings
) -> Desired:
    """The alarms, composite alarms and dashboards for everything that was found.

    configuration: its alarms are checked by check_overrides. Every resource or alarm that is left out has its reason
    in `without_alarm` or `left_out`.
    """
    desired = Desired()
    overrides = Overrides(kinds, configuration.alarms)
    desired.warnings += overrides.warnings(kinds, inventory)
    known = {kind.kind: kind for kind in kinds}
    for skipped in inventory.skipped:
        _without(desired, skipped.resource, "*", skipped.reason)
    wanted = []
    for resource in inventory.resources:
        if resource.kind not in known:
            _without(desired, resource.name, "*", f"no definition of the kind {resource.kind}")
            continue
        kind = known[resource.kind]
        wanted += [_Wanted(kind, alarm, resource) for alarm in kind.alarms]
    for name, one in _named(desired, wanted, settings.stack):
        _add_alarm(desired, name, one, overrides.of(one.kind, one.alarm, one.resource), settings)
    _fit_budget(desired, kinds, inventory, configuration, settings)
    return desired


def _without(desired: Desired, resource: str, alarm: str, reason: str) -> None:
    desired.without_alarm.append({"resource": resource, "alarm": alarm, "reason": reason})


def _named(desired: Desired, wanted: Sequence[_Wanted], stack: str) -> list[tuple[str, _Wanted]]:
    """The alarms with their names, which differ.

    Where resources share a name, such as a function and a queue, the kind is part of the names of all alarms that would
    be the same: whether there are such alarms does not hang on what is switched on.
    """
    choices = [one.names(stack) for one in wanted]
    named = [choice[0] for choice in choices]
    for detail in (1, 2):
        times = Counter(named)
        named = [
            choice[detail] if times[name] > 1 or composites.is_name(name) else name
            for name, choice in zip(named, choices, strict=True)
        ]
    times = Counter(named)
    # Whose alarm it would be must not depend on the order of a listing.
    desired.failed.update({name: TWICE for name in named if times[name] > 1})
    return [(name, one) for name, one in zip(named, wanted, strict=True) if times[name] == 1]


def _add_alarm(desired: Desired, name: str, one: _Wanted, effective: Effective, settings: Settings) -> None:
    kind, alarm, resource = one.kind, one.alarm, one.resource
    reason = _reason_against(kind, alarm, resource, effective, settings)
    if reason:
        _without(desired, f"{resource.service}/{resource.name}", alarm.id, reason)
        return
    try:
        body = alarm_request.request(kind, alarm, resource, effective, settings)
    except ExpressionError as error:
        desired.failed[name] = f"threshold: {error}"
        return
    except PlaceholderError as error:
        desired.failed[name] = f"dimensions: {error}"
        return
    tags = {
        names.OWNER_TAG: settings.stack,
        SERVICE_TAG: resource_tag(resource.service),
        KIND_TAG: resource.kind,
        RESOURCE_TAG: resource_tag(resource.name),
    }
    desired.alarms[name] = Alarm(
        {"AlarmName": name, **body},
        tags,
        severity=effective.severity,
        kind=kind.kind,
        resource=resource.name,
        service=resource.service,
        title=alarm.title,
        cost=cost.of_alarm(body),
        order=kind.order,
        on_demand=not alarm.enabled,
        apart=own.is_of_notifier(resource, settings),
    )


def _reason_against(
    kind: KindDefinition, alarm: AlarmDefinition, resource: Resource, effective: Effective, settings: Settings
) -> str | None:
    reason = effective.reason_against(kind.kind, alarm.id)
    if reason:
        return reason
    if resource.service == names.OWN_SERVICE and (
        left_out := own.reason_against(kind.kind, alarm.id, resource, settings)
    ):
        return left_out
    if kind.source.region not in ("", settings.aws_region):
        return f"its metrics are in {kind.source.region} only"
    if alarm.when and not alarm.when.holds(resource.facts):
        return alarm.when.otherwise
    return None


def _fit_budget(
    desired: Desired,
    kinds: Sequence[KindDefinition],
    inventory: Inventory,
    configuration: Configuration,
    settings: Settings,
) -> None:
    """Composite alarms and dashboards, with no more alarms than the budget allows."""
    _complete(desired, kinds, inventory, configuration, settings)
    budget = configuration.alarms.monthly_budget
    if budget is None or desired.cost.total <= budget:
        return
    watched = composites.watched(desired.composites)
    candidates = [_candidate(name, alarm, critical=name in watched) for name, alarm in desired.alarms.items()]
    count = len(desired.dashboards)
    too_many = cost.over_budget(
        candidates, count, budget, lambda service, of: composites.count(settings.stack, service, of)
    )
    for name in too_many:
        del desired.alarms[name]
        desired.left_out.append({"name": name, "reason": f"over the monthly budget of {budget:.10g} USD"})
    _complete(desired, kinds, inventory, configuration, settings)
    if desired.cost.total > budget:
        alone = f"{count} dashboards alone cost {desired.cost.total:.2f} USD a month"
        desired.warnings.append(f"{alone}, more than the budget of {budget:.10g}: no alarm fits")


def _candidate(name: str, alarm: Alarm, *, critical: bool) -> cost.Candidate:
    rank = cost.ON_DEMAND if alarm.on_demand else alarm.severity
    return cost.Candidate(name, rank, alarm.order, cost.alarm_metrics(alarm.request), critical, alarm.service)


def _complete(
    desired: Desired,
    kinds: Sequence[KindDefinition],
    inventory: Inventory,
    configuration: Configuration,
    settings: Settings,
) -> None:
    """Everything that follows from the alarms."""
    if configuration.alarms.composite:
        _add_composites(desired, configuration, settings)
    pages = service_pages.pages(kinds, inventory, desired, configuration, settings)
    made = dashboard.all_dashboards(pages, dashboard.Context.of(settings))
    desired.dashboards, desired.failed_dashboards = made.bodies, made.failed
    requests = (alarm.request for alarm in desired.alarms.values())
    desired.cost = cost.of(requests, len(desired.composites), len(desired.dashboards))


def _add_composites(desired: Desired, configuration: Configuration, settings: Settings) -> None:
    critical: dict[str, list[str]] = {}
    for name, alarm in desired.alarms.items():
        if alarm.severity == "critical" and not alarm.apart:
            critical.setdefault(alarm.service, []).append(name)
    desired.composites, desired.health = {}, {}
    for service in sorted(critical):
        health = Health(
            service, tuple(critical[service]), configuration.owner_of(service), configuration.runbook_of(service)
        )
        desired.health[service] = health
        desired.composites |= composites.build(health, settings)
    # Only what a composite alarm watches is silent by itself.
    for name in composites.watched(desired.composites):
        silent = {**desired.alarms[name].request, "AlarmActions": [], "OKActions": []}
        desired.alarms[name] = replace(desired.alarms[name], request=silent)
