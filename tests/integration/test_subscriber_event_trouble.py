"""What an event tells is done for good, or comes again when that may help: also for a thousand within a minute."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from subscriber.run import run
from watchpost.calls import OutOfTimeError
from watchpost.configuration import Configuration, Logs

from tests.integration.subscriber_world import FOREIGN, Bench, bench, created, group_arn, queued, tagged

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def aws() -> Iterator[Bench]:
    with bench() as found:
        found.configuration = Configuration(logs=Logs(exclude=("/excluded/*",), retention_days=None))
        yield found


def _failed(answer: dict[str, Any]) -> list[str]:
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


@pytest.mark.parametrize("operation", ["DescribeLogGroups", "DescribeSubscriptionFilters", "PutSubscriptionFilter"])
def test_a_refusal_is_in_the_ledger_and_done(aws: Bench, operation: str) -> None:
    for name in ("/a", "/b"):
        aws.world.group(name)
    aws.refuse(operation, times=1)

    assert _failed(aws.run(queued(created("/a"), created("/b")))) == []

    assert aws.states() == {"/a": "failed", "/b": "covered"}
    assert "not allowed" in aws.entry("/a").reason


def test_a_blocked_group_is_in_the_ledger_and_done(aws: Bench) -> None:
    aws.world.group("/a", filters=[("audit", FOREIGN), ("siem", FOREIGN)])

    assert _failed(aws.run(queued(created("/a")))) == []

    assert (aws.entry("/a").state, aws.entry("/a").held_by) == ("blocked", ("audit", "siem"))
    assert aws.entry("/a").missed == 0  # sweeps count


@pytest.mark.parametrize("operation", ["ListTagsForResource", "ListTags"])
def test_tags_that_may_not_be_read_are_no_reason_to_guess_a_name(aws: Bench, operation: str) -> None:
    aws.world.function("pay-api")
    aws.world.group("/aws/lambda/pay-api")
    aws.refuse(operation)

    assert _failed(aws.run(queued(created("/aws/lambda/pay-api")))) == []

    assert aws.names("/aws/lambda/pay-api") == []
    assert "tags could not be read" in aws.entry("/aws/lambda/pay-api").reason


def test_tags_that_may_not_be_read_leave_a_covered_group_as_it_is(aws: Bench) -> None:
    aws.world.group("/a", {"service": "old"})
    aws.run(queued(created("/a")))
    aws.world.groups["/a"].tags["service"] = "new"
    aws.refuse("ListTagsForResource")
    before = aws.entry("/a")

    aws.run(queued(tagged(group_arn("/a"))))

    assert (aws.names("/a"), aws.entry("/a")) == (["watchpost.service=old"], before)


def test_what_is_throttled_until_the_time_is_over_comes_again(aws: Bench) -> None:
    for name in ("/a", "/b"):
        aws.world.group(name)
    aws.refuse("PutSubscriptionFilter", "/b", code="ThrottlingException")

    assert _failed(aws.run(queued(created("/a"), created("/b"), created("/b")))) == ["1", "2"]

    assert aws.states() == {"/a": "covered"}


@pytest.mark.parametrize(
    "operation", ["DescribeLogGroups", "ListTagsForResource", "DescribeSubscriptionFilters", "PutSubscriptionFilter"]
)
def test_what_is_unavailable_for_the_moment_comes_again(aws: Bench, operation: str) -> None:
    aws.world.group("/a")
    aws.refuse(operation, code="ServiceUnavailableException", times=6)

    assert _failed(aws.run(queued(created("/a")))) == ["0"]
    assert aws.states() == {}

    assert _failed(aws.run(queued(created("/a")))) == []
    assert aws.states() == {"/a": "covered"}


@pytest.mark.parametrize("operation", ["GetItem", "BatchWriteItem"])
def test_what_the_ledger_does_not_take_comes_again(aws: Bench, operation: str) -> None:
    aws.world.group("/a")
    aws.break_ledger(operation)

    assert _failed(aws.run(queued(created("/a"), created("/a")))) == ["0", "1"]

    aws.client = aws.ledger_client()
    assert _failed(aws.run(queued(created("/a")))) == []
    assert aws.states() == {"/a": "covered"}


def test_a_direct_event_that_may_succeed_later_fails_so_that_lambda_repeats_it(aws: Bench) -> None:
    aws.world.group("/a")
    aws.refuse("DescribeLogGroups", code="ThrottlingException", times=1)
    with pytest.raises(OutOfTimeError):
        aws.run(created("/a"), seconds=20.1)

    aws.break_ledger("BatchWriteItem")
    with pytest.raises(ClientError):
        aws.run(created("/a"))


def test_a_malformed_message_does_not_keep_the_others_from_being_done(aws: Bench) -> None:
    aws.world.group("/a")

    assert _failed(aws.run(queued("{", {"detail-type": "x"}, created("/a")))) == []

    assert aws.names("/a") == ["watchpost.service=a"]


def test_nothing_is_subscribed_while_the_stack_is_being_deleted(aws: Bench) -> None:
    aws.world.group("/a")
    aws.ledger.request(leaving=True)

    assert _failed(aws.run(queued(created("/a")))) == []

    assert aws.names("/a") == []


def test_a_filter_that_is_put_while_the_deletion_of_the_stack_begins_is_taken_back(aws: Bench) -> None:
    aws.world.group("/a", filters=[("audit", FOREIGN)])
    aws.world.before("PutSubscriptionFilter", lambda _: aws.ledger.request(leaving=True), times=1)

    aws.run(queued(created("/a")))

    assert aws.names("/a") == ["audit"]


def test_a_filter_is_taken_back_also_when_the_ledger_goes_with_the_stack(aws: Bench) -> None:
    aws.world.group("/a", filters=[("audit", FOREIGN)])
    aws.break_ledger("BatchWriteItem")
    aws.world.before("PutSubscriptionFilter", lambda _: aws.ledger.request(leaving=True), times=1)

    aws.run(queued(created("/a")))

    assert aws.names("/a") == ["audit"]


def test_an_event_in_the_middle_of_a_sweep_is_not_undone_by_it(aws: Bench) -> None:
    for number in range(60):
        aws.world.group(f"/group/{number:02}", {"service": "old"})
    aws.sweep()

    def rename(asked: dict[str, Any]) -> None:
        if asked["logGroupName"] == "/group/10":
            aws.world.groups["/group/50"].tags["service"] = "new"
            aws.world.group("/new")
            aws.run(queued(tagged(group_arn("/group/50")), created("/new")))

    aws.world.before("DescribeSubscriptionFilters", rename, times=11)

    aws.sweep()

    assert aws.names("/group/50") == ["watchpost.service=new"]
    assert aws.entry("/group/50").service == "new"
    assert aws.states()["/new"] == "covered"


class _Turns:
    """Lets one of several threads work at a time, each until it asks the account for something."""

    def __init__(self, count: int) -> None:
        self._waiting = list(range(count))
        self._changed = threading.Condition()

    def pass_on(self, mine: int) -> None:
        with self._changed:
            if self._waiting[0] == mine:
                self._waiting.append(self._waiting.pop(0))
                self._changed.notify_all()
            self._await(mine)

    def begin(self, mine: int) -> None:
        with self._changed:
            self._await(mine)

    def end(self, mine: int) -> None:
        with self._changed:
            self._waiting.remove(mine)
            self._changed.notify_all()

    def _await(self, mine: int) -> None:
        assert self._changed.wait_for(lambda: self._waiting[0] == mine, timeout=60)


def test_a_thousand_groups_within_a_minute_are_all_covered_by_two_consumers_that_share_the_limits(aws: Bench) -> None:
    # given a queue of 1,000 announcements, and as many consumers as the template allows
    announced = [aws.world.group(f"/group/{number:04}", {"service": "s"}) for number in range(1_000)]
    queue = [json.dumps(created(name)) for name in announced]
    turns, returned, errors = _Turns(2), [], []

    def consume(mine: int) -> None:
        turns.begin(mine)
        try:
            while queue:
                batch, queue[:10] = queue[:10], []
                around = replace(
                    aws.around(), account=lambda remaining: _taking_turns(aws, remaining, lambda: turns.pass_on(mine))
                )
                answer = run(queued(*batch), around)
                returned.extend(_failed(answer))
                queue.extend(batch[int(identifier)] for identifier in _failed(answer))
        except BaseException as error:  # noqa: BLE001  # the test shows it
            errors.append(error)
        finally:
            turns.end(mine)

    began = aws.world.clock.now()
    threads = [threading.Thread(target=consume, args=(mine,)) for mine in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # then each is covered once, though together they were too fast at times
    assert errors == []
    assert set(aws.states()) == set(announced)
    assert set(aws.states().values()) == {"covered"}
    assert all(aws.names(name) == ["watchpost.service=s"] for name in announced)
    throttled = sum(stats.throttled for calls in aws.calls for stats in calls.stats.values())
    retried = sum(stats.retried for calls in aws.calls for stats in calls.stats.values())
    assert throttled == aws.world.throttled.total() > 0
    assert retried == throttled
    assert returned == []
    assert aws.world.clock.now() - began < 14_400  # for as long the queue keeps them


def _taking_turns(aws: Bench, remaining: Any, pass_on: Any) -> Any:
    """An account whose every call lets the other consumer go first."""
    account = aws._account(remaining)
    calls = account.calls

    class Turning(type(calls)):  # type: ignore[misc]
        def __call__(self, *args: Any, **parameters: Any) -> Any:
            pass_on()
            return calls(*args, **parameters)

    turning = Turning(aws.world.clock.now, aws.world.clock.sleep, remaining)
    return replace(account, calls=turning)
