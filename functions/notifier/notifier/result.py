"""What an invocation did: counts for its caller, and as metrics."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watchpost.names import PIPELINE_NAMESPACE

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(slots=True)
class Result:
    """Messages are those of SNS; all from `delivered` on is counted for each receiver of each message."""

    messages: int = 0  # that somebody is to be told of, or was
    quiet: int = 0  # that nobody is told of: no news, or known already
    receivers: int = 0  # that are configured
    delivered: int = 0  # taken by a receiver
    repeated: int = 0  # that a receiver had been told before
    deferred: int = 0  # that wait for the end of quiet hours
    silent: int = 0  # of kinds that a receiver is not told of, such as digests for a pager
    undelivered: int = 0  # that went to the fallback topic or the dead-letter bucket, or could not even go there

    def as_dict(self) -> dict[str, int]:
        """For the caller."""
        return {name: getattr(self, name) for name in self.__slots__}

    def emf(self, stack: str, now: datetime) -> str:
        """One line in CloudWatch's embedded metric format, with dimension Stack."""
        values = {
            "NotificationsDelivered": self.delivered,
            "NotificationsDeferred": self.deferred,
            "NotificationsUndelivered": self.undelivered,
        }
        metrics = [{"Name": name, "Unit": "Count"} for name in values]
        directive = {"Namespace": PIPELINE_NAMESPACE, "Dimensions": [["Stack"]], "Metrics": metrics}
        about = {"Timestamp": int(now.timestamp() * 1000), "CloudWatchMetrics": [directive]}
        return json.dumps({"_aws": about, "Stack": stack, **values})
