"""What dashboards are made of: everything about a service that its page shows, found elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watchpost.settings import Settings

    from provisioner.definitions import KindDefinition
    from provisioner.inventory import Resource

Widget = Mapping[str, Any]  # an entry of `widgets` in a dashboard's body, without its place


@dataclass(frozen=True, slots=True)
class Context:
    """Where the dashboards live."""

    stack: str
    region: str
    partition: str
    account: str
    metric_namespace: str

    @classmethod
    def of(cls, settings: Settings) -> Context:
        """The stack's. Its topics lie in the partition, region and account of the alarms."""
        partition, region, account = (settings.critical_topic.split(":")[index] for index in (1, 3, 4))
        return cls(settings.stack, region, partition, account, settings.metric_namespace)

    def alarm_arn(self, name: str) -> str:
        """The ARN of an alarm."""
        return f"arn:{self.partition}:cloudwatch:{self.region}:{self.account}:alarm:{name}"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm of a service. request: that of PutMetricAlarm; it tells on which metrics its threshold is drawn."""

    name: str
    title: str
    severity: str  # critical or warning
    resource: str
    request: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Links:
    """Where to go from a service's page. Addresses that do not begin with https:// are not shown as links."""

    kibana: str = ""
    runbook: str = ""
    owner: str = ""  # a name or an address
    console: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a service costs a month."""

    amount: float
    what: str  # what is counted, and where the figure is from
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class Shipped:
    """A service whose lines are shipped: its log groups, and how many metrics of it are paid for."""

    service: str
    log_groups: tuple[str, ...]
    metrics: int


@dataclass(frozen=True, slots=True)
class ServicePage:
    """All that a service's page shows."""

    service: str
    environment: str
    alarms: tuple[Alarm, ...] = ()
    composite: str | None = None  # name of the service's composite alarm
    resources: tuple[tuple[KindDefinition, Resource], ...] = ()
    log_groups: tuple[str, ...] = ()
    links: Links = field(default_factory=Links)
    deployments: tuple[tuple[str, str], ...] = ()  # ISO 8601 times with their zone, and what was deployed
    cost: Cost | None = None
    shipped: tuple[Shipped, ...] = ()  # of Watchpost's own page: what its shipping is for
    environments: tuple[str, ...] = ()  # all that the account has, this one included; empty when not known

    def sorted_resources(self) -> list[tuple[KindDefinition, Resource]]:
        """By kind, then by name."""
        return sorted(self.resources, key=lambda pair: (pair[0].order, pair[0].kind, pair[1].name))

    def moments(self) -> list[tuple[datetime, str]]:
        """The deployments in UTC, the last one at the end. Times that are not ISO 8601 with a zone are left out."""
        found = []
        for text, what in self.deployments:
            try:
                time = datetime.fromisoformat(text)
            except ValueError:
                continue
            if time.tzinfo:
                found.append((time.astimezone(UTC), what))
        return sorted(found)


@dataclass(frozen=True, slots=True)
class Section:
    """Widgets that belong together and begin a new row."""

    widgets: tuple[Widget, ...]

    @property
    def metrics(self) -> int:
        """How many metrics and expressions its graphs have."""
        return sum(map(metrics_of, self.widgets))


def metrics_of(widget: Widget) -> int:
    """How many metrics and expressions a widget has."""
    return len(widget["properties"].get("metrics", ()))
