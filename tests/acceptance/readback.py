"""The strict checks of requests, on what the deployed provisioner has put into the local account.

Requests are not seen there, as another process makes them: alarms and dashboards are read back and made into the
requests that they would be. That tells of every value that was stored; not of what was replaced since, and not of a
field that the emulator dropped or added: to an alarm on a percentile it adds the average, and empty lists to any.
Requests themselves are checked wherever the provisioner runs in the tests' process.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from watchpost import names

from tests.unit.provisioner import dashboard_limits
from tests.unit.provisioner.limits import check_alarm, check_composite

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(cloudwatch: Any, stack: str) -> tuple[int, int]:
    """How many alarms and dashboards of a stack were checked. Raises LimitError for what CloudWatch would refuse."""
    alarms = list(_requests(cloudwatch, stack))
    for request in alarms:
        (check_composite if "AlarmRule" in request else check_alarm)(request)
    dashboards = dict(_dashboards(cloudwatch, stack))
    for name, body in dashboards.items():
        dashboard_limits.check(name, body)
    return len(alarms), len(dashboards)


def _requests(cloudwatch: Any, stack: str) -> Iterator[dict[str, Any]]:
    """Of the stack's own alarms: what is not tagged as its own is somebody else's."""
    pages = cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=f"{stack}/", AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    operations = {"MetricAlarms": "PutMetricAlarm", "CompositeAlarms": "PutCompositeAlarm"}
    for page in pages:
        for kind, operation in operations.items():
            asked = cloudwatch.meta.service_model.operation_model(operation).input_shape.members
            for alarm in page.get(kind, ()):
                tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
                if {"Key": names.OWNER_TAG, "Value": stack} in tags:
                    added = {"Statistic"} if "ExtendedStatistic" in alarm else set()
                    kept = (alarm.keys() & asked.keys()) - added
                    yield {field: alarm[field] for field in kept if alarm[field] != []} | {"Tags": tags}


def _dashboards(cloudwatch: Any, stack: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for page in cloudwatch.get_paginator("list_dashboards").paginate(DashboardNamePrefix=f"{stack}-"):
        for entry in page["DashboardEntries"]:
            name = entry["DashboardName"]
            yield name, json.loads(cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"])
