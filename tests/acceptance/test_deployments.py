"""The life of a stack under steady load: deployed, updated, rolled back, deleted. In a region of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.errors import LocalError
from tests.acceptance import releases, uninstalling
from tests.acceptance.inventory import inventory
from tests.acceptance.load import Load
from tests.acceptance.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.account import Account

NAME, REGION = "lived", "ap-northeast-1"
NAMESPACE = "Lived"
SETTINGS = {"MetricNamespace": NAMESPACE}
GROUP = "/shop/orders"
# What stays when a stack is deleted: docs/uninstalling.md says so, and why.
KEPT = ("s3 list_buckets lived-deadletterbucket", "key lived - secrets, dead letters and alarm topics", "layer version")


@pytest.fixture(scope="module")
def before(account: Account) -> Iterator[set[str]]:
    """What is in the region before anything of ours: somebody's log group."""
    logs = account.client("logs", REGION)
    logs.create_log_group(logGroupName=GROUP, tags={"service": "orders"})
    yield inventory(account, REGION)
    logs.delete_log_group(logGroupName=GROUP)


@pytest.fixture(scope="module")
def world(account: Account, before: set[str]) -> Iterator[Region]:  # comes first
    """The deployed stack with credentials."""
    world = Region(account, NAME, REGION)
    releases.deploy(world, **SETTINGS)
    releases.fill_secret(world)
    yield world
    world.delete()


@pytest.fixture
def load(world: Region) -> Load:
    """Load on a log group that is subscribed."""
    load = Load(world, NAMESPACE)
    world.sweep()
    assert list(world.filters(load.group).values()) == [world.shipper]
    return load


def _alias(world: Region) -> dict[str, Any]:
    return dict(_functions(world).get_alias(FunctionName=f"{NAME}-shipper", Name="live"))


def _functions(world: Region) -> Any:
    return world.account.client("lambda", REGION)


def _status(world: Region) -> str:
    described = world.account.client("cloudformation", REGION).describe_stacks(StackName=NAME)["Stacks"]
    return str(described[0]["StackStatus"])


def test_a_first_deployment_that_a_custom_resource_fails_says_why_and_leaves_nothing(
    account: Account, before: set[str], tmp_path: Path
) -> None:
    # given a version whose subscriber may not list log groups
    world = Region(account, NAME, REGION)
    broken = releases.changed(
        tmp_path / "broken", {"template.yaml": ("logs:DescribeLogGroups", "logs:ListTagsForResource")}
    )

    # when it is deployed
    with pytest.raises(LocalError, match=r"Subscriptions: .*logs:DescribeLogGroups"):
        releases.deploy(world, broken, **SETTINGS)

    # then nothing of it is left but the stack's own entry
    assert _status(world) == "ROLLBACK_COMPLETE"
    left = {name for name in inventory(account, REGION) - before if "layer version" not in name}
    assert left == {f"stack {NAME}"}
    world.delete()


def test_everything_that_is_shipped_goes_to_a_version_by_the_alias(world: Region) -> None:
    functions, name = _functions(world), f"{NAME}-shipper"
    (mapping,) = functions.list_event_source_mappings(FunctionName=f"{name}:live")["EventSourceMappings"]

    assert _alias(world)["FunctionVersion"].isdigit()
    assert world.filters(GROUP) == {"watchpost.service=orders": f"{mapping['FunctionArn']}"}
    assert mapping["FunctionArn"] == world.shipper
    options = functions.get_function_event_invoke_config(FunctionName=name, Qualifier="live")
    bucket = world.outputs["DeadLetterBucket"]
    assert options["DestinationConfig"]["OnFailure"]["Destination"].endswith(f":{bucket}")
    assert "logs.amazonaws.com" in functions.get_policy(FunctionName=name, Qualifier="live")["Policy"]
    assert "CloudWatch Logs may invoke" in world.command("doctor", "--only", "roles").stdout


