"""What `watchpost cost` reads of an account: CloudWatch's counts and the functions as they are. It only reads."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from provisioner import cost
from provisioner.placeholders import published
from provisioner.shipping import Function, Measured, Stream, Used
from watchpost import names

from watchpost_cli import reading, stack
from watchpost_cli.errors import CliError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

MOST = 500  # metrics of one call (CloudWatch API, GetMetricData)
# Seconds of a period by the seconds that are looked at: CloudWatch keeps minutes for 15 days, five minutes for 63,
# hours for 455 (CloudWatch API, GetMetricData).
PERIODS = ((6 * 3600, 300), (15 * 86_400, 3600), (455 * 86_400, 86_400))


@dataclass(frozen=True, slots=True)
class Asked:
    """One metric and its statistic over the whole time."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str = "Sum"

    def query(self, number: int, period: int) -> dict[str, Any]:
        """As GetMetricData takes it."""
        where = [{"Name": name, "Value": value} for name, value in self.dimensions]
        metric = {"Namespace": self.namespace, "MetricName": self.name, "Dimensions": where}
        return {"Id": f"m{number}", "MetricStat": {"Metric": metric, "Period": period, "Stat": self.statistic}}


@dataclass(frozen=True, slots=True)
class Span:
    """A time whose beginning is that of a period, so that none is cut. period: seconds."""

    start: datetime
    end: datetime
    period: int

    @property
    def hours(self) -> float:
        return (self.end - self.start).total_seconds() / 3600


def span(start: datetime, end: datetime) -> Span:
    """The time from start, or a little before, to end. Raises CliError where there is none, or CloudWatch forgot it."""
    seconds = (end - start).total_seconds()
    if seconds < PERIODS[0][1]:
        raise CliError("--since: five minutes at least, as less says nothing about a month.")
    for longest, period in PERIODS:
        if seconds <= longest:
            begun = int(start.timestamp()) // period * period
            return Span(datetime.fromtimestamp(begun, UTC), end, period)
    raise CliError("--since: 455 days at most, as CloudWatch forgets what is older.")


def measure(deployed: stack.Deployed, time: Span) -> Measured:
    """Everything that is counted of a stack's shipping. Raises CliError."""
    _, entries = reading.ledger(deployed)
    groups: dict[str, list[str]] = {}
    for entry in entries.values():
        if entry.service:
            groups.setdefault(published(entry.service), []).append(entry.log_group)
    cloudwatch = stack.client("cloudwatch")
    functions = _functions(deployed)
    with stack.reading("CloudWatch's metrics"):
        namespace = deployed.parameters.get("MetricNamespace", "Watchpost")
        metrics = _metrics_of_services(cloudwatch, namespace)
        own = sum(1 for _ in _listed(cloudwatch, names.PIPELINE_NAMESPACE, {"Name": "Stack", "Value": deployed.name}))
        services = sorted({*metrics, *groups})
        asked = _asked(deployed, namespace, functions, services, groups)
        sums = _sums(cloudwatch, asked, time)
        alarms = _alarms(cloudwatch, deployed.name)
    return Measured(
        hours=time.hours,
        services=[_used(one, namespace, groups.get(one, ()), metrics[one], sums) for one in services],
        functions=[
            Function(one.component, sums[one.asked("Invocations")], sums[one.asked("Duration")], one.memory, one.kind)
            for one in functions
        ],
        stream=_stream(deployed, sums),
        own_metrics=own,
        own_bytes=sum(sums[_bytes_of(group)] for group in names.own_log_groups(deployed.name)),
        alarms=alarms,
    )


@dataclass(frozen=True, slots=True)
class _Live:
    """A function as it is. memory: MB; kind: of its processor."""

    component: str
    name: str
    memory: int
    kind: str

    def asked(self, metric: str) -> Asked:
        return Asked("AWS/Lambda", metric, (("FunctionName", self.name),))


