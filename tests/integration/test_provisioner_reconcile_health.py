"""Composite alarms: children before them, never a silent critical alarm, and what is not known stays watched."""

from __future__ import annotations

import pytest
from provisioner.deadline import RESERVE
from watchpost import names

from tests.integration.cloudwatch_account.account import ANY, CloudAccount
from tests.unit.provisioner.world import names_of

HEALTH = "wp/orders/service/unhealthy"
HEALTHS = {HEALTH, "wp/account/service/unhealthy", "wp/watchpost/service/unhealthy"}  # of all services


@pytest.fixture
def account() -> CloudAccount:
    made = CloudAccount()
    made.services.function("orders-api", "orders")
    return made


def _silent(account: CloudAccount) -> set[str]:
    """Critical alarms of which nobody is told: without actions, and watched by nothing that has some."""
    stored = account.alarms.stored
    told: set[str] = set()
    left = [name for name, one in stored.items() if one.kind == "CompositeAlarm" and one.request.get("AlarmActions")]
    while left:
        children = stored[left.pop()].children
        told |= children
        left += [child for child in children if stored[child].kind == "CompositeAlarm"]
    plain = {name for name, one in stored.items() if one.kind == "MetricAlarm"}
    return {name for name in plain - told if not stored[name].request.get("AlarmActions")}


def test_more_children_than_one_composite_alarm_can_watch_are_watched_by_several(account: CloudAccount) -> None:
    # given a service with 101 critical alarms, each function having two and the service one
    for number in range(49):
        account.services.function(f"f{number}", "orders")
    account.run()

    # then parts of them are watched by composite alarms without actions, and these by the one that pages
    parts = {f"{HEALTH}-1", f"{HEALTH}-2"}
    assert account.alarms.stored[HEALTH].children == parts
    assert [account.alarms.stored[part].request["AlarmActions"] for part in sorted(parts)] == [[], []]
    assert _silent(account) == set()

    # when one function is gone
    account.services.delete_function("f0")
    result = account.run()

    # then one composite alarm is enough again
    assert set(names_of(result.alarms.deleted)) > parts
    assert result.alarms.failed == []
    assert len(account.alarms.stored[HEALTH].children) == 99
    account.run()
    assert account.writes == []


def test_no_critical_alarm_is_silent_for_longer_than_its_service_takes(account: CloudAccount) -> None:
    """A first run over a large account takes hours."""
    for number in range(20):
        account.services.function(f"f{number}", f"service-{number}")
    most = 0

    def look(_: object) -> None:
        nonlocal most
        most = max(most, len(_silent(account)))

    account.before(ANY, look)
    account.run()

    assert most == 3  # the critical alarms of one service
    assert _silent(account) == set()


def test_composite_alarms_go_before_those_that_they_watch(account: CloudAccount) -> None:
    # given a service with composite alarms over composite alarms
    for number in range(50):
        account.services.function(f"f{number}", "orders")
    account.run()
    assert len(account.alarms.stored[HEALTH].children) == 2

    # when all of it vanishes
    for name in list(account.services.timeouts):
        account.services.delete_function(name)
    result = account.run(allow_mass_deletion=True)

    # then nothing is in the way of anything
    assert result.alarms.failed == []
    assert {name.split("/")[1] for name in account.alarms.stored} == {"account", names.OWN_SERVICE}


@pytest.mark.parametrize("seconds", [number / 2 for number in range(4, 24)])
def test_wherever_the_time_ends_no_critical_alarm_is_silent(account: CloudAccount, seconds: float) -> None:
    account.services.function("orders-worker", "orders")
    account.services.function("mail", "mailing")

    account.run(seconds=RESERVE + seconds)

    assert _silent(account) == set()


def test_alarms_tell_by_themselves_while_their_composite_alarm_is_refused(account: CloudAccount) -> None:
    # given that composite alarms are refused
    account.refuse("PutCompositeAlarm")

    # when the provisioner runs twice
    first, second = account.run(), account.run()

    # then critical alarms page by themselves, and are left alone
    assert {failure["name"] for failure in first.alarms.failed} == HEALTHS
    assert _silent(account) == set()
    assert account.alarms.stored["wp/orders/orders-api/error-rate"].request["AlarmActions"]
    assert {failure["name"] for failure in second.alarms.failed} == HEALTHS
    assert second.alarms.updated == []
    assert "PutMetricAlarm" not in account.writes

    # when they are not refused any more
    account.allow("PutCompositeAlarm")
    account.run()

    # then the composite alarm tells instead of them
    assert account.alarms.stored["wp/orders/orders-api/error-rate"].request["AlarmActions"] == []
    assert _silent(account) == set()
    account.run()
    assert account.writes == []


def test_a_composite_alarm_that_somebody_deleted_and_that_is_refused_leaves_nobody_silent(
    account: CloudAccount,
) -> None:
    account.run()
    del account.alarms.stored[HEALTH]
    account.refuse("PutCompositeAlarm")

    result = account.run()

    assert _silent(account) == set()
    assert len(result.alarms.updated) == 3


