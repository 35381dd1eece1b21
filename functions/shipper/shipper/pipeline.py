"""The pipeline: decode -> parse -> document -> deliver. Pure stages between I/O at both ends."""

from __future__ import annotations

import functools
import logging
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from watchpost import dead_letters, names
from watchpost.dead_letters import DeadLetter
from watchpost.errors import DeadLetterError, PayloadError

from shipper import bulk, decode, formats, metrics
from shipper.counts import Counts
from shipper.deliver import Delivery, deliver
from shipper.document import Source, document_of
from shipper.line import APP, INVALID_METRIC, PLATFORM
from shipper.publish import Publication, publish, unanswered

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_s3 import S3Client
    from watchpost.configuration import Configuration
    from watchpost.settings import Settings

    from shipper.deadline import Deadline
    from shipper.decode import Payload
    from shipper.deliver import Connect
    from shipper.line import Line

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything outside the pipeline that it needs, so that the stages need no environment."""

    settings: Settings
    configuration: Configuration
    connect: Connect  # gives the cluster
    cloudwatch: Callable[[], CloudWatchClient]
    s3: Callable[[], S3Client]
    deadline: Deadline
    request_id: str  # of this invocation
    now_ms: Callable[[], int]  # milliseconds since 1970


@dataclass(slots=True)
class Outputs:
    """What the lines of one payload became."""

    items: list[bytes] = field(default_factory=list)  # documents, as of bulk.item
    entries: list[dict[str, Any]] = field(default_factory=list)  # metrics, as of Gathered.entries


def run(event: Any, surroundings: Surroundings) -> dict[str, float]:
    """Ship the lines of one event and return what was done, by the names of the pipeline's own metrics.

    Raises DeadLetterError when something could neither be delivered nor stored.
    """
    counts = Counts()
    try:
        payload = decode.payload_of(event)
        if payload is None:
            counts.control_messages += 1
            letters = []
        else:
            outputs = convert(payload, surroundings, counts)
            letters = send(outputs, surroundings, counts)
            _measure_lag(payload, surroundings, counts)
    except PayloadError as error:
        counts.payloads_invalid += 1
        _log.warning("the payload is kept as a dead letter: %s", error)
        letters = [DeadLetter("payload", str(error), 1, event)]
    try:
        keep(letters, surroundings, counts)
    finally:
        print(counts.emf(surroundings.settings.stack, surroundings.now_ms()))
    return counts.by_name()


def convert(payload: Payload, surroundings: Surroundings, counts: Counts) -> Outputs:
    """The documents and metrics of a payload's lines. No I/O."""
    settings, configuration = surroundings.settings, surroundings.configuration
    counts.lines_received += len(payload.events)
    if _is_left_out(payload, settings, configuration, counts):
        counts.lines_filtered += len(payload.events)
        return Outputs()
    now_ms = surroundings.now_ms()
    source = Source(payload, settings, configuration, now_ms)
    gathered = metrics.Gathered(source.service, configuration.metric_dimensions, now_ms)
    identities = _Identities()
    outputs = Outputs()
    request_id: str | None = None  # of the START line last seen on this stream
    for event in payload.events:
        line, time_ms = formats.parse(event["message"]), event["timestamp"]
        if line.action == "start":
            request_id = line.request_id
        if line.kind == APP:
            if configuration.logs.count:
                gathered.count(line, time_ms)
        elif line.kind == PLATFORM:
            if not _is_kept(line, configuration.logs.platform):
                counts.lines_filtered += 1
                continue
        else:
            _gather(line, time_ms, gathered, counts)
        document = document_of(line, time_ms, line.request_id or request_id, source)
        action = source.action(line.kind, identities.of(event))
        outputs.items.append(bulk.item(action, document))
    outputs.entries.extend(gathered.entries())
    counts.dimension_sets_capped += gathered.capped
    counts.metrics_skipped += gathered.skipped
    return outputs


def send(outputs: Outputs, surroundings: Surroundings, counts: Counts) -> list[DeadLetter]:
    """Deliver documents and publish metrics, side by side, so that neither waits for the other; return what remains."""
    delivery, publication = Delivery(), Publication()
    deadline = surroundings.deadline
    if outputs.entries:
        namespace = surroundings.settings.metric_namespace
        future = _pool().submit(publish, outputs.entries, surroundings.cloudwatch, namespace, deadline)
        delivery = deliver(outputs.items, surroundings.connect, deadline)
        try:
            publication = future.result(timeout=deadline.timeout(60))
        except FutureTimeoutError:
            # It may still be published: a metric twice is better than none.
            publication = unanswered(outputs.entries, namespace, "CloudWatch did not answer in time")
    else:
        delivery = deliver(outputs.items, surroundings.connect, deadline)
    counts.documents_delivered += delivery.delivered
    counts.documents_duplicate += delivery.duplicates
    counts.documents_rejected += delivery.rejected
    counts.metrics_published += publication.published
    return delivery.letters + publication.letters


@functools.lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    """The thread that publishes, kept between invocations; a second one for when the first still waits."""
    return ThreadPoolExecutor(max_workers=2, thread_name_prefix="publish")


def keep(letters: list[DeadLetter], surroundings: Surroundings, counts: Counts) -> None:
    """Store what could not be delivered. Raises DeadLetterError when that fails too."""
    if not letters:
        return
    bucket = surroundings.settings.dead_letter_bucket
    try:
        key = dead_letters.store(surroundings.s3(), bucket, surroundings.request_id, letters)
    except DeadLetterError:
        _log.exception("%d dead letters could not be stored, the invocation fails", len(letters))
        raise
    counts.dead_lettered += len(letters)
    # Not the reasons: Elasticsearch's may repeat what stood in a line.
    _log.warning("%d dead letters are stored in %s", len(letters), key)


class _Identities:
    """Ids of the events of one payload.

    Two events can come with one id. A repeated event keeps it, so that it is indexed once; a different one gets an id
    of its own, so that it is not taken for a repetition.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, str]] = {}

    def of(self, event: dict[str, Any]) -> str:
        content = (event["timestamp"], event["message"])
        if self._seen.setdefault(event["id"], content) == content:
            return str(event["id"])
        return f"{event['id']}|{content[0]}|{content[1]}"


def _is_left_out(payload: Payload, settings: Settings, configuration: Configuration, counts: Counts) -> bool:
    if payload.log_group in names.own_log_groups(settings.stack):
        counts.payloads_refused += 1
        _log.error("a log group of Watchpost itself is subscribed to the shipper, its lines are refused")
        return True
    return configuration.excludes(payload.log_group) is not None


def _is_kept(line: Line, platform: str) -> bool:
    return platform == "all" or (platform == "report" and line.action not in ("start", "end"))


def _gather(line: Line, time_ms: int, gathered: metrics.Gathered, counts: Counts) -> None:
    """Gather the value of a metric line, unless the line is invalid or too old."""
    metric = line.metric
    if metric is not None:
        if metric.time_ms is not None:
            time_ms = metric.time_ms
        reason = metrics.refusal(time_ms, gathered.now_ms)
        if reason is None:
            gathered.add(metric, time_ms, line.service or gathered.service, line.labels or {})
        else:
            line.invalidate_metric(reason)
    if INVALID_METRIC in line.tags:
        counts.metric_lines_invalid += 1


def _measure_lag(payload: Payload, surroundings: Surroundings, counts: Counts) -> None:
    if counts.documents_delivered and payload.events:
        oldest = min(event["timestamp"] for event in payload.events)
        counts.delivery_lag_seconds = max(surroundings.now_ms() - oldest, 0) / 1000
