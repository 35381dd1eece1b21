"""Publication of metrics to CloudWatch."""

from __future__ import annotations

import logging
import random
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from shipper.cloudwatch import MetricsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from shipper.cloudwatch import CloudWatch
    from shipper.deadline import Deadline

MAX_ENTRIES = 1_000  # entries a call (CloudWatch API reference, PutMetricData)
MAX_BYTES = 1_000_000  # bytes a call, before gzip (same source: 1 MB)
MAX_ATTEMPTS = 4  # of one call
FIRST_PAUSE = 0.1  # seconds; doubled with each attempt, of which a random part is waited
# Seconds for one call. A call that is given up is sent again and may be counted twice: CloudWatch is given time, if not
# the minute that AWS's own clients wait.
TIMEOUT = 15.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """An entry that was not published."""

    position: int  # among all entries
    reason: str
    attempts: int


@dataclass(slots=True)
class Publication:
    """What became of the metrics."""

    published: int = 0  # values
    failures: list[Failure] = field(default_factory=list)


def publish(
    entries: list[dict[str, Any]], cloudwatch: Callable[[], CloudWatch], namespace: str, deadline: Deadline
) -> Publication:
    """Send entries to CloudWatch.

    entries: as of Gathered.entries. A call that is refused for what is in it is halved, so that one bad entry does not
    take the others with it. What is not published is among the failures, with the reason.
    """
    done = Publication()
    head = b'{"Namespace":%b,"MetricData":[' % orjson.dumps(namespace)
    encoded = [orjson.dumps(entry) for entry in entries]
    queue = deque(cut(encoded, len(head) + 2))
    away: str | None = None
    while queue:
        part = queue.popleft()
        if away is None and deadline.is_over():
            away = "no time left to publish it"
        if away is not None:
            done.failures += [Failure(position, away, 0) for position in part]
            continue
        values = sum(samples(entries[position]) for position in part)
        body = b"%b%b]}" % (head, b",".join(encoded[part.start : part.stop]))
        error, attempts = _call(body, values, cloudwatch, deadline)
        if error is None:
            done.published += values
        elif error.is_about_content and len(part) > 1:
            middle = part.start + len(part) // 2
            queue.extendleft((range(middle, part.stop), range(part.start, middle)))
        else:
            done.failures += [Failure(position, str(error), attempts) for position in part]
            if not error.is_about_content:
                away = str(error)
                _log.warning("CloudWatch takes no metrics: %s", away)
    return done


def _call(
    body: bytes, values: int, cloudwatch: Callable[[], CloudWatch], deadline: Deadline
) -> tuple[MetricsError | None, int]:
    """Send one call of so many values, again when that may help; the last error, or None, and how often it was sent."""
    attempts = 0
    while True:
        attempts += 1
        try:
            cloudwatch().put(body, deadline.timeout(TIMEOUT))
        except MetricsError as error:
            if not error.status and not error.code:  # it was sent, and may have been taken
                _log.warning("No answer to a call with %d values, which may be counted once more: %s", values, error)
            pause = FIRST_PAUSE * 2.0**attempts * random.uniform(0.5, 1)  # noqa: S311  # jitter is no secret
            if not error.is_retryable or attempts >= MAX_ATTEMPTS or not deadline.pause(pause):
                return error, attempts
        else:
            return None, attempts


def cut(
    encoded: list[bytes], around: int = 0, max_entries: int = MAX_ENTRIES, max_bytes: int = MAX_BYTES
) -> Iterator[range]:
    """Which entries travel together: at most `max_entries`, and `max_bytes` with `around` bytes around them."""
    start, size = 0, around
    for position, entry in enumerate(encoded):
        if position > start and (position - start >= max_entries or size + len(entry) > max_bytes):
            yield range(start, position)
            start, size = position, around
        size += len(entry) + 1  # and a comma
    if start < len(encoded):
        yield range(start, len(encoded))


def samples(entry: dict[str, Any]) -> int:
    """How many values an entry stands for."""
    return int(sum(entry["Counts"]))


def as_emf(entries: Iterable[dict[str, Any]], namespace: str) -> Iterator[str]:
    """Entries in CloudWatch's embedded metric format, for the function's own log: the last resort.

    At most 100 values a line (embedded metric format specification), repeated as often as they came.
    """
    for entry in entries:
        values = [
            value for value, count in zip(entry["Values"], entry["Counts"], strict=True) for _ in range(int(count))
        ]
        dimensions = {item["Name"]: item["Value"] for item in entry["Dimensions"]}
        metric = {"Name": entry["MetricName"]} | ({"Unit": entry["Unit"]} if "Unit" in entry else {})
        directive = {"Namespace": namespace, "Dimensions": [list(dimensions)], "Metrics": [metric]}
        about = {"Timestamp": entry["Timestamp"] * 1000, "CloudWatchMetrics": [directive]}
        for start in range(0, len(values), 100):
            yield orjson.dumps({"_aws": about, **dimensions, entry["MetricName"]: values[start : start + 100]}).decode()
