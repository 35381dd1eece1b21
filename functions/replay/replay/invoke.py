"""Invocation of the shipper."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ProxyConnectionError,
    SSLError,
)
from watchpost import aws
from watchpost.aws import CONNECT_TIMEOUT, code_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_lambda import LambdaClient

SHIPPER_TIMEOUT = 60  # seconds, the shipper's Timeout in template.yaml

RESULTS = "results"  # the shipper answered
FAILED = "failed"  # the shipper died of it, or was ended by Lambda
UNANSWERED = "unanswered"  # nobody knows what it did
REFUSED = "refused"  # Lambda did not hand it over, because of what is in it
AWAY = "away"  # Lambda did not hand it over, whatever is in it

# Nothing was sent when one of these is raised.
_UNSENT = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError, SSLError, NoCredentialsError)
# Lambda API reference, Invoke.
_ABOUT_CONTENT = frozenset({"RequestTooLargeException", "InvalidRequestContentException", "413"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an invocation."""

    kind: str  # one of the five above
    reason: str = ""  # of all but results
    results: list[Any] = field(default_factory=list)  # one for each letter, in their order


def shipper(arn: str) -> Callable[[bytes], Answer]:
    """A function that sends an event to the shipper and waits for its answer. Nothing is sent yet."""
    return lambda event: send(_client(), arn, event)


@functools.lru_cache(maxsize=1)
def _client() -> LambdaClient:
    # No second attempt: whether the first one did its work is unknown when its answer is lost.
    config = Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=SHIPPER_TIMEOUT + 5,
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=20,
    )
    return aws.session().create_client("lambda", config=config)  # type: ignore[return-value]  # botocore knows no kinds


def send(client: LambdaClient, arn: str, event: bytes) -> Answer:
    """Invoke the shipper with `{"deadLetters": […]}`. Nothing is raised: what went wrong is the answer."""
    try:
        response = client.invoke(FunctionName=arn, Payload=event)
        body = response["Payload"].read()
    except ClientError as error:
        return Answer(REFUSED if code_of(error) in _ABOUT_CONTENT else AWAY, str(error))
    except _UNSENT as error:
        return Answer(AWAY, f"the shipper cannot be reached: {type(error).__name__}")
    except BotoCoreError as error:
        return Answer(UNANSWERED, f"the shipper did not answer: {type(error).__name__}")
    return answer_of(body, failed="FunctionError" in response)


def answer_of(body: bytes, *, failed: bool) -> Answer:
    """Read the body of an answer. failed: whether Lambda says that the function failed."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if failed:
        message = answer.get("errorMessage") if isinstance(answer, dict) else None
        return Answer(FAILED, str(message or "it does not say why")[:400])
    results = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(results, list):
        return Answer(UNANSWERED, "the shipper's answer has no results")
    return Answer(RESULTS, results=results)