def test_an_update_that_a_custom_resource_fails_leaves_the_stack_as_it_was(world: Region, tmp_path: Path) -> None:
    # given a version with an index template that Elasticsearch refuses
    template = "DefinitionsLayer/python/dashboards/elasticsearch/component/watchpost-base.json"
    broken = releases.changed(tmp_path / "refused", {template: ('"type": "date"', '"type": "nonsense"')})
    # of what was shipped and made since the first deployment
    world.sweep()
    world.account.invoke(world.outputs["ProvisionerFunction"], {"action": "apply"}, REGION)
    alarms, filters, alias = inventory(world.account, REGION), world.filters(GROUP), _alias(world)["FunctionVersion"]

    # when it is deployed
    with pytest.raises(LocalError, match=r"Provisioning: .*nonsense"):
        releases.deploy(world, broken, Environment="refused", **SETTINGS)

    # then everything is as it was
    assert _status(world) == "UPDATE_ROLLBACK_COMPLETE"
    left = {name for name in inventory(world.account, REGION) ^ alarms if "layer version" not in name}
    assert left == set()
    assert world.filters(GROUP) == filters
    assert _alias(world)["FunctionVersion"] == alias
    settings = _functions(world).get_function_configuration(FunctionName=f"{NAME}-shipper")["Environment"]["Variables"]
    assert settings["ENVIRONMENT"] == "dev"


def test_an_update_of_code_and_settings_under_load_loses_nothing(world: Region, load: Load, tmp_path: Path) -> None:
    # given a stack that ships, whose last update was rolled back, and a version with other code
    first = _alias(world)["FunctionVersion"]
    mark = '"""Entry point of the shipper."""'
    files = {"ShipperFunction/shipper/handler.py": (mark, f"{mark}  # another version")}
    with load:
        load.batches(3)

        # when it is deployed, with another environment, while lines are written
        releases.deploy(world, releases.changed(tmp_path / "next", files), Environment="next", **SETTINGS)
        load.batches(3)

    # then each line is stored once, some by each version, and no value is missing
    load.check()
    assert _status(world) == "UPDATE_COMPLETE"
    assert _alias(world)["FunctionVersion"] != first
    assert load.documents("dev")
    assert load.documents("next")


def test_two_versions_side_by_side_behind_the_alias_lose_nothing(world: Region, load: Load) -> None:
    # given two versions that a gradual deployment would have behind the alias, told apart by their environment
    functions, name = _functions(world), f"{NAME}-shipper"
    both = [item["Version"] for item in functions.list_versions_by_function(FunctionName=name)["Versions"]]
    old, new = sorted((version for version in both if version != "$LATEST"), key=int)[-2:]
    with load:
        load.batches(2)

        # when lines go to both, and then all to the old one again, as after a rollback
        weights = {"AdditionalVersionWeights": {new: 0.5}}
        functions.update_alias(FunctionName=name, Name="live", FunctionVersion=old, RoutingConfig=weights)
        load.batches(15)
        functions.update_alias(FunctionName=name, Name="live", FunctionVersion=old, RoutingConfig={})
        load.batches(2)
        functions.update_alias(FunctionName=name, Name="live", FunctionVersion=new)

    # then each line is stored once and counted once
    load.check()
    assert load.documents("dev")
    assert load.documents("next")


def test_the_commands_of_the_documentation_leave_first_what_it_names_and_then_nothing(
    world: Region, before: set[str], tmp_path: Path
) -> None:
    # given a stack with subscriptions, alarms, dashboards, and something in its bucket
    groups = {name for name in inventory(world.account, REGION) if "describe_log_groups /load/" in name}
    assert world.filters(GROUP)
    bucket = world.outputs["DeadLetterBucket"]
    world.account.client("s3", REGION).put_object(Bucket=bucket, Key="configuration/old.json", Body=b"{}")
    deletion, removal = uninstalling.commands(NAME)

    # when it is deleted
    found = uninstalling.run(world, deletion, tmp_path)

    # then what is left is what docs/uninstalling.md says
    left = inventory(world.account, REGION) - before - groups
    assert [name for name in sorted(left) if not name.startswith(KEPT)] == []
    assert len([name for name in left if name.startswith(KEPT[:2])]) == 2
    assert before <= inventory(world.account, REGION)

    # and retention that was set stays
    (group,) = world.logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    assert group["retentionInDays"] == 30

    # and when that is removed as well, nothing is left
    uninstalling.run(world, removal, tmp_path, found)
    assert inventory(world.account, REGION) - groups == before
