"""Calls of AWS that keep below the documented quotas, wait where they are throttled, and are counted."""

from __future__ import annotations

import functools
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.paginate import Paginator

from watchpost import aws
from watchpost.aws import code_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.client import BaseClient

# Calls a second, for an account and region. CloudWatch Logs User Guide, "CloudWatch Logs quotas"; CloudWatch User
# Guide, "CloudWatch service quotas"; Resource Groups Tagging API Reference, GetResources; Lambda Developer Guide,
# "Lambda quotas" (control plane, of all these operations together; GetPolicy has a quota of its own); API Gateway
# Developer Guide, "quotas for creating, deploying and managing an API" (other operations, together); Kinesis API
# Reference, DescribeStreamSummary.
# No figure is documented for account policies: that of subscription filters is assumed for them. None is found for
# reading a queue or a table either, which is said to be unlimited, or thousands: 50 is assumed, which one caller does
# not reach. ListTagsForResource is both of CloudWatch Logs (5) and of CloudWatch (10): the smaller one.
QUOTAS: Mapping[str, float] = {
    "DescribeLogGroups": 10,
    "DescribeSubscriptionFilters": 5,
    "PutSubscriptionFilter": 5,
    "DeleteSubscriptionFilter": 5,
    "PutRetentionPolicy": 5,
    "ListTagsForResource": 5,
    "PutAccountPolicy": 5,
    "DescribeAccountPolicies": 5,
    "DeleteAccountPolicy": 5,
    "GetResources": 15,
    **dict.fromkeys(("ListTags", "ListEventSourceMappings", "ListFunctions", "GetAccountSettings"), 15),
    **dict.fromkeys(("GetFunctionConcurrency", "GetFunctionEventInvokeConfig"), 15),
    **dict.fromkeys(("ListAliases", "ListProvisionedConcurrencyConfigs", "DeleteFunction"), 15),
    **dict.fromkeys(("ListLayers", "ListLayerVersions", "GetLayerVersionPolicy", "DeleteLayerVersion"), 15),
    "GetPolicy": 15,
    "DescribeAlarms": 9,
    "PutMetricAlarm": 3,
    "PutCompositeAlarm": 3,
    "DeleteAlarms": 3,
    "ListMetrics": 25,
    "GetMetricData": 500,
    "ListDashboards": 10,
    "GetDashboard": 10,
    "PutDashboard": 10,
    "DeleteDashboards": 10,
    **dict.fromkeys(("GetRestApis", "GetApis", "GetStages"), 10),
    "DescribeStreamSummary": 20,
    **dict.fromkeys(("GetQueueAttributes", "ListDeadLetterSourceQueues", "DescribeTable"), 50),
}
# Operations that have one quota together, by the name under which they share a pace.
TOGETHER: Mapping[str, str] = {
    **dict.fromkeys(("ListTags", "ListEventSourceMappings", "ListFunctions", "GetAccountSettings"), "Lambda"),
    **dict.fromkeys(("GetFunctionConcurrency", "GetFunctionEventInvokeConfig"), "Lambda"),
    **dict.fromkeys(("ListAliases", "ListProvisionedConcurrencyConfigs", "DeleteFunction"), "Lambda"),
    **dict.fromkeys(("ListLayers", "ListLayerVersions", "GetLayerVersionPolicy", "DeleteLayerVersion"), "Lambda"),
    **dict.fromkeys(("GetRestApis", "GetApis", "GetStages"), "API Gateway"),
}
OTHER_QUOTA = 5.0  # calls a second of an operation that is not in the table: the smallest in it
SHARE = 0.8  # of the quota that is used: the account's people and programs have the rest
SLOWEST = 0.5  # calls a second, below which throttling slows an operation no further
GROWTH = 0.02  # of the full pace that a throttled operation wins back with each success
BASE, CAP = 0.2, 20.0  # seconds: the first and the longest backoff, of which a random part is waited
ATTEMPTS = 6  # with a failure that is not throttling

# botocore has such a list too, but a private one, with LimitExceededException, which is no matter of pace here: a
# place for a filter does not come free by waiting.
THROTTLING = frozenset(
    {
        *("ThrottlingException", "Throttling", "ThrottledException", "TooManyRequestsException"),
        *("RequestLimitExceeded", "RequestThrottled", "RequestThrottledException"),
    }
)
TRANSIENT = frozenset({"ServiceUnavailableException", "OperationAbortedException"})


class OutOfTimeError(Exception):
    """The invocation's time is over before a call could be made, or made again.

    Attributes: operation (name in AWS's API), last (what the call failed with before, or None).
    """

    def __init__(self, operation: str, last: Exception | None) -> None:
        super().__init__(f"no time is left for {operation}" + (f", which failed before: {last}" if last else ""))
        self.operation = operation
        self.last = last


@dataclass(slots=True)
class CallStats:
    """How often an operation was asked for."""

    calls: int = 0  # requests sent, those sent again included
    throttled: int = 0  # requests that were answered with throttling
    retried: int = 0  # requests that were sent again, for throttling or another failure


