"""The dead-letter bucket: what could not be delivered, with the reason, as one object for each invocation."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from watchpost.errors import DeadLetterError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_s3 import S3Client

PREFIX = "dead-letters/"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One thing that was not delivered."""

    kind: str  # "document", "metric" or "payload"
    reason: str  # why, in the words of whoever refused it
    attempts: int  # how often it was tried
    original: Any  # what was to be delivered: {"index": …, "id": …, "document": {…}}, a metric datum, a payload


def key_of(request_id: str, when: datetime) -> str:
    """Key of an invocation's object: `dead-letters/<yyyy>/<mm>/<dd>/<request id>.ndjson.gz`, UTC."""
    return f"{PREFIX}{when.astimezone(UTC):%Y/%m/%d}/{request_id}.ndjson.gz"


def store(s3: S3Client, bucket: str, request_id: str, letters: Iterable[DeadLetter]) -> str:
    """Store letters as one gzip NDJSON object and return its key.

    A second attempt of the same invocation on the same day replaces the object, it does not add one.
    Raises DeadLetterError when S3 does not take it.
    """
    lines = [json.dumps(_fields(letter), ensure_ascii=True) for letter in letters]
    key = key_of(request_id, datetime.now(UTC))
    body = gzip.compress("\n".join([*lines, ""]).encode(), mtime=0)
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/x-ndjson", ContentEncoding="gzip")
    except (BotoCoreError, ClientError) as error:
        raise DeadLetterError(key, str(error)) from error
    return key


def _fields(letter: DeadLetter) -> dict[str, Any]:
    # dataclasses.asdict would copy the original level by level, and give up on a deeply nested one.
    return {"kind": letter.kind, "reason": letter.reason, "attempts": letter.attempts, "original": letter.original}
