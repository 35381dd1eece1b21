"""What should be there: definitions, resources and the configuration's overrides. No call leaves this module."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from watchpost import names
from watchpost.errors import ConfigurationError

from provisioner import dashboard
from provisioner.expressions import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from watchpost.configuration import AlarmOverride
    from watchpost.settings import Settings

    from provisioner.definitions import AlarmDefinition, KindDefinition, Metric
    from provisioner.discovery import Inventory, Resource

KIND_TAG = "watchpost:kind"
RESOURCE_TAG = "watchpost:resource"

_PLACEHOLDER = re.compile(r"\{(resource|service|metric_namespace)\}")


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm: the request of PutMetricAlarm without tags, and its tags."""

    request: dict[str, Any]
    tags: dict[str, str]


@dataclass(slots=True)
class Desired:
    """The desired state. Names in `failed` have no state: what exists under them stays as it is."""

    alarms: dict[str, Alarm] = field(default_factory=dict)
    dashboards: dict[str, dict[str, Any]] = field(default_factory=dict)
    without_alarm: list[dict[str, str]] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    failed_dashboards: dict[str, str] = field(default_factory=dict)


def check_overrides(definitions: Sequence[KindDefinition], overrides: Mapping[str, AlarmOverride]) -> None:
    """Every override must mean an alarm that exists.

    Raises ConfigurationError for the first that does not.
    """
    known = sorted(f"{kind.kind}.{alarm.id}" for kind in definitions for alarm in kind.alarms)
    for name in overrides:
        if name not in known:
            raise ConfigurationError(f"configuration.alarms.{name}", "an unknown alarm", "one of " + ", ".join(known))


def build(
    definitions: Sequence[KindDefinition],
    inventory: Inventory,
    overrides: Mapping[str, AlarmOverride],
    settings: Settings,
) -> Desired:
    """The alarms and dashboards for everything that was found.

    Every resource or alarm that is left out has its reason in `without_alarm`.
    """
    desired = Desired()
    kinds = {kind.kind: kind for kind in definitions}
    for skipped in inventory.skipped:
        desired.without_alarm.append({"resource": skipped.resource, "alarm": "*", "reason": skipped.reason})
    for resource in inventory.resources:
        if resource.kind in kinds:
            _add_alarms(desired, kinds[resource.kind], resource, overrides, settings)
        else:
            reason = f"no definition of the kind {resource.kind}"
            desired.without_alarm.append({"resource": resource.name, "alarm": "*", "reason": reason})
    _add_dashboards(desired, definitions, inventory, settings)
    return desired


def _add_alarms(
    desired: Desired,
    kind: KindDefinition,
    resource: Resource,
    overrides: Mapping[str, AlarmOverride],
    settings: Settings,
) -> None:
    for alarm in kind.alarms:
        override = overrides.get(f"{kind.kind}.{alarm.id}")
        reason = _reason_against(kind, alarm, resource, override)
        if reason:
            entry = {"resource": f"{resource.service}/{resource.name}", "alarm": alarm.id, "reason": reason}
            desired.without_alarm.append(entry)
            continue
        name = names.alarm(settings.stack, resource.service, resource.name, alarm.id)
        if name in desired.alarms or name in desired.failed:
            # Cut names may be the same; whose alarm it would be must not depend on the order of a listing.
            desired.alarms.pop(name, None)
            desired.failed[name] = "two alarms would have this name"
            continue
        try:
            threshold = alarm.threshold.value(resource.facts)
        except ExpressionError as error:
            desired.failed[name] = f"threshold: {error}"
            continue
        if override and override.threshold is not None:
            threshold = override.threshold
        desired.alarms[name] = Alarm(
            {"AlarmName": name, **alarm_request(kind, alarm, resource, threshold, settings)},
            {
                names.OWNER_TAG: settings.stack,
                "service": resource.service,
                KIND_TAG: resource.kind,
                RESOURCE_TAG: resource.name,
            },
        )


def _reason_against(
    kind: KindDefinition, alarm: AlarmDefinition, resource: Resource, override: AlarmOverride | None
) -> str | None:
    if override and not override.enabled:
        return f"excluded by watchpost.yaml: alarms.{kind.kind}.{alarm.id}.enabled is false"
    if alarm.when and not resource.facts.get(alarm.when.fact):
        return alarm.when.otherwise
    return None


