"""RDS instances: storage, connections, and whether their CPU is burstable.

IAM: rds:DescribeDBInstances for the account's instances; rds:DescribeDBParameters for its parameter groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provisioner.inventory import Found
    from provisioner.reader import Reader

PAGE = 100  # the most (RDS API, DescribeDBInstances)
GIB = 1024**3
# They have instances of RDS, and namespaces of their own in CloudWatch.
OTHERS = ("docdb", "neptune")


def describe(found: Sequence[Found], reader: Reader) -> None:
    """One call for 100 instances of the account, one for each parameter group that somebody made."""
    with reader.listing("database instances", found[0].kind, {one.service for one in found}):
        listed = reader.pages("rds", "describe_db_instances", "DBInstances", PAGE)
        instances = {instance["DBInstanceArn"]: instance for instance in listed}

        def look(one: Found) -> None:
            instance = instances.get(one.arn)
            if instance is None:
                reader.gone(one)
            elif instance["Engine"] in OTHERS:
                reader.skip(one.name, f"an instance of {instance['Engine']}, whose metrics are not those of RDS")
            else:
                reader.add(one.resource(_facts(reader, instance)))

        reader.each(found, look)


def _facts(reader: Reader, instance: Mapping[str, Any]) -> dict[str, Any]:
    # Aurora's storage is the cluster's and grows by itself.
    fixed = not instance["Engine"].startswith("aurora")
    return {
        "storage_bytes": instance["AllocatedStorage"] * GIB if fixed else None,
        "max_connections": _max_connections(reader, instance.get("DBParameterGroups") or ()),
        "burstable": instance["DBInstanceClass"].startswith("db.t"),
    }


def _max_connections(reader: Reader, groups: Sequence[Mapping[str, str]]) -> int | None:
    """What somebody set in the instance's parameter group; None for a formula over the instance's memory.

    The default groups, which nobody can change, have such a formula.
    """
    for group in groups:
        name = group["DBParameterGroupName"]
        # Until then a changed value waits for a restart.
        if name.startswith("default.") or group["ParameterApplyStatus"] != "in-sync":
            continue
        asked = {"DBParameterGroupName": name, "Source": "user"}
        for parameter in reader.pages("rds", "describe_db_parameters", "Parameters", PAGE, **asked):
            value = parameter.get("ParameterValue") or ""
            if parameter["ParameterName"] == "max_connections" and value.isascii() and value.isdigit():
                return int(value)
    return None
