"""What the dashboard of each service shows, out of the desired alarms and the inventory. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from watchpost import links, names
from watchpost.search import kql

from provisioner import cost, dashboard_model, own

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watchpost.configuration import Configuration
    from watchpost.settings import Settings

    from provisioner.definitions import KindDefinition
    from provisioner.desired import Alarm, Desired
    from provisioner.inventory import Inventory, Resource

OF_ALARMS = f"its alarms, by list price ({cost.SOURCE})"


def pages(
    kinds: Sequence[KindDefinition],
    inventory: Inventory,
    desired: Desired,
    configuration: Configuration,
    settings: Settings,
) -> list[dashboard_model.ServicePage]:
    """One for each service that was found. desired: of which the alarms and composite alarms count."""
    definitions = {kind.kind: kind for kind in kinds}
    environments = {settings.environment, *(rule.environment for rule in configuration.services if rule.environment)}
    resources: dict[str, list[Resource]] = {service: [] for service in inventory.services}
    of_service: dict[str, list[Alarm]] = {service: [] for service in resources}
    for resource in inventory.resources:
        resources[resource.service].append(resource)
    for alarm in desired.alarms.values():
        of_service[alarm.service].append(alarm)
    static = {names.OWN_SERVICE: own.static_alarms(settings.stack)}
    # Of the composite alarms of a service the last one watches the others.
    whole = {composite.service: composite for composite in desired.composites.values()}
    parts = {service: sum(one.service == service for one in desired.composites.values()) for service in whole}
    return [
        dashboard_model.ServicePage(
            service=service,
            environment=settings.environment,
            alarms=(*map(_shown, of_service[service]), *static.get(service, ())),
            composite=whole[service].request["AlarmName"] if service in whole else None,
            resources=tuple((definitions[one.kind], one) for one in found if one.kind in definitions),
            log_groups=tuple(inventory.log_groups.get(service, ())),
            links=_links(settings, configuration, service),
            deployments=_deployments(found),
            environments=tuple(sorted(environments)) if len(environments) > 1 else (),
            shipped=_shipped(inventory) if service == names.OWN_SERVICE else (),
            cost=_cost((*of_service[service], *static.get(service, ())), parts.get(service, 0)),
        )
        for service, found in resources.items()
    ]


def _cost(alarms: Sequence[Alarm | dashboard_model.Alarm], composites: int) -> dashboard_model.Cost:
    return dashboard_model.Cost(cost.of([one.request for one in alarms], composites, 0).total, OF_ALARMS)


def _links(settings: Settings, configuration: Configuration, service: str) -> dashboard_model.Links:
    return dashboard_model.Links(
        kibana=_kibana(settings, service),
        owner=configuration.owner_of(service) or "",
        runbook=configuration.runbook_of(service) or "",
    )


def _shipped(inventory: Inventory) -> tuple[dashboard_model.Shipped, ...]:
    return tuple(
        dashboard_model.Shipped(service, tuple(groups), inventory.custom_metrics[service])
        for service, groups in sorted(inventory.log_groups.items())
        if service != names.OWN_SERVICE
    )


def _shown(alarm: Alarm) -> dashboard_model.Alarm:
    name = alarm.request["AlarmName"]
    return dashboard_model.Alarm(name, alarm.title, alarm.severity, alarm.resource, alarm.request)


def _kibana(settings: Settings, service: str) -> str:
    """Discover, filtered to the service's last hour; "" without a Kibana."""
    if settings.kibana_url == "none":
        return ""
    view = names.kibana_object(settings.stack, settings.aws_region, settings.account, "logs")
    query = kql.field_equals("service.name", service)
    base = settings.kibana_url.rstrip("/")
    return links.discover(base, view, start="now-1h", end="now", query=query, space=settings.kibana_space)


def _deployments(resources: Sequence[Resource]) -> tuple[tuple[str, str], ...]:
    """When something was deployed, and what: what changed within the same minute was one deployment."""
    moments: dict[datetime, list[str]] = {}
    for resource in resources:
        try:
            moment = datetime.fromisoformat(resource.deployed)
        except ValueError:
            continue
        if moment.tzinfo:
            moments.setdefault(moment.replace(second=0, microsecond=0), []).append(resource.name)
    return tuple((moment.isoformat(), _counted(sorted(what))) for moment, what in sorted(moments.items()))


def _counted(what: Sequence[str]) -> str:
    return what[0] if len(what) == 1 else f"{what[0]} and {len(what) - 1} more"
