"""Quiet hours, by the clock on the wall: they are shorter or longer in nights in which it is changed."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from watchpost.configuration import DAYS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from watchpost.configuration import QuietHours

# Quiet hours that overlap could follow each other without an end: after this time messages are told all the same.
LONGEST = timedelta(days=7)
_MINUTE = timedelta(minutes=1)


def is_quiet(hours: QuietHours, at: datetime) -> bool:
    """Whether quiet hours are on. at: any time with an offset."""
    wall = at.astimezone(hours.zone)
    now = wall.time().replace(second=0, microsecond=0)
    same_day = hours.begin < hours.end
    if same_day:
        begun_today = hours.begin <= now < hours.end
        return begun_today and DAYS[wall.weekday()] in hours.days
    if now >= hours.begin:
        return DAYS[wall.weekday()] in hours.days
    return now < hours.end and DAYS[wall.weekday() - 1] in hours.days


def until(several: Iterable[QuietHours], at: datetime) -> datetime | None:
    """The first minute in which none of the quiet hours is on, None when that is now. At most LONGEST later."""
    hours = tuple(several)
    begin = moment = at.astimezone(UTC)
    # Minute by minute, which needs no cases for nights in which the clock is changed.
    while moment - begin < LONGEST and any(is_quiet(one, moment) for one in hours):
        moment = (moment + _MINUTE).replace(second=0, microsecond=0)
    return moment if moment != begin else None
