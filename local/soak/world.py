"""The stack that is soaked, and what is asked of the account about it."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from watchpost import names

from local import emulator, stack
from local.errors import LocalError
from local.soak import traffic, watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.account import Account

NAME, REGION = "watchpost-soak", "ap-southeast-1"  # apart from every other stack of the account
ENVIRONMENT = "soak"  # its documents lie in data streams of their own
PATIENCE = 120.0  # seconds until a log group is subscribed, on a busy machine
_STREAMS = f"logs-watchpost.*-{ENVIRONMENT},metrics-watchpost.*-{ENVIRONMENT}"
_PAGE = 5_000
_REPORT = re.compile(r"REPORT RequestId: \S+\s+Duration: ([\d.]+) ms")
_TIMED_OUT = re.compile(r"\bTask timed out after\b")


@dataclass(slots=True)
class Told:
    """What the shipper's log tells of some time."""

    durations: list[float] = field(default_factory=list)  # seconds of each invocation
    timeouts: int = 0
    counts: Counter[str] = field(default_factory=Counter)  # sums of its own metrics by name


@dataclass(frozen=True)
class World:
    """A deployed stack, its log group, and the process that runs its functions."""

    account: Account
    group: str
    outputs: dict[str, str]

    def client(self, service: str) -> Any:
        """A client in the stack's region."""
        return self.account.client(service, REGION)

    def ways(self) -> dict[str, Callable[[list[str], str], None]]:
        """How lines are sent, by name."""
        return {
            "directly": traffic.directly(self.client("logs"), self.group),
            "through Kinesis": traffic.through_stream(
                self.client("kinesis"), f"{NAME}-logs", self.group, emulator.ACCOUNT
            ),
        }

    def environments(self) -> dict[int, watch.Reading]:
        """The shipper's warm environments."""
        pids = json.loads((self.account.state.run / "pids.json").read_text())
        wanted = {"AWS_LAMBDA_FUNCTION_NAME": self.outputs["ShipperFunction"], "AWS_REGION": REGION}
        return watch.environments(pids["aws"], wanted)

    def lag(self) -> float | None:
        """Age of the newest line that a search finds, in seconds; None when it finds none."""
        body = {"size": 1, "sort": [{"@timestamp": "desc"}], "_source": False, "query": self._query()}
        body["docvalue_fields"] = [{"field": "@timestamp", "format": "epoch_millis"}]
        answer = self._ask("POST", f"{_STREAMS}/_search?ignore_unavailable=true", body)
        hits = answer["hits"]["hits"]
        return time.time() - float(hits[0]["fields"]["@timestamp"][0]) / 1000 if hits else None

    def count(self) -> int:
        """How many documents there are."""
        self._ask("POST", f"{_STREAMS}/_refresh?ignore_unavailable=true")
        return int(self._ask("POST", f"{_STREAMS}/_count?ignore_unavailable=true", {"query": self._query()})["count"])

    def found(self) -> Counter[int]:
        """How often each line's number is found."""
        counted: Counter[int] = Counter()
        for message in self._messages():
            number = traffic.number_of(message)
            if number is not None:
                counted[number] += 1
        return counted

    def _messages(self) -> Iterator[str]:
        self._ask("POST", f"{_STREAMS}/_refresh?ignore_unavailable=true")
        body = {"size": _PAGE, "sort": ["_doc"], "_source": ["message"], "query": self._query()}
        answer = self._ask("POST", f"{_STREAMS}/_search?scroll=2m&ignore_unavailable=true", body)
        while answer["hits"]["hits"]:
            yield from (hit["_source"]["message"] for hit in answer["hits"]["hits"])
            answer = self._ask("POST", "_search/scroll", {"scroll": "2m", "scroll_id": answer["_scroll_id"]})
        self._ask("DELETE", "_search/scroll", {"scroll_id": answer["_scroll_id"]})

    def _query(self) -> dict[str, Any]:
        return {"term": {"aws.cloudwatch.log_group": self.group}}

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.account.elasticsearch(method, path, json=body)
        answer.raise_for_status()
        return answer.json()

    def waiting(self) -> int:
        """Objects with dead letters, and with events that the shipper failed to handle."""
        listed = 0
        pages = self.client("s3").get_paginator("list_objects_v2")
        for prefix in ("dead-letters/", "aws/lambda/"):
            for page in pages.paginate(Bucket=self.outputs["DeadLetterBucket"], Prefix=prefix):
                listed += len(page.get("Contents", ()))
        return listed

    def replay(self) -> dict[str, Any]:
        """Replay what waits, as a person would ask for it."""
        answer = self.account.invoke(self.outputs["ReplayFunction"], {"dryRun": False}, REGION)
        return dict(answer)

    def told(self, since_ms: int, until_ms: int) -> Told:
        """What the shipper's log says of a time; milliseconds since 1970."""
        told = Told()
        pages = self.client("logs").get_paginator("filter_log_events")
        group = f"/aws/lambda/{self.outputs['ShipperFunction']}"
        for page in pages.paginate(logGroupName=group, startTime=since_ms, endTime=until_ms):
            for event in page["events"]:
                tell(told, event["message"])
        return told


