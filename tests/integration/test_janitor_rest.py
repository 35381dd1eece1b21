"""The janitor in an account: what it leaves alone, layers, log groups, and what it tells."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from janitor.removing import Deletion
from watchpost.configuration import Janitor, OrphanedGroups, Selected, Versions

from tests.integration.janitor_world import (
    DELETES,
    NOW,
    STACK,
    World,
    ends,
    layer_arn,
    reasons,
)
from tests.integration.services_account.scripted import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

DELETE = Janitor(delete=True, functions=Versions(keep=2), layers=Versions(keep=2))
ORPHANS = OrphanedGroups(delete=True)


@pytest.fixture
def world() -> World:
    return World(rules=DELETE)


def test_replicas_of_the_edge_are_skipped_and_reported(world: World) -> None:
    main = "arn:aws:lambda:us-east-1:123456789012:function:edge:3"
    world.function("us-east-1.edge", 5)
    world.function("edge-copy", 5, MasterArn=main)

    result = world.run()

    assert set(reasons(result, "us-east-1.edge").values()) == {"replica"}
    assert set(reasons(result, "edge-copy").values()) == {"replica"}
    assert world.calls("DeleteFunction") == []


def test_functions_and_layers_that_are_left_out_stay(world: World) -> None:
    names = Selected(include=("shop-*",), exclude=("*-legacy",))
    world.rules = replace(DELETE, functions=Versions(2, names), layers=Versions(2, names))
    for name in ("shop-a", "shop-legacy", "other"):
        world.function(name, 3)
        world.layer(name, 3)

    world.run()

    assert {name: len(world.versions(name)) for name in ("shop-a", "shop-legacy", "other")} == {
        "shop-a": 2,
        "shop-legacy": 3,
        "other": 3,
    }
    assert {name: len(there) for name, there in world.layers.items()} == {"shop-a": 2, "shop-legacy": 3, "other": 3}


def test_layer_versions_that_any_version_of_a_function_has_or_that_are_shared_stay(world: World) -> None:
    world.layer("shared", 6)
    world.function("new", 0, Layers=[{"Arn": layer_arn("shared", 1)}])
    world.function("old", 1)
    world.functions["old"]["1"]["Layers"] = [{"Arn": layer_arn("shared", 2)}]
    world.policies = {"shared:3"}

    result = world.run()

    assert reasons(result, "shared") == {1: "used", 2: "used", 3: "shared", 5: "newest", 6: "newest"}
    assert sorted(world.layers["shared"]) == [1, 2, 3, 5, 6]


def test_a_layer_whose_policy_cannot_be_read_stays(world: World) -> None:
    world.layer("a", 4)
    world.layer("b", 4)
    world.refuse = lambda operation, asked: (
        Refusal("AccessDeniedException", 403)
        if operation == "GetLayerVersionPolicy" and asked["LayerName"] == "a"
        else None
    )

    result = world.run()

    assert (sorted(world.layers["a"]), sorted(world.layers["b"])) == ([1, 2, 3, 4], [3, 4])
    assert result.count("layerVersion", "failed") == 1


def test_without_the_list_of_functions_nothing_is_done_and_the_run_fails(world: World) -> None:
    # given a listing that breaks after its first page
    world.function("orders", 9)
    world.layer("shared", 9)
    world.group("/aws/lambda/gone")
    world.refuse = lambda operation, asked: (
        Refusal("AccessDeniedException", 403) if operation == "ListFunctions" and "Marker" in asked else None
    )

    with pytest.raises(ClientError):
        world.run()

    assert world.calls(*DELETES) == []


def test_without_event_source_mappings_no_version_goes_and_the_rest_does(world: World) -> None:
    world.function("orders", 9)
    world.layer("shared", 4)
    world.refuse = lambda operation, _: (
        Refusal("AccessDeniedException", 403) if operation == "ListEventSourceMappings" else None
    )

    result = world.run()

    assert world.versions("orders") == list(range(1, 10))
    assert sorted(world.layers["shared"]) == [3, 4]
    assert result.errors == 1
    assert "the functions cannot be listed" in result.problems[0]


def test_log_groups_of_functions_that_are_gone_are_reported_until_deletion_is_configured_for_them(
    world: World,
) -> None:
    world.group("/aws/lambda/gone")

    assert ends(world.run(), "logGroup") == {"delete": ["/aws/lambda/gone"]}
    assert "/aws/lambda/gone" in world.groups

    world.rules = replace(DELETE, log_groups=ORPHANS)
    assert ends(world.run(), "logGroup") == {"deleted": ["/aws/lambda/gone"]}
    assert world.groups == {}


def test_only_orphans_among_the_log_groups_go(world: World) -> None:
    world.rules = replace(DELETE, log_groups=replace(ORPHANS, names=Selected(exclude=("kept-*",))))
    world.function("there")
    world.function("elsewhere", LoggingConfig={"LogGroup": "/aws/lambda/common"})
    young = NOW - timedelta(days=29)
    kept = {
        "/aws/lambda/there": "function exists",
        "/aws/lambda/common": "function exists",
        f"/aws/lambda/{STACK}-shipper": "own",
        "/aws/lambda/us-east-1.edge": "replica",
        "/aws/lambda/us-gov-west-1.edge": "replica",
        "/aws/lambda/a/b": "not a function",
        "/aws/lambda/kept-1": "excluded",
        "/aws/lambda/quiet": "young",
        "/aws/lambda/fresh": "young",
        "/aws/lambda/guarded": "protected",
    }
    for name in kept:
        world.group(name)
    world.group("/aws/lambda/fresh", created=young)
    world.group("/aws/lambda/quiet", last=young)
    world.group("/aws/lambda/guarded", deletionProtectionEnabled=True)
    world.group("/aws/lambda/gone", last=NOW - timedelta(days=31))
    world.group("/ecs/gone")

    result = world.run()

    assert set(world.groups) == {*kept, "/ecs/gone"}
    assert {one.name: one.why for one in result.entries if one.kind == "logGroup" and one.why} == kept


def test_a_list_of_functions_without_our_own_is_not_believed(world: World) -> None:
    world.rules = replace(DELETE, log_groups=ORPHANS)
    del world.functions[f"{STACK}-janitor"]
    world.group("/aws/lambda/gone")

    result = world.run()

    assert "/aws/lambda/gone" in world.groups
    assert "not believed" in result.problems[0]


def test_two_runs_at_once_do_no_harm(world: World) -> None:
    # given a second run that deletes the same, between the first one's plan and its deletions
    world.function("orders", 4)
    ran = []

    def meanwhile(operation: str, _: Mapping[str, Any]) -> None:
        if operation == "DeleteFunction" and not ran:
            ran.append(True)
            ran.append(world.run())

    world.refuse = meanwhile

    first = world.run()

    assert world.versions("orders") == [3, 4]
    assert ends(first, "version")["gone"] == ["orders:1", "orders:2"]
    assert first.errors == 0
    assert ran[1].count("version", "deleted") == 2


def test_the_metrics_tell_what_was_done(world: World) -> None:
    world.rules = replace(DELETE, log_groups=ORPHANS)
    world.function("orders", 5)
    world.layer("shared", 3)
    world.group("/aws/lambda/gone")
    result = world.run()

    line = json.loads(result.emf(STACK, NOW))

    assert line["Stack"] == STACK
    told = {name: line[name] for name in [one["Name"] for one in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]]}
    assert told == {
        "VersionsDeleted": 3,
        "LayerVersionsDeleted": 1,
        "LogGroupsDeleted": 1,
        "OrphanedLogGroups": 0,
        "BytesFreed": 300,
        "JanitorErrors": 0,
    }


def test_the_answer_of_a_large_account_is_short_enough(world: World) -> None:
    world.rules = replace(DELETE, most=10_000, functions=Versions(keep=1))
    world.function("many", 1_503)
    world.seconds = 10_000.0

    answered = world.run(delete=False).answer()

    assert answered["shortened"]
    assert len(answered["entries"]) == 1_000
    assert answered["counts"]["version"] == {"delete": 1_502, "kept": 1}
    assert len(json.dumps(answered)) < 1_000_000


def test_deleting_a_function_itself_is_refused_before_anybody_is_asked() -> None:
    deletion = Deletion(lambda *_, **__: pytest.fail("it was called"), lambda _: None)  # type: ignore[arg-type]

    for function, version in (("orders", 0), ("orders", -1), ("", 3)):
        with pytest.raises(ValueError, match="no published version"):
            deletion.version(function, version)
