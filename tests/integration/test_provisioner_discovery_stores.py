"""Databases and buckets: what each says of itself, and what is not watched as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from provisioner.discovery import Skipped

from tests.integration.services_account.account import Services, arn, services_account
from tests.integration.services_account.scripted import Refusal, answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

GONE = "deleted, though its tags are still listed"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    with services_account(monkeypatch) as made:
        yield made


def _database(account: Services, name: str, engine: str, size: str, **more: Any) -> None:
    account.client("rds").create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass=size,
        Engine=engine,
        AllocatedStorage=20,
        MasterUsername="made",
        MasterUserPassword="made-up-here",
        **more,
    )
    account.tag("rds:db", arn("rds", f"db:{name}"))


def _parameters(account: Services, group: str, value: str) -> None:
    client = account.client("rds")
    client.create_db_parameter_group(
        DBParameterGroupName=group, DBParameterGroupFamily="postgres16", Description="made up"
    )
    changed = {"ParameterName": "max_connections", "ParameterValue": value, "ApplyMethod": "pending-reboot"}
    client.modify_db_parameter_group(DBParameterGroupName=group, Parameters=[changed])


def test_a_database_has_what_its_class_and_parameters_say(account: Services) -> None:
    # given databases with default parameters, a number, and a formula
    _parameters(account, "number", "200")
    _parameters(account, "formula", "{DBInstanceClassMemory/9531392}")
    _database(account, "small", "postgres", "db.t3.micro")
    _database(account, "large", "postgres", "db.r6g.large", DBParameterGroupName="number")
    _database(account, "other", "postgres", "db.r6g.large", DBParameterGroupName="formula")
    account.tag("rds:db", arn("rds", "db:gone"))

    # when they are discovered
    inventory = account.discover("rds")

    # then only what is known is said
    gib = 1024**3
    assert {one.name: one.facts for one in inventory.resources} == {
        "small": {"storage_bytes": 20 * gib, "max_connections": None, "burstable": True},
        "large": {"storage_bytes": 20 * gib, "max_connections": 200, "burstable": False},
        "other": {"storage_bytes": 20 * gib, "max_connections": None, "burstable": False},
    }
    assert inventory.skipped == [Skipped("gone", GONE)]
    assert account.made["describe_db_parameters"] == 2  # none for a default group


def test_parameters_that_wait_for_a_restart_are_not_the_databases_own(account: Services) -> None:
    _parameters(account, "number", "200")
    _database(account, "large", "postgres", "db.r6g.large", DBParameterGroupName="number")

    def waiting(parsed: dict[str, Any], **_: Any) -> None:
        parsed["DBInstances"][0]["DBParameterGroups"][0]["ParameterApplyStatus"] = "pending-reboot"

    account.client("rds").meta.events.register("after-call.rds.DescribeDBInstances", waiting)

    assert account.one("rds").facts["max_connections"] is None


@pytest.mark.parametrize("engine", ["aurora-postgresql", "aurora-mysql"])
def test_an_aurora_instance_has_no_storage_of_its_own(account: Services, engine: str) -> None:
    _database(account, "one", "postgres", "db.r6g.large")

    def aurora(parsed: dict[str, Any], **_: Any) -> None:
        parsed["DBInstances"][0].update(Engine=engine, AllocatedStorage=1)

    account.client("rds").meta.events.register("after-call.rds.DescribeDBInstances", aurora)

    assert account.one("rds").facts["storage_bytes"] is None


def test_instances_of_other_databases_are_not_watched_as_rds(account: Services) -> None:
    _database(account, "graph", "neptune", "db.r6g.large")

    inventory = account.discover("rds")

    assert inventory.resources == []
    assert inventory.skipped == [Skipped("graph", "an instance of neptune, whose metrics are not those of RDS")]


def test_a_bucket_has_request_metrics_where_somebody_configured_them(account: Services) -> None:
    # given buckets with no configuration, one of a part, and one of everything on a second page; one is deleted
    for name in ("none", "part", "whole", "gone"):
        account.tag("s3:bucket", f"arn:aws:s3:::{name}")
    part = {"Id": "a-part", "Filter": {"Prefix": "in/"}}

    def page(asked: Mapping[str, Any]) -> dict[str, Any]:
        if asked["Bucket"] == "gone":
            raise Refusal("NoSuchBucket", 404)
        if asked["Bucket"] == "none":
            return {"IsTruncated": False}
        if asked["Bucket"] == "part" or "ContinuationToken" not in asked:
            more = {"NextContinuationToken": "next"} if asked["Bucket"] == "whole" else {}
            return {"IsTruncated": bool(more), "MetricsConfigurationList": [part], **more}
        return {"IsTruncated": False, "MetricsConfigurationList": [{"Id": "everything"}]}

    answer(account.client("s3"), "ListBucketMetricsConfigurations", page)

    # when they are discovered
    inventory = account.discover("s3")

    # then the filter of everything is preferred
    assert {one.name: one.facts for one in inventory.resources} == {
        "none": {"request_metrics": False, "filter_id": None},
        "part": {"request_metrics": True, "filter_id": "a-part"},
        "whole": {"request_metrics": True, "filter_id": "everything"},
    }
    assert inventory.skipped == [Skipped("gone", GONE)]


def test_a_bucket_that_may_not_be_read_keeps_its_alarms(account: Services) -> None:
    account.tag("s3:bucket", "arn:aws:s3:::mine")
    account.refuse("s3", "ListBucketMetricsConfigurations", "AccessDenied")

    inventory = account.discover("s3")

    assert [(one.kind, one.resource) for one in inventory.unknown] == [("s3", "mine")]
