"""The provisioner when calls are throttled, time runs out, or much would be deleted."""

from __future__ import annotations

from collections import Counter

import pytest
from provisioner import events
from provisioner.deadline import NO_TIME, RESERVE
from provisioner.healths import CHILDLESS
from watchpost.errors import ProvisioningError

from tests.integration.cloudwatch_account.account import CloudAccount
from tests.unit.provisioner.world import names_of


@pytest.fixture
def account() -> CloudAccount:
    """Six services of two functions."""
    made = CloudAccount()
    for number in range(12):
        made.services.function(f"f{number}", f"service-{number % 6}")
    return made


def _expected(account: CloudAccount) -> set[str]:
    """What one run without any trouble makes of the same account."""
    other = CloudAccount(services=account.services)
    other.run()
    return set(other.state())


def test_throttled_calls_are_made_again(account: CloudAccount) -> None:
    # given somebody who uses two thirds of the quotas
    expected = _expected(account)
    account.quotas |= {"PutMetricAlarm": 1.0, "PutCompositeAlarm": 1.0, "PutDashboard": 1.0}

    # when the provisioner runs
    result = account.run()

    # then it was throttled, and everything is there
    stats = account.calls[-1].stats["PutMetricAlarm"]
    assert stats.throttled > 5
    assert stats.retried == stats.throttled == account.throttled["PutMetricAlarm"]
    assert set(account.state()) == expected
    assert [failure["name"] for failure in result.failures()] == ["elasticsearch"]


def test_without_others_no_call_is_throttled(account: CloudAccount) -> None:
    """The pace is below the documented quotas."""
    account.run()
    account.run()
    assert account.throttled == Counter()


def _is_named(name: str, failures: set[str]) -> bool:
    """Whether an alarm or dashboard is told, by itself or by its service."""
    service = name.split("/")[1] if "/" in name else name.removeprefix("wp-")
    return name in failures or service in failures


def test_what_one_run_has_no_time_for_the_next_ones_do(account: CloudAccount) -> None:
    # given invocations that are too short for all alarms
    expected = _expected(account)
    results = []
    while len(results) < 50:
        before = set(account.state())
        results.append(account.run(seconds=RESERVE + 15))
        left = [failure for failure in results[-1].failures() if failure["name"] != "elasticsearch"]

        # then each does something that was not done, and names the rest
        made = {name for name, one in account.alarms.stored.items() if name not in before and not one.children}
        assert account.writes.count("PutMetricAlarm") == len(made)
        assert "DeleteAlarms" not in account.writes
        names = {failure["name"] for failure in left}
        assert all(_is_named(name, names) for name in expected - set(account.state()))
        assert all(failure["reason"].endswith((NO_TIME, CHILDLESS)) for failure in left)
        if not left:
            break

    assert len(results) > 2
    assert set(account.state()) == expected
    account.run()
    assert account.writes == []


def test_services_without_alarms_come_first_and_are_described_once(account: CloudAccount) -> None:
    """A first run over a large account takes many invocations, which must not all describe everything."""
    described: list[str] = []
    account.before("GetFunctionEventInvokeConfig", lambda asked: described.append(asked["FunctionName"]))

    # given a run that has time for some of six services
    account.run(seconds=RESERVE + 8)
    assert 0 < len(described) < 12
    have = {name.split("/")[2] for name in account.alarms.stored if name.startswith("wp/service")}

    # when one of their functions vanishes, and the next run goes on
    account.services.delete_function(min(have & set(described)))
    described.clear()
    account.run(seconds=RESERVE + 8)

    # then it looks at others, and deletes nothing, since it does not know what is not there any more
    assert described
    assert not have & set(described)
    assert "DeleteAlarms" not in account.writes
    assert account.requests["ListTagsForResource"] == 0


