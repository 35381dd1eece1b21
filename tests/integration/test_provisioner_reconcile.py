"""The provisioner against a strict CloudWatch: creates, updates and deletes what it must, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from provisioner import events
from provisioner.ownership import FEW
from provisioner.run import remove
from watchpost.errors import ConfigurationError, PayloadError

from tests.integration.cloudwatch_account.account import CloudAccount
from tests.unit.provisioner.world import names_of

DURATION = "wp/orders/orders-api/duration"
HEALTH = "wp/orders/service/unhealthy"


@pytest.fixture
def account() -> CloudAccount:
    """Two services, whose alarms the provisioner has not made yet."""
    made = CloudAccount()
    made.services.function("orders-api", "orders")
    made.services.queue("orders-work", "orders")
    made.services.table("basket", "shop")
    return made


def test_the_first_run_creates_everything_and_the_second_writes_nothing(account: CloudAccount) -> None:
    # when the provisioner runs twice
    first, before = account.run(), account.state()
    second = account.run()

    # then everything was created once, by requests that CloudWatch takes
    assert [failure["name"] for failure in first.failures()] == ["elasticsearch"]
    assert set(names_of(first.alarms.created)) == set(account.alarms.stored)
    assert account.alarms.checked == len(account.alarms.stored) > 15
    assert account.dashboards.checked == len(account.dashboards.stored) == 5
    # and nothing the second time
    assert account.writes == []
    assert account.state() == before
    assert second.alarms.counts() | {"unchanged": 0} == dict.fromkeys(second.alarms.counts(), 0)
    assert second.alarms.unchanged == len(account.alarms.stored)
    assert second.dashboards.unchanged == 5
    # and the cost is what the first run said
    assert first.cost[0] == 0
    assert second.cost == (first.cost[1], first.cost[1])


def test_a_critical_alarm_tells_nobody_by_itself_and_a_warning_does(account: CloudAccount) -> None:
    account.run()

    stored = account.alarms.stored
    assert stored["wp/orders/orders-api/error-rate"].request["AlarmActions"] == []
    assert "wp/orders/orders-api/error-rate" in stored[HEALTH].children
    assert stored[HEALTH].request["AlarmActions"][0].endswith(":critical")
    assert stored[DURATION].request["AlarmActions"][0].endswith(":warning")
    assert DURATION not in stored[HEALTH].children


def test_a_changed_fact_changes_one_alarm_and_says_how(account: CloudAccount) -> None:
    account.run()
    account.services.function("orders-api", "orders", timeout=10)

    result = account.run()

    assert [change.as_dict() for change in result.alarms.updated] == [
        {"name": DURATION, "what": [{"field": "Threshold", "before": 27_000, "after": 9_000}]}
    ]
    assert account.writes.count("PutMetricAlarm") == 1
    assert set(account.writes) == {"PutMetricAlarm", "PutDashboard"}  # the graph has the threshold
    assert account.alarms.stored[DURATION].request["Threshold"] == 9_000


def test_a_vanished_resource_takes_its_alarms_along_after_the_composite_alarm_let_go_of_them(
    account: CloudAccount,
) -> None:
    account.services.function("orders-old", "orders")
    account.run()
    account.services.delete_function("orders-old")

    result = account.run()

    assert {name.split("/")[2] for name in names_of(result.alarms.deleted)} == {"orders-old"}
    assert names_of(result.alarms.updated) == [HEALTH]
    assert not [name for name in account.alarms.stored if "orders-old" in name]
    assert result.alarms.failed == []
    assert account.writes.index("PutCompositeAlarm") < account.writes.index("DeleteAlarms")
    account.run()
    assert account.writes == []


def test_the_last_resource_takes_service_composite_alarm_and_dashboard_along(account: CloudAccount) -> None:
    account.run()
    account.services.tagged.pop("arn:aws:dynamodb:eu-west-1:123456789012:table/basket")

    result = account.run()

    assert not [name for name in account.alarms.stored if name.startswith("wp/shop/")]
    assert names_of(result.dashboards.deleted) == ["wp-shop"]
    assert result.alarms.failed == []


def test_what_was_changed_by_hand_is_put_back(account: CloudAccount) -> None:
    # given an alarm, a composite alarm and a dashboard that somebody edited
    account.run()
    before, cloudwatch = account.state(), account.client("cloudwatch")
    edited = account.alarms.stored[DURATION].request
    cloudwatch.put_metric_alarm(**{**edited, "Threshold": 1.0, "ActionsEnabled": False})
    rule = account.alarms.stored[HEALTH].request["AlarmRule"]
    cloudwatch.put_composite_alarm(AlarmName=HEALTH, AlarmRule=rule.split(" OR ")[0])
    body = json.loads(account.dashboards.stored["wp-orders"][0])
    body["widgets"][0]["properties"]["markdown"] += " mine"
    cloudwatch.put_dashboard(DashboardName="wp-orders", DashboardBody=json.dumps(body))

    # when the provisioner runs
    result = account.run()

    # then they are as they were
    assert account.state() == before
    assert set(names_of(result.alarms.updated)) == {DURATION, HEALTH}
    [told] = [change.as_dict()["what"] for change in result.dashboards.updated]
    assert [one["field"] for one in told] == ["widgets[0].properties.markdown"]
    [told] = [change.as_dict()["what"] for change in result.alarms.updated if change.name == DURATION]
    assert [one["field"] for one in told] == ["ActionsEnabled", "Threshold"]


def test_what_is_foreign_is_not_touched(account: CloudAccount) -> None:
    # given alarms of others: one with the stack's prefix, one made by the stack's template, a composite alarm, a
    # dashboard, and more alarms than are asked for one by one
    account.put_foreign("wp/orders/mine/alarm")
    account.put_foreign("wp/watchpost/subscriber/groups-overdue")
    account.put_foreign("wp/orders/mine/health", "wp/orders/mine/alarm")
    account.put_foreign("somebody else's")
    for number in range(30):
        account.put_foreign(f"wp/many/{number}/alarm")
    body = {"widgets": [{"type": "text", "x": 0, "y": 0, "width": 1, "height": 1, "properties": {"markdown": "x"}}]}
    account.client("cloudwatch").put_dashboard(DashboardName="wp-mine", DashboardBody=json.dumps(body))
    before = account.state()

    # when the provisioner runs, twice, and the stack is deleted
    results = [account.run(), account.run(allow_mass_deletion=True)]
    deadline = account.begin()
    results.append(remove(account.account(deadline), deadline))

    # then only they are left, and nobody complains
    assert account.state() == before
    assert [result.alarms.failed + result.dashboards.failed for result in results] == [[], [], []]


def test_an_alarm_of_somebody_else_under_our_name_is_told_and_never_watched(account: CloudAccount) -> None:
    """Its owner could not delete it any more."""
    name = "wp/orders/orders-api/error-rate"
    account.put_foreign(name)

    result = account.run()

    assert [failure["name"] for failure in result.alarms.failed] == [name]
    assert account.alarms.stored[name].request["Namespace"] == "Mine"
    assert name not in account.alarms.stored[HEALTH].children
    account.run()
    assert account.writes == []


def test_many_alarms_are_not_asked_one_by_one_whose_they_are(account: CloudAccount) -> None:
    for number in range(10):
        account.services.function(f"old-{number}", "orders")
    account.run()
    for number in range(10):
        account.services.delete_function(f"old-{number}")
    account.requests.clear()

    result = account.run(allow_mass_deletion=True)

    assert len(result.alarms.deleted) == 50
    assert account.requests["ListTagsForResource"] == FEW
    # and nobody asks when nothing is to be changed
    account.requests.clear()
    account.run()
    assert account.requests["ListTagsForResource"] == 0
    assert account.requests["GetResources"] == 1


@pytest.mark.parametrize("refused", [True, False])
def test_a_listing_of_tags_without_the_latest_ones_hides_no_alarm(account: CloudAccount, *, refused: bool) -> None:
    for number in range(10):
        account.services.function(f"old-{number}", "orders")
    account.run()
    for number in range(10):
        account.services.delete_function(f"old-{number}")
    if refused:
        account.refuse("GetResources", "cloudwatch:alarm")
    else:
        account.alarms.late = set(account.alarms.stored)

    result = account.run(allow_mass_deletion=True)

    assert len(result.alarms.deleted) == 50
    assert result.alarms.failed == []


def test_a_plan_tells_all_and_writes_nothing(account: CloudAccount) -> None:
    # given something to create, to change and to delete, in an account that nobody may write to
    account.services.function("orders-old", "orders")
    account.run()
    account.services.delete_function("orders-old")
    account.services.function("orders-new", "orders")
    account.services.function("orders-api", "orders", timeout=10)
    account.forbid_writes()

    # when a plan is made, and when it is carried out
    deadline = account.begin()
    plan = events.handle({"action": "plan"}, "stream", deadline, lambda: account.account(deadline))
    for operation in ("PutMetricAlarm", "PutCompositeAlarm", "DeleteAlarms", "PutDashboard", "DeleteDashboards"):
        account.allow(operation)
    done = account.run().as_dict()

    # then it told what was done
    assert plan["alarms"] == done["alarms"]
    assert plan["dashboards"] == done["dashboards"]
    assert plan["cost"] == done["cost"]
    assert [len(plan["alarms"][kind]) for kind in ("created", "updated", "deleted")] == [5, 2, 5]
    [created] = [one["what"] for one in plan["alarms"]["created"] if one["name"] == "wp/orders/orders-new/duration"]
    assert {"field": "Threshold", "before": None, "after": 27_000} in created


@pytest.mark.parametrize("wrong", [{"lambda.nonsense": {"enabled": False}}, None])
def test_a_configuration_that_is_wrong_leaves_everything_as_it_is(account: CloudAccount, wrong: Any) -> None:
    account.run()
    before = account.state()
    account.services.function("orders-new", "orders")
    if wrong:
        account.configure(alarms=wrong)
    else:  # none of the last documents is right
        account.configuration = ConfigurationError("configuration", "nonsense", "an object")

    with pytest.raises(ConfigurationError, match="configuration"):
        account.run()

    assert account.state() == before


def test_however_many_messages_a_queue_brings_there_is_one_run(account: CloudAccount) -> None:
    deadline = account.begin()
    records = [{"eventSource": "aws:sqs", "messageId": str(n), "body": '{"action": "plan"}'} for n in range(10)]
    made = account.account(deadline)

    with pytest.raises(Exception, match="elasticsearch"):  # of which this account has none
        events.handle({"Records": records}, "stream", deadline, lambda: made)

    assert len(account.alarms.stored) > 15
    assert account.requests["ListDashboards"] == 1


def test_records_of_something_else_than_a_queue_do_nothing(account: CloudAccount) -> None:
    deadline = account.begin()
    with pytest.raises(PayloadError, match="messages of SQS"):
        events.handle({"Records": [{"eventSource": "aws:s3"}]}, "stream", deadline, lambda: account.account(deadline))
    assert account.requests.total() == 0
