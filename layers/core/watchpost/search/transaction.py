"""The lines of one transaction, put together to the invocations that wrote them, in the order in which they ran."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from watchpost.search.documents import ERRORS, PLATFORM

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from watchpost.search.documents import Document, Page
    from watchpost.search.ids import Ids

# Where lines of one millisecond belong: what begins an invocation, its own lines, what ends it.
_RANKS = {"init-start": 0, "start": 1, "end": 3, "runtime-done": 3, "report": 4}
# A retry of an asynchronous invocation has the request id of the first attempt, and comes a minute later at the
# earliest (AWS Lambda, retry behaviour for asynchronous invocation). A report is followed by a timeout's line at most.
_RETRY = timedelta(seconds=5)
DEEPEST = 20  # invocations below each other: what is called below that stands beside its caller
# How many services a call went through, as client libraries for correlation ids count it.
_CHAIN = (
    ("correlation", "call-chain-length"),
    ("app", "call-chain-length"),
    ("app", "x-correlation-call-chain-length"),
)


@dataclass(frozen=True, slots=True)
class Invocation:
    """The lines of one invocation, or of one log stream where lines name no request.

    documents: in their order, never none. began: when it began as far as its lines tell: its START line, or its REPORT
    less the duration, or its first line. ended: its last line. attempt: from 1 on; a retry has the request id of the
    first attempt. parent: the place in the transaction of the invocation that it was called by, as far as lines tell;
    None where none is known.
    """

    service: str
    log_group: str
    log_stream: str
    request_id: str | None
    documents: tuple[Document, ...]
    began: datetime
    ended: datetime
    attempt: int = 1
    parent: int | None = None

    @property
    def function(self) -> str:
        """Name of the Lambda function, "" where it is none."""
        return next((one.function for one in self.documents if one.function), "")

    @property
    def duration_ms(self) -> float | None:
        """What the REPORT line tells."""
        return self._measured("duration_ms")

    @property
    def init_ms(self) -> float | None:
        """How long a cold start took."""
        return self._measured("init_duration_ms")

    @property
    def memory_mb(self) -> tuple[float | None, float | None]:
        """Memory used at most, and what there was."""
        return self._measured("max_memory_used_mb"), self._measured("memory_size_mb")

    @property
    def is_cold(self) -> bool:
        """Whether it was the first in its environment."""
        return any(one.get("faas", "coldstart") is True for one in self.documents)

    @property
    def errors(self) -> int:
        """Lines at error or fatal."""
        return sum(one.level in ERRORS for one in self.documents)

    @property
    def status(self) -> str | None:
        """How the platform says that it ended: `success`, `error`, `timeout` …; None where it says nothing."""
        told = [one.text("aws", "lambda", "status") for one in self.documents]
        failed = any(one.text("event", "outcome") == "failure" for one in self.documents)
        return next((status for status in told if status), "failure" if failed else None)

    @property
    def chain(self) -> float | None:
        """How many services the call went through to here, where lines count it."""
        found = (one.text(*path) for one in self.documents for path in _CHAIN)
        return next((float(text) for text in found if text and text.isdecimal() and len(text) < 6), None)

    def _measured(self, name: str) -> float | None:
        found = (one.number("aws", "lambda", "metrics", name) for one in self.documents)
        return next((number for number in found if number is not None), None)


@dataclass(frozen=True, slots=True)
class Transaction:
    """What one correlation id, request id or trace id leads to.

    identifier: what was asked for. invocations: in the order in which they began. total: lines that there are; more
    than those of the invocations when there were too many to read. others: lines of the same invocations that belong
    to other transactions. partial: as of Page.
    """

    identifier: str
    invocations: tuple[Invocation, ...] = ()
    correlation_ids: tuple[str, ...] = ()
    request_ids: tuple[str, ...] = ()
    trace_ids: tuple[str, ...] = ()
    total: int = 0
    others: int = 0
    partial: str = ""

    @property
    def documents(self) -> tuple[Document, ...]:
        """All lines in order of time."""
        return tuple(sorted((one for each in self.invocations for one in each.documents), key=_place))

    @property
    def services(self) -> tuple[str, ...]:
        """Their names, in the order in which they came into it."""
        return tuple(dict.fromkeys(one.service for one in self.invocations))

    def children(self, parent: int | None) -> tuple[int, ...]:
        """The places of the invocations that one called; of None those that nobody is known to have called."""
        return tuple(place for place, one in enumerate(self.invocations) if one.parent == parent)


def made(identifier: str, ids: Ids, page: Page, others: int = 0) -> Transaction:
    """Put the lines of a transaction together; ids: those that led to them."""
    return Transaction(
        identifier,
        _with_parents(sorted(_invocations(page.documents), key=lambda one: (one.began, _place(one.documents[0])))),
        tuple(sorted(ids.correlations)),
        tuple(sorted(ids.requests)),
        tuple(sorted(ids.traces)),
        page.total,
        others,
        page.partial,
    )


def _place(document: Document) -> tuple[datetime, int]:
    rank = _RANKS.get(document.action or "", 2) if document.kind == PLATFORM else 2
    return document.at, rank


def _invocations(documents: Iterable[Document]) -> list[Invocation]:
    places: dict[tuple[str, str, bool], list[Document]] = {}
    for one in documents:
        place = one.request_id or one.log_stream
        places.setdefault((one.log_group, place, one.request_id is not None), []).append(one)
    found = []
    for together in places.values():
        attempts = _attempts(sorted(together, key=_place))
        found += [_invocation(lines, number) for number, lines in enumerate(attempts, 1)]
    return found


def _attempts(documents: Sequence[Document]) -> list[list[Document]]:
    """The lines of one request id, cut where Lambda invoked the function once more."""
    attempts: list[list[Document]] = [[documents[0]]]
    for one in documents[1:]:
        now = attempts[-1]
        actions = {line.action for line in now if line.kind == PLATFORM}
        again = one.log_stream != now[-1].log_stream and one.request_id is not None
        again = again or (one.action == "start" and bool(actions & {"start", "report", "end"}))
        again = again or ("report" in actions and one.at - now[-1].at >= _RETRY)
        if again:
            attempts.append([one])
        else:
            now.append(one)
    return attempts


def _invocation(documents: Sequence[Document], attempt: int) -> Invocation:
    first, last = documents[0], documents[-1]
    service = next((one.service for one in documents if one.service and one.kind != PLATFORM), first.service)
    made = Invocation(
        service, first.log_group, first.log_stream, first.request_id, tuple(documents), first.at, last.at, attempt
    )
    return replace(made, began=_began(made))


def _began(invocation: Invocation) -> datetime:
    """A REPORT is written at the end, so what it tells of the beginning is never too early."""
    first = invocation.documents[0].at
    if invocation.documents[0].action == "start":
        return first
    report = next((one for one in invocation.documents if one.kind == PLATFORM and one.action == "report"), None)
    duration = None if report is None else report.number("aws", "lambda", "metrics", "duration_ms")
    # A function runs for 15 minutes at most (AWS Lambda quotas); a number beyond that is none of Lambda's.
    if report is None or duration is None or not 0 <= duration <= 1_000_000:
        return first
    return min(first, report.at - timedelta(milliseconds=duration))


def _with_parents(invocations: Sequence[Invocation]) -> tuple[Invocation, ...]:
    """Find who called each; invocations: in the order in which they began."""
    callers = _Callers(invocations)
    return tuple(replace(one, parent=callers.next(one)) for one in invocations)


class _Callers:
    """Those that may have called the next invocation."""

    def __init__(self, invocations: Sequence[Invocation]) -> None:
        self._invocations = invocations
        self._chains: list[float | None] = []
        self._depths: list[int] = []
        self._parents: list[int | None] = []
        self._running: list[int] = []
        self._newest: dict[float, int] = {}  # by the length of the call chain

    def next(self, own: Invocation) -> int | None:
        """The place of the one that called this one; None where none is known."""
        self._running = [place for place in self._running if self._invocations[place].ended > own.began]
        chain = own.chain
        parent = self._of(own, chain)
        while parent is not None and self._depths[parent] >= DEEPEST:
            parent = self._parents[parent]
        place = len(self._parents)
        self._parents.append(parent)
        self._depths.append(1 if parent is None else self._depths[parent] + 1)
        self._chains.append(chain)
        self._running.append(place)
        if chain is not None:
            self._newest[chain] = place
        return parent

    def _of(self, own: Invocation, chain: float | None) -> int | None:
        """By the length of the call chain where lines count it, else who was running.

        Of several that were, the last one that also outlived it (as one that waits for an answer does), else the last.
        """
        running = [place for place in self._running if _may_have_called(self._invocations[place], own)]
        if chain is not None:
            counted = [place for place in running if self._chains[place] == chain - 1]
            newest = self._newest.get(chain - 1)
            if counted or newest is not None:
                return counted[-1] if counted else newest
            running = [place for place in running if self._chains[place] is None]
        return max(running, key=lambda place: (self._invocations[place].ended >= own.ended, place), default=None)


def _may_have_called(one: Invocation, own: Invocation) -> bool:
    """A retry was called by whoever called the first attempt."""
    return one.request_id is None or (one.log_group, one.request_id) != (own.log_group, own.request_id)
