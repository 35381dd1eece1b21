"""What the logs say about an alarm: the most frequent errors in its window, and one transaction that failed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError
from watchpost.errors import ClusterRefusedError, ClusterUnavailableError, ConfigurationError
from watchpost.search import kql
from watchpost.search.documents import Window
from watchpost.search.lines import FAILED_KQL

from notifier import clean, words
from notifier.service import SERVICE
from notifier.story import ErrorLine, Evidence, Failing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from watchpost.search.documents import Document
    from watchpost.search.groups import ErrorGroup, Errors
    from watchpost.search.lines import Lines

    from notifier.alarm_metric import Metric

MOST = 3  # errors that are told
READ = 3000  # lines of which errors are counted
# Characters that are shown. A type and an id are words.
MESSAGE, EXAMPLE, WORD, GROUP = 300, 600, 150, 512
BEFORE = timedelta(minutes=1)  # a line may be a little older than the metric that it made
SPAN = 300.0  # seconds that an alarm looks back which does not say it
LONGEST_SPAN = 86_400.0  # seconds
STALE = timedelta(days=14)  # a time beyond which what a message says of its age is not believed
FUNCTIONS = 5
SETTLED = 1.1  # seconds after which a document is found (Elasticsearch, index.refresh_interval: 1 s unless it is set)

_TROUBLE = (ClusterUnavailableError, ClusterRefusedError, ConfigurationError, BotoCoreError, ClientError)
_TIMEOUTS = ("ConnectionTimeout", "TimeoutError", "the time is up")

_logger = Logger(service=SERVICE)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose lines are looked at: those of a service, and of log groups whatever their lines call themselves.

    A line's own name of its service counts more than the one that tags say, which alarms have.
    """

    service: str | None = None
    groups: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """For people."""
        return self.service or ", ".join(self.groups)

    def filters(self) -> list[dict[str, Any]]:
        """In Elasticsearch's query DSL."""
        wanted: list[dict[str, Any]] = []
        if self.service is not None:
            wanted.append({"term": {"service.name": self.service}})
        if self.groups:
            wanted.append({"terms": {"aws.cloudwatch.log_group": list(self.groups)}})
        return wanted if len(wanted) == 1 else [{"bool": {"should": wanted, "minimum_should_match": 1}}]

    def query(self) -> str:
        """In Kibana's query language, for the lines that `Lines.errors` finds."""
        wanted: list[str] = []
        if self.service is not None:
            wanted.append(kql.field_equals("service.name", self.service))
        if self.groups:
            groups = " or ".join(kql.quoted(group) for group in self.groups)
            wanted.append(f"aws.cloudwatch.log_group: ({groups})")
        whose = wanted[0] if len(wanted) == 1 else f"({' or '.join(wanted)})"
        return f"{whose} and ({FAILED_KQL})"


