"""How a document is stored: as it is where a parameter holds it, else in the stack's bucket with a pointer to it.

The pointer is then the parameter's value: {"$ref": "s3://<bucket>/config/<sha256>.json", "sha256": "<sha256>"}, the
SHA-256 being that of the object's bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from watchpost import aws
from watchpost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

# Bytes of a value in the advanced tier, which Intelligent-Tiering changes to by itself (SSM User Guide, "Managing
# parameter tiers").
MOST_IN_PARAMETER = 8_192
MOST_IN_BUCKET = 1_048_576  # bytes of a document that is read from the bucket: every function holds it in its memory
PREFIX = "config/"  # of the keys

_PATH = "configuration.$ref"
_EXPECTED = '{"$ref": "s3://<bucket>/<key>", "sha256": "<64 hexadecimal digits>"} and nothing else'
_PLACE = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(\S{1,1024})")
_SHA256 = re.compile(r"[0-9a-f]{64}")
# What S3 answers where there is no such object, to who may list the bucket; to others it says AccessDenied (S3 API,
# GetObject), which may be an object that is there.
_GONE = frozenset({"NoSuchKey", "NoSuchBucket", "404"})


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where a document lies, and what its bytes are."""

    bucket: str
    key: str
    sha256: str  # hexadecimal

    @property
    def text(self) -> str:
        """The value of the parameter."""
        return json.dumps({"$ref": f"s3://{self.bucket}/{self.key}", "sha256": self.sha256})


def compiled(document: Any) -> str:
    """A document as the JSON that is stored: without blanks, and ASCII, so that it has as many bytes as characters."""
    return json.dumps(document, ensure_ascii=True, separators=(",", ":"))


def pointer_to(bucket: str, text: str) -> Pointer:
    """The pointer to a document in a bucket. The same document always lies at the same place."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Pointer(bucket, f"{PREFIX}{digest}.json", digest)


def pointer_in(text: str) -> Pointer | None:
    """The pointer that a parameter's value is; None when it is a document, or nothing that can be read.

    Raises ConfigurationError when it is a pointer that leads nowhere.
    """
    if '"$ref"' not in text:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None  # whoever checks the document says what is wrong with it
    if not isinstance(value, dict) or "$ref" not in value:
        return None
    reference, digest = value["$ref"], value.get("sha256")
    place = _PLACE.fullmatch(reference) if isinstance(reference, str) else None
    right = isinstance(digest, str) and _SHA256.fullmatch(digest)
    if len(value) != 2 or place is None or not right:
        raise ConfigurationError(_PATH, text[:100], _EXPECTED)
    return Pointer(place[1], place[2], str(digest))


def fetch(pointer: Pointer) -> bytes:
    """The bytes of the object, with the credentials of this process; see `read`."""
    return read(aws.s3(), pointer)


def read(s3: Any, pointer: Pointer) -> bytes:
    """The bytes of the object, one more than `MOST_IN_BUCKET` at most. Raises botocore's errors."""
    with s3.get_object(Bucket=pointer.bucket, Key=pointer.key)["Body"] as body:
        return bytes(body.read(MOST_IN_BUCKET + 1))


def resolve(text: str, fetch: Callable[[Pointer], bytes] = fetch) -> str:
    """The document that a parameter's value is or points to.

    fetch: reads an object. Raises ConfigurationError when the object is not there, or is not what the pointer says;
    botocore's errors when it cannot be read for another reason, which may pass.
    """
    pointer = pointer_in(text)
    if pointer is None:
        return text
    try:
        content = fetch(pointer)
    except ClientError as error:
        if aws.code_of(error) not in _GONE:
            raise
        raise ConfigurationError(_PATH, f"{pointer.key}, which is not in the bucket", "an object") from None
    if len(content) > MOST_IN_BUCKET:
        raise ConfigurationError(_PATH, f"{pointer.key}, which is too large", f"at most {MOST_IN_BUCKET:,} bytes")
    digest = hashlib.sha256(content).hexdigest()
    if digest != pointer.sha256:
        raise ConfigurationError(_PATH, f"bytes with the SHA-256 {digest}", pointer.sha256)
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise ConfigurationError(_PATH, f"{pointer.key}, which is not UTF-8", "JSON") from None
