"""The provisioner when AWS refuses, time runs out, or much would be deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from provisioner import events
from provisioner.deadline import NO_TIME, RESERVE
from watchpost.errors import ConfigurationError, DefinitionError, ProvisioningError

from tests.unit.provisioner.world import PLAIN, World, named, names_of, prepared, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    with prepared(monkeypatch, tmp_path) as made:
        yield made


def test_more_than_half_is_not_deleted_unless_allowed(world: World) -> None:
    # given three functions of which two vanish: ten of sixteen alarms
    for name in ("one", "two", "three"):
        world.function(name)
    world.run()
    for name in ("one", "two"):
        world.client("lambda").delete_function(FunctionName=name)

    # when the provisioner runs, without and with the permission
    refused = world.run()
    kept = set(world.alarms())
    allowed = world.run(allow_mass_deletion=True)

    # then only the second deletes
    assert len(kept) == 16
    assert refused.alarms.deleted == []
    assert "allow_mass_deletion" in refused.alarms.failed[0]["reason"]
    assert len(allowed.alarms.deleted) == 10


def test_alarms_are_deleted_in_batches_that_cloudwatch_takes(world: World) -> None:
    for number in range(21):
        world.function(f"f{number}")
    world.run()
    for number in range(21):
        world.client("lambda").delete_function(FunctionName=f"f{number}")

    result = world.run(allow_mass_deletion=True)

    assert len(result.alarms.deleted) == 107
    # (a composite alarm, which goes alone, and twice up to a hundred others)
    assert world.writes.count("DeleteAlarms") == 3
    assert world.alarms() == {}


def test_one_alarm_that_is_refused_does_not_stop_the_others(world: World) -> None:
    world.function("orders-api")
    refuse(world.cloudwatch, "PutMetricAlarm", lambda request: "orders-api/throttles" in request)

    result = world.run()

    assert result.alarms.failed == [
        {"name": "wp/orders/orders-api/throttles", "reason": "AccessDeniedException: not allowed: PutMetricAlarm"}
    ]
    created = named(*(PLAIN - {"throttles"})) | {"wp/orders/logs/errors", "wp/orders/service/unhealthy"}
    assert set(names_of(result.alarms.created)) == created
    assert names_of(result.dashboards.created) == ["wp-orders", "wp-overview"]


def test_one_alarm_that_cannot_be_deleted_does_not_keep_the_others(world: World) -> None:
    world.function("orders-api")
    world.function("orders-old")
    world.run()
    world.client("lambda").delete_function(FunctionName="orders-old")
    refuse(world.cloudwatch, "DeleteAlarms", lambda request: "orders-old/throttles" in request)

    result = world.run()

    assert [item["name"] for item in result.alarms.failed] == ["wp/orders/orders-old/throttles"]
    assert set(names_of(result.alarms.deleted)) == named(*(PLAIN - {"throttles"}), function="orders-old")


def test_what_could_not_be_read_keeps_its_alarms(world: World) -> None:
    """Ignorance is no reason to delete."""
    # given two functions, one of which may not be read any more, and one that is gone
    for name in ("orders-api", "orders-other", "orders-old"):
        world.function(name)
    world.run()
    before = set(world.alarms())
    world.client("lambda").delete_function(FunctionName="orders-old")
    refuse(world.client("lambda"), "GetFunctionConcurrency", lambda request: "/orders-other/" in request)

    # when the provisioner runs
    result = world.run()

    # then only the alarms of the one that is gone are deleted, and the dashboard keeps its graphs
    assert before - set(world.alarms()) == named(*PLAIN, function="orders-old")
    assert [item["name"] for item in result.alarms.failed] == ["orders/lambda/orders-other"]
    assert (result.dashboards.updated, result.dashboards.deleted) == ([], [])


@pytest.mark.parametrize(
    ("client", "operation"),
    [
        ("resourcegroupstaggingapi", "GetResources"),
        ("lambda", "ListFunctions"),
        ("lambda", "ListEventSourceMappings"),
        ("cloudwatch", "DescribeAlarms"),
    ],
)
def test_a_listing_that_is_refused_leaves_everything_as_it_is(world: World, client: str, operation: str) -> None:
    world.function("orders-api")
    world.run()
    before = set(world.alarms()), world.dashboards()
    world.client("lambda").delete_function(FunctionName="orders-api")
    world.function("new-one", service="orders")
    refuse(world.client(client), operation)

    result = world.run()

    assert result.alarms.deleted == []
    assert result.alarms.failed
    fresh = boto3.client("cloudwatch")
    assert {alarm["AlarmName"] for alarm in fresh.describe_alarms()["MetricAlarms"]} >= before[0]
    assert world.dashboards() == before[1]


def test_a_foreign_dashboard_list_that_is_refused_does_not_stop_the_alarms(world: World) -> None:
    world.function("orders-api")
    refuse(world.cloudwatch, "ListDashboards")

    result = world.run()

    assert set(world.alarms()) == named(*PLAIN) | {"wp/orders/logs/errors"}
    assert [item["name"] for item in result.dashboards.failed] == ["dashboards"]


def test_without_time_nothing_is_begun_and_everything_is_told(world: World) -> None:
    world.function("orders-api")
    world.seconds_left = RESERVE - 0.001

    result = world.run()

    assert world.writes == []
    assert NO_TIME in result.failures()[0]["reason"]


def test_an_invocation_that_left_something_undone_fails_and_names_it(world: World) -> None:
    world.function("orders-api")
    refuse(world.cloudwatch, "PutMetricAlarm", lambda request: "orders-api/throttles" in request)

    with pytest.raises(ProvisioningError, match="wp/orders/orders-api/throttles"):
        events.handle({"detail-type": "Scheduled Event"}, "stream", world.deadline, lambda: world.account)


def test_a_wrong_definition_leaves_every_alarm_as_it_is(world: World, tmp_path: Path) -> None:
    world.function("orders-api")
    world.run()
    world.writes.clear()
    (tmp_path / "services" / "logs.yaml").write_text("title: broken")

    with pytest.raises(DefinitionError, match=r"services/logs\.yaml"):
        world.run()

    assert world.writes == []
    assert len(world.alarms()) == 6


def test_a_wrong_configuration_leaves_every_alarm_as_it_is(world: World) -> None:
    world.function("orders-api")
    world.run()
    world.document = {"alarms": {"lambda.nonsense": {"enabled": False}}}

    with pytest.raises(ConfigurationError, match=r"configuration\.alarms\.lambda\.nonsense"):
        world.run()

    assert world.writes == []


def test_an_alarm_whose_threshold_has_no_value_any_more_stays_as_it_is(world: World, tmp_path: Path) -> None:
    world.function("orders-api")
    world.run()
    file = tmp_path / "services" / "lambda.yaml"
    file.write_text(file.read_text().replace("0.9 * timeout_ms", "1 / (timeout_ms - 30000)"))

    result = world.run()

    assert result.alarms.failed == [
        {"name": "wp/orders/orders-api/duration", "reason": "threshold: 1 / (timeout_ms - 30000) divides by zero"}
    ]
    assert world.alarms()["wp/orders/orders-api/duration"]["Threshold"] == pytest.approx(27_000)
    assert set(world.writes) == {"PutDashboard"}
