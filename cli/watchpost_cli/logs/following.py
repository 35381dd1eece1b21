"""Lines as they come: asked for again and again, without a gap and without a repetition."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from watchpost.errors import ClusterRefusedError, ClusterUnavailableError
from watchpost.search.documents import Window
from watchpost.times import iso

from watchpost_cli.terminal import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from watchpost.search.documents import Document
    from watchpost.search.lines import Lines

# A line is visible a second after Elasticsearch took it at the latest (index.refresh_interval), and the shipper, which
# says when it handled it, has a minute to deliver it (template.yaml, Timeout of the shipper).
OVERLAP = timedelta(seconds=90)
KEPT = 5_000  # lines shown that are remembered: their ids are sent with each question
AT_ONCE = 500  # lines of one answer
# CloudWatch Logs takes events of the last 14 days, and up to 2 hours ahead (API, PutLogEvents).
_OLDEST, _AHEAD = timedelta(days=15), timedelta(days=1)


class Follower:
    """Where one is in the stream of lines.

    A line is known by its id. Of those shown, the ones are remembered that could be found again: all that were handled
    at or after the point from which the next question asks.
    """

    def __init__(
        self, lines: Lines, filters: Sequence[dict[str, Any]], start: datetime, tell: Callable[[str], None]
    ) -> None:
        """start: lines that were handled before are not shown. tell: takes sentences for people."""
        self._lines = lines
        self._filters = tuple(filters)
        self._from = self._newest = start
        self._tell = tell
        self._shown: dict[str, datetime] = {}  # when each was handled
        self._is_narrow = False
        self._away_since: float | None = None

    def run(
        self, show: Callable[[Document], None], *, every: timedelta, length: timedelta | None = None, count: int = 0
    ) -> int:
        """Show lines until the time is over or so many were shown; returns how many were.

        every: between two questions. length: None for no end. count: 0 for no end. Raises ClusterRefusedError, but not
        for a status of 500 and above: that is waited for.
        """
        end = None if length is None else time.monotonic() + length.total_seconds()
        number = 0
        while True:
            fresh = self._fresh(AT_ONCE if not count else min(count - number, AT_ONCE))
            for one in fresh:
                show(one)
            number += len(fresh)
            if (count and number >= count) or (end is not None and time.monotonic() >= end):
                return number
            if len(fresh) < AT_ONCE:
                left = every.total_seconds() if end is None else min(every.total_seconds(), end - time.monotonic())
                time.sleep(max(left, 0.0))

    def _fresh(self, most: int) -> tuple[Document, ...]:
        """Lines that were not shown yet, in the order in which they were written; none while Elasticsearch is away."""
        try:
            found = self._ask(most)
        except (ClusterUnavailableError, ClusterRefusedError) as error:
            # Of 5xx a cluster that starts or fails over, or what stands before it, has more than 502 to 504.
            if isinstance(error, ClusterRefusedError) and error.status < 500:
                raise
            if self._away_since is None:
                self._away_since = time.monotonic()
                self._tell(f"{error}. Asking again until it answers.")
            return ()
        if self._away_since is not None:
            seconds = counted(max(1, round(time.monotonic() - self._away_since)), "second")
            self._away_since = None
            self._tell(f"Elasticsearch answers again, after {seconds}. It goes on where it was.")
        self._remember(found)
        return tuple(sorted(found, key=lambda one: one.at))

    def _ask(self, most: int) -> tuple[Document, ...]:
        handled = {"range": {"event.ingested": {"gte": iso(self._from)}}}
        seen = {"bool": {"must_not": [{"ids": {"values": list(self._shown)}}]}}
        now = datetime.now(UTC)
        window = Window(min(self._from, now) - _OLDEST, now + _AHEAD)
        filters = [*self._filters, handled, seen]
        return self._lines.find(window, filters=filters, most=most, by="event.ingested").documents

    def _remember(self, documents: Sequence[Document]) -> None:
        """What is still to come was handled after the newest of these, but for what comes late."""
        for one in documents:
            self._shown[one.id] = one.ingested or self._newest
            self._newest = max(self._newest, self._shown[one.id])
        self._from = max(self._from, self._newest - OVERLAP)
        if len(self._shown) > KEPT:
            self._from = max(self._from, sorted(self._shown.values())[-KEPT // 2])
            if not self._is_narrow:
                self._is_narrow = True
                seconds = counted(max(0, round((self._newest - self._from).total_seconds())), "second")
                self._tell(f"Lines come so fast that late ones are looked for only {seconds} back. Narrow the query.")
        self._shown = {one: handled for one, handled in self._shown.items() if handled >= self._from}
