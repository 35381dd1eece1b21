"""Which log groups are never subscribed, because shipping them would never end."""

from __future__ import annotations

import pytest
from subscriber.decision import LogGroup, Tags
from subscriber.guard import Guard
from watchpost import names

STACK = "watchpost"
GUARD = Guard(STACK, {"audit": "destination of the rule audit"}, {"/audit/lines": "reads the stream logs"})


def group(name: str) -> LogGroup:
    return LogGroup(name, f"arn:aws:logs:eu-west-1:123456789012:log-group:{name}")


@pytest.mark.parametrize("tags", [None, Tags(), Tags({"service": "x"}, {"service": "x"})])
@pytest.mark.parametrize("component", names.COMPONENTS)
def test_the_stacks_own_groups_are_refused_by_name(component: str, tags: Tags | None) -> None:
    refusal = GUARD.refusal(group(f"/aws/lambda/{STACK}-{component}"), tags)

    assert refusal is not None
    assert "own log group" in refusal


@pytest.mark.parametrize("tags", [Tags(group={names.OWNER_TAG: "other"}), Tags(function={names.OWNER_TAG: "other"})])
def test_a_group_that_a_watchpost_stack_has_tagged_is_refused_and_the_stack_named(tags: Tags) -> None:
    refusal = GUARD.refusal(group("/aws/lambda/other-shipper"), tags)

    assert refusal is not None
    assert "stack other" in refusal
    assert GUARD.refusal(group("/aws/lambda/other-shipper"), None) is None


def test_an_owner_tag_without_a_value_counts_too() -> None:
    assert GUARD.refusal(group("/x"), Tags(group={names.OWNER_TAG: ""})) is not None


@pytest.mark.parametrize(
    ("name", "why"), [("/aws/lambda/audit", "destination of the rule audit"), ("/audit/lines", "reads the stream logs")]
)
@pytest.mark.parametrize("tags", [None, Tags()])
def test_a_group_of_a_function_that_is_sent_what_is_shipped_is_refused_with_the_reason(
    name: str, why: str, tags: Tags | None
) -> None:
    refusal = GUARD.refusal(group(name), tags)

    assert refusal is not None
    assert why in refusal


@pytest.mark.parametrize(
    "name",
    [f"/aws/lambda/{STACK}-shipper-2", f"{STACK}-shipper", "/aws/lambda/audit-2", "audit", "/ecs/audit", "/audit", "/"],
)
def test_a_group_that_only_resembles_them_is_not_refused(name: str) -> None:
    assert GUARD.refusal(group(name), Tags({"service": "x"}, {"Watchpost:Stack": "x"})) is None


def test_a_guard_without_receivers_refuses_by_name_and_tags_all_the_same() -> None:
    guard = Guard(STACK, {})

    assert guard.refusal(group(f"/aws/lambda/{STACK}-shipper"), None) is not None
    assert guard.refusal(group("/x"), Tags({names.OWNER_TAG: "other"})) is not None
    assert guard.refusal(group("/aws/lambda/audit"), Tags()) is None
