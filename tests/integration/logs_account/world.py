"""An AWS account with log groups as a small server: strict as documented, throttling as documented, in virtual time.

What it is for: running the subscriber against thousands of log groups without waiting, and making trouble at an exact
moment. It speaks what botocore sends for CloudWatch Logs, tag:GetResources, and Lambda's ListTags and
ListEventSourceMappings.

    with World() as world:
        shipper = world.function("watchpost-shipper")            # its ARN; functions are destinations too
        stream = world.destination("arn:aws:kinesis:…")          # an ARN that exists, and so can be a destination
        world.group("/shop", {"service": "shop"}, filters=[("audit", stream)])   # directly, not over HTTP
        world.mapping(stream, "reader")                          # an event source mapping

        calls = Calls(world.clock.now, world.clock.sleep, remaining=lambda: deadline - world.clock.now())
        calls(world.client("logs"), "describe_log_groups")       # botocore, one attempt; or AWS_ENDPOINT_URL=world.url

        world.filters("/shop")          # {filter's name: destination}
        world.deliveries("/shop")       # where a line written now goes: ["…", "…"]; one each: nothing double, no gap
        world.requests["PutSubscriptionFilter"], world.throttled["PutSubscriptionFilter"]   # Counters
        world.policy                    # the account-level subscription policy: .name .destination .excluded, or None
        world.put_policy("foreign", stream)                      # directly

Time: `world.clock` is shared with the code under test. Each request costs `world.latency` seconds of it (0.03), and
each operation has a token bucket of one second's quota (`world.quotas["ListTags"] = 1.0` changes one;
`world.throttle = False` lifts them all).

Trouble: `world.before("PutSubscriptionFilter", act, times=1)`: act(parameters) runs before the operation is carried
out, after the rate limit, outside of any lock. It may change the world, and may raise `Refusal(code, message, status)`,
which becomes the answer, or `NoAnswerError()`, which ends the connection. An exception of another kind fails the test
when the world is closed. `world.after(…)` is the same when the operation has been carried out (a lost answer).
`world.late` are names of groups that GetResources does not know yet. `world.filter_quota` and `world.policy_quota` are
2 and 1.
"""

from __future__ import annotations

import functools
import json
import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import botocore.session
from botocore.config import Config

from tests.integration.logs_account import groups, resources, subscriptions, wire
from tests.integration.logs_account.clock import Clock
from tests.integration.logs_account.limits import Buckets
from tests.integration.logs_account.server import Server
from tests.integration.logs_account.state import REGION, Filter, Group, Policy, Refusal, function_arn
from tests.integration.logs_account.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

__all__ = ["Clock", "NoAnswerError", "Refusal", "World"]

OPERATIONS: Mapping[str, Callable[[World, dict[str, Any]], dict[str, Any]]] = {
    "DescribeLogGroups": groups.describe_log_groups,
    "CreateLogGroup": groups.create_log_group,
    "DeleteLogGroup": groups.delete_log_group,
    "PutRetentionPolicy": groups.put_retention_policy,
    "ListTagsForResource": groups.list_tags_for_resource,
    "TagResource": groups.tag_resource,
    "DescribeSubscriptionFilters": subscriptions.describe_subscription_filters,
    "PutSubscriptionFilter": subscriptions.put_subscription_filter,
    "DeleteSubscriptionFilter": subscriptions.delete_subscription_filter,
    "PutAccountPolicy": subscriptions.put_account_policy,
    "DescribeAccountPolicies": subscriptions.describe_account_policies,
    "DeleteAccountPolicy": subscriptions.delete_account_policy,
    "GetResources": resources.get_resources,
    "ListTags": resources.list_tags,
    "ListEventSourceMappings": resources.list_event_source_mappings,
}
# How each API says that it is called too often: code and HTTP status.
_THROTTLED = {
    "ListTags": ("TooManyRequestsException", 429),
    "ListEventSourceMappings": ("TooManyRequestsException", 429),
}
_THROTTLED["GetResources"] = ("ThrottledException", 400)
_THROTTLING = {"ThrottlingException", "ThrottledException", "TooManyRequestsException"}
_DAY = 86_400.0  # seconds a nextToken holds (DescribeLogGroups); a PaginationToken has 15 minutes (GetResources)


class NoAnswerError(Exception):
    """The connection ends without an answer."""


@dataclass
class _Hook:
    act: Callable[[dict[str, Any]], Any]
    times: float


@functools.lru_cache(maxsize=1)
def _session() -> botocore.session.Session:
    session = botocore.session.Session()
    session.set_credentials("AKIAEXAMPLE", "secret")
    return session


