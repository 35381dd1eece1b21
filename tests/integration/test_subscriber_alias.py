"""Stacks that were deployed before the shipper had an alias: their filters point to the function itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from watchpost import names

from tests.integration.subscriber_world import bench, cloudformation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.subscriber_world import Bench


@pytest.fixture
def aws() -> Iterator[Bench]:
    with bench() as found:
        yield found


def test_a_filter_to_the_function_itself_is_moved_to_the_alias_in_place(aws: Bench) -> None:
    """One write for each group and no removal: a filter of the same name is overwritten, so no line is missed."""
    # given groups of an earlier version, one of which has no place left beside its filter
    former = names.without_alias(aws.shipper)
    aws.world.group("/a", filters=[("watchpost.service=a", former)])
    aws.world.group("/b", filters=[("audit", aws.stream), ("watchpost.service=b", former)])
    assert former != aws.shipper

    # when they are swept
    asked = aws.count(aws.sweep)

    # then they point to the alias, and were never without
    assert aws.world.filters("/a") == {"watchpost.service=a": aws.shipper}
    assert aws.world.filters("/b") == {"audit": aws.stream, "watchpost.service=b": aws.shipper}
    assert asked["PutSubscriptionFilter"] == 2
    assert asked.get("DeleteSubscriptionFilter", 0) == 0
    assert aws.entry("/a").destination == aws.shipper


def test_a_filter_to_the_function_itself_goes_with_the_stack(aws: Bench) -> None:
    # given a group that no sweep has moved yet
    former = names.without_alias(aws.shipper)
    aws.world.group("/a", filters=[("watchpost.service=a", former), ("audit", aws.stream)])

    with cloudformation() as stack:
        aws.delete(stack)

    assert aws.world.filters("/a") == {"audit": aws.stream}
