"""The account itself: its quota of concurrent executions.

IAM: lambda:GetAccountSettings (for no resource in particular).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.inventory import Found
    from provisioner.reader import Reader


def describe(found: Sequence[Found], reader: Reader) -> None:
    """One call in all."""

    def look(one: Found) -> None:
        limit = reader.call("lambda", "get_account_settings")["AccountLimit"]
        reader.add(one.resource({"concurrency_quota": limit["ConcurrentExecutions"]}))

    reader.each(found, look)
