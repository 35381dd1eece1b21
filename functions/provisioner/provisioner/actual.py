"""What alarms a stack has, and how they compare with what it should have."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provisioner import composites, cost
from provisioner.compare import differences, kept_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from provisioner.desired import Desired
    from provisioner.work import Work

PAGE = 100  # alarms, the most (CloudWatch API, DescribeAlarms)


@dataclass(frozen=True, slots=True)
class Existing:
    """One alarm or composite alarm. packed: its fields that matter as JSON, since there may be tens of thousands."""

    name: str
    arn: str
    packed: str

    @property
    def alarm(self) -> dict[str, Any]:
        """The fields as DescribeAlarms tells them."""
        fields: dict[str, Any] = json.loads(self.packed)
        return fields

    @property
    def is_composite(self) -> bool:
        return "AlarmRule" in self.alarm

    @property
    def children(self) -> frozenset[str]:
        """What a composite alarm watches."""
        return frozenset(composites.children_of(self.alarm.get("AlarmRule", "")))


@dataclass(slots=True)
class Listing:
    """The alarms below the stack's prefix, whosever they are."""

    alarms: dict[str, Existing] = field(default_factory=dict)
    composites: dict[str, Existing] = field(default_factory=dict)

    def beginnings(self) -> frozenset[str]:
        """What the names begin with, up to each slash, such as `<stack>/<service>`."""
        found: set[str] = set()
        for name in self.alarms:
            parts = name.split("/")
            found.update("/".join(parts[:count]) for count in range(2, len(parts)))
        return frozenset(found)


@dataclass(slots=True)
class Actual:
    """The same, compared with what should be there."""

    equal: set[str] = field(default_factory=set)
    differing: dict[str, Existing] = field(default_factory=dict)  # that should be there and be otherwise
    others: dict[str, Existing] = field(default_factory=dict)  # that should not be there
    composites: dict[str, Existing] = field(default_factory=dict)  # all of them
    equal_metrics: int = 0  # that are paid for


def listing(work: Work) -> Listing:
    """List the alarms. Raises what watchpost.calls raises: half a listing is none."""
    found = Listing()
    asked: dict[str, Any] = {
        "AlarmNamePrefix": f"{work.stack}/",
        "AlarmTypes": ["MetricAlarm", "CompositeAlarm"],
        "MaxRecords": PAGE,
    }
    for page in work.pages("describe_alarms", **asked):
        found.alarms.update((alarm["AlarmName"], _existing(alarm)) for alarm in page.get("MetricAlarms", ()))
        found.composites.update((alarm["AlarmName"], _existing(alarm)) for alarm in page.get("CompositeAlarms", ()))
    return found


def compare(listed: Listing, desired: Desired) -> Actual:
    """Sort the alarms by what they should be."""
    actual = Actual(composites=dict(listed.composites))
    for name, existing in listed.alarms.items():
        wanted = desired.alarms.get(name)
        if wanted is None:
            actual.others[name] = existing
            continue
        alarm = existing.alarm
        if differences(wanted.request, alarm):
            actual.differing[name] = existing
        else:
            actual.equal.add(name)
            actual.equal_metrics += cost.alarm_metrics(alarm)
    return actual


def _existing(alarm: Mapping[str, Any]) -> Existing:
    return Existing(alarm["AlarmName"], alarm["AlarmArn"], json.dumps(kept_fields(alarm)))
