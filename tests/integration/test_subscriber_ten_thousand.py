"""An account of 10,000 log groups is swept under AWS's documented rate limits, which others use too.

In virtual time: a request takes 0.03 s, an invocation has 900 s, and the schedule ticks every five minutes. The table
in the summary has what was asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from watchpost import names
from watchpost.aws import code_of
from watchpost.calls import QUOTAS
from watchpost.configuration import Configuration, Logs

from tests import tables
from tests.integration.subscriber_world import FOREIGN, SCHEDULE, TIMEOUT, Bench, bench
from tests.integration.sweep_table import Swept

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUPS = 10_000
# How often the competitor comes, in calls of the subscriber, and how many calls it makes at once: more than the burst
# that a bucket holds.
EVERY, BURST = 100, 8


@pytest.fixture
def aws() -> Iterator[Bench]:
    with bench(latency=0.03) as found:
        found.configuration = Configuration(logs=Logs(exclude=("/excluded/*",), retention_days=30))
        yield found


class _Competitor:
    """Somebody who calls the same operations without regard to anybody."""

    def __init__(self, aws: Bench, group: str) -> None:
        self._group, self._client, self._busy = group, aws.world.client("logs"), False
        self.throttled = 0
        aws.world.before("DescribeSubscriptionFilters", lambda _: self._come("describe_subscription_filters"))
        aws.world.before(
            "PutSubscriptionFilter",
            lambda _: self._come(
                "put_subscription_filter",
                filterName="mine",
                filterPattern="",
                destinationArn=FOREIGN,
                roleArn="arn:aws:iam::123456789012:role/mine",
            ),
        )
        self._calls = 0

    def _come(self, operation: str, **parameters: Any) -> None:
        if self._busy:
            return
        self._calls += 1
        if self._calls % EVERY:
            return
        self._busy = True
        for _ in range(BURST):
            try:
                getattr(self._client, operation)(logGroupName=self._group, **parameters)
            except ClientError as error:
                self.throttled += code_of(error) == "ThrottlingException"
        self._busy = False


def _make_groups(aws: Bench) -> dict[str, str]:
    """Groups as a large account has them, each with the state that it should come to."""
    expected = {}
    for number in range(GROUPS):
        kind, name = number % 20, f"/aws/lambda/service-{number:05}"
        filters, state = (), "covered"
        if kind == 0:
            name, state = f"/excluded/{number:05}", "skipped"
        elif kind == 1 and number % 400 == 1:
            filters, state = (("audit", FOREIGN), ("siem", FOREIGN)), "blocked"
        elif kind == 2 and number % 400 == 2:
            state = "skipped"
        tags = {names.OWNER_TAG: "other"} if state == "skipped" and kind == 2 else {"service": f"s{number % 50}"}
        aws.world.group(name, tags, None if kind == 3 else 14, filters=filters)
        expected[name] = state
    return expected


def test_ten_thousand_groups_are_swept_without_a_failed_call_that_is_not_made_again(
    aws: Bench, request: pytest.FixtureRequest
) -> None:
    # given the groups, and somebody who uses the same quotas
    expected = _make_groups(aws)
    competitor = _Competitor(aws, aws.world.group("/zz/competitor", retention=1))
    expected["/zz/competitor"] = "covered"
    aws.to_next_tick()
    began = aws.world.clock.now()

    # when the schedule ticks until a sweep is complete
    results = [aws.run(SCHEDULE, TIMEOUT)]
    aws.to_next_tick()
    results += aws.ticks()
    sweep = aws.ledger.sweep()
    swept = Swept.of(len(expected), sweep.finished - began, aws.calls, QUOTAS)
    tables.add(request, "sweep of a large account", [[line] for line in swept.lines()])

    # then every group is accounted for, and is what the ledger says
    assert [result["complete"] for result in results] == [False] * (len(results) - 1) + [True]
    assert aws.states() == expected
    for name, state in expected.items():
        ours = [item for item, destination in aws.world.filters(name).items() if destination == aws.shipper]
        assert len(ours) == (state == "covered"), name
        assert aws.world.groups[name].retention is not None or state == "skipped"
    # and AWS throttled calls, each of which was made again: the last one of an invocation by the next invocation
    throttled, retried = sum(swept.throttled.values()), sum(swept.retried.values())
    assert throttled == aws.world.throttled.total() - competitor.throttled > 100
    assert throttled - (len(results) - 1) <= retried <= throttled
    assert sweep.counts["throttled"] == throttled
    assert sum(result["failed"] for result in results) == 0
    # and no operation was asked for more often than is documented, nor a group twice
    assert all(swept.calls[name] / swept.seconds < quota for name, quota in QUOTAS.items() if name in swept.calls)
    puts = sum(state != "skipped" for state in expected.values())
    assert swept.calls["PutSubscriptionFilter"] - swept.throttled["PutSubscriptionFilter"] == puts
