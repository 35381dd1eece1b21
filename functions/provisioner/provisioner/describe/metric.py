"""The services' own metrics, that are made of values in their log lines.

IAM: cloudwatch:ListMetrics (for no resource in particular).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from watchpost import names

from provisioner.inventory import Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.inventory import Found
    from provisioner.reader import Reader

KIND = "metric"
# What Watchpost itself counts for every service is the matter of the kind `logs`.
COUNTED = frozenset({"LogLines", "LogErrors", "MaxMemoryUsed", "MemoryUtilization", "InitDuration"})


def describe(_: Sequence[Found], reader: Reader) -> None:
    """One call for 500 metrics. A metric without values for two weeks is not listed any more, so its alarms go."""
    known = frozenset(reader.services)
    with reader.listing("the services' metrics", KIND, known):
        asked = {"Namespace": reader.settings.metric_namespace, "Dimensions": [{"Name": "Service"}]}
        for metric in reader.pages("cloudwatch", "list_metrics", "Metrics", None, **asked):
            name, dimensions = metric["MetricName"], metric["Dimensions"]
            reader.inventory.custom_metrics.update(one["Value"] for one in dimensions if one["Name"] == "Service")
            # With more dimensions it is another metric, to which an alarm on the service alone does not apply.
            if len(dimensions) != 1 or name in COUNTED:
                continue
            service = dimensions[0]["Value"]
            if service == names.CANARY_SERVICE:
                continue
            if service in known:
                reader.add(Resource(KIND, name, service, {"metric_name": name}))
            else:
                reader.skip(f"{service}/{name}", "no resource of a service with this name was found")
