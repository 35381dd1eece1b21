"""The deletion of a stack takes as many invocations as it needs, and what runs beside it leaves nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from botocore.exceptions import ClientError
from subscriber.lease import LASTS
from subscriber.leave import LINKS, MARKER, SERVICE_TIMEOUT
from subscriber.run import run
from watchpost.configuration import (
    Configuration,
    Logs,
)

from tests.integration.subscriber_world import (
    SCHEDULE,
    SWEEP,
    TABLE,
    Bench,
    CloudFormation,
    bench,
    created,
    queued,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTHING_KEPT = Logs(retention_days=None)


@pytest.fixture
def aws() -> Iterator[Bench]:
    with bench() as found:
        found.configuration = Configuration(logs=NOTHING_KEPT)
        yield found


@pytest.mark.parametrize("ledger", ["whole", "lost"])
def test_a_deletion_goes_on_in_further_invocations_until_nothing_is_left(
    aws: Bench, stack: CloudFormation, ledger: str
) -> None:
    # given more groups than one invocation can do, and one that fails in the first
    groups = [aws.world.group(f"/group/{number:03}") for number in range(200)]
    aws.sweep()
    if ledger == "lost":
        aws.dynamodb.delete_table(TableName=TABLE)

    results = aws.delete(stack, seconds=40)

    assert len(results) >= 3
    assert [result["answer"] for result in results] == ["NONE YET"] * (len(results) - 1) + ["SUCCESS"]
    assert [name for name in groups if aws.names(name)] == []
    assert aws.world.requests["DeleteSubscriptionFilter"] == 200  # each once
    assert results[-1]["removed"] == 200


def test_what_an_earlier_invocation_left_is_in_the_answer_of_the_last(aws: Bench, stack: CloudFormation) -> None:
    for number in range(200):
        aws.world.group(f"/group/{number:03}")
    aws.sweep()
    aws.refuse("DeleteSubscriptionFilter", "/group/000")

    results = aws.delete(stack, seconds=40)

    assert len(results) >= 3
    status, reason = stack.answer
    assert status == "FAILED"
    assert "/group/000" in reason


def test_a_deletion_whose_time_is_over_fails_in_time_and_says_how_much_is_left(
    aws: Bench, stack: CloudFormation
) -> None:
    for number in range(400):
        aws.world.group(f"/group/{number:03}")
    aws.sweep()
    aws.world.latency = 6.0
    began = aws.world.clock.now()

    results = aws.delete(stack)

    status, reason = stack.answer
    assert status == "FAILED"
    assert "time was over" in reason
    assert f"{results[-1]['waiting']} are left" in reason
    assert results[-1]["waiting"] == sum(1 for name in aws.world.names if aws.names(name))
    assert "aws logs delete-subscription-filter" in reason
    assert len(results) > 1
    assert aws.world.clock.now() - began < SERVICE_TIMEOUT


def test_a_deletion_stops_before_lambda_takes_it_for_a_loop(aws: Bench, stack: CloudFormation) -> None:
    for number in range(200):
        aws.world.group(f"/group/{number:03}")
    aws.sweep()

    results = aws.delete(stack, seconds=21)

    assert len(results) == LINKS == 15
    assert stack.answer[0] == "FAILED"


def test_a_deletion_that_cannot_hand_on_says_what_is_left(aws: Bench, stack: CloudFormation) -> None:
    for number in range(20):
        aws.world.group(f"/group/{number:03}")
    aws.sweep()

    def refuse(_: Any) -> NoReturn:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not allowed"}}, "Invoke")

    run(stack.request("Delete"), replace(aws.around(22), invoke=refuse))

    status, reason = stack.answer
    assert status == "FAILED"
    assert "time was over" in reason


def test_the_request_that_is_handed_on_is_that_of_cloudformation(aws: Bench, stack: CloudFormation) -> None:
    for number in range(20):
        aws.world.group(f"/group/{number:03}")
    aws.sweep()

    aws.run(stack.request("Delete"), 22)

    [handed] = aws.invoked
    assert {**handed, MARKER: None} == {**stack.request("Delete"), MARKER: None}
    assert handed[MARKER]["link"] == 2


def test_a_sweep_that_runs_ends_and_leaves_nothing_when_the_stack_is_deleted(aws: Bench, stack: CloudFormation) -> None:
    # given a deletion that begins in the middle of a sweep, which cannot go on meanwhile
    for number in range(60):
        aws.world.group(f"/group/{number:03}")
    deleted: list[dict[str, Any]] = []

    def delete(asked: dict[str, Any]) -> None:
        if asked["logGroupName"] == "/group/030":
            deleted.extend(aws.delete(stack))

    aws.world.before("PutSubscriptionFilter", delete, times=31)

    result = aws.sweep()

    # then the deletion waited for the lease to end, and the sweep took back what it did after that
    assert stack.answer[0] == "SUCCESS"
    assert "deleted" in result["note"]
    assert [name for name in aws.world.names if aws.names(name)] == []


def test_a_sweep_stops_soon_after_the_deletion_has_begun(aws: Bench) -> None:
    for number in range(100):
        aws.world.group(f"/group/{number:03}")
    aws.world.before("PutSubscriptionFilter", lambda _: aws.ledger.request(leaving=True), times=1)

    result = aws.sweep()

    assert "deleted" in result["note"]
    assert aws.world.requests["PutSubscriptionFilter"] <= 25
    assert aws.ledger.sweep().lease_until == 0


def test_a_deletion_waits_for_a_sweep_to_stop(aws: Bench, stack: CloudFormation) -> None:
    aws.world.group("/a")
    aws.sweep()
    now = aws.world.clock.now()
    aws.ledger.claim("somebody else", now + LASTS, now)
    seen: list[float] = []
    aws.world.before("DescribeLogGroups", lambda _: seen.append(aws.world.clock.now()), times=1)

    aws.delete(stack)

    assert seen[0] >= now + LASTS
    assert stack.answer[0] == "SUCCESS"


@pytest.mark.parametrize("event", [SWEEP, SCHEDULE, queued(created("/a"))])
def test_nothing_is_subscribed_after_the_deletion_has_begun(
    aws: Bench, stack: CloudFormation, event: dict[str, Any]
) -> None:
    aws.world.group("/a")
    aws.sweep()
    aws.delete(stack)
    aws.world.clock.sleep(7_200)

    aws.run(event)

    assert aws.names("/a") == []
