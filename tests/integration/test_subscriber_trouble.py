"""Whatever goes wrong with a group, a call or an invocation: the others are done, and it is done later or told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from subscriber.run import run
from watchpost.configuration import Configuration, GroupMatch, Logs, SubscriptionRule, Subscriptions
from watchpost.errors import ConfigurationError

from tests.integration.logs_account.world import NoAnswerError
from tests.integration.subscriber_world import FOREIGN, SWEEP, Bench, bench

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


def test_throttled_calls_are_made_again_until_they_succeed(aws: Bench) -> None:
    _groups(aws, 20)
    aws.world.quotas |= {"PutSubscriptionFilter": 1.0, "DescribeLogGroups": 1.0, "GetResources": 1.0}

    result = aws.sweep()

    assert aws.world.throttled["PutSubscriptionFilter"] > 0
    assert (result["covered"], result["failed"]) == (20, 0)
    counts = aws.ledger.sweep().counts
    assert counts["throttled"] == counts["retried"] == aws.world.throttled.total()


@pytest.mark.parametrize("operation", ["DescribeSubscriptionFilters", "PutSubscriptionFilter", "PutRetentionPolicy"])
def test_an_answer_that_is_lost_is_asked_for_again(aws: Bench, operation: str) -> None:
    aws.world.group("/a")

    def lose(_: Any) -> None:
        raise NoAnswerError

    aws.world.after(operation, lose, times=2)

    assert aws.sweep()["covered"] == 1
    assert aws.names("/a") == ["watchpost.service=a"]


def test_a_bad_group_does_not_stop_the_others_and_is_named_with_the_reason(
    aws: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("/a", "/b", "/c"):
        aws.world.group(name)
    aws.refuse("PutSubscriptionFilter", "/b")

    result = aws.sweep()

    assert aws.states() == {"/a": "covered", "/b": "failed", "/c": "covered"}
    assert "not allowed" in aws.entry("/b").reason
    assert [item["log_group"] for item in result["examples"]["failed"]] == ["/b"]
    [error] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert "not allowed" in str(error.__dict__["result"])


@pytest.mark.parametrize("operation", ["DescribeSubscriptionFilters", "PutSubscriptionFilter"])
def test_a_group_that_is_deleted_between_listing_and_subscribing_is_no_failure(aws: Bench, operation: str) -> None:
    aws.world.group("/a")
    aws.world.group("/b")
    aws.world.before(operation, lambda _: aws.world.groups.get("/a") and aws.world.delete("/a"), times=1)

    result = aws.sweep()

    assert (result["gone"], result["failed"]) == (1, 0)
    assert list(aws.states()) == ["/b"]


def test_not_found_is_a_failure_while_the_group_is_there(aws: Bench) -> None:
    """It may be the shipper that AWS cannot find."""
    aws.world.group("/a")
    aws.refuse("PutSubscriptionFilter", "/a", code="ResourceNotFoundException")

    assert aws.sweep()["failed"] == 1


@pytest.mark.parametrize("count", [1, 2])
def test_a_place_that_somebody_takes_at_the_same_moment_blocks_or_not_and_is_never_taken_back(
    aws: Bench, count: int
) -> None:
    # given a group where somebody puts filters after ours were read
    aws.world.group("/a")

    def put(_: Any) -> None:
        aws.world.group("/a", filters=[(f"audit-{number}", FOREIGN) for number in range(count)])

    aws.world.before("PutSubscriptionFilter", put, times=1)

    aws.sweep()

    # then theirs stay, and ours has what is left
    foreign = {f"audit-{number}" for number in range(count)}
    assert foreign <= set(aws.names("/a"))
    if count == 2:
        assert (aws.entry("/a").state, set(aws.entry("/a").held_by)) == ("blocked", foreign)
    else:
        assert aws.entry("/a").state == "covered"


def test_the_wanted_name_that_somebody_takes_at_the_same_moment_is_not_overwritten(aws: Bench) -> None:
    # given a group with one free place, where somebody puts a filter of the very name into it
    aws.world.group("/a", filters=[("audit", FOREIGN)])
    taken = [("audit", FOREIGN), ("watchpost.service=a", FOREIGN)]
    aws.world.before("PutSubscriptionFilter", lambda _: aws.world.group("/a", filters=taken), times=1)
    aws.refuse("PutSubscriptionFilter", "/a", code="LimitExceededException", times=1)

    aws.sweep()

    assert aws.world.filters("/a") == dict(taken)
    assert aws.entry("/a").state == "blocked"


def test_our_filter_that_another_invocation_put_at_the_same_moment_is_enough(aws: Bench) -> None:
    aws.world.group("/a", filters=[("audit", FOREIGN)])
    both = [("audit", FOREIGN), ("watchpost.service=a", aws.shipper)]
    aws.world.before("PutSubscriptionFilter", lambda _: aws.world.group("/a", filters=both), times=1)
    aws.refuse("PutSubscriptionFilter", "/a", code="LimitExceededException", times=1)

    aws.sweep()

    assert aws.world.filters("/a") == dict(both)
    assert aws.entry("/a").state == "covered"


def test_tags_that_cannot_be_read_in_bulk_change_nothing_and_are_told(aws: Bench) -> None:
    # given groups that are covered, with a tag that would rename one, and a new one
    exclude = SubscriptionRule("banks", GroupMatch(prefix=("/bank",)), exclude=True)
    configuration = Configuration(subscriptions=Subscriptions(rules=(exclude,)))
    aws.world.group("/a", {"service": "a"})
    aws.sweep(configuration)
    aws.world.groups["/a"].tags["service"] = "b"
    aws.world.group("/new")
    aws.world.group("/bank/api")
    before = aws.entry("/a")

    # when tags may not be read
    aws.refuse("GetResources")
    result = aws.sweep()

    # then what is covered stays, what needs tags is told, and what needs none is done
    assert aws.entry("/a") == before
    assert aws.names("/a") == ["watchpost.service=a"]
    assert aws.entry("/new").state == "failed"
    assert "tags could not be read" in aws.entry("/new").reason
    assert "not allowed" in aws.entry("/new").reason
    assert aws.entry("/bank/api").state == "skipped"
    assert result["complete"]
    assert any("not allowed" in problem for problem in aws.ledger.sweep().problems)


def test_a_tag_that_lags_behind_does_not_take_back_what_an_event_told(aws: Bench) -> None:
    # given a group that an event has renamed a moment ago, with tags in bulk that do not know it yet
    aws.world.group("/a", {"service": "new"}, filters=[("watchpost.service=new", aws.shipper)])
    aws.world.late.add("/a")

    aws.sweep()

    assert aws.names("/a") == ["watchpost.service=new"]
    assert aws.entry("/a").service == "new"


def test_fresh_tags_that_may_not_be_read_leave_a_covered_group_as_it_is(aws: Bench) -> None:
    aws.world.group("/a", {"service": "old"})
    aws.sweep()
    aws.world.groups["/a"].tags["service"] = "new"
    aws.refuse("ListTagsForResource")

    aws.sweep()

    assert aws.names("/a") == ["watchpost.service=old"]
    assert aws.entry("/a").state == "covered"


def test_a_configuration_that_is_invalid_leaves_the_last_good_one_in_force_and_is_told(aws: Bench) -> None:
    aws.world.group("/a")
    aws.problem = "version 7 is wrong, version 6 stays in force: x"

    result = aws.sweep()

    assert aws.names("/a") == ["watchpost.service=a"]
    assert [problem for problem in result["problems"] if "version 7 is wrong" in problem]
    assert [problem for problem in aws.ledger.sweep().problems if "version 7 is wrong" in problem]

    aws.problem = None
    aws.sweep()
    assert aws.ledger.sweep().problems == ()


def test_without_any_configuration_the_run_fails_and_the_lease_is_free(aws: Bench) -> None:
    def none(*, fresh: bool) -> Any:
        raise ConfigurationError("parameter", "nothing", "a document")

    with pytest.raises(ConfigurationError):
        run(SWEEP, replace(aws.around(), configuration=none))

    assert aws.sweep()["complete"]


def test_a_listing_that_is_refused_fails_the_run_and_the_lease_is_free(aws: Bench) -> None:
    aws.world.group("/a")
    aws.refuse("DescribeLogGroups", times=1)
    with pytest.raises(ClientError):
        aws.sweep()

    assert aws.sweep()["covered"] == 1


def test_a_ledger_that_does_not_work_fails_the_run(aws: Bench) -> None:
    aws.world.group("/a")
    aws.break_ledger("BatchWriteItem")

    with pytest.raises(ClientError):
        aws.sweep()

    aws.client = aws.ledger_client()
    aws.ticks()
    assert aws.states() == {"/a": "covered"}
