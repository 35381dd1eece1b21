"""The pace at which AWS is called, by a clock of the test's own."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.unit.core.calls_world import METHODS, THROTTLED, TRANSIENT, Aws


@pytest.mark.parametrize(
    ("method", "gap"),
    [
        ("describe_log_groups", 1 / 8),
        ("put_subscription_filter", 1 / 4),
        ("get_resources", 1 / 12),
        ("list_tags", 1 / 12),
        ("tag_resource", 1 / 4),
    ],
)
@pytest.mark.parametrize("latency", [0.0, 0.03])
def test_calls_are_as_far_apart_as_80_percent_of_the_quota_asks(method: str, gap: float, latency: float) -> None:
    """Fewer calls a second than the quota, however quick AWS answers; what an answer takes is not added."""
    aws = Aws(latency=latency)
    calls = aws.calls()

    for _ in range(20):
        calls(aws, method)

    assert aws.gaps() == pytest.approx([gap] * 19)


def test_calls_that_take_longer_than_the_pace_do_not_wait() -> None:
    aws = Aws(latency=1.0)
    calls = aws.calls()

    for _ in range(3):
        calls(aws, "put_subscription_filter")

    assert aws.gaps() == [1.0, 1.0]


def test_an_idle_time_saves_up_no_burst() -> None:
    """The quota may be used by others meanwhile."""
    aws = Aws()
    calls = aws.calls()
    calls(aws, "put_subscription_filter")
    aws.time += 60

    for _ in range(2):
        calls(aws, "put_subscription_filter")

    assert aws.gaps() == pytest.approx([60, 0.25])


def test_each_operation_has_a_pace_of_its_own() -> None:
    aws = Aws()
    calls = aws.calls()

    for method in METHODS:
        calls(aws, method)

    assert aws.gaps() == [0.0] * 4


def test_parameters_and_answer_are_handed_through() -> None:
    aws = Aws([{"logGroups": []}])

    assert aws.calls()(aws, "describe_log_groups", limit=50) == {"logGroups": []}
    assert aws.parameters == [{"limit": 50}]


def test_a_passing_failure_does_not_slow_the_operation() -> None:
    aws = Aws([TRANSIENT[0]])
    calls = aws.calls()

    for _ in range(5):
        calls(aws, "put_subscription_filter")

    assert aws.gaps() == pytest.approx([0.25] * 5)


def test_throttling_halves_the_pace_and_each_success_wins_back_a_little() -> None:
    # given an operation that is throttled once, and a backoff of no length
    aws = Aws([THROTTLED])
    calls = aws.calls()

    # when it is called on and on
    for _ in range(40):
        calls(aws, "put_subscription_filter")

    # then it is half as quick, gets quicker, and never quicker than it was
    gaps = aws.gaps()
    assert gaps[0] == pytest.approx(0.25)  # the place of the second request was fixed before
    assert gaps[1] == pytest.approx(0.5)
    assert gaps[2] == pytest.approx(1 / (2 + 0.08))
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(gaps[1:]))
    assert gaps[-10:] == pytest.approx([0.25] * 10)


def test_throttling_of_one_operation_slows_no_other() -> None:
    aws = Aws([THROTTLED])
    calls = aws.calls()
    calls(aws, "put_subscription_filter")
    aws.asked.clear()

    for _ in range(3):
        calls(aws, "describe_log_groups")

    assert aws.gaps() == pytest.approx([1 / 8] * 2)


def test_an_operation_gets_no_slower_than_one_call_in_two_seconds() -> None:
    aws = Aws([THROTTLED] * 20)

    aws.calls()(aws, "put_subscription_filter")

    assert aws.gaps() == pytest.approx([0.25, 0.5, 1.0] + [2.0] * 17)
