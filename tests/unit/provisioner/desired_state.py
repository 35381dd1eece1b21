"""What is desired for some resources, by the definitions there are."""

from __future__ import annotations

import importlib.resources
import json
from typing import TYPE_CHECKING, Any

import pytest
from provisioner import desired, loader
from provisioner.inventory import Inventory, Resource
from watchpost.configuration import parse

from tests.unit.provisioner import dashboard_limits
from tests.unit.provisioner.limits import check_alarm, check_composite

if TYPE_CHECKING:
    from watchpost.settings import Settings

KINDS = loader.load(importlib.resources.files("dashboards") / "services")
LAMBDA_FACTS: dict[str, Any] = {"timeout_ms": 30_000, "maximum_event_age_ms": 21_600_000}
UNHEALTHY = "wp/orders/service/unhealthy"


def function(name: str = "api", service: str = "orders", **fields: Any) -> Resource:
    return Resource("lambda", name, service, LAMBDA_FACTS, **fields)


def queue(name: str = "jobs", service: str = "orders") -> Resource:
    facts = {"retention_s": 345_600, "fifo": False, "dead_letter_queue": False, "in_flight_quota": 120_000}
    return Resource("sqs", name, service, facts)


def logs(service: str = "orders") -> Resource:
    return Resource("logs", "logs", service, {})


def build(settings: Settings, resources: list[Resource], **document: Any) -> desired.Desired:
    """What is desired, every request checked and the cost counted once more. document: the configuration."""
    configuration = parse(json.dumps(document))
    desired.check_overrides(KINDS, configuration.alarms)
    inventory = Inventory(resources, log_groups={"orders": ["/aws/lambda/api"]})
    state = desired.build(KINDS, inventory, configuration, settings)
    for alarm in state.alarms.values():
        check_alarm({**alarm.request, "Tags": _tags(alarm.tags)})
    for composite in state.composites.values():
        check_composite({**composite.request, "Tags": _tags(composite.tags)})
    for name, body in state.dashboards.items():
        dashboard_limits.check(name, body)
    whole = sum(alarm.cost for alarm in state.alarms.values()) + 0.5 * len(state.composites)
    assert state.cost.total == pytest.approx(whole + 3 * max(0, len(state.dashboards) - 3))
    return state


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
