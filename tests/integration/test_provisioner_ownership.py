"""What the provisioner takes for its own, and what it leaves alone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from provisioner import events
from provisioner.run import run
from watchpost import names

from tests.unit.provisioner.world import PLAIN, World, named, names_of, prepared

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    with prepared(monkeypatch, tmp_path) as made:
        yield made


def _foreign_alarm(world: World, name: str, **more: Any) -> None:
    world.cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="Mine",
        MetricName="M",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        **more,
    )


def _mark(stack: str) -> dict[str, Any]:
    properties = {"markdown": f"`watchpost:stack={stack}`"}
    return {"type": "text", "x": 0, "y": 0, "width": 24, "height": 1, "properties": properties}


def test_what_is_not_the_stacks_own_is_not_touched(world: World) -> None:
    # given alarms and a dashboard below the stack's prefix that are somebody else's
    world.function("orders-api")
    _foreign_alarm(world, "wp/orders/mine/alarm")
    _foreign_alarm(world, "wp/other/mine/alarm", Tags=[{"Key": names.OWNER_TAG, "Value": "another"}])
    world.cloudwatch.put_dashboard(
        DashboardName="wp-2-shop",
        DashboardBody=json.dumps({"widgets": [_mark("wp-2")]}),
    )

    # when the provisioner runs
    result = world.run()

    # then they are still there
    assert {"wp/orders/mine/alarm", "wp/other/mine/alarm"} <= set(world.alarms())
    assert "wp-2-shop" in world.dashboards()
    assert result.alarms.deleted == []
    assert result.failures() == []


def test_somebody_elses_alarm_under_our_name_is_told_and_not_overwritten(world: World) -> None:
    world.function("orders-api")
    _foreign_alarm(world, "wp/orders/orders-api/errors")
    world.cloudwatch.put_dashboard(DashboardName="wp-orders", DashboardBody='{"widgets": []}')

    result = world.run()

    assert [item["name"] for item in result.failures()] == ["wp/orders/orders-api/errors", "wp-orders"]
    assert world.alarms()["wp/orders/orders-api/errors"]["Namespace"] == "Mine"
    created = named(*(PLAIN - {"errors"})) | {"wp/orders/logs/errors", "wp/orders/service/unhealthy"}
    assert set(names_of(result.alarms.created)) == created


def test_alarms_of_an_older_version_get_the_tags_they_lack(world: World) -> None:
    """Without the kind in its tags an alarm could not be kept when its kind is unknown."""
    world.function("orders-api")
    _foreign_alarm(world, "wp/orders/orders-api/errors", Tags=[{"Key": names.OWNER_TAG, "Value": "wp"}])

    world.run()

    arn = world.alarms()["wp/orders/orders-api/errors"]["AlarmArn"]
    tags = {tag["Key"]: tag["Value"] for tag in world.cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]}
    assert tags["watchpost:kind"] == "lambda"
    assert tags["watchpost:resource"] == "orders-api"


def test_a_stack_sees_nothing_of_another_whose_name_begins_alike(world: World) -> None:
    world.function("orders-api")
    world.run()
    other = replace(world.account, settings=replace(world.account.settings, stack="wp-orders"))
    run(other, world.deadline, apply=True)
    before = set(world.alarms()), world.dashboards()
    events.handle({}, "stream", world.deadline, lambda: other)

    assert world.run().failures() == []
    assert (set(world.alarms()), world.dashboards()) == before


def test_functions_without_a_service_and_those_of_another_stack_get_no_alarms_and_a_reason(world: World) -> None:
    world.function("untagged", Tags={"team": "a"})
    world.function("other-shipper", Tags={names.OWNER_TAG: "other"})

    result = world.run()

    assert world.alarms() == {}
    assert {entry["resource"]: entry["reason"] for entry in result.without_alarm} == {
        "untagged": "no stack, and no tag that names its service: service, Service",
        "other-shipper": "part of another stack of Watchpost",
    }


def test_the_first_tag_that_is_present_names_the_service(world: World) -> None:
    world.document = {"service_tags": ["app", "service"]}
    world.function("one", Tags={"service": "second", "app": "first"})
    world.function("two", Tags={"service": "second", "app": ""})

    world.run()

    assert world.dashboards() == {"wp-first", "wp-second", "wp-overview"}
