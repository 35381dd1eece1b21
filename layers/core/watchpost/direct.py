"""Calls of AWS without botocore's machinery: what a shipper does day by day.

Reading the configuration and a secret, and putting metrics, are one POST of JSON each; `direct_objects` has the PUT of
an object. Importing botocore and making its clients for that took half of a function's start. All other calls are
botocore's (`aws`), as are these outside of Lambda, where credentials come from anywhere.
"""

from __future__ import annotations

import functools
import math
import os
import random
import ssl
import time
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import orjson
from botocore.exceptions import ClientError, HTTPClientError

from watchpost import __version__, proxies
from watchpost.connection import Connection, NoAnswerError
from watchpost.errors import ConfigurationError
from watchpost.signing import Credentials, Signer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from watchpost.connection import Answer

TIMEOUT = 10.0  # seconds for a small request and its answer
MAX_ATTEMPTS = 4
# What botocore tries again in its mode "standard", after a random part of so many seconds, twice as many each time.
# A test holds the lists against its own.
TRANSIENT = frozenset({500, 502, 503, 504})  # statuses
TRANSIENT_CODES = frozenset({"RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete"})
THROTTLED = frozenset({429})
THROTTLED_CODES = frozenset(
    {"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "RequestThrottled",
     "TooManyRequestsException", "ProvisionedThroughputExceededException", "TransactionInProgressException",
     "RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException", "SlowDown",
     "PriorRequestNotComplete", "EC2ThrottledException"}
)  # fmt: skip  # a list of codes reads better in rows
TRANSIENT_PAUSE, THROTTLED_PAUSE = 0.05, 1.0

_LAMBDA = "AWS_LAMBDA_FUNCTION_NAME"
# What makes botocore look for another endpoint or other credentials than the usual ones of a function.
_UNUSUAL = (
    "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_PROFILE",
    "AWS_CONFIG_FILE",
)  # fmt: skip  # as above
USER_AGENT = f"watchpost/{__version__}"

_T = TypeVar("_T")


class Service(NamedTuple):
    """A service of AWS that takes JSON."""

    name: str  # in signatures, and the first part of its endpoints' names
    target: str  # what `x-amz-target` names before the operation
    version: str  # of the protocol awsJson: "1.0" or "1.1"
    variable: str  # what names another endpoint, for every client of AWS


# Their models are in aws/api-models-aws.
CLOUDWATCH = Service("monitoring", "GraniteServiceVersion20100801", "1.0", "AWS_ENDPOINT_URL_CLOUDWATCH")
SECRETS_MANAGER = Service("secretsmanager", "secretsmanager", "1.1", "AWS_ENDPOINT_URL_SECRETS_MANAGER")
SSM = Service("ssm", "AmazonSSM", "1.1", "AWS_ENDPOINT_URL_SSM")


class NoAnswerFromServiceError(HTTPClientError):
    """A service gave no answer, or one that is none."""

    fmt = "{service} gave no answer: {error}"


def credentials(environ: Mapping[str, str]) -> Credentials | None:
    """The credentials of a function, None anywhere else."""
    access_key, secret_key = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    if not (access_key and secret_key and environ.get(_LAMBDA)):
        return None
    return Credentials(access_key, secret_key, environ.get("AWS_SESSION_TOKEN"))


def function(environ: Mapping[str, str]) -> tuple[Credentials, str, str] | None:
    """Credentials, region and how names of endpoints end, of a function in its usual environment; else None."""
    keys, region, suffix = credentials(environ), environ.get("AWS_REGION"), environ.get("URL_SUFFIX")
    return (keys, region, suffix) if keys and region and suffix and is_usual(environ) else None


def endpoint(service: Service, region: str, suffix: str, environ: Mapping[str, str]) -> str:
    """URL of a service in a region, or the one that the environment names, as for every client of AWS.

    suffix: how names of endpoints end in this partition.
    """
    named = environ.get(service.variable) or environ.get("AWS_ENDPOINT_URL")
    return (named or f"https://{service.name}.{region}.{suffix}").rstrip("/")


def is_usual(environ: Mapping[str, str]) -> bool:
    """Whether nothing makes botocore look for another endpoint or other credentials than a function usually has."""
    return not any(environ.get(name) for name in _UNUSUAL)


def connection(url: str) -> Connection:
    """A connection to an endpoint, through the proxy where there is one.

    It is verified with the system's authorities, or with those in the file AWS_CA_BUNDLE alone. Raises
    ConfigurationError when that is no such file, or HTTPS_PROXY no proxy.
    """
    tls = _trusting(os.environ.get("AWS_CA_BUNDLE") or None) if url.startswith("https:") else None
    return Connection(url, tls=tls, proxy=proxies.proxy_for(url))


