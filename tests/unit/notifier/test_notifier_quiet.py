"""Quiet hours by the clock on the wall: across midnight, on their days, and in nights in which the clock is changed."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifier.quiet import LONGEST, is_quiet, until
from watchpost.configuration import DAYS, QuietHours

BERLIN = ZoneInfo("Europe/Berlin")
NIGHTS = QuietHours(time(22), time(7), BERLIN)
LUNCH = QuietHours(time(12), time(13, 30), BERLIN)


def _berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "quiet"),
    [
        ("2026-11-21 21:59:59", False),
        ("2026-11-21 22:00:00", True),
        ("2026-11-21 23:59:59", True),
        ("2026-11-22 00:00:00", True),
        ("2026-11-22 06:59:59", True),
        ("2026-11-22 07:00:00", False),
        ("2026-11-22 12:00:00", False),
    ],
)
def test_hours_across_midnight_are_quiet_from_their_first_minute_up_to_their_last(at: str, *, quiet: bool) -> None:
    assert is_quiet(NIGHTS, _berlin(at)) is quiet


@pytest.mark.parametrize(
    ("at", "quiet"),
    [("11:59:59", False), ("12:00:00", True), ("13:29:59", True), ("13:30:00", False), ("00:00:00", False)],
)
def test_hours_within_a_day_are_quiet_on_that_day_only(at: str, *, quiet: bool) -> None:
    assert is_quiet(LUNCH, _berlin(f"2026-11-21 {at}")) is quiet


@pytest.mark.parametrize(
    ("at", "quiet"),
    [
        ("2026-11-20 23:00", True),  # Friday
        ("2026-11-21 06:00", True),  # Saturday morning belongs to Friday's night
        ("2026-11-21 23:00", False),  # Saturday
        ("2026-11-22 06:00", False),
        ("2026-11-22 23:00", True),  # Sunday
        ("2026-11-23 06:00", True),
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_begins(at: str, *, quiet: bool) -> None:
    hours = QuietHours(time(22), time(7), BERLIN, days=("fri", "sun"))

    assert is_quiet(hours, _berlin(at)) is quiet


def test_hours_within_a_day_are_quiet_on_their_days() -> None:
    hours = QuietHours(time(12), time(13), BERLIN, days=("sat",))

    assert [is_quiet(hours, _berlin(f"2026-11-{day} 12:30")) for day in (20, 21, 22)] == [False, True, False]


def test_a_whole_day_begins_at_its_time_and_lasts_until_the_same_time() -> None:
    hours = QuietHours(time(18), time(18), BERLIN, days=("fri", "sat"))

    assert not is_quiet(hours, _berlin("2026-11-20 17:59"))
    assert is_quiet(hours, _berlin("2026-11-20 18:00"))
    # Friday's day and Saturday's are one quiet time
    assert until([hours], _berlin("2026-11-20 18:00")) == _berlin("2026-11-22 18:00")


def test_outside_of_quiet_hours_nothing_waits() -> None:
    assert until([NIGHTS, LUNCH], _berlin("2026-11-21 15:00")) is None
    assert until([], _berlin("2026-11-21 23:00")) is None


@pytest.mark.parametrize(
    ("at", "end"),
    [
        ("2026-11-21 22:00:00", "2026-11-22 07:00"),
        ("2026-11-21 23:12:45.678", "2026-11-22 07:00"),
        ("2026-11-22 06:59:59.999", "2026-11-22 07:00"),
    ],
)
def test_what_waits_is_told_in_the_first_minute_that_is_not_quiet(at: str, end: str) -> None:
    assert until([NIGHTS], _berlin(at)) == _berlin(end)


def test_quiet_hours_that_follow_each_other_are_one() -> None:
    mornings = QuietHours(time(7), time(9), BERLIN)

    assert until([NIGHTS, mornings], _berlin("2026-11-21 23:00")) == _berlin("2026-11-22 09:00")


def test_the_night_in_which_the_clock_goes_forward_is_an_hour_shorter() -> None:
    # 2026-03-29: after 01:59 CET comes 03:00 CEST
    begin, end = _utc("2026-03-28 21:00"), _utc("2026-03-29 05:00")

    assert is_quiet(NIGHTS, begin)
    assert not is_quiet(NIGHTS, begin - timedelta(minutes=1))
    assert until([NIGHTS], begin) == end
    assert end - begin == timedelta(hours=8)


def test_the_night_in_which_the_clock_goes_back_is_an_hour_longer() -> None:
    # 2026-10-25: after 02:59 CEST comes 02:00 CET
    begin, end = _utc("2026-10-24 20:00"), _utc("2026-10-25 06:00")

    assert is_quiet(NIGHTS, begin)
    assert not is_quiet(NIGHTS, begin - timedelta(minutes=1))
    assert until([NIGHTS], begin) == end
    assert end - begin == timedelta(hours=10)


def test_an_end_that_the_clock_jumps_over_is_the_jump() -> None:
    hours = QuietHours(time(22), time(2, 30), BERLIN)

    # 03:00 CEST, the first minute after 01:59 CET
    assert until([hours], _utc("2026-03-28 23:00")) == _utc("2026-03-29 01:00")


def test_a_beginning_that_the_clock_jumps_over_is_the_jump() -> None:
    hours = QuietHours(time(2, 30), time(7), BERLIN)

    assert not is_quiet(hours, _utc("2026-03-29 00:59"))
    assert is_quiet(hours, _utc("2026-03-29 01:00"))


def test_a_time_is_quiet_whatever_its_own_offset_is() -> None:
    at = _berlin("2026-11-21 23:00")

    for zone in (UTC, ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")):
        assert is_quiet(NIGHTS, at.astimezone(zone))
        assert until([NIGHTS], at.astimezone(zone)) == _berlin("2026-11-22 07:00")


def test_quiet_hours_that_never_end_together_end_after_a_week() -> None:
    days = QuietHours(time(7), time(22), BERLIN)
    at = _berlin("2026-11-21 23:00")

    assert until([NIGHTS, days], at) == at.astimezone(UTC) + LONGEST


hours = st.builds(
    QuietHours,
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]).map(ZoneInfo),
    st.lists(st.sampled_from(DAYS), min_size=1, unique=True).map(tuple),
)
# around the nights in which clocks are changed as well as between them
moments = st.integers(0, 440_000).map(lambda minutes: datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=minutes))


@given(hours=hours, at=moments)
def test_it_is_quiet_exactly_when_the_clock_on_the_wall_says_so(hours: QuietHours, at: datetime) -> None:
    wall = at.astimezone(hours.zone)
    now = wall.hour * 60 + wall.minute
    begin, end = (one.hour * 60 + one.minute for one in (hours.begin, hours.end))
    length = (end - begin) % 1440 or 1440
    since = (now - begin) % 1440
    day = wall.date() if now >= begin else wall.date() - timedelta(days=1)

    assert is_quiet(hours, at) is (since < length and DAYS[day.weekday()] in hours.days)


@given(several=st.lists(hours, max_size=3), at=moments)
def test_the_end_is_the_first_minute_that_is_not_quiet(several: list[QuietHours], at: datetime) -> None:
    end = until(several, at)

    if end is None:
        assert not any(is_quiet(one, at) for one in several)
        return
    assert at < end <= at + LONGEST + timedelta(minutes=1)
    assert end - at >= LONGEST or not any(is_quiet(one, end) for one in several)
    last = max(end - timedelta(minutes=1), at)
    assert any(is_quiet(one, last) for one in several)
