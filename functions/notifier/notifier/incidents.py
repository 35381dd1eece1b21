"""What is known of alarms that ring, and what a message means to somebody who knows it. Pure.

An incident begins when an alarm rings, and ends when it is OK again. One that begins within 15 minutes after its end is
the same again.

A service's critical alarms have no actions while a composite alarm stands for them (docs/alarms.md). What comes from
one of them all the same, while the composite alarm's incident is open, is told as a change of that one: by names, an
alarm of the same service that came by the topic of critical alarms. It goes on as an incident of its own only when it
was told as one before.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from watchpost import names

from notifier.story import KEY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from notifier.alarm import Notification

    Memories = Mapping[str, Mapping[str, str]]  # of each receiver that was told: what it said, for the next call

AGAIN = timedelta(minutes=15)  # after its end, in which an alarm that rings continues an incident
ALARM, OK = "ALARM", "OK"
HEALTH = ("service", "unhealthy")  # resource and id of the composite alarm that stands for a service


@dataclass(frozen=True, slots=True)
class Incident:
    """What is known of one alarm.

    opened: when it rang first in this incident; began: when it rang last; ended: when that was over, None while it is
    not; changed: the newest change of state.
    part_of: key of the composite alarm's incident that it is told as a part of, "" when it is told by itself.
    event: what its newest change was told as.
    """

    is_open: bool
    opened: datetime
    began: datetime
    changed: datetime
    ended: datetime | None = None
    times: int = 1
    part_of: str = ""
    event: str = ""
    memory: Memories = field(default_factory=dict)
    version: int = 0  # counts what was written, so that of two writers at once the second one notices


@dataclass(frozen=True, slots=True)
class Decision:
    """What one message is told as. event: of story.EVENTS, "" when nobody is told, and then why says the reason.

    key: of the incident that it belongs to. lasted: seconds, of one that is over. opened: of that incident, "" when the
    message belongs to none. is_part: it is of an alarm below the composite alarm of that incident.
    """

    event: str
    key: str
    why: str = ""
    lasted: float | None = None
    times: int = 1
    opened: str = ""
    is_part: bool = False


def key_of(notification: Notification) -> str:
    """The key of an alarm's incident: ASCII, at most 255 characters, the same for all its messages.

    With account and region, because stacks of several may tell the same receiver.
    """
    # Whatever account, region and name a message of another topic says.
    origin = (notification.origin,) if notification.origin else ()
    parts = (*origin, notification.account or "", notification.region or "", notification.name or "")
    whole = "/".join(parts)
    if len(whole) <= KEY and whole.isascii() and whole.isprintable():
        return whole
    suffix = "." + hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    plain = "".join(character if " " <= character <= "~" else "?" for character in whole)
    return plain[: KEY - len(suffix)] + suffix


def whole_of(notification: Notification, stack: str) -> str | None:
    """The key of the incident that an alarm's message may be a part of: that of its service's composite alarm."""
    if notification.service is None:
        return None
    name = names.alarm(stack, notification.service, *HEALTH)
    return None if name == notification.name else key_of(replace(notification, name=name))


def decide(
    notification: Notification, now: datetime, known: Incident | None, whole: Incident | None, keys: tuple[str, str]
) -> tuple[Decision, Incident | None]:
    """What a message is told as, and what is known of its alarm afterwards (None: as before).

    known: of the alarm itself. whole: of the composite alarm that it may be a part of. keys: of both.
    """
    key, whole_key = keys
    if notification.state is None:
        return Decision("plain", key), None
    at = notification.since or now
    if known and at < known.changed:
        return Decision("", key, "it is older than what is known of this alarm"), None
    told = known if known and known.is_open and not known.part_of else None
    is_part = bool(whole and whole.is_open) and not told
    if is_part and whole and (known or _says_something(notification)):
        return _part(notification, at, known, whole, whole_key)
    if notification.state == OK:
        return _is_over(notification, at, key, known)
    return _rings(at, key, known, told) if notification.state == ALARM else _has_no_data(at, key, told)


def without_state(notification: Notification, key: str) -> Decision:
    """What a message is told as where nothing is known, because it cannot be."""
    if notification.state == ALARM:
        return Decision("opened", key)
    if notification.state == OK:
        return _unknown_is_over(notification, key)
    return Decision("plain", key)


def stamp(when: datetime) -> str:
    """A time as it is stored."""
    return when.isoformat()


def _says_something(notification: Notification) -> bool:
    return notification.state != OK or notification.previous_state == ALARM


def _part(
    notification: Notification, at: datetime, known: Incident | None, whole: Incident, whole_key: str
) -> tuple[Decision, Incident | None]:
    is_open = notification.state != OK
    if known and not is_open and not known.is_open:
        return Decision("", whole_key, "it was over already"), replace(known, changed=at)
    decision = Decision("changed", whole_key, times=whole.times, opened=stamp(whole.opened), is_part=True)
    fresh = Incident(is_open=is_open, opened=at, began=at, changed=at, part_of=whole_key, event="changed")
    return decision, replace(fresh, version=known.version) if known else fresh


def _rings(at: datetime, key: str, known: Incident | None, told: Incident | None) -> tuple[Decision, Incident]:
    if told and at == told.changed and told.event in ("opened", "again"):  # the same change by another topic
        return Decision(told.event, key, times=told.times, opened=stamp(told.opened)), told
    if told:
        after = replace(told, changed=at, event="changed")
    elif known and known.event == "resolved" and known.ended and at - known.ended <= AGAIN:
        after = replace(known, is_open=True, began=at, changed=at, ended=None, times=known.times + 1, event="again")
    else:
        after = Incident(is_open=True, opened=at, began=at, changed=at, event="opened")
        after = replace(after, version=known.version) if known else after
    return Decision(after.event, key, times=after.times, opened=stamp(after.opened)), after


def _has_no_data(at: datetime, key: str, told: Incident | None) -> tuple[Decision, Incident | None]:
    if told:
        return Decision("changed", key, times=told.times, opened=stamp(told.opened)), replace(told, changed=at)
    return Decision("plain", key), None  # worth a message, but nothing rings


def _is_over(
    notification: Notification, at: datetime, key: str, known: Incident | None
) -> tuple[Decision, Incident | None]:
    if known is None:
        decision = _unknown_is_over(notification, key)
        # Kept, so that a message that it rang is known to be an old one when it comes after this one.
        return decision, Incident(is_open=False, opened=at, began=at, changed=at, ended=at, event=decision.event)
    if known.part_of:
        why = "it was told as a part of its composite alarm, which is over"
        return Decision("", key, why), replace(known, is_open=False, changed=at)
    if not known.is_open and (known.ended != at or known.event != "resolved"):
        return Decision("", key, "it was over already"), replace(known, changed=at)
    lasted = (at - known.began).total_seconds() if known.began < at else None
    decision = Decision("resolved", key, lasted=lasted, times=known.times, opened=stamp(known.opened))
    return decision, replace(known, is_open=False, changed=at, ended=at, event="resolved")


def _unknown_is_over(notification: Notification, key: str) -> Decision:
    if notification.previous_state == ALARM:
        return Decision("resolved", key)
    return Decision("", key, "it did not ring before")