class World:
    """The account. A context manager: on leaving, it stops, and says when an act of a test itself had failed."""

    def __init__(self, clock: Clock | None = None, latency: float = 0.03) -> None:
        self.clock = clock or Clock()
        self.latency = latency  # seconds of virtual time that each request takes
        self.throttle = True
        self.requests: Counter[str] = Counter()  # by operation, those throttled or refused included
        self.throttled: Counter[str] = Counter()
        self.groups: dict[str, Group] = {}
        self.functions: dict[str, dict[str, str]] = {}  # tags by name
        self.destinations: set[str] = set()
        self.mappings: list[tuple[str, str]] = []
        self.policies: dict[str, Policy] = {}
        self.late: set[str] = set()
        self.filter_quota, self.policy_quota = 2, 1
        self.tokens = Tokens(self.clock, _DAY)
        self.bulk_tokens = Tokens(
            self.clock, 900.0, lambda: Refusal("PaginationTokenExpiredException", "The token has expired.")
        )
        self._names: list[str] | None = None
        self._buckets = Buckets(self.clock)
        self._hooks: dict[tuple[str, str], list[_Hook]] = {}
        self._clients: list[Any] = []
        self._lock = threading.RLock()
        self._server = Server(self._respond)
        self.url = self._server.url
        self.quotas = self._buckets.quotas

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close()
        if kind is None and self._server.failures:
            raise self._server.failures[0]

    def close(self) -> None:
        """End the server and its clients."""
        for client in self._clients:
            client.close()
        self._server.stop()

    def client(self, service: str, **config: Any) -> Any:
        """A client of botocore that makes one attempt: logs, lambda or resourcegroupstaggingapi."""
        retries: Any = {"total_max_attempts": 1}
        settings = Config(retries=retries, connect_timeout=5, read_timeout=30, **config)
        made = _session().create_client(service, region_name=REGION, endpoint_url=self.url, config=settings)
        self._clients.append(made)
        return made

    def group(
        self,
        name: str,
        tags: Mapping[str, str] | None = None,
        retention: int | None = None,
        log_class: str = "STANDARD",
        filters: Sequence[tuple[str, str]] = (),
    ) -> str:
        """Make a log group, with filters by name and destination, whatever the quotas say."""
        with self._lock:
            made = {item: Filter(item, destination) for item, destination in filters}
            self.groups[name] = Group(name, dict(tags or {}), retention, log_class, made)
            self._names = None
        return name

    def delete(self, name: str) -> None:
        """Delete a log group."""
        with self._lock:
            del self.groups[name]
            self._names = None

    def function(self, name: str, tags: Mapping[str, str] | None = None) -> str:
        """Make a function, and return its ARN."""
        self.functions[name] = dict(tags or {})
        return self.destination(function_arn(name))

    def destination(self, arn: str) -> str:
        """Have a destination exist."""
        self.destinations.add(arn)
        return arn

    def mapping(self, source: str, function: str) -> None:
        """Have a function read from a source."""
        self.mappings.append((source, function))

    def put_policy(self, name: str, destination: str, excluded: Collection[str] = ()) -> None:
        """Put an account-level subscription policy, whatever the quota says."""
        document = json.dumps({"DestinationArn": destination, "FilterPattern": "", "Distribution": "Random"})
        selection = f"LogGroupName NOT IN {json.dumps(sorted(excluded))}"
        self.policies[name] = Policy(name, document, selection, self.clock.now())

    @property
    def policy(self) -> Policy | None:
        """The account-level subscription policy; the first by its name, should a test have made several."""
        return self.policies[min(self.policies)] if self.policies else None

    @property
    def names(self) -> list[str]:
        """The names of all groups in ASCII order."""
        with self._lock:
            if self._names is None:
                self._names = sorted(self.groups)
            return self._names

    def filters(self, group: str) -> dict[str, str]:
        """The destination of each filter of a group."""
        return {item.name: item.destination for item in self.groups[group].filters.values()}

    def deliveries(self, group: str) -> list[str]:
        """The destinations that a line written now would reach, had it what each pattern asks for; sorted."""
        found = list(self.filters(group).values())
        if self.groups[group].log_class == "STANDARD":
            found += [policy.destination for policy in self.policies.values() if group not in policy.excluded]
        return sorted(found)

    def before(self, operation: str, act: Callable[[dict[str, Any]], Any], times: float = float("inf")) -> None:
        """Have something happen before an operation is carried out, so many times."""
        self._hook("before", operation, act, times)

    def after(self, operation: str, act: Callable[[dict[str, Any]], Any], times: float = float("inf")) -> None:
        """Have something happen when an operation has been carried out, and nothing was answered yet."""
        self._hook("after", operation, act, times)

    def _hook(self, moment: str, operation: str, act: Callable[[dict[str, Any]], Any], times: float) -> None:
        assert operation in OPERATIONS, operation
        self._hooks.setdefault((moment, operation), []).append(_Hook(act, times))

    def _respond(self, method: str, path: str, headers: dict[str, str], body: bytes) -> wire.Answer | None:
        request = wire.parse(method, path, headers, body)
        self.requests[request.operation] += 1
        self.clock.sleep(self.latency)
        try:
            return wire.answer(request.protocol, self._do(request.operation, request.parameters))
        except Refusal as refusal:
            self.throttled[request.operation] += refusal.code in _THROTTLING
            return wire.refused(request.protocol, refusal)
        except NoAnswerError:
            return None

    def _do(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        code, status = _THROTTLED.get(operation, ("ThrottlingException", 400))
        with self._lock:
            free = not self.throttle or self._buckets.take(operation)
        if not free:
            raise Refusal(code, "Rate exceeded", status)
        self._strike("before", operation, parameters)
        with self._lock:
            answer = OPERATIONS[operation](self, parameters)
        self._strike("after", operation, parameters)
        return answer

    def _strike(self, moment: str, operation: str, parameters: dict[str, Any]) -> None:
        for hook in self._hooks.get((moment, operation), []):
            if hook.times > 0:
                hook.times -= 1
                hook.act(parameters)
