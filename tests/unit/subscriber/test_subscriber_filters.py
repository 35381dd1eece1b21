"""What a log group's filters need, before anything is called."""

from __future__ import annotations

from typing import Any

from subscriber.filters import Plan, plan

OURS = "arn:aws:lambda:eu-west-1:123456789012:function:watchpost-shipper"
THEIRS = "arn:aws:lambda:eu-west-1:123456789012:function:other-shipper"
STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/watchpost-logs"
NAME = "watchpost.service=orders"


def _filter(name: str, destination: str = OURS, pattern: str = "") -> Any:
    return {"filterName": name, "destinationArn": destination, "filterPattern": pattern}


def test_a_group_without_filters_needs_one() -> None:
    assert plan([], "orders", OURS) == Plan(NAME, put=True, stale=(), foreign=())


def test_an_equal_filter_needs_nothing() -> None:
    assert plan([_filter(NAME)], "orders", OURS) == Plan(NAME, put=False, stale=(), foreign=())


def test_a_filter_of_ours_with_another_pattern_is_put_again() -> None:
    assert plan([_filter(NAME, pattern="ERROR")], "orders", OURS).put


def test_a_filter_of_ours_under_another_name_is_stale() -> None:
    assert plan([_filter("watchpost.service=old")], "orders", OURS).stale == ("watchpost.service=old",)


def test_a_filter_is_foreign_unless_both_name_and_destination_are_ours() -> None:
    existing = [_filter("watchpost.service=old", THEIRS), _filter("audit", OURS)]

    assert plan(existing, "orders", OURS) == Plan(NAME, put=True, stale=(), foreign=("watchpost.service=old", "audit"))


def test_a_filter_of_ours_that_points_to_the_former_way_of_delivery_is_put_again_under_its_name() -> None:
    """Putting a filter under its own name changes where it points to, without a moment without one."""
    for destination, former in ((STREAM, OURS), (OURS, STREAM)):
        assert plan([_filter(NAME, former)], "orders", destination, [former]) == Plan(
            NAME, put=True, stale=(), foreign=()
        )
        assert plan([_filter(NAME, destination)], "orders", destination, [former]) == Plan(
            NAME, put=False, stale=(), foreign=()
        )


def test_a_stale_filter_that_points_to_the_former_way_of_delivery_goes() -> None:
    assert plan([_filter("watchpost.service=old", OURS)], "orders", STREAM, [OURS]).stale == ("watchpost.service=old",)
