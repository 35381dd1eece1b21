"""PutMetricData over one persistent connection, signed."""

from __future__ import annotations

import functools
import gzip
import os
from typing import TYPE_CHECKING

import orjson
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from watchpost import aws, proxies
from watchpost.connection import Connection, NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.credentials import ReadOnlyCredentials
    from watchpost.connection import Answer

# awsJson1_0, one of the protocols in the service's model (aws/api-models-aws, cloudwatch).
_HEADERS = {
    "content-type": "application/x-amz-json-1.0",
    "x-amz-target": "GraniteServiceVersion20100801.PutMetricData",
}
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

    def __init__(self, url: str, region: str, credentials: Callable[[], ReadOnlyCredentials]) -> None:
        """url: of the endpoint. credentials: asked for each call, because they change."""
        self._url = url
        self._connection = Connection(url, proxy=proxies.proxy_for(url))
        self._region = region
        self._credentials = credentials

    def put(self, body: bytes, timeout: float) -> None:
        """Send the JSON of one PutMetricData call.

        timeout: seconds for the whole answer. Raises MetricsError.
        """
        headers = _HEADERS
        if len(body) >= _GZIP_FROM:
            body, headers = gzip.compress(body, 1, mtime=0), headers | {"content-encoding": "gzip"}
        request = AWSRequest("POST", self._url + "/", headers=headers, data=body)
        SigV4Auth(self._credentials(), "monitoring", self._region).add_auth(request)
        try:
            answer = self._connection.post("/", body, dict(request.headers.items()), timeout)
        except NoAnswerError as error:
            raise MetricsError(0, "", str(error)) from None
        if answer.status != 200:
            raise _error(answer)

    def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        self._connection.close()


def _error(answer: Answer) -> MetricsError:
    try:
        content = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        content = None
    content = content if isinstance(content, dict) else {}
    # As the Query protocol names it, when CloudWatch says so; else the shape's name.
    code = str(answer.headers.get("x-amzn-query-error", "")).partition(";")[0]
    code = code or str(content.get("__type") or answer.headers.get("x-amzn-errortype", "")).rpartition("#")[2]
    reason = content.get("message") or content.get("Message") or answer.body[:200].decode("utf-8", "replace")
    return MetricsError(answer.status, code.partition(":")[0], " ".join(str(reason).split()))


def endpoint(region: str, suffix: str) -> str:
    """URL of CloudWatch in a region, or the one that the environment names, as for every AWS client.

    suffix: how names of endpoints end in this partition.
    """
    named = os.environ.get("AWS_ENDPOINT_URL_CLOUDWATCH") or os.environ.get("AWS_ENDPOINT_URL")
    return (named or f"https://monitoring.{region}.{suffix}").rstrip("/")


@functools.lru_cache(maxsize=1)
def connected(region: str, suffix: str) -> CloudWatch:
    """CloudWatch of this process, with one connection kept for its life."""
    return CloudWatch(endpoint(region, suffix), region, _credentials)


def _credentials() -> ReadOnlyCredentials:
    credentials = aws.session().get_credentials()
    if credentials is None:
        raise MetricsError(0, "NoCredentials", "there are no AWS credentials")
    return credentials.get_frozen_credentials()
