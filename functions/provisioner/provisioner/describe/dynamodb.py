"""DynamoDB tables and their global secondary indexes: capacity mode.

IAM: dynamodb:DescribeTable for the account's tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.inventory import Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.inventory import Found
    from provisioner.reader import Reader

INDEX = "dynamodb_index"  # the kind of the indexes


def describe(found: Sequence[Found], reader: Reader) -> None:
    """One call for each table: no listing tells the indexes."""

    def look(one: Found) -> None:
        table = reader.call("dynamodb", "describe_table", TableName=one.name)["Table"]
        # Tables that never were on demand do not have it.
        on_demand = (table.get("BillingModeSummary") or {}).get("BillingMode") == "PAY_PER_REQUEST"
        reader.add(one.resource({"on_demand": on_demand}))
        for index in table.get("GlobalSecondaryIndexes") or ():
            name = index["IndexName"]
            facts = {"table": one.name, "index": name, "on_demand": on_demand}
            arn = f"{one.arn}/index/{name}"
            reader.add(Resource(INDEX, f"{one.name}/{name}", one.service, facts, one.tags, arn))

    reader.each(found, look, [INDEX])
