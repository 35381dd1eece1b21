"""What can be found in the account after the traffic, held against what went in."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from watchpost.names import COMPONENTS

from local.demo.traffic import FAILING, LOG_GROUPS, wait_for
from local.errors import LocalError
from local.stack import ENVIRONMENT, STACK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import requests

    from local.account import Account
    from local.demo.receiver import Receiver
    from local.demo.traffic import Order

STREAMS = f"logs-watchpost.app-{ENVIRONMENT},logs-watchpost.platform-{ENVIRONMENT},metrics-watchpost.line-{ENVIRONMENT}"
NAMESPACE = "Watchpost"
FILTERED = ("START RequestId:", "END RequestId:")  # the platform lines that are not kept by default


@dataclass(slots=True)
class Lines:
    """What one service wrote and what arrived of it, each by log stream."""

    written: int = 0
    filtered: int = 0
    expected: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)

    @property
    def missing(self) -> Counter[str]:
        return self.expected - self.found

    @property
    def surplus(self) -> Counter[str]:
        return self.found - self.expected


@dataclass(frozen=True, slots=True)
class MetricSum:
    """One metric of one service: what its lines say and what CloudWatch has."""

    service: str
    name: str
    samples: float
    expected_sum: float
    found_samples: float
    found_sum: float

    @property
    def equal(self) -> bool:
        return self.samples == self.found_samples and abs(self.expected_sum - self.found_sum) < 1e-6


def search(account: Account, body: dict[str, Any]) -> dict[str, Any]:
    """Search all of Watchpost's documents."""

    def answered() -> requests.Response | None:
        params = {"ignore_unavailable": "true"}
        answer = account.elasticsearch("POST", f"{STREAMS}/_search", json=body, params=params)
        return None if answer.status_code == 503 else answer  # the shard of a new data stream is still being started

    answer = wait_for("The start of the data streams", answered)
    if not answer.ok:
        raise LocalError(f"Elasticsearch refused a search: {answer.text[:300]}", "make status says what runs")
    found: dict[str, Any] = answer.json()
    return found


def written(account: Account) -> dict[str, list[tuple[str, str]]]:
    """Every line of every demo service as (log stream, message), as CloudWatch Logs has them."""
    paginator = account.client("logs").get_paginator("filter_log_events")
    return {
        service: [
            (event["logStreamName"], event["message"])
            for page in paginator.paginate(logGroupName=group)
            for event in page["events"]
        ]
        for service, group in LOG_GROUPS.items()
    }


def count_lines(account: Account) -> dict[str, Lines]:
    """Lines written against documents found, by service."""
    counted: dict[str, Lines] = {}
    for service, events in written(account).items():
        lines = Lines(written=len(events))
        for stream, message in events:
            if message.startswith(FILTERED):
                lines.filtered += 1
            else:
                lines.expected[stream] += 1
        counted[service] = lines
    account.elasticsearch("POST", f"{STREAMS}/_refresh")
    for service, lines in counted.items():
        found = _documents(account, service)
        # A cluster that was there before may hold the documents of earlier demonstrations: other streams.
        lines.found = Counter({stream: found[stream] for stream in lines.expected if found[stream]})
    return counted


def _documents(account: Account, service: str) -> Counter[str]:
    group = {"term": {"aws.cloudwatch.log_group": LOG_GROUPS[service]}}
    query = {"bool": {"filter": [group, {"term": {"service.name": service}}]}}
    by_stream = {
        "terms": {"field": "aws.cloudwatch.log_stream", "size": 60_000}
    }  # below the 65,536 buckets of a search
    found = search(account, {"size": 0, "query": query, "aggs": {"by_stream": by_stream}})
    buckets = found.get("aggregations", {}).get("by_stream", {}).get("buckets", [])
    return Counter({bucket["key"]: bucket["doc_count"] for bucket in buckets})


def arrived(account: Account) -> dict[str, Lines] | None:
    """The counts once every line has its document, else None."""
    counted = count_lines(account)
    return None if any(lines.missing for lines in counted.values()) else counted


def settled(account: Account, seconds: float = 80.0) -> dict[str, Lines]:
    """The counts: as soon as all documents are there, or as they are after the given seconds.

    What Elasticsearch did not take in time, on a busy machine, has become dead letters. When half of the time is over
    they are replayed, as they are on a schedule every quarter of an hour.
    """
    began, pause, replayed = time.monotonic(), 0.3, False
    while (passed := time.monotonic() - began) < seconds:
        counted = arrived(account)
        if counted:
            return counted
        if passed > seconds / 2 and not replayed:
            account.invoke(account.outputs()["ReplayFunction"], {"dryRun": False})
            replayed = True
        time.sleep(pause)
        pause = min(1.2 * pause, 1.0)  # the emulator answers nobody else while it gathers what was written
    return count_lines(account)