def alarm_request(
    kind: KindDefinition, alarm: AlarmDefinition, resource: Resource, threshold: float, settings: Settings
) -> dict[str, Any]:
    """The body of PutMetricAlarm, without the name and the tags."""
    topic = settings.critical_topic if alarm.severity == "critical" else settings.warning_topic
    place = metric_place(kind, resource, settings)
    return {
        "AlarmDescription": f"{alarm.title} of {_subject(resource)}. {alarm.reason}\nRunbook: {alarm.runbook}",
        "ActionsEnabled": True,
        "AlarmActions": [topic],
        "OKActions": [topic],
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm,
        "Threshold": threshold,
        "ComparisonOperator": alarm.comparison,
        "TreatMissingData": alarm.treat_missing_data,
        **(_single(alarm, place) if len(alarm.metrics) == 1 else _math(alarm, place)),
    }


def _subject(resource: Resource) -> str:
    """What an alarm is about, in words: a service has one resource of the kind `logs`, which has no name of its own."""
    return resource.service if resource.name == resource.kind else resource.name


def metric_place(kind: KindDefinition, resource: Resource, settings: Settings) -> dict[str, Any]:
    """Namespace and dimensions of a resource's metrics."""
    values = {
        "resource": resource.name,
        "service": resource.service,
        "metric_namespace": settings.metric_namespace,
    }

    def fill(text: str) -> str:
        # One pass, so that braces in a resource's name stay what they are.
        return _PLACEHOLDER.sub(lambda match: values[match[1]], text)

    return {
        "Namespace": fill(kind.namespace),
        "Dimensions": [{"Name": name, "Value": fill(value)} for name, value in kind.dimensions],
    }


def _single(alarm: AlarmDefinition, place: dict[str, Any]) -> dict[str, Any]:
    metric = alarm.metrics[0]
    statistic = "ExtendedStatistic" if metric.statistic.startswith("p") else "Statistic"
    return {**place, "MetricName": metric.name, "Period": alarm.period, statistic: metric.statistic}


def _math(alarm: AlarmDefinition, place: dict[str, Any]) -> dict[str, Any]:
    return {"Metrics": [_query(metric, alarm.period, place) for metric in alarm.metrics]}


def _query(metric: Metric, period: int, place: dict[str, Any]) -> dict[str, Any]:
    query: dict[str, Any] = {"Id": metric.id, "ReturnData": metric.returned}
    if metric.label:
        query["Label"] = metric.label
    if metric.expression:
        return {**query, "Expression": metric.expression}
    stat = {"Metric": {**place, "MetricName": metric.name}, "Period": period, "Stat": metric.statistic}
    return {**query, "MetricStat": stat}


def _add_dashboards(
    desired: Desired, definitions: Sequence[KindDefinition], inventory: Inventory, settings: Settings
) -> None:
    alarms: dict[str, list[str]] = {service: [] for service in inventory.services}
    for name, alarm in desired.alarms.items():
        alarms[alarm.tags["service"]].append(name)
    kinds = {kind.kind: kind for kind in definitions}
    for service in inventory.services:
        name = names.dashboard(settings.stack, service)
        if name in desired.dashboards or name in desired.failed_dashboards:
            desired.dashboards.pop(name, None)
            desired.failed_dashboards[name] = "two services would have a dashboard of this name"
            continue
        resources = sorted((r for r in inventory.resources if r.service == service), key=lambda r: (r.kind, r.name))
        blocks = [_block(kinds[r.kind], r, settings) for r in resources if r.kind in kinds]
        desired.dashboards[name] = dashboard.body(service, sorted(alarms[service]), blocks, settings)


def _block(kind: KindDefinition, resource: Resource, settings: Settings) -> dashboard.Block:
    place = metric_place(kind, resource, settings)
    widgets = [w for w in kind.widgets if not w.when or resource.facts.get(w.when.fact)]
    return dashboard.Block(
        title="" if kind.kind == "logs" else f"{kind.title}: {resource.name}",
        namespace=place["Namespace"],
        dimensions=tuple((dimension["Name"], dimension["Value"]) for dimension in place["Dimensions"]),
        widgets=tuple(widgets),
        health=kind.kind == "logs",
    )
