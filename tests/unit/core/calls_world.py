"""An AWS that answers what a test wants, and time that passes only there."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from watchpost.calls import Calls

if TYPE_CHECKING:
    from collections.abc import Callable

FOREVER = float("inf")
RESERVE = 20.0
METHODS = {
    "describe_log_groups": "DescribeLogGroups",
    "put_subscription_filter": "PutSubscriptionFilter",
    "get_resources": "GetResources",
    "list_tags": "ListTags",
    "tag_resource": "TagResource",  # not in the table of quotas
}


def refused(code: str, status: int = 400) -> ClientError:
    """An error that AWS answers with."""
    answer: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Any")


THROTTLED = refused("ThrottlingException")
TRANSIENT = [
    refused("ServiceUnavailableException"),
    refused("OperationAbortedException"),
    refused("InternalFailure", 500),
    refused("", 503),
    ConnectTimeoutError(endpoint_url="https://logs"),
    ReadTimeoutError(endpoint_url="https://logs"),
    EndpointConnectionError(endpoint_url="https://logs"),
    ConnectionClosedError(endpoint_url="https://logs"),
]


@dataclass
class Aws:
    """What stands for a client of botocore: it notes when it was asked, and answers what the test wants."""

    answers: list[Exception | dict[str, Any]] = field(default_factory=list)  # what comes first; then {}
    latency: float = 0.0  # seconds that each call takes
    time: float = 1_000.0
    asked: list[tuple[str, float]] = field(default_factory=list)
    parameters: list[dict[str, Any]] = field(default_factory=list)
    meta: Any = field(default_factory=lambda: SimpleNamespace(method_to_api_mapping=METHODS))

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        if method not in METHODS:
            raise AttributeError(method)

        def call(**parameters: Any) -> dict[str, Any]:
            self.asked.append((method, self.time))
            self.parameters.append(parameters)
            self.time += self.latency
            answer = self.answers.pop(0) if self.answers else {}
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.time += seconds

    def calls(self, remaining: float = FOREVER, random: Callable[[], float] = lambda: 0.0) -> Calls:
        """remaining: seconds, from now on."""
        end = self.time + remaining
        return Calls(lambda: self.time, self.sleep, lambda: end - self.time, RESERVE, random)

    def gaps(self) -> list[float]:
        """Seconds between one request and the next."""
        return [later - earlier for (_, earlier), (_, later) in pairwise(self.asked)]
