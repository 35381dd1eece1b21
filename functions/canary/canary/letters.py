"""What the shipper says itself: dead letters with the canary's line, or its value, and the reason."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError
from watchpost import dead_letters, names
from watchpost.aws import code_of

from canary.findings import DEAD_LETTERS, METRICS, READ_ONLY, Finding, cut
from canary.joints import SERVICE
from canary.line import LABEL, METRIC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watchpost.dead_letters import DeadLetter

    from canary.line import Line

# In an outage thousands of invocations store letters. So many pages of 1,000 keys are listed, and so many of the newest
# objects read, up to a size.
PAGES, OBJECTS, SIZE = 5, 20, 1_000_000
TEXT = 10_000_000  # bytes of text of an object

_logger = Logger(service=SERVICE)


def joints(s3: Any, bucket: str, line: Line, since: float) -> list[Finding]:
    """What the shipper could not deliver of a line, and of its metric since a time (seconds since 1970).

    Raises nothing of AWS's: the bucket is asked besides.
    """
    found: dict[str, Finding] = {}
    try:
        for letter in _letters(s3, bucket, min(since, line.written)):
            finding = _finding(letter, line, since)
            if finding:
                found.setdefault(finding.joint, finding)
    except (ClientError, BotoCoreError) as error:
        _logger.warning("dead letters could not be looked at: %s", code_of(error) or type(error).__name__)
    return list(found.values())


def _letters(s3: Any, bucket: str, since: float) -> Iterator[DeadLetter]:
    """The letters of objects that were stored since then, the newest first."""
    began = int(since)  # S3 knows whole seconds
    days = dict.fromkeys(f"{datetime.fromtimestamp(at, UTC):%Y/%m/%d}/" for at in (since, since + 300))
    keys = []
    for day in days:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{dead_letters.PREFIX}{day}")
        for page in itertools.islice(pages, PAGES):
            keys += [one for one in page.get("Contents", []) if one["LastModified"].timestamp() >= began]
    newest = sorted(keys, key=lambda one: one["LastModified"], reverse=True)
    for one in [one for one in newest if one["Size"] <= SIZE][:OBJECTS]:
        body = s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
        yield from dead_letters.decode(body, TEXT).letters


def _finding(letter: DeadLetter, line: Line, since: float) -> Finding | None:
    original = letter.original if isinstance(letter.original, dict) else {}
    if letter.kind == "metric" and _is_ours(original) and original.get("Timestamp", 0) >= since - 60:
        todo = (
            "Check that the shipper's role allows cloudwatch:PutMetricData in its MetricNamespace."
            " The values are kept as dead letters and replayed later."
        )
        return Finding(METRICS, f"CloudWatch takes no metrics of the shipper: {cut(letter.reason)}", todo)
    document = original.get("document")
    labels = document.get("labels") if isinstance(document, dict) else None
    if letter.kind != "document" or not isinstance(labels, dict) or labels.get(LABEL) != line.id:
        return None
    if "cluster_block_exception" in letter.reason:
        todo = "Remove the block that is named; see GET _cluster/state/blocks."
        return Finding(READ_ONLY, f"Elasticsearch is read-only: {cut(letter.reason)}", todo)
    todo = "Mend what the reason names, then: watchpost replay."
    return Finding(DEAD_LETTERS, f"the shipper could not deliver the line: {cut(letter.reason)}", todo)


def _is_ours(metric: dict[str, Any]) -> bool:
    service = {"Name": "Service", "Value": names.CANARY_SERVICE}
    return metric.get("MetricName") == METRIC and service in metric.get("Dimensions", [])
