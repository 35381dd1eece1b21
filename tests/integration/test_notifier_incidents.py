"""Alarms are told as incidents: opened, updated, resolved after a time; and where nothing is known, all the same."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.integration.notifier_world import BEGIN, KEY, NAME, WHOLE, alarm, one_stack
from tests.integration.receivers.pagerduty import PagerDuty
from tests.integration.receivers.slack import SlackApi

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.notifier_world import World
    from tests.integration.receivers.webhook import Webhook


@pytest.fixture
def world() -> Iterator[World]:
    with one_stack() as found:
        yield found


@pytest.fixture
def slack() -> Iterator[SlackApi]:
    with SlackApi("shop") as found:
        yield found


@pytest.fixture
def pager() -> Iterator[PagerDuty]:
    with PagerDuty("oncall") as found:
        yield found


def test_an_alarm_is_one_message_that_is_updated_and_resolved(
    world: World, ops: Webhook, slack: SlackApi, pager: PagerDuty
) -> None:
    # given receivers of three kinds, when an alarm rings and is over seven minutes later
    world.tells(ops, slack, pager)
    world.deliver(alarm())
    assert pager.open == {KEY}
    world.deliver(alarm("OK", world.pass_time(minutes=7)))

    # then each was told of the same incident, how long it was, and nobody was told anything else
    assert ops.tellings == [("opened", 1, None), ("resolved", 1, 420.0)]
    assert ops.messages[1]["since"] == ops.messages[0]["since"] == "2026-11-21T06:00:00Z"
    assert "RESOLVED after 7 min" in ops.texts()[1]
    assert {one["key"] for one in ops.messages} == {KEY}
    assert (pager.open, pager.triggered) == (set(), {KEY: 1})
    # in Slack there is one message, which says by now that it is over, and one reply below it
    [(ts, message)] = slack.channel.items()
    assert "RESOLVED after 7 min" in slack.text(message)
    assert len(slack.threads[ts]) == 1
    assert ops.refused == slack.refused == pager.refused == []


def test_an_alarm_that_rings_again_soon_continues_its_incident(world: World, ops: Webhook, slack: SlackApi) -> None:
    world.tells(ops, slack)
    world.deliver(alarm())
    world.deliver(alarm("OK", world.pass_time(minutes=2)))

    world.deliver(alarm(at=world.pass_time(minutes=15)))
    world.deliver(alarm("OK", world.pass_time(minutes=1)))
    world.deliver(alarm(at=world.pass_time(minutes=16)))

    assert ops.tellings == [
        ("opened", 1, None),
        ("resolved", 1, 120.0),
        ("again", 2, None),
        ("resolved", 2, 60.0),
        ("opened", 1, None),
    ]
    assert len(slack.channel) == 2  # one for each incident


def test_an_alarm_that_says_more_while_it_rings_is_an_update(world: World, ops: Webhook, pager: PagerDuty) -> None:
    world.tells(ops, pager)
    world.deliver(alarm())
    world.deliver(alarm("INSUFFICIENT_DATA", world.pass_time(minutes=3), before="ALARM"))
    world.deliver(alarm("OK", world.pass_time(minutes=3), before="INSUFFICIENT_DATA"))

    assert ops.tellings == [("opened", 1, None), ("changed", 1, None), ("resolved", 1, 360.0)]
    assert pager.open == set()


def test_an_end_of_what_is_unknown_is_told_without_a_length_when_the_alarm_rang(world: World, ops: Webhook) -> None:
    world.tells(ops)
    world.deliver(alarm("OK", before="ALARM"))
    world.deliver(alarm("OK", before="INSUFFICIENT_DATA", name="watchpost/billing/billing/errors"))

    assert ops.tellings == [("resolved", 1, None)]


def test_a_message_that_was_overtaken_is_not_told(world: World, ops: Webhook, pager: PagerDuty) -> None:
    # given that the end of an alarm arrives before its beginning
    world.tells(ops, pager)
    world.deliver(alarm("OK", BEGIN + timedelta(minutes=7)))

    result = world.deliver(alarm(at=BEGIN))

    # then nobody is woken by an incident that would never end
    assert (result["quiet"], result["messages"]) == (1, 0)
    assert ops.tellings == [("resolved", 1, None)]
    assert pager.open == set()


def test_incidents_of_different_alarms_do_not_meet(world: World, ops: Webhook) -> None:
    world.tells(ops)
    world.deliver(alarm())
    world.deliver(alarm(name="watchpost/orders/orders/throttles"))
    world.deliver(alarm("OK", world.pass_time(minutes=1)))

    assert ops.events == ["opened", "opened", "resolved"]


# ---------------------------------------------------------------- composite alarms and their children
def test_a_child_that_rings_while_its_composite_alarm_does_is_a_change_of_that(
    world: World, ops: Webhook, pager: PagerDuty
) -> None:
    # given that a service's composite alarm rings
    world.tells(ops, pager)
    world.deliver(alarm(name=WHOLE))

    # when messages of its critical alarms arrive all the same
    world.deliver(alarm(at=world.pass_time(minutes=1)))
    world.deliver(alarm("OK", world.pass_time(minutes=1)))
    world.deliver(alarm("OK", world.pass_time(minutes=1), name=WHOLE))

    # then they are told as a change of it, by their names, and page nobody
    key = KEY.replace(NAME, WHOLE)
    assert {one["key"] for one in ops.messages} == {key}
    assert [one["event"] for one in ops.messages] == ["opened", "changed", "changed", "resolved"]
    assert ops.messages[1]["title"] == "orders is unhealthy — errors in logs rings too"
    assert ops.messages[2]["title"] == "orders is unhealthy — errors in logs rings no more"
    assert [child["alarm_name"] for child in ops.messages[1]["children"]] == [NAME]
    value = "Sum of LogErrors over 1 minute was 7, the alarm is at more than 1."
    assert [child["reason"] for child in ops.messages[1]["children"]] == [value]
    assert pager.triggered.keys() == {key}
    assert pager.open == set()


def test_a_child_of_a_composite_alarm_that_is_over_says_nothing_more(world: World, ops: Webhook) -> None:
    world.tells(ops)
    world.deliver(alarm(name=WHOLE))
    world.deliver(alarm(at=world.pass_time(minutes=1)))
    world.deliver(alarm("OK", world.pass_time(minutes=1), name=WHOLE))

    assert world.deliver(alarm("OK", world.pass_time(minutes=1)))["quiet"] == 1
    assert [one["event"] for one in ops.messages] == ["opened", "changed", "resolved"]


def test_a_warning_of_a_service_that_is_unhealthy_is_a_message_of_its_own(world: World, ops: Webhook) -> None:
    # because composite alarms watch critical alarms only
    world.tells(ops)
    world.deliver(alarm(name=WHOLE))
    world.deliver(alarm(at=world.pass_time(minutes=1)), severity="warning")

    assert [(one["event"], one["severity"]) for one in ops.messages] == [("opened", "critical"), ("opened", "warning")]


def test_a_critical_alarm_of_another_service_is_a_message_of_its_own(world: World, ops: Webhook) -> None:
    world.tells(ops)
    world.deliver(alarm(name=WHOLE))
    world.deliver(alarm(name="watchpost/billing/billing/errors"))

    assert [one["event"] for one in ops.messages] == ["opened", "opened"]


def test_an_alarm_that_was_told_before_its_composite_alarm_is_ended_by_itself(world: World, pager: PagerDuty) -> None:
    # given an alarm that pages before the composite alarm does
    world.tells(pager)
    world.deliver(alarm())
    world.deliver(alarm(at=world.pass_time(seconds=5), name=WHOLE))

    # when it is over, then its page is, and the composite alarm's is not
    world.deliver(alarm("OK", world.pass_time(minutes=1)))
    assert pager.open == {KEY.replace(NAME, WHOLE)}


# ---------------------------------------------------------------- state is a comfort
def test_without_the_table_messages_go_out_all_the_same_and_it_is_logged(
    world: World, ops: Webhook, caplog: pytest.LogCaptureFixture
) -> None:
    world.tells(ops)
    world.away |= {"dynamodb"}

    results = [
        world.deliver(alarm()),
        world.deliver(alarm("OK", world.pass_time(minutes=7))),
        world.deliver("the deploy is over"),
        world.deliver(alarm("OK", world.pass_time(minutes=7), before="INSUFFICIENT_DATA")),
    ]

    assert [result["delivered"] for result in results] == [1, 1, 1, 0]
    assert ops.tellings == [("opened", 1, None), ("resolved", 1, None), ("plain", 1, None)]
    [*_, warning] = [record for record in caplog.records if "table of incidents" in record.getMessage()]
    assert warning.__dict__["why"] == "EndpointConnectionError"


def test_a_table_that_does_not_answer_is_asked_once_in_an_invocation(world: World, ops: Webhook) -> None:
    # since each call may take seconds
    world.tells(ops)
    world.away |= {"dynamodb"}

    world.deliver(alarm())

    assert world.asked.count("dynamodb") == 1
    assert len(ops.messages) == 1


def test_a_table_that_was_deleted_is_no_reason_to_keep_quiet(world: World, ops: Webhook) -> None:
    world.tells(ops)
    world.client("dynamodb").delete_table(TableName="incidents")

    assert world.deliver(alarm())["delivered"] == 1


def test_an_item_that_somebody_broke_by_hand_is_no_reason_to_keep_quiet(world: World, ops: Webhook) -> None:
    world.tells(ops)
    item = {"pk": {"S": f"incident#{KEY}"}, "opened": {"S": "yesterday"}, "memory": {"N": "7"}}
    world.client("dynamodb").put_item(TableName="incidents", Item=item)

    assert world.deliver(alarm())["delivered"] == 1


def test_what_has_expired_is_as_if_it_was_not_there(world: World, ops: Webhook) -> None:
    # DynamoDB deletes it only within days
    world.tells(ops)
    event = world.message(alarm())
    world.run(event)
    world.deliver(alarm("OK", world.pass_time(minutes=1)))
    world.pass_time(days=2, minutes=1)

    world.run(event)

    assert ops.events == ["opened", "resolved", "opened"]


def test_every_item_expires(world: World, ops: Webhook) -> None:
    world.tells(ops)
    world.deliver(alarm())
    world.deliver(alarm("OK", world.pass_time(minutes=1)))
    world.deliver("hello")

    found = {key.split("#")[0]: item for key, item in world.items().items()}
    assert found.keys() == {"incident", "message", "told"}
    assert all(float(item["expires"]["N"]) > world.time.at.timestamp() for item in world.items().values())
