"""An AWS account for the provisioner, with time that passes only here: strict alarms and dashboards, documented limits.

    account = CloudAccount()
    account.services.function("orders-api", "orders")
    account.run()                           # a Result; account.run(apply=False) is a plan
    account.alarms.stored["wp/orders/orders-api/errors"].request["Threshold"]
    account.writes                          # operations that changed something, since the last run began
    account.before("PutMetricAlarm", act)   # act(parameters) may change the world, and raise Refusal

Requests go through botocore's own checks and are answered in this process. Each takes `latency` seconds of virtual
time, and each operation has a token bucket of one second's quota.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config
from provisioner.deadline import RESERVE, Deadline
from provisioner.run import Account, definitions, run
from watchpost.calls import Calls
from watchpost.configuration import Configuration, parse
from watchpost.errors import ConfigurationError

from tests.integration.cloudwatch_account import quotas
from tests.integration.cloudwatch_account.alarms import Alarms
from tests.integration.cloudwatch_account.dashboards import Dashboards
from tests.integration.cloudwatch_account.services import Services
from tests.integration.logs_account.clock import Clock
from tests.integration.logs_account.limits import Buckets
from tests.integration.services_account.scripted import Refusal
from tests.unit.provisioner.world import REGION, WRITES, made_up_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.resources.abc import Traversable

    from provisioner.result import Result

__all__ = ["CloudAccount", "Refusal"]

INVOCATION = 900.0  # seconds, the most that Lambda gives
# What somebody else's alarm is about.
FOREIGN: dict[str, Any] = {
    "Namespace": "Mine",
    "MetricName": "M",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
ANY = "*"  # for `before`: whatever is asked for
PAGE = 100  # resources (Resource Groups Tagging API, GetResources)


@dataclass(frozen=True)
class _Http:
    status_code: int


@functools.lru_cache(maxsize=1)
def _session() -> botocore.session.Session:
    session = botocore.session.Session()
    session.set_credentials("AKIAEXAMPLE", "secret")
    return session


@dataclass
class CloudAccount:
    """The account. calls: of each run, the last one at the end."""

    latency: float = 0.03  # seconds
    throttle: bool = True
    definitions: Traversable = field(default_factory=definitions)
    clock: Clock = field(default_factory=Clock)
    services: Services = field(default_factory=Services)
    configuration: Configuration | ConfigurationError = field(default_factory=Configuration)
    requests: Counter[str] = field(default_factory=Counter)
    throttled: Counter[str] = field(default_factory=Counter)
    writes: list[str] = field(default_factory=list)
    calls: list[Calls] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.alarms = Alarms(self.clock)
        self.dashboards = Dashboards(self.clock)
        self._buckets = Buckets(self.clock, dict(quotas.QUOTAS))
        self.quotas = self._buckets.quotas
        self._hooks: dict[str, list[Callable[[Mapping[str, Any]], None]]] = {}
        self._clients: dict[str, Any] = {}
        self._pages: dict[str, tuple[tuple[str, ...], list[tuple[str, dict[str, str]]]]] = {}

    def run(self, seconds: float = INVOCATION, **options: Any) -> Result:
        """One invocation that Lambda ends after some seconds."""
        self.writes.clear()
        deadline = self.begin(seconds)
        return run(self.account(deadline), deadline, **{"apply": True, **options})

    def begin(self, seconds: float = INVOCATION) -> Deadline:
        """The deadline of an invocation that begins now."""
        end = self.clock.now() + seconds
        return Deadline(lambda: end - self.clock.now())

    def account(self, deadline: Deadline) -> Account:
        """What such an invocation works on."""
        calls = Calls(self.clock.now, self.clock.sleep, deadline.left, RESERVE, random=lambda: 0.5)
        self.calls.append(calls)
        return Account(
            settings=made_up_settings(),
            client=self.client,
            calls=calls,
            configuration=self._configuration,
            cluster=_no_cluster,
            definitions=self.definitions,
        )

    def client(self, name: str) -> Any:
        """A client of botocore that makes one attempt."""
        if name not in self._clients:
            retries: Any = {"total_max_attempts": 1}
            made = _session().create_client(name, region_name=REGION, config=Config(retries=retries))
            self._answer(made, name)
            self._clients[name] = made
        return self._clients[name]

    def before(self, operation: str, act: Callable[[Mapping[str, Any]], None]) -> None:
        """Have something happen whenever an operation is about to be carried out."""
        self._hooks.setdefault(operation, []).append(act)

    def refuse(self, operation: str, part: str = "", code: str = "AccessDenied") -> None:
        """Refuse an operation where its parameters have a text in them."""

        def act(asked: Mapping[str, Any]) -> None:
            if part in str(asked):
                raise Refusal(code, 403)

        self.before(operation, act)

    def forbid_writes(self) -> None:
        """Whoever writes from now on fails the test."""

        def act(asked: Mapping[str, Any]) -> None:
            raise AssertionError(f"somebody writes: {asked}")

        for operation in WRITES:
            self.before(operation, act)

    def allow(self, operation: str) -> None:
        """Carry an operation out again, whatever was said before."""
        self._hooks.pop(operation, None)

    def configure(self, **document: Any) -> None:
        """The configuration from now on."""
        self.configuration = parse(json.dumps(document))

    def state(self) -> dict[str, Any]:
        """All alarms as they were put, and all dashboards."""
        alarms = {name: (one.request, one.tags) for name, one in self.alarms.stored.items()}
        return {**alarms, **{name: text for name, (text, _) in self.dashboards.stored.items()}}

    def put_foreign(self, name: str, *children: str) -> None:
        """An alarm of somebody else, or with children a composite alarm."""
        if children:
            rule = " OR ".join(f'ALARM("{child}")' for child in children)
            self.alarms.put_composite_alarm({"AlarmName": name, "AlarmRule": rule})
            return
        self.alarms.put_metric_alarm({"AlarmName": name, **FOREIGN})

    def _configuration(self) -> Configuration:
        if isinstance(self.configuration, ConfigurationError):
            raise self.configuration
        return self.configuration

    def _answer(self, client: Any, service: str) -> None:
        asked: dict[str, Any] = {}

        def remember(params: dict[str, Any], **_: Any) -> None:
            asked.clear()
            asked.update(params)

        def answered(model: Any, **_: Any) -> tuple[_Http, dict[str, Any]]:
            try:
                return _Http(200), self._carry_out(service, model.name, dict(asked))
            except Refusal as refusal:
                told = {"Code": refusal.code, "Message": f"not done: {model.name}"}
                return _Http(refusal.status), {"Error": told, "ResponseMetadata": {"HTTPStatusCode": refusal.status}}

        client.meta.events.register("provide-client-params", remember)
        client.meta.events.register_first("before-call", answered)

    def _carry_out(self, service: str, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        self.requests[operation] += 1
        self.clock.sleep(self.latency)
        bucket = quotas.SHARED.get(operation, operation)
        if self.throttle and bucket in self._buckets.quotas and not self._buckets.take(bucket):
            self.throttled[operation] += 1
            raise Refusal(*quotas.THROTTLED[service])
        for act in [*self._hooks.get(ANY, ()), *self._hooks.get(operation, ())]:
            act(asked)
        if operation in WRITES:
            self.writes.append(operation)
        if operation == "GetResources":
            return self._get_resources(asked)
        method = _snake(operation)
        place = next(one for one in (self.alarms, self.dashboards, self.services) if hasattr(one, method))
        answer: dict[str, Any] = getattr(place, method)(asked)
        return answer

    def _get_resources(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The tagging API: resources by type and tags, in the order in which they were when the listing began."""
        token = asked.get("PaginationToken", "")
        types = tuple(asked["ResourceTypeFilters"])
        if token:
            known, found = self._pages.pop(token)
            assert known == types
        else:
            found = self._tagged(types, asked.get("TagFilters", ()))
        page, rest = found[:PAGE], found[PAGE:]
        following = f"token-{self.requests['GetResources']}" if rest else ""
        if rest:
            self._pages[following] = types, rest
        listed = [
            {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
            for arn, tags in page
        ]
        return {"ResourceTagMappingList": listed, "PaginationToken": following}

    def _tagged(self, types: tuple[str, ...], filters: Any) -> list[tuple[str, dict[str, str]]]:
        found = list(self.alarms.tagged()) if "cloudwatch:alarm" in types else []
        for arn, (kind, tags) in self.services.tagged.items():
            if kind in types or kind.partition(":")[0] in types:
                found.append((arn, tags))
        return [(arn, tags) for arn, tags in found if all(tags.get(one["Key"], "") in one["Values"] for one in filters)]


def _snake(operation: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).lstrip("_")


def _no_cluster() -> Any:
    raise ConfigurationError("secret", "no credentials", "credentials")
