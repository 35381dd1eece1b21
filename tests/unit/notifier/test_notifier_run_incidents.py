"""What a message is told as to somebody who knows what was told before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifier.alarm import Notification
from notifier.incidents import AGAIN, Decision, Incident, decide, key_of, stamp, whole_of, without_state
from notifier.story import EVENTS, KEY

AT = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
NAME = "watchpost/orders/orders-api/errors"
WHOLE = "watchpost/orders/service/unhealthy"
RINGS = Notification(
    title="orders — errors",
    reason="",
    state="ALARM",
    previous_state="OK",
    name=NAME,
    service="orders",
    resource="orders-api",
    alarm="errors",
    since=AT,
    account="123456789012",
    region="eu-west-1",
)
KEYS = "alarm", "whole"


def _after(minutes: float) -> datetime:
    return AT + timedelta(minutes=minutes)


def _over(minutes: float, before: str = "ALARM") -> Notification:
    return replace(RINGS, state="OK", previous_state=before, since=_after(minutes))


def _again(minutes: float) -> Notification:
    return replace(RINGS, since=_after(minutes))


def _no_data(minutes: float, before: str = "ALARM") -> Notification:
    return replace(RINGS, state="INSUFFICIENT_DATA", previous_state=before, since=_after(minutes))


def _told(*messages: Notification, whole: Incident | None = None) -> tuple[list[Decision], Incident | None]:
    """What one message after the other is told as, and what is known at the end."""
    known: Incident | None = None
    decisions = []
    for message in messages:
        decision, after = decide(message, AT, known, whole, KEYS)
        known = after or known
        decisions.append(decision)
    return decisions, known


def _events(*messages: Notification, whole: Incident | None = None) -> list[str]:
    return [decision.event for decision in _told(*messages, whole=whole)[0]]


def test_an_alarm_that_rings_opens_an_incident_and_its_end_is_told_with_its_length() -> None:
    decisions, known = _told(RINGS, _over(7))

    assert decisions == [
        Decision("opened", "alarm", opened=stamp(AT)),
        Decision("resolved", "alarm", lasted=420.0, opened=stamp(AT)),
    ]
    assert known
    assert not known.is_open


@pytest.mark.parametrize(
    ("minutes", "event", "times"),
    [(7 + AGAIN / timedelta(minutes=1), "again", 2), (7.001 + AGAIN / timedelta(minutes=1), "opened", 1)],
)
def test_an_alarm_that_rings_up_to_15_minutes_after_its_end_rings_again(minutes: float, event: str, times: int) -> None:
    decisions, known = _told(RINGS, _over(7), _again(minutes))

    assert (decisions[-1].event, decisions[-1].times) == (event, times)
    assert known
    assert known.opened == (AT if event == "again" else _after(minutes))


def test_only_the_end_that_was_told_begins_the_15_minutes() -> None:
    # it has no data and is OK once more meanwhile, which is no news
    assert _events(RINGS, _over(7), _over(20, "INSUFFICIENT_DATA"), _again(23)) == ["opened", "resolved", "", "opened"]


def test_an_end_that_was_no_news_is_none_by_another_topic_either() -> None:
    twice = _over(20, "INSUFFICIENT_DATA")

    assert _events(RINGS, _over(7), twice, twice) == ["opened", "resolved", "", ""]


def test_a_ring_that_was_overtaken_by_two_ends_opens_nothing() -> None:
    assert _events(_over(0), _over(2), _again(1)) == ["resolved", "", ""]


def test_each_ring_of_an_incident_is_counted_and_its_end_tells_how_long_the_last_one_was() -> None:
    decisions, _ = _told(RINGS, _over(1), _again(2), _over(3), _again(4), _over(9))

    assert [(one.event, one.times, one.lasted) for one in decisions] == [
        ("opened", 1, None),
        ("resolved", 1, 60.0),
        ("again", 2, None),
        ("resolved", 2, 60.0),
        ("again", 3, None),
        ("resolved", 3, 300.0),
    ]
    assert {one.opened for one in decisions} == {stamp(AT)}


def test_an_alarm_that_says_more_while_it_rings_is_an_update() -> None:
    decisions, _ = _told(RINGS, _no_data(2), _again(3), _over(10))

    assert [one.event for one in decisions] == ["opened", "changed", "changed", "resolved"]
    assert decisions[-1].lasted == 600.0


def test_the_same_change_by_another_topic_is_told_as_the_same() -> None:
    assert _events(RINGS, RINGS, _over(7), _over(7)) == ["opened", "opened", "resolved", "resolved"]


def test_an_alarm_that_gets_its_first_data_and_then_rings_is_a_new_one() -> None:
    assert _events(_over(-1, "INSUFFICIENT_DATA"), RINGS) == ["", "opened"]


def test_an_end_is_told_once() -> None:
    assert _events(RINGS, _over(7), _no_data(8, "OK"), _over(9, "INSUFFICIENT_DATA")) == [
        "opened",
        "resolved",
        "plain",
        "",
    ]


@pytest.mark.parametrize("late", [RINGS, _no_data(0), _over(-1)])
def test_what_is_older_than_what_is_known_is_not_told(late: Notification) -> None:
    # messages may overtake each other on their way
    decisions, known = _told(_over(7), late)

    assert [one.event for one in decisions] == ["resolved", ""]
    assert "older" in decisions[-1].why
    assert known
    assert not known.is_open


def test_an_end_that_was_overtaken_by_the_next_ring_does_not_end_that() -> None:
    decisions, known = _told(RINGS, _again(10), _over(7))

    assert decisions[-1].event == ""
    assert known
    assert known.is_open


@pytest.mark.parametrize(("before", "event"), [("ALARM", "resolved"), ("INSUFFICIENT_DATA", ""), ("OK", "")])
def test_an_end_of_what_is_unknown_is_told_without_a_length_when_the_alarm_rang(before: str, event: str) -> None:
    [decision], _ = _told(_over(7, before))

    assert (decision.event, decision.lasted) == (event, None)
    assert without_state(_over(7, before), "alarm") == decision


def test_without_any_state_a_message_is_told_as_what_it_says_itself() -> None:
    assert without_state(RINGS, "alarm") == Decision("opened", "alarm")
    assert without_state(_no_data(0), "alarm") == Decision("plain", "alarm")
    assert without_state(Notification("hello", "hello"), "x") == Decision("plain", "x")


def test_a_text_that_is_no_alarm_is_told_as_it_is_and_nothing_is_known_of_it() -> None:
    assert decide(Notification("hello", "hello"), AT, None, None, KEYS) == (Decision("plain", "alarm"), None)


def test_a_message_without_a_time_counts_from_its_arrival() -> None:
    _, known = decide(replace(RINGS, since=None), _after(3), None, None, KEYS)

    assert known
    assert known.began == _after(3)


UNHEALTHY = Incident(is_open=True, opened=AT, began=AT, changed=AT, times=2, event="again")


def test_a_child_of_a_composite_alarm_that_rings_is_told_as_a_part_of_it() -> None:
    decisions, known = _told(_again(1), _no_data(2), _over(3), whole=UNHEALTHY)

    assert decisions == [Decision("changed", "whole", times=2, opened=stamp(AT), is_part=True)] * 3
    assert known
    assert (known.is_open, known.part_of) == (False, "whole")


def test_a_child_that_was_told_by_itself_before_goes_on_so() -> None:
    [opened], known = _told(RINGS)

    resolved, _ = decide(_over(7), AT, known, UNHEALTHY, KEYS)

    assert opened.event == "opened"
    assert (resolved.event, resolved.key, resolved.lasted) == ("resolved", "alarm", 420.0)


def test_the_end_of_a_part_says_nothing_when_its_composite_alarm_is_over() -> None:
    _, known = _told(_again(1), whole=UNHEALTHY)

    decision, after = decide(_over(9), AT, known, replace(UNHEALTHY, is_open=False), KEYS)

    assert decision.event == ""
    assert "composite" in decision.why
    assert after
    assert not after.is_open


def test_a_part_that_rings_after_its_composite_alarm_is_over_opens_an_incident_of_its_own() -> None:
    _, known = _told(_again(1), whole=UNHEALTHY)

    decision, after = decide(_again(9), AT, known, replace(UNHEALTHY, is_open=False), KEYS)

    assert decision == Decision("opened", "alarm", opened=stamp(_after(9)))
    assert after
    assert after.part_of == ""


def test_a_child_that_never_rang_is_no_part_of_anything() -> None:
    assert _events(_over(7, "INSUFFICIENT_DATA"), whole=UNHEALTHY) == [""]


def test_the_key_is_the_same_for_all_messages_of_an_alarm_and_names_account_and_region() -> None:
    assert key_of(RINGS) == key_of(_over(7)) == f"123456789012/eu-west-1/{NAME}"


def test_the_composite_alarm_of_a_service_is_found_by_its_name() -> None:
    assert whole_of(RINGS, "watchpost") == f"123456789012/eu-west-1/{WHOLE}"
    assert whole_of(replace(RINGS, name=WHOLE), "watchpost") is None
    assert whole_of(replace(RINGS, service=None), "watchpost") is None


@given(st.text(min_size=1, max_size=300), st.text(min_size=1, max_size=300))
def test_every_name_has_a_key_of_its_own_that_receivers_take(one: str, other: str) -> None:
    keys = [key_of(replace(RINGS, name=name)) for name in (one, other)]

    assert (keys[0] == keys[1]) == (one == other)
    assert all(len(key) <= KEY and key.isascii() and key.isprintable() for key in keys)


@pytest.mark.parametrize(("length", "whole"), [(KEY - 23, True), (KEY - 22, False)])
def test_the_longest_key_that_fits_is_not_cut(length: int, whole: bool) -> None:
    key = key_of(replace(RINGS, name="x" * length))

    assert key.endswith("x" * length) is whole
    assert len(key) == KEY


minutes = st.integers(0, 30)
messages = st.lists(
    st.one_of(
        minutes.map(_again),
        st.builds(_over, minutes, st.sampled_from(["ALARM", "OK", "INSUFFICIENT_DATA"])),
        st.builds(_no_data, minutes),
    ),
    max_size=8,
)


@given(messages, st.sampled_from([None, UNHEALTHY, replace(UNHEALTHY, is_open=False)]))
def test_whatever_comes_in_whatever_order_what_is_known_stays_right(
    sent: list[Notification], whole: Incident | None
) -> None:
    decisions, known = _told(*sent, whole=whole)

    for decision in decisions:
        assert decision.event in ("", *EVENTS)
        assert bool(decision.event) != bool(decision.why)
        assert decision.lasted is None or decision.lasted > 0
    if known:
        assert known.opened <= known.began <= known.changed
    if known and known.is_open:
        ends = [message.since for message in sent if message.state == "OK" and message.since]
        assert all(end <= known.changed for end in ends)