def test_services_that_want_no_alarm_do_not_keep_the_others_from_theirs(account: CloudAccount) -> None:
    # given that only the last service wants alarms
    rules = [{"service": f"service-{number}", "enabled": False} for number in range(5)]
    account.configure(alarms={"overrides": [*rules, {"service": "account", "enabled": False}]})

    # when runs that have no time for all at once follow each other
    for _ in range(10):
        account.run(seconds=RESERVE + 8)

    # then it has them, changed ones too
    account.services.function("f5", "service-5", timeout=10)
    result = account.run(seconds=RESERVE + 8)
    assert names_of(result.alarms.updated) == ["wp/service-5/f5/duration"]


def test_what_is_missing_comes_before_what_differs_and_that_before_deletions(account: CloudAccount) -> None:
    # given something of each
    account.run()
    account.services.function("f0", "service-0", timeout=10)
    account.services.delete_function("f1")
    account.services.function("new", "service-2")
    order: list[str] = []
    account.before("PutMetricAlarm", lambda asked: order.append(asked["AlarmName"]))
    account.before("DeleteAlarms", lambda asked: order.append(asked["AlarmNames"][0]))

    # when the provisioner runs
    account.run()

    # then
    assert [name.split("/")[2] for name in order] == ["new"] * 5 + ["f0", "f1"]


def test_a_run_that_has_no_time_left_is_asked_for_again(account: CloudAccount) -> None:
    """Lambda repeats an asynchronous invocation that failed, and a queue its message."""
    deadline = account.begin(RESERVE + 20)

    with pytest.raises(ProvisioningError, match=NO_TIME):
        events.handle({"source": "aws.events"}, "stream", deadline, lambda: account.account(deadline))


def test_discovery_leaves_time_for_what_is_known(account: CloudAccount) -> None:
    """What it has no time for stays as it is; which resources these are changes from run to run."""
    account.before("GetFunctionEventInvokeConfig", lambda _: account.clock.sleep(10))

    result = account.run(seconds=RESERVE + 90)

    assert 0 < len({name.split("/")[2] for name in names_of(result.alarms.created)}) < 12
    assert result.dashboards.created


@pytest.mark.parametrize(("gone", "refused"), [(7, False), (8, True)])
def test_more_than_half_is_not_deleted_unless_allowed(gone: int, *, refused: bool) -> None:
    # given twelve functions, each a service of its own, the account, and Watchpost itself: 98 alarms
    account = CloudAccount()
    for number in range(12):
        account.services.function(f"f{number}", f"service-{number}")
    account.run()
    before = set(account.alarms.stored)

    # when so many of them vanish
    for number in range(gone):
        account.services.delete_function(f"f{number}")
    result = account.run()

    # then the run refuses to delete more than half of the alarms and dashboards
    told = [failure["name"] for failure in [*result.alarms.failed, *result.dashboards.failed]]
    assert told == (["deletion of alarms", "deletion of dashboards"] if refused else [])
    assert (set(account.alarms.stored) == before) is refused
    # unless it is allowed
    if refused:
        allowed = account.run(allow_mass_deletion=True)
        assert len(allowed.alarms.deleted) == gone * 7
        assert allowed.alarms.failed == []


def test_one_alarm_that_is_refused_stops_no_other(account: CloudAccount) -> None:
    refused = "wp/service-3/f3/throttles"
    expected = _expected(account)
    account.refuse("PutMetricAlarm", refused)

    result = account.run()

    assert [failure["name"] for failure in result.alarms.failed] == [refused]
    assert set(account.state()) == expected - {refused}


def test_one_alarm_that_cannot_be_deleted_keeps_no_other(account: CloudAccount) -> None:
    account.run()
    account.services.delete_function("f1")
    kept = "wp/service-1/f1/throttles"
    account.refuse("DeleteAlarms", kept)

    result = account.run()

    assert [failure["name"] for failure in result.alarms.failed] == [kept]
    assert len(result.alarms.deleted) == 4


def test_tags_that_cannot_be_read_keep_an_alarm(account: CloudAccount) -> None:
    account.run()
    account.services.delete_function("f1")
    account.refuse("ListTagsForResource", "f1/throttles")

    result = account.run()

    assert [failure["name"] for failure in result.alarms.failed] == ["wp/service-1/f1/throttles"]
    assert "wp/service-1/f1/throttles" in account.alarms.stored
