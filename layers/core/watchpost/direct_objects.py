"""Objects that are put into a bucket of S3 without botocore's machinery: dead letters.

They are stored when something is wrong, and often when there is little time left: importing botocore and making its
client would take a good part of that.
"""

from __future__ import annotations

import base64
import hashlib
import html
import os
import re
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from watchpost import direct
from watchpost.signing import Credentials, Signer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from watchpost.connection import Answer

SLOWEST = 500_000  # bytes a second that a large object may come down to

_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
# {"Error": {"Code", "Message"}} as XML (S3 API, "Error responses").
_CODE, _MESSAGE = re.compile(rb"<Code>([^<]*)</Code>"), re.compile(rb"<Message>([^<]*)</Message>")


class Objects:
    """Puts objects. Safe for several threads: each attempt has a connection of its own."""

    def __init__(
        self,
        url_of: Callable[[str], str],
        region: str,
        keys: Credentials,
        left: Callable[[], float],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """url_of: the URL that a bucket's objects lie below. left: seconds in which an object must be stored.

        pause: waits for some seconds before the next attempt.
        """
        self._url_of = url_of
        self._region = region
        self._keys = keys
        self._left = left
        self._pause = pause

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str, ContentEncoding: str) -> None:  # noqa: N803  # botocore's names
        """Put an object, as botocore's client does (S3 API, PutObject).

        What may pass is tried again, up to four times in all and while there is time. Raises botocore's errors, and
        ConfigurationError as of direct.connection.
        """
        digest = hashlib.sha256(Body)
        headers = {
            "content-type": ContentType,
            "content-encoding": ContentEncoding,
            # S3 compares them with what comes; the second one it keeps, and wants where objects are locked.
            "x-amz-content-sha256": digest.hexdigest(),
            "x-amz-checksum-sha256": base64.b64encode(digest.digest()).decode(),
            "user-agent": direct.USER_AGENT,
        }
        url, path = self._url_of(Bucket), path_of(Key)
        signer = Signer(url, "s3", self._region)

        def put() -> None:
            signed = signer.signed(headers, Body, self._keys, ("PUT", path))
            seconds = max(min(direct.TIMEOUT + len(Body) / SLOWEST, self._left()), 0.1)
            answer = direct.answered("s3", lambda opened: opened.put(path, Body, signed, seconds), url)
            # As for botocore: a success that holds an error is none.
            status = 500 if answer.status == 200 and b"<Error>" in answer.body else answer.status
            if status != 200:
                raise direct.client_error(status, *_refusal(answer), "PutObject")

        direct.repeated(put, self._pause, self._left)


def url_of(bucket: str, region: str, suffix: str, environ: Mapping[str, str]) -> str:
    """The URL that a bucket's objects lie below.

    suffix: how names of endpoints end in this partition. environ: may name another one, as for every client of AWS.
    """
    named = next(filter(None, map(environ.get, _ENDPOINTS)), "")
    if named:
        return f"{named.rstrip('/')}/{bucket}"
    if "." in bucket:  # no certificate has such a name
        return f"https://s3.{region}.{suffix}/{bucket}"
    return f"https://{bucket}.s3.{region}.{suffix}"


def path_of(key: str) -> str:
    """The path of an object below its bucket."""
    return "/" + quote(key, safe="/~")


def objects(left: Callable[[], float], environ: Mapping[str, str] = os.environ) -> Objects | None:
    """Puts objects as a function of Lambda does; None where botocore has to look for more than the environment.

    left: seconds in which an object must be stored.
    """
    place = direct.function(environ)
    if place is None:
        return None
    keys, region, suffix = place
    return Objects(lambda bucket: url_of(bucket, region, suffix, environ), region, keys, left)


def _refusal(answer: Answer) -> tuple[str, str]:
    """Code and message, as of direct.refusal."""
    code, message = _CODE.search(answer.body), _MESSAGE.search(answer.body)
    told = (message[1] if message else answer.body[:200]).decode("utf-8", "replace")
    return code[1].decode("utf-8", "replace") if code else "", " ".join(html.unescape(told).split())
