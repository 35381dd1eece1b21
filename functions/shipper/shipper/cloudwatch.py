"""PutMetricData over one persistent connection, signed."""

from __future__ import annotations

import functools
import gzip
import os
from typing import TYPE_CHECKING

from watchpost import aws, direct
from watchpost.connection import NoAnswerError
from watchpost.signing import Signer

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchpost.connection import Answer
    from watchpost.signing import Credentials

_HEADERS = direct.headers(direct.CLOUDWATCH, "PutMetricData")
_GZIP_FROM = 10_240  # bytes; what botocore compresses from
_THROTTLED = frozenset({"Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded"})
_ABOUT_CONTENT = frozenset(
    {"InvalidParameterValue", "InvalidParameterCombination", "InvalidParameterValueException", "ValidationError",
     "ValidationException", "MissingParameter", "MissingRequiredParameterException", "InvalidFormat",
     "InvalidParameterCombinationException", "SerializationException", "RequestEntityTooLarge"}
)  # fmt: skip  # a list of codes reads better in rows


class MetricsError(Exception):
    """CloudWatch did not take a call.

    Attributes: status (HTTP status, 0 without an answer), code (AWS's, "" without one).
    """

    def __init__(self, status: int, code: str, reason: str) -> None:
        super().__init__(f"{code or 'CloudWatch'} ({status or 'no answer'}): {reason}"[:500])
        self.status = status
        self.code = code

    @property
    def is_about_content(self) -> bool:
        """Whether the call is refused for what is in it."""
        return self.status == 413 or self.code in _ABOUT_CONTENT

    @property
    def is_retryable(self) -> bool:
        """Whether the same call may be taken later."""
        return self.status in (0, 408, 429) or self.status >= 500 or self.code in _THROTTLED


class CloudWatch:
    """CloudWatch metrics of one region."""

    def __init__(self, url: str, region: str, credentials: Callable[[], Credentials]) -> None:
        """url: of the endpoint. credentials: asked for each call, because they change."""
        self._connection = direct.connection(url)
        self._signer = Signer(url, direct.CLOUDWATCH.name, region)
        self._credentials = credentials

    def put(self, body: bytes, timeout: float) -> None:
        """Send the JSON of one PutMetricData call.

        timeout: seconds for the whole answer. Raises MetricsError.
        """
        headers = _HEADERS
        if len(body) >= _GZIP_FROM:
            body, headers = gzip.compress(body, 1, mtime=0), headers | {"content-encoding": "gzip"}
        signed = self._signer.signed(headers, body, self._credentials())
        try:
            answer = self._connection.post("/", body, signed, timeout)
        except NoAnswerError as error:
            raise MetricsError(0, "", str(error)) from None
        if answer.status != 200:
            raise _error(answer)

    def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        self._connection.close()


def _error(answer: Answer) -> MetricsError:
    return MetricsError(answer.status, *direct.refusal(answer))


@functools.lru_cache(maxsize=1)
def connected(region: str, suffix: str) -> CloudWatch:
    """CloudWatch of this process, with one connection kept for its life."""
    if direct.is_usual(os.environ):
        url = direct.endpoint(direct.CLOUDWATCH, region, suffix, os.environ)
    else:
        url = aws.client("cloudwatch").meta.endpoint_url
    return CloudWatch(url, region, _credentials)


def _credentials() -> Credentials:
    credentials = aws.credentials()
    if credentials is None:
        raise MetricsError(0, "NoCredentials", "there are no AWS credentials")
    return credentials