@dataclass(slots=True)
class _Pace:
    full: float  # calls a second while nothing is throttled
    rate: float  # calls a second now
    free: float = 0.0  # when the next call may start, by the clock of Calls

    def ahead(self, now: float) -> float:
        """How many seconds the next call has to wait."""
        return max(0.0, self.free - now)

    def start(self, now: float) -> None:
        """Note that a call starts."""
        self.free = now + 1 / self.rate

    def slow_down(self) -> None:
        self.rate = max(SLOWEST, self.rate / 2)

    def speed_up(self) -> None:
        self.rate = min(self.full, self.rate + GROWTH * self.full)


class Calls:
    """Makes calls one after another, each operation at a pace of its own.

    The clients should make one attempt only, so that each is counted and paced here. Not safe for threads.
    stats: what was called, by the operation's name in AWS's API, such as `DescribeLogGroups`.
    """

    def __init__(
        self,
        now: Callable[[], float],
        sleep: Callable[[float], None],
        remaining: Callable[[], float],
        reserve: float = 20.0,
        random: Callable[[], float] = random.random,
    ) -> None:
        """now: seconds, of a clock that never goes back. remaining: seconds until the invocation ends.

        reserve: seconds that stay free at the end: longer than one call with its timeouts takes. random: 0 to 1.
        """
        self.stats: dict[str, CallStats] = {}
        self._now = now
        self._sleep = sleep
        self._remaining = remaining
        self._reserve = reserve
        self._random = random
        self._paces: dict[str, _Pace] = {}

    def within(self, reserve: float) -> Calls:
        """The same calls, paces and counts with another reserve: for the second half of work that must not stay half
        done, such as putting a filter in the place of one that was removed.
        """
        other = Calls(self._now, self._sleep, self._remaining, reserve, self._random)
        other.stats, other._paces = self.stats, self._paces
        return other

    def __call__(self, client: BaseClient, operation: str, /, **parameters: Any) -> dict[str, Any]:
        """Make a call when its pace allows, and again while it is throttled or fails for the moment.

        operation: the client's method, such as `describe_log_groups`. Raises botocore's errors: at once where trying
        again does not help, else after ATTEMPTS failures that were not throttling. Raises OutOfTimeError when less
        than the reserve would be left.
        """
        name = client.meta.method_to_api_mapping[operation]
        stats = self.stats.setdefault(name, CallStats())
        pace = self._pace(name)
        failures = retries = 0
        last: Exception | None = None
        while True:
            self._wait(pace.ahead(self._now()), name, last)
            pace.start(self._now())
            stats.calls += 1
            stats.retried += last is not None
            try:
                answer: dict[str, Any] = getattr(client, operation)(**parameters)
            except (BotoCoreError, ClientError) as error:
                kind = _kind(error)
                failures += kind == "transient"
                if kind == "permanent" or failures == ATTEMPTS:
                    raise
                if kind == "throttling":
                    stats.throttled += 1
                    pace.slow_down()
                last = error
            else:
                pace.speed_up()
                return answer
            self._wait(self._backoff(retries), name, last)
            retries += 1

    def pages(self, client: BaseClient, operation: str, /, **parameters: Any) -> Iterator[dict[str, Any]]:
        """The pages of a listing, each of them such a call. Raises what a call raises, in the middle too."""
        yield from paginator(client, operation, functools.partial(self, client, operation)).paginate(**parameters)

    def _pace(self, name: str) -> _Pace:
        full = SHARE * QUOTAS.get(name, OTHER_QUOTA)
        return self._paces.setdefault(TOGETHER.get(name, name), _Pace(full, full))

    def _backoff(self, retries: int) -> float:
        """Seconds to wait: exponential, with full jitter."""
        # The exponent is bounded too: a call that is throttled for hours would make a number of it that no float holds.
        return self._random() * min(CAP, BASE * 2.0 ** min(retries, 16))

    def _wait(self, seconds: float, operation: str, last: Exception | None) -> None:
        if self._remaining() - seconds < self._reserve:
            raise OutOfTimeError(operation, last) from last
        if seconds > 0:
            self._sleep(seconds)


def paginator(client: BaseClient, operation: str, ask: Callable[..., dict[str, Any]]) -> Paginator[Any]:
    """botocore's paginator of an operation, such as `describe_alarms`. ask: gets the parameters of each page."""
    meta = client.meta
    name = meta.method_to_api_mapping[operation]
    config = _pagination(meta.service_model.service_name).get_paginator(name)
    method: Any = ask  # whatever the stub wants
    return Paginator(method, config, meta.service_model.operation_model(name))


@functools.cache
def _pagination(service: str) -> Any:
    """What botocore knows of a service's listings: read once, as some are of a single log group."""
    return aws.session().get_paginator_model(service)


def may_pass(error: BotoCoreError | ClientError) -> bool:
    """Whether the same call may succeed later without anybody changing anything."""
    return _kind(error) != "permanent"


def _kind(error: BotoCoreError | ClientError) -> Literal["throttling", "transient", "permanent"]:
    """What a failed call means for the next one."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code_of(error) in THROTTLING or status == 429:
            return "throttling"
        return "transient" if code_of(error) in TRANSIENT or status >= 500 else "permanent"
    return "transient" if isinstance(error, (NoConnectionError, HTTPClientError)) else "permanent"