def test_a_composite_alarm_that_cannot_be_changed_still_tells_for_those_that_it_watches(
    account: CloudAccount,
) -> None:
    account.run()
    account.services.function("orders-new", "orders")
    account.refuse("PutCompositeAlarm")

    result = account.run()

    stored = account.alarms.stored
    assert stored["wp/orders/orders-api/error-rate"].request["AlarmActions"] == []
    assert stored["wp/orders/orders-new/error-rate"].request["AlarmActions"]
    assert _silent(account) == set()
    assert result.alarms.updated == []


def test_a_child_that_could_not_be_put_is_watched_by_the_next_run(account: CloudAccount) -> None:
    name = "wp/orders/orders-api/error-rate"
    account.refuse("PutMetricAlarm", name)

    first = account.run()
    without = account.alarms.stored[HEALTH].children
    account.allow("PutMetricAlarm")
    second = account.run()

    assert [failure["name"] for failure in first.alarms.failed] == [name]
    assert len(without) == 2
    assert account.alarms.stored[HEALTH].children == without | {name}
    assert second.alarms.failed == []


def test_a_child_is_not_deleted_while_a_composite_alarm_watches_it(account: CloudAccount) -> None:
    account.services.function("orders-old", "orders")
    account.run()
    account.services.delete_function("orders-old")
    account.refuse("PutCompositeAlarm")

    result = account.run()

    watched = {"wp/orders/orders-old/error-rate", "wp/orders/orders-old/recursion"}
    assert sorted(failure["name"] for failure in result.alarms.failed) == sorted({HEALTH} | watched)
    assert len([failure for failure in result.alarms.failed if failure["reason"].endswith("watches it still")]) == 2
    assert len(result.alarms.deleted) == 3
    account.allow("PutCompositeAlarm")
    assert set(names_of(account.run().alarms.deleted)) == watched


def test_without_composite_alarms_every_critical_alarm_pages_before_its_composite_alarm_goes(
    account: CloudAccount,
) -> None:
    # given composite alarms that are not wanted any more, and one alarm that cannot be changed
    account.run()
    account.configure(alarms={"composite": False})
    account.refuse("PutMetricAlarm", "wp/orders/logs/errors")

    # when the provisioner runs
    account.run()

    # then the composite alarm stays for the one that nobody would be told of
    assert HEALTH in account.alarms.stored
    assert _silent(account) == set()

    # when that can be changed, the composite alarm goes
    account.allow("PutMetricAlarm")
    result = account.run()
    assert names_of(result.alarms.deleted) == [HEALTH]
    assert _silent(account) == set()

    # and it comes back when it is wanted
    account.configure()
    account.run()
    assert account.alarms.stored["wp/orders/logs/errors"].request["AlarmActions"] == []
    assert _silent(account) == set()


def test_what_is_not_known_stays_and_stays_watched(account: CloudAccount) -> None:
    # given a function and a queue with a dead-letter queue
    account.services.queue("work-dead", "orders")
    account.services.queues.add("work")
    account.services.tagged["arn:aws:sqs:eu-west-1:123456789012:work"] = "sqs:queue", {"service": "orders"}
    account.run()
    before = account.alarms.stored[HEALTH].children
    assert "wp/orders/work-dead/dead-letters" in before

    # when queues cannot be read any more, and a function is new
    part = account.dashboards.stored["wp-second-part"] = account.dashboards.stored["wp-orders"]
    account.dashboards.stored["wp-orders-2"] = part
    account.refuse("GetQueueAttributes")
    account.services.function("orders-new", "orders")
    result = account.run()

    # then all alarms stay, and the composite alarm watches those of the queue and those of the new function
    new = {"wp/orders/orders-new/error-rate", "wp/orders/orders-new/recursion"}
    assert account.alarms.stored[HEALTH].children == before | new
    assert result.alarms.deleted == []
    assert {failure["name"] for failure in result.alarms.failed} == {"orders/sqs/work", "orders/sqs/work-dead"}
    # and of the dashboards, all parts of the service's stay
    assert names_of(result.dashboards.deleted) == ["wp-second-part"]
    assert account.dashboards.stored["wp-orders"] == account.dashboards.stored["wp-orders-2"] == part


@pytest.mark.parametrize("operation", ["GetResources", "ListFunctions", "DescribeAlarms"])
def test_a_listing_that_is_refused_deletes_nothing_and_silences_nobody(account: CloudAccount, operation: str) -> None:
    # given a function that is gone, which nobody can tell
    account.run()
    before = set(account.alarms.stored)
    account.services.timeouts.clear()
    account.refuse(operation)

    result = account.run(allow_mass_deletion=True)

    assert set(account.alarms.stored) == before
    assert not [name for name in account.writes if name.endswith(("Alarm", "Alarms"))]
    assert result.alarms.failed
    assert _silent(account) == set()
