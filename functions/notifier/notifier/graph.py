"""The graph of an alarm's metric as a picture: drawn by CloudWatch, kept in the bucket, shown by a signed address."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError
from watchpost.times import iso

from notifier import words
from notifier.service import SERVICE

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from notifier.alarm_metric import Metric, Query

PREFIX = "graphs/"
BACK = timedelta(hours=3)
WIDTH, HEIGHT = 600, 300  # pixels; up to 2,000 (CloudWatch API, GetMetricWidgetImage)
SHOWN_FOR = 3600  # seconds that the address works
LARGEST = 2_000_000  # bytes; a picture of this size has about 30,000
TITLE = 200  # characters
METRICS = 20

_PNG = b"\x89PNG\r\n\x1a\n"
_RED, _GREY = "#d13212", "#687078"

_logger = Logger(service=SERVICE)


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn. since: when the alarm began to ring, as a vertical line."""

    title: str
    metric: Metric
    threshold: float | None
    since: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Easel:
    """Where it is drawn and kept. The client of S3 signs addresses with version 4, as encrypted objects need it."""

    cloudwatch: Any
    s3: Any
    bucket: str
    left: Callable[[], float]  # seconds


def widget(drawing: Drawing) -> dict[str, Any] | None:
    """The graph in CloudWatch's words, None without one.

    CloudWatch API Reference, "GetMetricWidgetImage: Metric Widget Structure and Syntax".
    """
    queries = drawing.metric.queries[:METRICS]
    metrics = [found for query in queries if (found := _metric(query))]
    if not metrics or len(metrics) < len(queries):
        return None
    return {
        "metrics": metrics,
        "view": "timeSeries",
        "stacked": False,
        "title": drawing.title[:TITLE],
        "width": WIDTH,
        "height": HEIGHT,
        "start": iso(min(drawing.now - BACK, drawing.since)),
        "end": iso(drawing.now),
        "timezone": "+0000",
        "annotations": _annotations(drawing),
    }


def draw(drawing: Drawing, easel: Easel) -> str | None:
    """The https address of the picture; None where CloudWatch or S3 does not do its part, or time is up."""
    asked = widget(drawing)
    if asked is None:
        return None
    try:
        answer = easel.cloudwatch.get_metric_widget_image(MetricWidget=json.dumps(asked), OutputFormat="png")
        picture = answer.get("MetricWidgetImage") or b""
        if not picture.startswith(_PNG) or len(picture) > LARGEST or easel.left() <= 0:
            _logger.warning("no graph", extra={"why": "no picture, or too late", "bytes": len(picture)})
            return None
        key = f"{PREFIX}{hashlib.sha256(picture).hexdigest()}.png"
        easel.s3.put_object(Bucket=easel.bucket, Key=key, Body=picture, ContentType="image/png")
        where = {"Bucket": easel.bucket, "Key": key}
        address = str(easel.s3.generate_presigned_url("get_object", Params=where, ExpiresIn=SHOWN_FOR))
    except (BotoCoreError, ClientError) as error:
        _logger.warning("no graph", extra={"why": str(error)})
        return None
    return address if address.startswith("https://") else None


def _metric(query: Query) -> list[Any] | None:
    """[Namespace, MetricName, name, value, …, {options}], or [{expression}]."""
    options: dict[str, Any] = {"id": query.id} if query.id else {}
    if query.label:
        options["label"] = query.label
    if query.period and query.period >= 1:
        options["period"] = int(query.period)
    if not query.returned:
        options["visible"] = False
    if query.expression:
        return [{**options, "expression": query.expression}]
    if not (query.namespace and query.name and query.statistic):
        return None
    dimensions = [part for dimension in query.dimensions for part in dimension]
    return [query.namespace, query.name, *dimensions, {**options, "stat": query.statistic}]


def _annotations(drawing: Drawing) -> dict[str, Any]:
    found: dict[str, Any] = {}
    limit = words.limit_of(drawing.metric, drawing.threshold)
    if limit is not None:
        found["horizontal"] = [{"label": f"alarm at {limit}", "value": drawing.threshold, "color": _RED}]
    found["vertical"] = [{"label": "began", "value": iso(drawing.since), "color": _GREY}]
    return found