@functools.lru_cache(maxsize=1)  # reading the system's takes some milliseconds
def _trusting(bundle: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=bundle)
    except OSError as error:
        found = f"{bundle} ({error.strerror})"
        raise ConfigurationError("AWS_CA_BUNDLE", found, "a file of PEM certificates") from None
    if bundle:  # as botocore, which takes authorities that leave out what Python asks for from 3.13 on
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def headers(service: Service, operation: str) -> dict[str, str]:
    """The headers of a call."""
    target = f"{service.target}.{operation}"
    content_type = f"application/x-amz-json-{service.version}"
    return {"content-type": content_type, "x-amz-target": target, "user-agent": USER_AGENT}


def refusal(answer: Answer) -> tuple[str, str]:
    """Code and message of an answer that is not 200; the code is "" where the answer has none."""
    try:
        content = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        content = None
    content = content if isinstance(content, dict) else {}
    # As the Query protocol names it, when the service says so; else the shape's name.
    code = str(answer.headers.get("x-amzn-query-error", "")).partition(";")[0]
    code = code or str(content.get("__type") or answer.headers.get("x-amzn-errortype", "")).rpartition("#")[2]
    reason = content.get("message") or content.get("Message") or answer.body[:200].decode("utf-8", "replace")
    return code.partition(":")[0], " ".join(str(reason).split())


def client_error(status: int, code: str, message: str, operation: str) -> ClientError:
    """A refusal as botocore tells it; code: "" where the answer has none."""
    said: Any = {"Code": code or str(status), "Message": message}
    about: Any = {"HTTPStatusCode": status}
    return ClientError({"Error": said, "ResponseMetadata": about}, operation)


def _as_long_as_it_takes() -> float:
    return math.inf


def repeated(
    attempt: Callable[[], _T], pause: Callable[[float], None], left: Callable[[], float] = _as_long_as_it_takes
) -> _T:
    """What an attempt returns; what may pass is tried again, up to four times in all. Raises the last one's error.

    pause: waits for some seconds before the next attempt. left: seconds in which there may be one.
    """
    for number in range(MAX_ATTEMPTS - 1):
        try:
            return attempt()
        except (NoAnswerFromServiceError, ClientError) as error:
            longest = _longest_pause(error) * 2.0**number
            seconds = longest * random.random()  # noqa: S311  # jitter is no secret
            if not longest or left() <= seconds:
                raise
        pause(seconds)
    return attempt()


def answered(service: str, send: Callable[[Connection], Answer], url: str) -> Answer:
    """The answer to a request over a connection of its own. Raises NoAnswerFromServiceError, without what was sent."""
    opened = connection(url)
    try:
        return send(opened)
    except NoAnswerError as missing:
        raise NoAnswerFromServiceError(service=service, error=str(missing)) from None
    except ValueError as unfit:  # of a header or a host that cannot be sent; it would show what that is
        raise NoAnswerFromServiceError(service=service, error=type(unfit).__name__) from None
    finally:
        opened.close()


def _longest_pause(error: NoAnswerFromServiceError | ClientError) -> float:
    """Seconds to wait at most before the first attempt that follows; 0 when none would help."""
    if isinstance(error, NoAnswerFromServiceError):
        return TRANSIENT_PAUSE
    status, code = error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
    if status in THROTTLED or code in THROTTLED_CODES:
        return THROTTLED_PAUSE
    return TRANSIENT_PAUSE if status in TRANSIENT or code in TRANSIENT_CODES else 0.0


class Caller:
    """Calls one service. Safe for several threads: each attempt has a connection of its own, as calls are rare."""

    def __init__(
        self,
        service: Service,
        url: str,
        region: str,
        keys: Credentials,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """url: of the endpoint. pause: waits for some seconds before the next attempt."""
        self._service = service
        self._url = url
        self._signer = Signer(url, service.name, region)
        self._keys = keys
        self._pause = pause

    def call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """The result of an operation, by the names of AWS's API.

        What may pass is tried again, up to four times in all. Raises botocore's errors: ClientError for a refusal,
        another BotoCoreError when there was no answer; ConfigurationError as of `connection`.
        """
        body = orjson.dumps(parameters)
        return repeated(lambda: self._call(operation, body), self._pause)

    def _call(self, operation: str, body: bytes) -> dict[str, Any]:
        # The signature has the time of the attempt.
        signed = self._signer.signed(headers(self._service, operation), body, self._keys)
        answer = answered(self._service.name, lambda opened: opened.post("/", body, signed, TIMEOUT), self._url)
        if answer.status != 200:
            raise client_error(answer.status, *refusal(answer), operation)
        try:
            result = orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            result = None
        if not isinstance(result, dict):
            raise NoAnswerFromServiceError(service=self._service.name, error="what came is no JSON object")
        return result


def caller(service: Service, environ: Mapping[str, str] = os.environ) -> Caller | None:
    """Calls a service as a function of Lambda does; None where botocore has to look for more than the environment."""
    place = function(environ)
    if place is None:
        return None
    keys, region, suffix = place
    return Caller(service, endpoint(service, region, suffix, environ), region, keys)