def _functions(deployed: stack.Deployed) -> list[_Live]:
    client, found = stack.client("lambda"), []
    for component in names.COMPONENTS:
        name = deployed.outputs.get(f"{component.capitalize()}Function")
        if name is None:
            continue  # of an older version of the stack
        with stack.reading(f"The function {name}"):
            live = client.get_function_configuration(FunctionName=name)
        kind = next(iter(live.get("Architectures") or ()), "x86_64")
        found.append(_Live(component, name, live["MemorySize"], kind))
    return found


def _listed(cloudwatch: Any, namespace: str, dimension: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    pages = cloudwatch.get_paginator("list_metrics").paginate(Namespace=namespace, Dimensions=[dimension])
    for page in pages:
        yield from page["Metrics"]


def _metrics_of_services(cloudwatch: Any, namespace: str) -> Counter[str]:
    """How many metrics each service has. CloudWatch lists those with a value in the last two weeks."""
    return Counter(
        dimension["Value"]
        for metric in _listed(cloudwatch, namespace, {"Name": "Service"})
        for dimension in metric["Dimensions"]
        if dimension["Name"] == "Service"
    )


def _bytes_of(group: str) -> Asked:
    return Asked("AWS/Logs", "IncomingBytes", (("LogGroupName", group),))


def _lines_of(service: str, namespace: str, statistic: str) -> Asked:
    return Asked(namespace, "LogLines", (("Service", service),), statistic)


def _bytes_of_stream(deployed: stack.Deployed) -> Asked:
    return Asked("AWS/Kinesis", "IncomingBytes", (("StreamName", f"{deployed.name}-logs"),))


def _asked(
    deployed: stack.Deployed,
    namespace: str,
    functions: Iterable[_Live],
    services: Sequence[str],
    groups: Mapping[str, Sequence[str]],
) -> list[Asked]:
    asked = [one.asked(metric) for one in functions for metric in ("Invocations", "Duration")]
    asked += [_lines_of(one, namespace, statistic) for one in services for statistic in ("Sum", "SampleCount")]
    of_services = (group for one in groups.values() for group in one)
    asked += [_bytes_of(group) for group in sorted({*names.own_log_groups(deployed.name), *of_services})]
    return [*asked, _bytes_of_stream(deployed)]


def _sums(cloudwatch: Any, asked: Sequence[Asked], time: Span) -> Counter[Asked]:
    """What each metric was over the whole time; 0 where it has no value."""
    found: Counter[Asked] = Counter()
    for first in range(0, len(asked), MOST):
        part = asked[first : first + MOST]
        queries = [one.query(number, time.period) for number, one in enumerate(part)]
        pages = cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries, StartTime=time.start, EndTime=time.end
        )
        for page in pages:
            for result in page["MetricDataResults"]:
                found[part[int(result["Id"][1:])]] += sum(result["Values"])
    return found


def _used(service: str, namespace: str, groups: Iterable[str], metrics: int, sums: Mapping[Asked, float]) -> Used:
    return Used(
        service,
        lines=sums[_lines_of(service, namespace, "Sum")],
        bytes=sum(sums[_bytes_of(group)] for group in groups),
        invocations=sums[_lines_of(service, namespace, "SampleCount")],
        metrics=metrics,
    )


def _stream(deployed: stack.Deployed, sums: Mapping[Asked, float]) -> Stream | None:
    if deployed.parameters.get("Delivery", "direct") == "direct":
        return None
    shards = int(deployed.parameters.get("StreamShards") or 0)
    return Stream(shards or None, sums[_bytes_of_stream(deployed)])


def _alarms(cloudwatch: Any, name: str) -> cost.Cost:
    """The stack's alarms and dashboards, with those of the template."""
    metric_alarms: list[Any] = []
    composites = 0
    asked = {"AlarmNamePrefix": f"{name}/", "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    for page in cloudwatch.get_paginator("describe_alarms").paginate(**asked):
        metric_alarms += page.get("MetricAlarms", ())
        composites += len(page.get("CompositeAlarms", ()))
    listed = cloudwatch.get_paginator("list_dashboards").paginate(DashboardNamePrefix=names.dashboard(name, ""))
    return cost.of(metric_alarms, composites, sum(len(page["DashboardEntries"]) for page in listed))
