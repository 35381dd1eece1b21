"""Subscription filters of ours and services' log groups, from the ledger of subscriptions.

IAM: dynamodb:Scan for the ledger's table; cloudwatch:ListMetrics (for no resource in particular).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from watchpost import names
from watchpost.ledger import Ledger

from provisioner.inventory import Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from botocore.paginate import Paginator
    from watchpost.ledger import Entry

    from provisioner.inventory import Found
    from provisioner.reader import Reader

KIND = "log_delivery"
# The dimension DestinationType by the service in the destination's ARN, for filters that delivered nothing yet.
TYPES = {"lambda": "Lambda", "kinesis": "Kinesis", "firehose": "Firehose"}


class _Scanning:
    """What the ledger reads its table with."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def get_paginator(self, operation: str) -> Paginator[object]:
        return self._reader.paginator("dynamodb", operation)


def describe(_: Sequence[Found], reader: Reader) -> None:
    """One call for 1 MB of the ledger, one for 500 filters that delivered something in the last two weeks."""
    with reader.listing("the subscriptions' ledger", KIND):
        entries = Ledger(_Scanning(reader), reader.settings.ledger_table).read().values()
        seen = _seen(reader)
        for entry in entries:
            if names.canary_stack(entry.log_group):  # no service: the canary itself tells of its line
                continue
            # What is skipped is somebody's wish, or of a class that no query can mix with the others.
            if entry.service and entry.state != "skipped":
                # With one subscription for the whole account a group has no filter, and is shipped all the same.
                reader.add_log_group(entry.service, entry.log_group, shipped=entry.state == "covered")
            if not entry.filter:
                continue
            if not entry.service:
                reader.skip(entry.log_group, "its log group has no service")
                continue
            kind = _type(entry, seen.get((entry.log_group, entry.filter), set()))
            facts = {"log_group": entry.log_group, "filter_name": entry.filter, "destination_type": kind}
            reader.add(Resource(KIND, entry.log_group, entry.service, facts))


def _seen(reader: Reader) -> dict[tuple[str, str], set[str]]:
    """The types of destination that CloudWatch has metrics of, by log group and filter."""
    seen: dict[tuple[str, str], set[str]] = {}
    asked = {"Namespace": "AWS/Logs", "MetricName": "ForwardedLogEvents"}
    for metric in reader.pages("cloudwatch", "list_metrics", "Metrics", None, **asked):
        dimensions = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
        if dimensions.keys() == {"LogGroupName", "FilterName", "DestinationType"}:
            place = dimensions["LogGroupName"], dimensions["FilterName"]
            seen.setdefault(place, set()).add(dimensions["DestinationType"])
    return seen


def _type(entry: Entry, seen: set[str]) -> str:
    """What CloudWatch says itself, unless the filter had another destination before: then by its ARN."""
    service = entry.destination.split(":")[2:3]
    by_arn = TYPES.get(service[0] if service else "", "Lambda")
    return next(iter(seen)) if len(seen) == 1 else by_arn
