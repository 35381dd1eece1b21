"""From the version before to this one, under load: docs/upgrading.md promises what is looked at here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from watchpost import names

from tests.acceptance import releases
from tests.acceptance.load import Load
from tests.acceptance.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.account import Account

NAME, REGION = "upgraded", "ap-northeast-2"
NAMESPACE = "Upgraded"
# The last version before 0.1.0, which has no tag. Once there are tags: the newest one that this version can come from.
PREVIOUS = "271abc75e320dd278f441f0ba263b613ef885764"
CONFIGURATION = {"service_tags": ["team", "service"], "logs": {"retention_days": 14}}
PLACES = ("DeadLetterBucket", "LedgerTable", "IncidentTable", "CriticalTopic")
MARK = "kept over the upgrade"


@dataclass(frozen=True)
class Upgrade:
    """A stack that was upgraded while lines were written, and what it was before."""

    world: Region
    load: Load
    before: dict[str, Any]


@pytest.fixture(scope="module")
def upgrade(account: Account) -> Iterator[Upgrade]:
    """The version before with load, a configuration, secrets and a ringing alarm; then this version over it."""
    world = Region(account, NAME, REGION)
    built = releases.previous(PREVIOUS, world)
    releases.deploy(world, built, MetricNamespace=NAMESPACE)
    releases.fill_secret(world)
    world.configure(CONFIGURATION)
    load = Load(world, NAMESPACE)
    world.sweep()
    cloudwatch = account.client("cloudwatch", REGION)
    for name in _alarms(world):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=MARK)
    before = _state(world, load)
    with load:
        load.batches(3)
        releases.deploy(world, MetricNamespace=NAMESPACE)
        load.batches(3)
    yield Upgrade(world, load, before)
    world.delete()


def _alarms(world: Region) -> dict[str, Any]:
    pages = world.account.client("cloudwatch", REGION).get_paginator("describe_alarms").paginate()
    return {alarm["AlarmName"]: alarm for page in pages for alarm in page["MetricAlarms"]}


def _state(world: Region, load: Load) -> dict[str, Any]:
    """What an upgrade must keep, or is to change."""
    account, outputs = world.account, world.outputs
    secrets = account.client("secretsmanager", REGION)
    dashboards = account.client("cloudwatch", REGION).list_dashboards()["DashboardEntries"]
    parameter = account.client("ssm", REGION).get_parameter(Name=outputs["ConfigParameter"])["Parameter"]
    return {
        "filters": world.filters(load.group),
        "alarms": _alarms(world),
        "dashboards": {entry["DashboardName"] for entry in dashboards},
        "configuration": json.loads(parameter["Value"]),
        "secrets": [
            secrets.get_secret_value(SecretId=outputs[name])["SecretString"]
            for name in ("ElasticsearchSecret", "NotificationSecret")
        ],
        "places": {
            name: outputs[name] for name in ("DeadLetterBucket", "LedgerTable", "IncidentTable", "CriticalTopic")
        },
    }


def test_no_line_is_lost_or_stored_twice_by_an_upgrade(upgrade: Upgrade) -> None:
    upgrade.load.check(told=False)


def test_subscriptions_are_moved_to_the_alias(upgrade: Upgrade) -> None:
    """The version before had none: its filters pointed to the function."""
    function = names.without_alias(upgrade.world.shipper)

    ((name, destination),) = upgrade.before["filters"].items()
    assert destination == function
    assert upgrade.world.filters(upgrade.load.group) == {name: upgrade.world.shipper}
    assert upgrade.world.ledger()[upgrade.load.group].destination == upgrade.world.shipper
    # what waits for the function itself is still retried and kept
    functions = upgrade.world.account.client("lambda", REGION)
    options = functions.get_function_event_invoke_config(FunctionName=f"{NAME}-shipper", Qualifier="$LATEST")
    assert options["DestinationConfig"]["OnFailure"]["Destination"].endswith(upgrade.world.outputs["DeadLetterBucket"])


def test_alarms_and_dashboards_are_kept_and_not_made_anew(upgrade: Upgrade) -> None:
    after = _state(upgrade.world, upgrade.load)

    assert upgrade.before["alarms"]
    assert upgrade.before["alarms"].keys() <= after["alarms"].keys()
    made_anew = [name for name in upgrade.before["alarms"] if after["alarms"][name].get("StateReason") != MARK]
    assert made_anew == []
    assert upgrade.before["dashboards"] <= after["dashboards"]


def test_configuration_secrets_and_data_stay(upgrade: Upgrade) -> None:
    after = _state(upgrade.world, upgrade.load)

    assert after["configuration"] == upgrade.before["configuration"] == CONFIGURATION
    assert after["secrets"] == upgrade.before["secrets"]
    assert after["places"] == upgrade.before["places"]
