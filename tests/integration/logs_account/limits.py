"""How often AWS lets an account call each operation.

CloudWatch Logs User Guide, "CloudWatch Logs quotas"; Resource Groups Tagging API Reference, GetResources; Lambda
Developer Guide, "Lambda quotas" (control plane). None is documented for tagging of log groups and for account
policies: that of subscription filters is assumed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.integration.logs_account.clock import Clock

QUOTAS = {  # calls a second
    "DescribeLogGroups": 10.0,
    "CreateLogGroup": 10.0,
    "DeleteLogGroup": 10.0,
    "DescribeSubscriptionFilters": 5.0,
    "PutSubscriptionFilter": 5.0,
    "DeleteSubscriptionFilter": 5.0,
    "PutRetentionPolicy": 5.0,
    "ListTagsForResource": 5.0,
    "TagResource": 5.0,
    "PutAccountPolicy": 5.0,
    "DescribeAccountPolicies": 5.0,
    "DeleteAccountPolicy": 5.0,
    "GetResources": 15.0,
    "ListTags": 15.0,
    "ListEventSourceMappings": 15.0,
}


@dataclass
class Buckets:
    """A token bucket for each operation: it holds what one second allows, and fills at the quota."""

    clock: Clock
    quotas: dict[str, float] = field(default_factory=lambda: dict(QUOTAS))
    _levels: dict[str, tuple[float, float]] = field(default_factory=dict)  # tokens, and when they were counted

    def take(self, operation: str) -> bool:
        """Take a token, or say that there is none."""
        quota, now = self.quotas[operation], self.clock.now()
        level, counted = self._levels.get(operation, (quota, now))
        level = min(quota, level + (now - counted) * quota)
        # A hair less than a token is one: what is added up at exactly the quota must not fail by rounding.
        taken = level >= 1 - 1e-6
        self._levels[operation] = (level - 1 if taken else level, now)
        return taken
