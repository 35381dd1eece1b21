"""Publication of metrics to CloudWatch."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from watchpost.aws import code_of
from watchpost.dead_letters import DeadLetter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mypy_boto3_cloudwatch import CloudWatchClient

    from shipper.deadline import Deadline

MAX_ENTRIES = 1_000  # entries a call (CloudWatch API reference, PutMetricData)
MAX_BYTES = 1_000_000  # bytes a call (same source), of the 1 MB of the body before gzip
# What the longest encoding that botocore knows for this call (the query protocol) takes, in bytes.
_ENTRY_BYTES = 320
_VALUE_BYTES = 2 * 70
_DIMENSION_BYTES = 160

_INVALID = frozenset(
    {"InvalidParameterValue", "InvalidParameterCombination", "InvalidParameterValueException", "ValidationError",
     "MissingParameter", "MissingRequiredParameterException", "InvalidParameterCombinationException",
     "RequestEntityTooLarge", "413"}
)  # fmt: skip  # a list of codes reads better in rows
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Publication:
    """What became of the metrics."""

    published: int = 0  # values
    letters: list[DeadLetter] = field(default_factory=list)


def publish(
    entries: list[dict[str, Any]], cloudwatch: Callable[[], CloudWatchClient], namespace: str, deadline: Deadline
) -> Publication:
    """Send entries to CloudWatch; retries are botocore's.

    entries: as of Gathered.entries. A call that is refused for what is in it is halved, so that one bad entry does not
    take the others with it. What is not published is among the letters, with the reason.
    """
    done = Publication()
    queue = deque(cut(entries))
    away: str | None = None
    while queue:
        part = queue.popleft()
        if away is None and deadline.is_over():
            away = "no time left to publish it"
        if away is not None:
            _bury(done, part, namespace, away, attempts=0)
            continue
        try:
            cloudwatch().put_metric_data(Namespace=namespace, MetricData=part)  # type: ignore[arg-type]  # plain dicts
            done.published += sum(map(samples, part))
        except (ClientError, BotoCoreError) as error:
            if _is_about_content(error) and len(part) > 1:
                middle = len(part) // 2
                queue.extendleft((part[middle:], part[:middle]))
                continue
            _bury(done, part, namespace, str(error), attempts=1)
            if not _is_about_content(error):
                away = str(error)
                _log.warning("CloudWatch takes no metrics: %s", away)
    return done


def cut(
    entries: Iterable[dict[str, Any]], max_entries: int = MAX_ENTRIES, max_bytes: int = MAX_BYTES
) -> Iterator[list[dict[str, Any]]]:
    """Lists of at most `max_entries` entries and about `max_bytes` bytes."""
    part: list[dict[str, Any]] = []
    size = 0
    for entry in entries:
        entry_size = size_of(entry)
        if part and (len(part) >= max_entries or size + entry_size > max_bytes):
            yield part
            part, size = [], 0
        part.append(entry)
        size += entry_size
    if part:
        yield part


def size_of(entry: dict[str, Any]) -> int:
    """Bytes that an entry takes at most in a call."""
    # A character of a name may take three bytes in a form.
    names = len(entry["MetricName"]) + sum(len(item["Name"]) + len(item["Value"]) for item in entry["Dimensions"])
    fixed = _ENTRY_BYTES + _DIMENSION_BYTES * len(entry["Dimensions"])
    return fixed + 3 * names + _VALUE_BYTES * len(entry["Values"])


def samples(entry: dict[str, Any]) -> int:
    """How many values an entry stands for."""
    return int(sum(entry["Counts"]))


def unanswered(entries: list[dict[str, Any]], namespace: str, reason: str) -> Publication:
    """All entries as letters."""
    done = Publication()
    _bury(done, entries, namespace, reason, attempts=1)
    return done


def _bury(done: Publication, part: list[dict[str, Any]], namespace: str, reason: str, *, attempts: int) -> None:
    done.letters.extend(
        DeadLetter("metric", reason[:500], attempts, {"namespace": namespace, **entry}) for entry in part
    )


def _is_about_content(error: Exception) -> bool:
    return code_of(error) in _INVALID
