"""What an invocation is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from watchpost.errors import PayloadError

if TYPE_CHECKING:
    from watchpost.dead_letters import DeadLetter

_EXPECTED = (
    "a schedule, {}, or an object with any of dryRun, rejected (booleans), reason, cursor (texts), "
    "since, before (ISO 8601 times with their offset from UTC), again (a list of keys), maxSeconds (a number)"
)
# Where the letters are that a run may touch.
WORKED_ON = ("dead-letters/", "aws/lambda/", "rejected/")
_KINDS: dict[str, type | tuple[type, ...]] = {
    "dryRun": bool,
    "rejected": bool,
    "reason": str,
    "since": str,
    "before": str,
    "cursor": str,
    "again": list,
    "maxSeconds": (int, float),
}


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be replayed, and how far this invocation goes."""

    by_person: bool = False  # a person waits: nothing waits until it is due, and objects are taken in the order of keys
    dry_run: bool = False  # look only
    rejected: bool = False  # those in `rejected/` instead
    reason: str = ""  # only letters whose reason holds this text, in any case
    since: datetime | None = None  # only letters that failed first at or after this
    before: datetime | None = None  # only objects that were written before this: the beginning of a person's session
    cursor: str = ""  # only objects whose key comes after this one
    again: tuple[str, ...] = ()  # keys of objects before the cursor that the session began and did not end
    max_seconds: float | None = None  # of work in this invocation

    def had_its_turn(self, letter: DeadLetter) -> bool:
        """Whether a letter failed in this very session of a person."""
        last = time_of(letter.at)
        return self.before is not None and bool(letter.history) and last is not None and last > self.before

    def selects(self, letter: DeadLetter) -> bool:
        """Whether a letter is asked for."""
        if self.reason and self.reason.casefold() not in letter.reason.casefold():
            return False
        if self.since is None:
            return True
        first = time_of(letter.first_at)
        return first is None or first >= self.since


def request_of(event: Any) -> Request:
    """Read an event. Raises PayloadError for one of no known kind."""
    if not isinstance(event, dict):
        raise PayloadError("malformed", _EXPECTED)
    if event.get("source") == "aws.events" or event.get("detail-type") == "Scheduled Event" or not event:
        return Request()
    for name, value in event.items():
        kind = _KINDS.get(name)
        if kind is None:
            raise PayloadError("unknown", _EXPECTED)
        if value is not None and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
            raise PayloadError("malformed", _EXPECTED)
    return Request(
        by_person=True,
        dry_run=bool(event.get("dryRun")),
        rejected=bool(event.get("rejected")),
        reason=event.get("reason") or "",
        since=_time(event.get("since")),
        before=_time(event.get("before")),
        cursor=event.get("cursor") or "",
        again=_keys(event.get("again")),
        max_seconds=event.get("maxSeconds"),
    )


def time_of(text: str) -> datetime | None:
    """A time of a letter or an event; None when it is none, or does not say its offset from UTC."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time.astimezone(UTC) if time.tzinfo else None


def _keys(keys: list[Any] | None) -> tuple[str, ...]:
    if any(not isinstance(key, str) or not key.startswith(WORKED_ON) for key in keys or []):
        raise PayloadError("malformed", _EXPECTED)
    return tuple(keys or [])


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    time = time_of(text)
    if time is None:
        raise PayloadError("malformed", _EXPECTED)
    return time
