"""What alarms, composite alarms and dashboards cost a month, and which alarms a budget leaves out. Pure.

Prices are list prices in USD without taxes and discounts; other regions and the free tier of alarms are not counted in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner import prices

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

SOURCE = f"Amazon CloudWatch pricing, {prices.REGION}, {prices.DATE}"
# Cents a month, so that sums are exact.
ALARM_METRIC = round(100 * prices.ALARM_METRIC)  # for each metric that an alarm looks at
COMPOSITE = round(100 * prices.COMPOSITE_ALARM)
DASHBOARD = round(100 * prices.DASHBOARD)
FREE_DASHBOARDS = prices.FREE_DASHBOARDS  # in the account; those of others are not known here and not counted
BAND_METRICS = 3  # of an alarm on a band: the metric, and the two sides of its band

ON_DEMAND = "on demand"
# From what is left out first to what is left out last.
RANKS = (ON_DEMAND, "warning", "critical")


@dataclass(frozen=True, slots=True)
class Cost:
    """How many there are, and USD a month."""

    alarms: int = 0
    alarm_metrics: int = 0  # an alarm is paid for by the metrics that it looks at
    composites: int = 0
    dashboards: int = 0

    @property
    def alarms_usd(self) -> float:
        return self.alarm_metrics * ALARM_METRIC / 100

    @property
    def composites_usd(self) -> float:
        return self.composites * COMPOSITE / 100

    @property
    def dashboards_usd(self) -> float:
        return _dashboard_cents(self.dashboards) / 100

    @property
    def cents(self) -> int:
        """All of it, in cents."""
        return self.alarm_metrics * ALARM_METRIC + self.composites * COMPOSITE + _dashboard_cents(self.dashboards)

    @property
    def total(self) -> float:
        """All of it, in USD."""
        return self.cents / 100

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return {
            "alarms": {"count": self.alarms, "metrics": self.alarm_metrics, "usd": self.alarms_usd},
            "composites": {"count": self.composites, "usd": self.composites_usd},
            "dashboards": {"count": self.dashboards, "usd": self.dashboards_usd},
            "total": self.total,
            "source": SOURCE,
        }


def alarm_metrics(alarm: Mapping[str, Any]) -> int:
    """For how many metrics an alarm is paid. alarm: a request of PutMetricAlarm or what DescribeAlarms tells of one."""
    metrics = sum("MetricStat" in query for query in alarm.get("Metrics") or ()) or 1
    return metrics * BAND_METRICS if alarm.get("ThresholdMetricId") else metrics


def of_alarm(alarm: Mapping[str, Any]) -> float:
    """USD a month of one alarm, as for alarm_metrics."""
    return alarm_metrics(alarm) * ALARM_METRIC / 100


def of(alarms: Iterable[Mapping[str, Any]], composites: int, dashboards: int) -> Cost:
    """The cost of what there is or shall be. alarms: as for alarm_metrics; composites, dashboards: how many."""
    metrics = [alarm_metrics(alarm) for alarm in alarms]
    return Cost(len(metrics), sum(metrics), composites, dashboards)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An alarm that a budget may leave out."""

    name: str
    rank: str  # of RANKS: its severity, or that it is off by default
    order: int  # of its kind; the last kinds are left out first
    metrics: int  # that are paid for
    critical: bool  # whether it is one of those that a composite alarm watches
    service: str

    def place(self) -> tuple[int, int, int, str]:
        """Its place in the order of leaving out."""
        return RANKS.index(self.rank), -self.order, -self.metrics, self.name


def over_budget(
    candidates: Collection[Candidate],
    dashboards: int,
    budget: float,
    composites: Callable[[str, Sequence[str]], int],
) -> list[str]:
    """Names of the alarms that are left out so that the rest costs no more than the budget, the least severe first.

    budget: USD a month. composites: how many composite alarms a service has with these critical alarms. All are left
    out when not even the dashboards fit.
    """
    ordered = sorted(candidates, key=Candidate.place)

    def fits(left_out: int) -> bool:
        kept = ordered[left_out:]
        critical: dict[str, list[str]] = {}
        for one in kept:
            if one.critical:
                critical.setdefault(one.service, []).append(one.name)
        needed = sum(composites(service, names) for service, names in critical.items())
        cents = Cost(len(kept), sum(one.metrics for one in kept), needed, dashboards).cents
        return cents <= budget * 100 + 1e-6  # 0.29 * 100 is a little less than 29

    # Whatever is left out makes the rest cheaper, so the first number that fits can be searched by halves.
    low, high = 0, len(ordered)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle + 1, high)
    return [one.name for one in ordered[:low]]


def _dashboard_cents(dashboards: int) -> int:
    return max(0, dashboards - FREE_DASHBOARDS) * DASHBOARD