def metric_sums(account: Account) -> list[MetricSum]:
    """Metric lines against CloudWatch, for every metric of every service."""
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    for service, events in written(account).items():
        for _, message in events:
            if message.startswith("MONITORING|"):
                fields = message.split("|")
                timed = fields[2].replace(".", "", 1).isdigit()  # the grammar with a time has a number there
                values[service, fields[4 if timed else 3]].append(float(fields[2 if timed else 1]))
    return [_metric_sum(account, service, name, numbers) for (service, name), numbers in sorted(values.items())]


def _metric_sum(account: Account, service: str, name: str, numbers: list[float]) -> MetricSum:
    now = datetime.now(UTC)
    answer = account.client("cloudwatch").get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName=name,
        Dimensions=[{"Name": "Service", "Value": service}],
        StartTime=now - timedelta(hours=12),
        EndTime=now + timedelta(minutes=5),
        Period=60,
        Statistics=["Sum", "SampleCount"],
    )
    points = answer["Datapoints"]
    return MetricSum(
        service=service,
        name=name,
        samples=len(numbers),
        expected_sum=sum(numbers),
        found_samples=sum(point["SampleCount"] for point in points),
        found_sum=sum(point["Sum"] for point in points),
    )


def at_rest(account: Account, orders: Sequence[Order]) -> bool:
    """Whether every order has come to its end, as the services' own logs say."""
    return not unfinished(written(account), orders)


def unfinished(lines: Mapping[str, Sequence[tuple[str, str]]], orders: Sequence[Order]) -> list[Order]:
    """The orders whose last line is not there. lines: by service, as of `written`."""
    last = {
        service: {ending for _, message in events for ending in _endings(message)} for service, events in lines.items()
    }
    return [order for order in orders if (order.correlation_id, order.end[1]) not in last.get(order.end[0], set())]


def _endings(message: str) -> list[tuple[str, str]]:
    """The correlation id of a line of the shop, with what `Order.end` may be."""
    try:
        line = json.loads(message)
    except ValueError:  # a line of the platform, or a metric
        return []
    if not isinstance(line, dict) or "correlation_id" not in line:
        return []
    return [(line["correlation_id"], line[name]) for name in ("message", "exception_name") if name in line]


def transaction(account: Account, correlation_id: str) -> list[dict[str, Any]]:
    """Every document that names a transaction, oldest first: as its id or anywhere in the text."""
    clauses: list[dict[str, Any]] = [
        {"term": {"correlation.id": correlation_id}},
        {"match_phrase": {"message": correlation_id}},
    ]
    body = {"size": 100, "query": {"bool": {"should": clauses, "minimum_should_match": 1}}}
    return sorted((hit["_source"] for hit in search(account, body)["hits"]["hits"]), key=written_at)


def written_at(document: Mapping[str, Any]) -> tuple[str, int]:
    """When a service wrote a line, by its own clock: here all lines of an invocation come with the same time."""
    own = str(document.get("app", {}).get("timestamp") or document["@timestamp"])
    return own, list(LOG_GROUPS).index(document["service"]["name"])


def alarms(account: Account) -> list[dict[str, Any]]:
    """Every alarm of the stack."""
    paginator = account.client("cloudwatch").get_paginator("describe_alarms")
    pages = paginator.paginate(AlarmNamePrefix=f"{STACK}/")
    return [alarm for page in pages for alarm in page["MetricAlarms"]]


def dashboards(account: Account) -> list[str]:
    """The names of the stack's dashboards."""
    paginator = account.client("cloudwatch").get_paginator("list_dashboards")
    pages = paginator.paginate(DashboardNamePrefix=f"{STACK}-")
    return [entry["DashboardName"] for page in pages for entry in page["DashboardEntries"]]


def error_alarm(account: Account) -> dict[str, Any] | None:
    """The alarm on the errors in the failing service's logs."""
    prefix = f"{STACK}/{FAILING}/"
    own = [alarm for alarm in alarms(account) if alarm["AlarmName"].startswith(prefix)]
    return next((alarm for alarm in own if alarm.get("MetricName") == "LogErrors"), None)


def notification(receiver: Receiver) -> dict[str, Any] | None:
    """The message about the failing service's alarm, once it has come."""
    mine = [message for message in receiver.messages if message.get("service") == FAILING]
    return next((message for message in mine if message.get("state") == "ALARM"), None)


def cost(account: Account) -> dict[str, list[int]]:
    """The billed milliseconds of each invocation of Watchpost's own functions, from their REPORT lines."""
    paginator = account.client("logs").get_paginator("filter_log_events")
    spent = {}
    for function in COMPONENTS:
        pages = paginator.paginate(logGroupName=f"/aws/lambda/{STACK}-{function}")
        messages = [event["message"] for page in pages for event in page["events"]]
        reports = [message for message in messages if message.startswith("REPORT RequestId:")]
        spent[function] = [int(report.split("Billed Duration: ")[1].split(" ")[0]) for report in reports]
    return spent
