"""Which objects a run looks at, and in which order."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from watchpost.dead_letters import PREFIX

from replay.bucket import REJECTED, UNREADABLE, Entry
from replay.records import LAMBDA_PREFIX, function_of_key

if TYPE_CHECKING:
    from replay.bucket import Bucket
    from replay.request import Request

MAX_OBJECTS = 20_000  # of one run; listing them takes some seconds
_DAY = re.compile(r"(?:^|/)(\d{4})/(\d\d)/(\d\d)/")


@dataclass(slots=True)
class Listing:
    """The objects of a run, in the order in which they are looked at."""

    entries: list[Entry] = field(default_factory=list)
    foreign: Counter[str] = field(default_factory=Counter)  # objects of other functions, by function
    is_complete: bool = True


def listing_of(bucket: Bucket, request: Request, shipper: str, limit: int = MAX_OBJECTS) -> Listing:
    """List the objects that a request asks for.

    A person's session goes on with what it did not end, and then behind its cursor, so it takes them in the order of
    their keys. Otherwise the one that
    nobody touched for the longest time comes first: what fails again goes to the end, and blocks nothing.
    """
    listing = Listing([Entry(key, datetime.now(UTC)) for key in request.again])
    for prefix in (REJECTED,) if request.rejected else (LAMBDA_PREFIX, PREFIX):
        if request.cursor > prefix and not request.cursor.startswith(prefix):
            continue
        after = request.cursor if request.cursor.startswith(prefix) else ""
        for entry in bucket.entries(prefix, after):
            function = function_of_key(entry.key)
            if function is not None and function != shipper:
                listing.foreign[function] += 1
            elif _is_asked_for(entry, request):
                if len(listing.entries) >= limit:
                    listing.is_complete = False
                    break
                listing.entries.append(entry)
    if not request.by_person:
        listing.entries.sort(key=lambda entry: (entry.modified, entry.key))
    return listing


def stored_at(entry: Entry) -> datetime:
    """When an object was stored first, as exactly as its key and its last change tell; never earlier than that."""
    day = _day(entry.key)
    if day is None or entry.modified.date() == day.date():
        return entry.modified
    return min(day.replace(hour=23, minute=59, second=59), entry.modified)


def _is_asked_for(entry: Entry, request: Request) -> bool:
    if entry.key.endswith(UNREADABLE):
        return False
    if request.before is not None and entry.modified > request.before:
        return False
    return request.since is None or stored_at(entry) >= request.since


def _day(key: str) -> datetime | None:
    """The day in a key."""
    found = _DAY.search(key)
    try:
        return datetime.strptime("/".join(found.groups()), "%Y/%m/%d").replace(tzinfo=UTC) if found else None
    except ValueError:
        return None
