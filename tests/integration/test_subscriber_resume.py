"""A sweep goes on where it was, is one at a time, and comes every hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from subscriber.lease import LASTS
from subscriber.run import run
from watchpost.configuration import Configuration, Logs

from tests.integration.subscriber_world import SCHEDULE, SWEEP, TIMEOUT, Bench, bench

if TYPE_CHECKING:
    from collections.abc import Iterator

RETAIN = Configuration(logs=Logs(retention_days=30))


@pytest.fixture
def aws() -> Iterator[Bench]:
    with bench() as found:
        found.configuration = RETAIN
        yield found


def _groups(aws: Bench, count: int = 101) -> list[str]:
    return [aws.world.group(f"/group/{number:03}") for number in range(count)]


@pytest.mark.parametrize("done", [0, 1, 24, 25, 26, 49, 50, 51, 100])
def test_a_sweep_that_runs_out_of_time_goes_on_where_it_was(aws: Bench, done: int) -> None:
    # given an invocation whose time is over when so many groups of several pages are done
    groups = _groups(aws)
    aws.configuration = Configuration(logs=Logs(retention_days=None))
    over: list[str] = []

    def stop(asked: dict[str, Any]) -> None:
        if asked["logGroupName"] == groups[done]:
            over.append(asked["logGroupName"])
            aws.world.clock.sleep(TIMEOUT)

    aws.world.before("DescribeSubscriptionFilters", stop, times=done + 1)

    # when the schedule goes on
    first = aws.run(SWEEP)
    aws.to_next_tick()
    [second] = aws.ticks()

    # then each did its part, none did anything twice, and what was done was kept
    assert over == [groups[done]]
    assert (first["complete"], second["complete"]) == (False, True)
    assert first["cursor"] == (groups[done - 1] if done else "")
    assert (first["subscribed"], second["subscribed"]) == (done, len(groups) - done)
    assert (first["covered"], second["covered"]) == (done, len(groups) - done)
    assert aws.world.requests["PutSubscriptionFilter"] == len(groups)
    assert set(aws.states().values()) == {"covered"}
    assert aws.ledger.sweep().counts["subscribed"] == len(groups)


@pytest.mark.parametrize("operation", ["DescribeLogGroups", "GetResources", "DescribeAccountPolicies"])
def test_a_sweep_that_runs_out_of_time_before_or_after_its_groups_goes_on_too(aws: Bench, operation: str) -> None:
    _groups(aws, 60)
    aws.world.before(operation, lambda _: aws.world.clock.sleep(TIMEOUT), times=1)

    first = aws.run(SWEEP)
    # The call that the time was over in is the last one of a sweep in one case.
    aws.to_next_tick()
    aws.ticks()

    assert first["complete"] == (operation == "DescribeAccountPolicies")
    assert set(aws.states().values()) == {"covered"}
    assert len(aws.states()) == 60


def test_no_metrics_are_printed_before_a_sweep_is_complete(aws: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    _groups(aws, 60)
    aws.run(SWEEP, seconds=30)
    assert '"_aws"' not in capsys.readouterr().out

    aws.ticks()
    lines = [line for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert len(lines) == 1
    assert '"GroupsCovered": 60' in lines[0]


def test_an_invocation_that_dies_leaves_the_sweep_to_a_later_tick(aws: Bench) -> None:
    groups = _groups(aws, 60)

    def die(asked: dict[str, Any]) -> None:
        if asked["logGroupName"] == groups[40]:
            raise KeyboardInterrupt

    aws.logs.meta.events.register("before-parameter-build.cloudwatch-logs.PutSubscriptionFilter", _dying(die))
    around = aws.around()
    with pytest.raises(KeyboardInterrupt):
        run(SWEEP, around)
    aws.ledger.claim(around.owner, aws.world.clock.now() + LASTS, aws.world.clock.now())  # it could not give it back
    cursor = aws.ledger.sweep().cursor
    assert cursor == groups[24]

    assert aws.run(SCHEDULE)["note"].startswith("another invocation sweeps")
    aws.world.clock.sleep(LASTS)
    assert aws.run(SCHEDULE)["complete"]

    assert set(aws.states()) == set(groups)
    assert set(aws.states().values()) == {"covered"}


def _dying(act: Any) -> Any:
    died: list[bool] = []

    def handler(params: dict[str, Any], **_: Any) -> None:
        if not died:
            try:
                act(params)
            except KeyboardInterrupt:
                died.append(True)
                raise

    return handler


def test_two_sweeps_at_once_are_one_and_one_more_when_it_is_done(aws: Bench) -> None:
    # given a second invocation that begins in the middle of a sweep
    _groups(aws, 60)
    inner: list[dict[str, Any]] = []

    def begin(asked: dict[str, Any]) -> None:
        if asked["logGroupName"] == "/group/030":
            inner.extend([aws.run(SWEEP), aws.run(SCHEDULE)])

    aws.world.before("PutSubscriptionFilter", begin, times=31)

    result = aws.sweep()

    # then it did nothing but ask for another one, which the next tick begins
    assert (result["complete"], result["subscribed"]) == (True, 60)
    assert [item["subscribed"] for item in inner] == [0, 0]
    assert aws.world.requests["PutSubscriptionFilter"] == 60
    assert aws.ledger.sweep().again
    asked = aws.count(lambda: aws.run(SCHEDULE))
    assert asked["DescribeSubscriptionFilters"] == 60
    assert not aws.ledger.sweep().again


def test_a_sweep_whose_lease_somebody_else_took_stops(aws: Bench) -> None:
    groups = _groups(aws, 60)

    def take(asked: dict[str, Any]) -> None:
        if asked["logGroupName"] == groups[30]:
            aws.world.clock.sleep(LASTS + 1)
            now = aws.world.clock.now()
            assert aws.ledger.claim("somebody else", now + LASTS, now)

    aws.world.before("PutSubscriptionFilter", take, times=31)

    result = aws.sweep()

    assert not result["complete"]
    assert "taken over" in result["note"]
    assert aws.world.requests["PutSubscriptionFilter"] == 31
    assert aws.ledger.sweep().owner == "somebody else"


def test_a_tick_begins_a_sweep_every_hour_and_does_nothing_in_between(aws: Bench) -> None:
    aws.world.group("/a")
    aws.to_next_tick()
    swept = []
    for _ in range(25):
        asked = aws.count(lambda: aws.run(SCHEDULE))
        swept.append("DescribeLogGroups" in asked)
        aws.to_next_tick()

    assert [number for number, did in enumerate(swept) if did] == [0, 12, 24]


def test_a_changed_configuration_begins_a_sweep(aws: Bench) -> None:
    aws.world.group("/a")

    assert aws.run({"detail-type": "Parameter Store Change", "source": "aws.ssm"})["covered"] == 1


def test_a_sweep_that_is_asked_for_begins_again_from_the_first_group(aws: Bench) -> None:
    groups = _groups(aws, 60)
    aws.run(SWEEP, seconds=30)
    assert aws.ledger.sweep().cursor
    aws.configuration = Configuration(logs=Logs(exclude=("/group/00*",)))

    aws.run(SWEEP)

    assert aws.names(groups[0]) == []


def test_a_group_that_is_created_again_while_a_sweep_runs_stays_in_the_ledger(aws: Bench) -> None:
    aws.world.group("/a")
    aws.world.group("/b")
    aws.sweep()
    aws.world.delete("/b")
    aws.world.before("DescribeSubscriptionFilters", lambda _: aws.world.group("/b"), times=1)

    aws.sweep()

    assert set(aws.states()) == {"/a", "/b"}
