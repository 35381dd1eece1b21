"""The dead-letter bucket, as the replay uses it: every write and removal holds only for what was read before."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from watchpost.aws import code_of
from watchpost.dead_letters import CONTENT_TYPE
from watchpost.times import iso

from replay.request import time_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_s3 import S3Client

CLAIMS = "replay-claims/"
REJECTED = "rejected/"
UNREADABLE = ".unreadable"

# Bytes of an object that is read at all. The largest events that Lambda keeps have 6 MB (Lambda quotas), which JSON in
# JSON makes 12; letters of one invocation of the shipper are compressed, and come of no more memory than it has.
LARGEST_OBJECT = 64_000_000

# What S3 answers when a condition does not hold (S3 user guide, "Conditional requests").
_CONDITION = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409", "NoSuchKey", "404"})
_MISSING = frozenset({"NoSuchKey", "404"})
_log = logging.getLogger(__name__)


class TooLargeError(Exception):
    """An object is larger than any that Watchpost or Lambda writes. Attributes: key, etag."""

    def __init__(self, key: str, etag: str) -> None:
        super().__init__(f"{key} has more than {LARGEST_OBJECT} bytes")
        self.key = key
        self.etag = etag


@dataclass(frozen=True, slots=True)
class Entry:
    """An object as it is listed."""

    key: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on an object until it expires."""

    key: str  # of the claim
    etag: str
    takeovers: int  # how many runs before claimed the object and never came back


class Bucket:
    """The bucket, for one run."""

    def __init__(self, s3: S3Client, name: str, run_id: str, now: Callable[[], datetime]) -> None:
        self._s3 = s3
        self._name = name
        self._run_id = run_id
        self._now = now

    def entries(self, prefix: str, after: str = "") -> Iterator[Entry]:
        """The objects below a prefix whose keys come after another, in the order of their keys."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=prefix, StartAfter=after)
        for page in pages:
            for item in page.get("Contents", []):
                yield Entry(item["Key"], item["LastModified"])

    def claim(self, key: str, seconds: float) -> Claim | None:
        """Claim an object for some seconds, or return None when another run has it.

        S3 takes a conditional write from one writer only. A claim that expired is taken over the same way.
        """
        name = CLAIMS + key
        try:
            return Claim(name, self._write_claim(name, seconds, 0, IfNoneMatch="*"), 0)
        except ClientError as error:
            if code_of(error) not in _CONDITION:
                raise
        held = self.read(name)
        if held is None:
            return None  # released a moment ago: what it was for is done, or left to the next run
        body, etag = held
        by, until, takeovers = _holder(body)
        if by == self._run_id:  # the answer to our own write was lost and botocore repeated it
            return Claim(name, etag, takeovers)
        if until is not None and until > self._now():
            return None
        try:
            return Claim(name, self._write_claim(name, seconds, takeovers + 1, IfMatch=etag), takeovers + 1)
        except ClientError as error:
            if code_of(error) not in _CONDITION:
                raise
            return None

    def release(self, claim: Claim) -> None:
        """Give a claim back. One that cannot be given back expires, so that is logged only."""
        try:
            self._s3.delete_object(Bucket=self._name, Key=claim.key, IfMatch=claim.etag)
        except (ClientError, BotoCoreError) as error:
            _log.warning("a claim is left to expire: %s", code_of(error) or type(error).__name__)

    def read(self, key: str) -> tuple[bytes, str] | None:
        """An object and its ETag, or None when it is not there. Raises TooLargeError before it is read."""
        try:
            answer = self._s3.get_object(Bucket=self._name, Key=key)
        except ClientError as error:
            if code_of(error) in _MISSING:
                return None
            raise
        if answer["ContentLength"] > LARGEST_OBJECT:
            answer["Body"].close()
            raise TooLargeError(key, answer["ETag"])
        return answer["Body"].read(), answer["ETag"]

    def copy(self, key: str, etag: str, target: str) -> None:
        """Copy an object that is still as it was found, without reading it (up to 5 GB: S3 API, CopyObject)."""
        source: Any = {"Bucket": self._name, "Key": key}
        self._s3.copy_object(Bucket=self._name, Key=target, CopySource=source, CopySourceIfMatch=etag)

    def write(self, key: str, body: bytes) -> None:
        """Write letters, whatever is there."""
        self._s3.put_object(Bucket=self._name, Key=key, Body=body, ContentType=CONTENT_TYPE, ContentEncoding="gzip")

    def write_raw(self, key: str, body: bytes) -> None:
        """Write bytes of no known kind."""
        self._s3.put_object(Bucket=self._name, Key=key, Body=body)

    def replace(self, key: str, etag: str, body: bytes) -> str | None:
        """Replace an object that is still as it was read, and return its new ETag; None when it is not."""
        try:
            answer = self._s3.put_object(
                Bucket=self._name, Key=key, Body=body, ContentType=CONTENT_TYPE, ContentEncoding="gzip", IfMatch=etag
            )
        except ClientError as error:
            if code_of(error) in _CONDITION:
                return None
            raise
        return answer["ETag"]

    def remove(self, key: str, etag: str) -> bool:
        """Remove an object that is still as it was read, and say whether it was."""
        try:
            self._s3.delete_object(Bucket=self._name, Key=key, IfMatch=etag)
        except ClientError as error:
            if code_of(error) in _CONDITION:
                return False
            raise
        return True

    def _write_claim(self, name: str, seconds: float, takeovers: int, **condition: str) -> str:
        until = iso(self._now() + timedelta(seconds=seconds))
        body = json.dumps({"by": self._run_id, "until": until, "takeovers": takeovers}).encode()
        answer = self._s3.put_object(Bucket=self._name, Key=name, Body=body, **condition)  # type: ignore[arg-type]  # one of two names
        return answer["ETag"]


def _holder(body: bytes) -> tuple[str, datetime | None, int]:
    """Who holds a claim, until when, and how often it was taken over. A broken one is nobody's and has expired."""
    try:
        claim = json.loads(body)
    except ValueError:
        claim = None
    if not isinstance(claim, dict):
        return "", datetime.min.replace(tzinfo=UTC), 0
    takeovers = claim.get("takeovers")
    return str(claim.get("by")), time_of(str(claim.get("until"))), takeovers if type(takeovers) is int else 0