def tell(told: Told, message: str) -> None:
    """Add what one line of the shipper's log says."""
    report = _REPORT.match(message)
    if report:
        told.durations.append(float(report[1]) / 1000)
    told.timeouts += _TIMED_OUT.search(message) is not None
    if not message.startswith("{") or '"CloudWatchMetrics"' not in message:
        return
    counts = json.loads(message)
    for metric in counts["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
        if metric["Unit"] == "Count":
            told.counts[metric["Name"]] += counts[metric["Name"]]


def deployed(account: Account, elasticsearch_url: str, timeout: int | None = None) -> World:
    """Deploy the stack with an Elasticsearch behind a URL, and have a new log group subscribed.

    timeout: seconds of the shipper, where not as deployed. Raises LocalError.
    """
    parameters = {"Environment": ENVIRONMENT, "Delivery": "drain"}
    stack.deploy(account.state, account.endpoint, elasticsearch_url, NAME, REGION, **parameters)
    outputs = account.outputs(NAME, REGION)
    secret = account.client("secretsmanager").get_secret_value(SecretId=account.outputs()["ElasticsearchSecret"])
    account.client("secretsmanager", REGION).put_secret_value(
        SecretId=outputs["ElasticsearchSecret"], SecretString=secret["SecretString"]
    )
    account.invoke(outputs["ProvisionerFunction"], {"action": "apply"}, REGION)
    if timeout is not None:
        _shorten(account, outputs["ShipperFunction"], timeout)
    group = f"/soak/{uuid.uuid4().hex[:12]}"
    account.client("logs", REGION).create_log_group(logGroupName=group, tags={"service": "soak"})
    _subscribe(account, outputs["SubscriberFunction"], group)
    return World(account, group, outputs)


def _shorten(account: Account, shipper: str, timeout: int) -> None:
    """Give the shipper less time: what its alias leads to is a version, which stays as it was published."""
    functions = account.client("lambda", REGION)
    functions.update_function_configuration(FunctionName=shipper, Timeout=timeout)
    version = functions.publish_version(FunctionName=shipper)["Version"]
    functions.update_alias(FunctionName=shipper, Name=names.SHIPPER_ALIAS, FunctionVersion=version)


def _subscribe(account: Account, subscriber: str, group: str) -> None:
    logs = account.client("logs", REGION)
    deadline = time.monotonic() + PATIENCE
    while not logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]:
        if time.monotonic() > deadline:
            raise LocalError(f"{group} was not subscribed", f"Look at the log group /aws/lambda/{subscriber}")
        account.invoke(subscriber, {"action": "sweep"}, REGION)
