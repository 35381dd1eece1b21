"""The calls of AWS that a function makes before its first line of log, without botocore's machinery.

Reading the configuration and a secret, and putting metrics, are one POST of JSON each. Importing botocore and making
two of its clients for that took two thirds of a function's start. All other calls are rare, and botocore's (`aws`), as
are these outside of Lambda, where credentials come from anywhere.
"""

from __future__ import annotations

import functools
import os
import random
import ssl
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from watchpost import proxies
from watchpost.connection import Connection, NoAnswerError
from watchpost.signing import Credentials, Signer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from watchpost.connection import Answer

TIMEOUT = 10.0  # seconds for an answer
MAX_ATTEMPTS = 4  # for what may pass, which is what botocore's mode "standard" tries again

_TRANSIENT = frozenset({500, 502, 503, 504})
_BUSY = frozenset(
    {"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "RequestThrottled",
     "TooManyRequestsException", "RequestLimitExceeded", "LimitExceededException", "SlowDown", "RequestTimeout",
     "RequestTimeoutException", "PriorRequestNotComplete"}
)  # fmt: skip  # a list of codes reads better in rows
# What makes botocore look for another endpoint or other credentials than the usual ones of a function.
_UNUSUAL = ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_PROFILE", "AWS_CONFIG_FILE")
_LAMBDA = "AWS_LAMBDA_FUNCTION_NAME"


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


class NoAnswerFromServiceError(BotoCoreError):
    """A service gave no answer, or one that is none."""

    fmt = "{service} gave no answer: {error}"


def credentials(environ: Mapping[str, str]) -> Credentials | None:
    """The credentials of a function, None anywhere else."""
    access_key, secret_key = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    if not (access_key and secret_key and environ.get(_LAMBDA)):
        return None
    return Credentials(access_key, secret_key, environ.get("AWS_SESSION_TOKEN"))


def endpoint(service: Service, region: str, suffix: str, environ: Mapping[str, str]) -> str:
    """URL of a service in a region, or the one that the environment names, as for every client of AWS.

    suffix: how names of endpoints end in this partition.
    """
    named = environ.get(service.variable) or environ.get("AWS_ENDPOINT_URL")
    return (named or f"https://{service.name}.{region}.{suffix}").rstrip("/")


def tls() -> ssl.SSLContext:
    """What services of AWS are verified with: the system's authorities, or those in the file AWS_CA_BUNDLE alone."""
    return _trusting(os.environ.get("AWS_CA_BUNDLE") or None)


@functools.lru_cache(maxsize=1)
def _trusting(bundle: str | None) -> ssl.SSLContext:
    # Reading the system's takes some milliseconds.
    return ssl.create_default_context(cafile=bundle)


def headers(service: Service, operation: str) -> dict[str, str]:
    """The headers of a call."""
    target = f"{service.target}.{operation}"
    return {"content-type": f"application/x-amz-json-{service.version}", "x-amz-target": target}


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


def _error(answer: Answer, operation: str) -> ClientError:
    code, message = refusal(answer)
    # As botocore tells it.
    error: Any = {"Code": code or str(answer.status), "Message": message}
    about: Any = {"HTTPStatusCode": answer.status}
    return ClientError({"Error": error, "ResponseMetadata": about}, operation)


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
        another BotoCoreError when there was no answer.
        """
        body = orjson.dumps(parameters)
        for attempt in range(1, MAX_ATTEMPTS):
            try:
                return self._call(operation, body)
            except NoAnswerFromServiceError:
                pass
            except ClientError as error:
                response = error.response
                status, code = response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]
                if status not in _TRANSIENT and code not in _BUSY:
                    raise
            self._pause(2.0 ** (attempt - 1) * random.random())  # noqa: S311  # jitter is no secret
        return self._call(operation, body)

    def _call(self, operation: str, body: bytes) -> dict[str, Any]:
        # The signature has the time of the attempt.
        signed = self._signer.signed(headers(self._service, operation), body, self._keys)
        connection = Connection(self._url, tls=tls(), proxy=proxies.proxy_for(self._url))
        try:
            answer = connection.post("/", body, signed, TIMEOUT)
        except NoAnswerError as error:
            raise NoAnswerFromServiceError(service=self._service.name, error=str(error)) from None
        finally:
            connection.close()
        if answer.status != 200:
            raise _error(answer, operation)
        try:
            result = orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            result = None
        if not isinstance(result, dict):
            raise NoAnswerFromServiceError(service=self._service.name, error="what came is no JSON object")
        return result


def caller(service: Service, environ: Mapping[str, str] = os.environ) -> Caller | None:
    """Calls a service as a function of Lambda does; None where botocore has to look for more than the environment."""
    keys, region = credentials(environ), environ.get("AWS_REGION")
    if keys is None or not region or any(environ.get(name) for name in _UNUSUAL):
        return None
    url = endpoint(service, region, environ.get("URL_SUFFIX") or "amazonaws.com", environ)
    return Caller(service, url, region, keys)
