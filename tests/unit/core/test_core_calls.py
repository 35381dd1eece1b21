"""How calls of AWS are tried again and counted until the time is over, by a clock of the test's own."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from hypothesis import given
from hypothesis import strategies as st
from watchpost.calls import ATTEMPTS, CallStats, OutOfTimeError

from tests.unit.core.calls_world import RESERVE, THROTTLED, TRANSIENT, Aws, refused


@pytest.mark.parametrize(
    "error",
    [
        *(refused(code) for code in ("ThrottlingException", "Throttling", "ThrottledException")),
        *(refused(code) for code in ("TooManyRequestsException", "RequestLimitExceeded")),
        refused("SomethingNew", 429),
        refused("ThrottlingException", 503),
    ],
    ids=str,
)
def test_a_throttled_call_is_made_until_it_succeeds_and_counted(error: Exception) -> None:
    aws = Aws([error] * 30 + [{"found": True}])
    calls = aws.calls()

    assert calls(aws, "describe_log_groups") == {"found": True}
    assert calls.stats == {"DescribeLogGroups": CallStats(calls=31, throttled=30, retried=30)}


def test_a_call_that_succeeds_at_once_is_counted_once() -> None:
    aws = Aws()
    calls = aws.calls()

    calls(aws, "list_tags")
    calls(aws, "list_tags")

    assert calls.stats == {"ListTags": CallStats(calls=2, throttled=0, retried=0)}


@pytest.mark.parametrize(
    "error",
    [
        refused("LimitExceededException"),
        refused("ResourceNotFoundException", 404),
        refused("AccessDeniedException", 403),
        refused("InvalidParameterException", 499),
        ParamValidationError(report="no"),
    ],
    ids=str,
)
def test_what_does_not_get_better_is_raised_at_once(error: Exception) -> None:
    """A quota of filters is no matter of pace: waiting makes no place."""
    aws = Aws([error])
    calls = aws.calls()

    with pytest.raises(type(error)) as raised:
        calls(aws, "put_subscription_filter")

    assert raised.value is error
    assert calls.stats == {"PutSubscriptionFilter": CallStats(calls=1, throttled=0, retried=0)}


@pytest.mark.parametrize("error", TRANSIENT, ids=str)
def test_a_passing_failure_is_tried_again_up_to_six_times(error: Exception) -> None:
    aws = Aws([error] * 5 + [{"found": True}])
    calls = aws.calls()

    assert calls(aws, "describe_log_groups") == {"found": True}
    assert calls.stats == {"DescribeLogGroups": CallStats(calls=6, throttled=0, retried=5)}


@pytest.mark.parametrize("error", TRANSIENT, ids=str)
def test_a_failure_that_does_not_pass_is_raised_after_six_attempts(error: Exception) -> None:
    aws = Aws([error] * 7)
    calls = aws.calls()

    with pytest.raises(type(error)) as raised:
        calls(aws, "describe_log_groups")

    assert raised.value is error
    assert calls.stats == {"DescribeLogGroups": CallStats(calls=6, throttled=0, retried=5)}


def test_throttling_takes_none_of_the_attempts_for_failures() -> None:
    failures: list[Exception | dict[str, Any]] = [THROTTLED, TRANSIENT[0]] * (ATTEMPTS - 1)
    aws = Aws([*failures, *[THROTTLED] * 10, {"found": True}])

    assert aws.calls()(aws, "describe_log_groups") == {"found": True}


@pytest.mark.parametrize(
    ("part", "gaps"),
    [
        (1.0, [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 20.0, 20.0]),
        (0.5, [0.125, 0.25, 0.5, 1.0, 2.0, 3.2, 6.4, 10.0, 10.0]),  # the first five are the pace's
    ],
)
def test_the_backoff_is_a_random_part_of_a_time_that_doubles_up_to_20_seconds(part: float, gaps: list[float]) -> None:
    aws = Aws([THROTTLED] * 9)

    aws.calls(random=lambda: part)(aws, "describe_log_groups")

    assert aws.gaps() == pytest.approx(gaps)


def test_a_call_that_is_throttled_thousands_of_times_goes_on() -> None:
    """2 to the power of that many retries is no number any more."""
    aws = Aws([THROTTLED] * 2_000 + [{"found": True}])

    assert aws.calls(random=lambda: 1.0)(aws, "describe_log_groups") == {"found": True}


@pytest.mark.parametrize(("remaining", "requests"), [(RESERVE, 1), (RESERVE - 0.001, 0)])
def test_no_call_begins_in_the_reserve(remaining: float, requests: int) -> None:
    aws = Aws()
    calls = aws.calls(remaining)

    if requests:
        calls(aws, "describe_log_groups")
    else:
        with pytest.raises(OutOfTimeError, match=r"^no time is left for DescribeLogGroups$") as raised:
            calls(aws, "describe_log_groups")
        assert (raised.value.operation, raised.value.last) == ("DescribeLogGroups", None)

    assert len(aws.asked) == requests


@pytest.mark.parametrize(("more", "requests"), [(0.125, 2), (0.124, 1)])
def test_nobody_waits_for_a_pace_that_leads_into_the_reserve(more: float, requests: int) -> None:
    aws = Aws()
    calls = aws.calls(RESERVE + more)
    calls(aws, "describe_log_groups")

    if requests == 2:
        calls(aws, "describe_log_groups")
    else:
        with pytest.raises(OutOfTimeError):
            calls(aws, "describe_log_groups")
        assert aws.gaps() == []

    assert len(aws.asked) == requests
    assert aws.time <= 1_000.0 + more


@pytest.mark.parametrize("error", [THROTTLED, TRANSIENT[0]], ids=str)
def test_who_runs_out_of_time_says_what_the_call_failed_with(error: Exception) -> None:
    # given a call that fails, and time for its first attempt only
    aws = Aws([error] * 3)
    calls = aws.calls(RESERVE + 0.1, random=lambda: 1.0)

    # when there is no time for another
    with pytest.raises(OutOfTimeError, match=str(error).split("(", maxsplit=1)[0]) as raised:
        calls(aws, "describe_log_groups")

    # then the error is told, nobody waited, and no retry is counted that was not made
    assert raised.value.last is raised.value.__cause__ is error
    assert aws.time == 1_000.0
    assert calls.stats["DescribeLogGroups"].retried == 0


def test_another_reserve_shares_paces_and_counts() -> None:
    """The second half of an exchange is made when the first half used the last of the time."""
    aws = Aws()
    calls = aws.calls(RESERVE)
    calls(aws, "put_subscription_filter")
    with pytest.raises(OutOfTimeError):
        calls(aws, "put_subscription_filter")

    calls.within(5.0)(aws, "put_subscription_filter")

    assert aws.gaps() == pytest.approx([0.25])
    assert calls.stats["PutSubscriptionFilter"].calls == 2


@given(
    st.lists(st.sampled_from([0, 1, 2]), min_size=1, max_size=60),
    st.floats(min_value=RESERVE, max_value=500),
    st.randoms(),
)
def test_whatever_happens_nobody_works_in_the_reserve_and_every_failure_is_tried_again_or_told(
    kinds: list[int], remaining: float, random: Any
) -> None:
    # given answers of every kind, in any order
    answers: list[Exception | dict[str, Any]] = [({}, THROTTLED, TRANSIENT[0])[kind] for kind in kinds]
    aws = Aws(list(answers), latency=0.01)
    calls = aws.calls(remaining, random.random)
    told = finished = 0

    # when calls are made until all answers are used, or the time is over
    try:
        while aws.answers:
            try:
                calls(aws, "describe_log_groups")
                finished += 1
            except ClientError:
                told += 1
    except OutOfTimeError as error:
        told += error.last is not None

    # then no request was sent too late, and each failure was followed by another request or told
    assert all(moment <= 1_000.0 + remaining - RESERVE + 1e-6 for _, moment in aws.asked)
    stats = calls.stats["DescribeLogGroups"]
    assert stats.calls == len(aws.asked) == finished + told + stats.retried
