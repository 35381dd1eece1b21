"""The janitor in an account: it removes exactly what nothing needs, page by page, whatever one function does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from watchpost.configuration import Janitor, OrphanedGroups, Versions

from tests.integration.janitor_world import (
    DELETES,
    NOW,
    World,
    arn,
    ends,
    of,
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


def test_versions_that_nothing_needs_go_and_every_other_one_stays_with_its_reason(world: World) -> None:
    # given a function with ten versions that are referred to in every way
    world.function("orders", 10)
    world.aliases["orders"] = [
        {"Name": "live", "FunctionVersion": "3", "RoutingConfig": {"AdditionalVersionWeights": {"4": 0.1}}},
        {"Name": "latest", "FunctionVersion": "$LATEST"},
        {"Name": "third", "FunctionVersion": "5"},
    ]
    world.provisioned["orders"] = ["live", "6", "latest"]
    world.mappings = [arn("other"), f"{arn('orders')}:live", f"{arn('orders')}:7"]
    world.policies = {"orders:8"}

    result = world.run()

    # then the others are gone
    assert world.versions("orders") == [3, 4, 5, 6, 7, 8, 9, 10]
    assert "$LATEST" in world.functions["orders"]
    assert reasons(result, "orders") == {
        3: "alias",
        4: "weighted route",
        5: "alias",
        6: "provisioned concurrency",
        7: "event source",
        8: "resource policy",
        9: "newest",
        10: "newest",
    }
    assert ends(result, "version")["deleted"] == ["orders:1", "orders:2"]
    assert result.bytes_freed == 200
    assert (result.state, result.errors) == ("finished", 0)


def test_a_second_run_finds_nothing(world: World) -> None:
    world.function("orders", 6)
    world.layer("shared", 6)
    world.run()
    world.made.clear()

    second = world.run()

    assert world.calls(*DELETES) == []
    assert set(ends(second, "version")) == set(ends(second, "layerVersion")) == {"kept"}


@pytest.mark.parametrize("delete", [None, False])
def test_a_report_says_what_would_go_and_calls_nothing_that_deletes(world: World, delete: bool | None) -> None:
    world.rules = replace(DELETE, delete=delete is False, log_groups=ORPHANS)
    world.function("orders", 4)
    world.layer("shared", 4)
    world.group("/aws/lambda/gone")

    result = world.run(delete=delete)

    assert result.mode == "report"
    assert ends(result, "version")["delete"] == ["orders:1", "orders:2"]
    assert ends(result, "layerVersion")["delete"] == ["shared:1", "shared:2"]
    assert ends(result, "logGroup")["delete"] == ["/aws/lambda/gone"]
    assert world.calls(*DELETES) == []
    assert result.bytes_freed == 0


def test_a_report_and_a_deletion_come_to_the_same(world: World) -> None:
    world.function("orders", 9)
    world.aliases["orders"] = [{"Name": "live", "FunctionVersion": "2"}]
    world.policies = {"orders:4", "shared:1"}
    world.layer("shared", 5)

    planned = world.run(delete=False)
    done = world.run(delete=True)

    assert ends(planned, "version")["delete"] == ends(done, "version")["deleted"]
    assert ends(planned, "layerVersion")["delete"] == ends(done, "layerVersion")["deleted"] == ["shared:2", "shared:3"]
    assert reasons(planned, "orders") == reasons(done, "orders")


def test_a_document_that_is_wrong_keeps_the_one_before_it_from_deleting(world: World) -> None:
    world.function("orders", 4)
    world.problem = "version 7 is wrong"

    result = world.run()

    assert world.calls(*DELETES) == []
    assert (result.mode, result.problems) == ("report", ["version 7 is wrong"])


@pytest.mark.parametrize(("days", "kept"), [(6.9, True), (7.1, False)])
def test_a_version_younger_than_the_configured_age_stays(world: World, days: float, kept: bool) -> None:
    world.function("orders", 4, since=NOW - timedelta(days=days))
    world.layer("shared", 4, since=NOW - timedelta(days=days))

    world.run()

    assert (world.versions("orders") == [1, 2, 3, 4]) is kept
    assert (sorted(world.layers["shared"]) == [1, 2, 3, 4]) is kept


@pytest.mark.parametrize("text", ["", "yesterday", "2026-99-99"])
def test_a_version_whose_age_nobody_knows_stays(world: World, text: str) -> None:
    world.function("orders", 3, LastModified=text)

    assert reasons(world.run(), "orders")[1] == "age unknown"
    assert world.versions("orders") == [1, 2, 3]


def test_functions_without_anything_to_lose_cost_no_call_of_their_own(world: World) -> None:
    for number in range(20):
        world.function(f"small-{number}", 2)

    world.run()

    assert world.calls("ListAliases", "ListProvisionedConcurrencyConfigs", "GetPolicy") == []


def _refuse_versions_of(name: str, refusal: Refusal, operation: str) -> Any:
    def refuse(asked_operation: str, asked: Mapping[str, Any]) -> Refusal | None:
        return refusal if asked_operation == operation and asked.get("FunctionName") == name else None

    return refuse


@pytest.mark.parametrize(
    "operation", ["ListAliases", "ListProvisionedConcurrencyConfigs", "GetPolicy", "DeleteFunction"]
)
def test_what_fails_with_one_function_stops_nothing_else(world: World, operation: str) -> None:
    for name in ("a", "broken", "z"):
        world.function(name, 4)
    world.refuse = _refuse_versions_of("broken", Refusal("AccessDeniedException", 403), operation)

    result = world.run()

    assert world.versions("broken") == [1, 2, 3, 4]
    assert world.versions("a") == world.versions("z") == [3, 4]
    failed = [one for one in of(result, "broken") if one.action == "failed"]
    assert failed
    assert all("AccessDeniedException" in one.reason for one in failed)
    assert result.errors == len(failed)
    assert result.state == "finished"


@pytest.mark.parametrize(
    ("refusal", "action"),
    [
        (Refusal("ResourceConflictException", 409), "refused"),
        (Refusal("ResourceNotFoundException", 404), "gone"),
        (Refusal("InvalidParameterValueException", 400), "failed"),
    ],
)
def test_what_lambda_will_not_delete_is_told_and_is_a_failure_only_where_it_should_not_be(
    world: World, refusal: Refusal, action: str
) -> None:
    world.function("orders", 3)
    world.refuse = _refuse_versions_of("orders", refusal, "DeleteFunction")

    result = world.run()

    assert [one.action for one in of(result, "orders") if one.number == 1] == [action]
    assert result.errors == (action == "failed")
    assert result.count("version", "deleted") == 0


def test_a_throttled_account_is_asked_again_until_all_is_done(world: World) -> None:
    world.function("orders", 5)
    left = {"DeleteFunction": 3, "ListAliases": 2, "ListFunctions": 2}

    def throttle(operation: str, _: Mapping[str, Any]) -> Refusal | None:
        if left.get(operation, 0) > 0:
            left[operation] -= 1
            return Refusal("TooManyRequestsException", 429)
        return None

    world.refuse = throttle

    result = world.run()

    assert world.versions("orders") == [4, 5]
    assert result.calls["DeleteFunction"]["throttled"] == 3
    assert result.errors == 0


def test_calls_keep_below_lambdas_quota(world: World) -> None:
    for number in range(30):
        world.function(f"f-{number}", 4)
    began = world.clock.now()

    world.run()

    lambdas = [name for name, _ in world.made if name not in ("GetPolicy", "DescribeLogGroups")]
    assert len(lambdas) / (world.clock.now() - began) < 15


def test_a_run_that_has_no_time_left_says_so_and_the_next_one_goes_on(world: World) -> None:
    for number in range(12):
        world.function(f"f-{number}", 3)
    world.each, world.seconds = 10.0, 500.0

    first = world.run()
    assert first.state == "more"
    assert "the time is over" in first.stopped
    done = first.count("version", "deleted")
    assert 0 < done < 12
    world.each = 0.0

    second = world.run()

    assert second.state == "finished"
    assert done + second.count("version", "deleted") == 12


@pytest.mark.parametrize(("most", "left"), [(3, [4, 5, 6]), (2, [3, 4, 5, 6])])
def test_a_run_deletes_no_more_than_it_may_and_leaves_the_rest_to_the_next(
    world: World, most: int, left: list[int]
) -> None:
    world.rules = replace(DELETE, most=most, functions=Versions(keep=3))
    world.function("orders", 6)

    result = world.run()

    assert world.versions("orders") == left
    assert result.state == ("finished" if most == 3 else "more")
    assert len(world.calls("DeleteFunction")) == most