@dataclass(frozen=True, slots=True)
class Search:
    """How lines are looked for.

    lines: connects. redact: for every text that is shown. left: seconds until nobody waits for it any more. sleep: for
    so many seconds.
    """

    lines: Callable[[], Lines]
    window: Window
    redact: Callable[[str], str]
    left: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep

    def timeout(self) -> float:
        """Seconds for one request."""
        return max(self.left(), 0.1)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found. groups: log groups of the errors. functions: with the version that wrote them, if it has one.

    note: a sentence for people about what was found, or "".
    """

    evidence: Evidence
    groups: tuple[str, ...] = ()
    functions: tuple[tuple[str, str | None], ...] = ()
    note: str = ""


def began(since: datetime | None, now: datetime) -> datetime:
    """When the alarm began to ring, as far as its message is to be believed."""
    return min(since, now) if since and now - STALE < since < now + STALE else now


def window_of(since: datetime, metrics: Sequence[Metric | None], now: datetime) -> Window:
    """From before the first line that the alarms looked at until now, in whole milliseconds as lines have them."""
    spans = [metric.span for metric in metrics if metric and metric.span]
    back = timedelta(seconds=min(max(spans, default=SPAN), LONGEST_SPAN)) + BEFORE
    start, end = (moment.astimezone(UTC) for moment in (since - back, now))
    end += timedelta(milliseconds=1)  # so that lines of this very millisecond are inside
    whole = (moment.replace(microsecond=moment.microsecond // 1000 * 1000) for moment in (start, end))
    return Window(*whole)


def late(seconds: float) -> Found:
    """What is told when Elasticsearch takes too long, or answers in a way that nobody expected."""
    return Found(Evidence(problem=f"Elasticsearch gave no usable answer within {seconds:g} seconds."))


def gather(subject: Subject, search: Search) -> Found:
    """Ask Elasticsearch, and where it knows of no errors once more. Its trouble is part of what is found."""
    try:
        reader = search.lines()
        errors = _errors(reader, subject, search)
        if not errors.total and search.left() > SETTLED * 2:
            # An alarm may be quicker than the cluster, which finds a document only after its index was refreshed.
            search.sleep(SETTLED)
            errors = _errors(reader, subject, search)
        return _found(reader, errors, search) if errors.total else _nothing(reader, errors, subject, search)
    except _TROUBLE as error:
        _logger.warning("no lines from Elasticsearch", extra={"why": str(error)})
        return Found(Evidence(problem=_why(error)))


def _errors(reader: Lines, subject: Subject, search: Search) -> Errors:
    return reader.errors(search.window, filters=subject.filters(), most=READ, timeout=search.timeout())


def _nothing(reader: Lines, errors: Errors, subject: Subject, search: Search) -> Found:
    """No errors: good to know when there are lines, and no evidence at all when there are none."""
    if errors.partial:
        return Found(Evidence(problem="Only a part of Elasticsearch answered, and that part has no error lines."))
    page = reader.find(search.window, filters=subject.filters(), most=1, timeout=search.timeout())
    if page.documents:
        return Found(Evidence(), note=f"There are no error lines since {search.window.start:%H:%M:%S} UTC.")
    whose = clean.shown(subject.name, WORD, search.redact)
    when = words.between(search.window.start, search.window.end)
    return Found(Evidence(problem=f"Elasticsearch has no lines at all of {whose} {when}."))


def _found(reader: Lines, errors: Errors, search: Search) -> Found:
    newest = [group.newest for group in errors.groups]
    evidence = Evidence(
        errors=tuple(_line(group, search.redact) for group in errors.groups[:MOST]),
        errors_total=errors.total,
        errors_read=errors.read,
        failing=_failing(reader, newest, search),
    )
    groups = dict.fromkeys(document.log_group for document in newest if document.log_group)
    # What was not read is told by the counts, what was not even searched is not.
    partial = errors.partial and errors.read == errors.total
    note = "Only a part of Elasticsearch answered, so there may be more errors." if partial else ""
    return Found(evidence, tuple(groups), _functions(newest), note)


def _line(group: ErrorGroup, redact: Callable[[str], str]) -> ErrorLine:
    newest = group.newest
    text = newest.message
    if newest.error_message and newest.error_message not in text:
        text = "\n".join(part for part in (text, f"{newest.error_type or 'error'}: {newest.error_message}") if part)
    return ErrorLine(
        message=clean.shown(group.message, MESSAGE, redact),
        type=clean.shown(group.type, WORD, redact),
        service=clean.shown(group.service, WORD, redact),
        count=group.count,
        newest=group.last,
        example=clean.shown(text, EXAMPLE, redact, lines=True),
    )


def _failing(reader: Lines, documents: Sequence[Document], search: Search) -> Failing | None:
    """The transaction of the most frequent error, or of the first of which more is known."""
    known = [(bool(one.request_id) + bool(one.correlation_id or one.trace_id), one) for one in documents]
    best = max((count for count, _ in known), default=0)
    if not best:
        return None
    one = next(one for count, one in known if count == best)
    correlation_id = one.correlation_id
    if one.request_id and not correlation_id:
        correlation_id = _correlation(reader, one.request_id, search)
    ids = (one.request_id, correlation_id, one.trace_id)
    request_id, correlation_id, trace_id = (clean.shown(text, WORD, search.redact) or None for text in ids)
    return Failing(
        request_id=request_id,
        correlation_id=correlation_id,
        trace_id=trace_id,
        service=clean.shown(one.service, WORD, search.redact),
        log_group=clean.shown(one.log_group, GROUP, search.redact),
        log_stream=clean.shown(one.log_stream, GROUP, search.redact),
        at=one.at,
    )


def _correlation(reader: Lines, request_id: str, search: Search) -> str | None:
    """What other lines of an invocation say: the line of a timeout has no correlation id."""
    same = [{"term": {"faas.execution": request_id}}, {"exists": {"field": "correlation.id"}}]
    try:
        page = reader.find(search.window, filters=same, most=1, timeout=search.timeout())
    except (ClusterUnavailableError, ClusterRefusedError) as error:
        _logger.info("no correlation id is known", extra={"why": str(error)})
        return None
    return next((document.correlation_id for document in page.documents), None)


def _functions(documents: Sequence[Document]) -> tuple[tuple[str, str | None], ...]:
    """Functions that wrote the lines, with the newest version among them."""
    found: dict[str, str | None] = {}
    for document in documents:
        name, version = document.text("faas", "name"), document.text("faas", "version")
        if name:
            known = found.get(name)
            number = version if version and version.isascii() and version.isdecimal() and len(version) < 10 else None
            found[name] = max((text for text in (known, number) if text), key=int, default=None)
    return tuple(found.items())[:FUNCTIONS]


def _why(error: Exception) -> str:
    """What is wrong with Elasticsearch, in words of our own: what an answer says may be anything."""
    if isinstance(error, ClusterUnavailableError) and error.status:
        return f"Elasticsearch is too busy or away (HTTP {error.status})."
    if isinstance(error, ClusterUnavailableError):
        slow = error.reason.startswith(_TIMEOUTS)
        return "Elasticsearch took too long to answer." if slow else "Elasticsearch does not answer."
    if isinstance(error, ClusterRefusedError):
        refused = "the login" if error.status in (401, 403) else "the question"
        return f"Elasticsearch refused {refused} (HTTP {error.status})."
    return "Elasticsearch's credentials could not be read."
