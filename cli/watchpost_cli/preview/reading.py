"""Reads from CloudWatch what the widgets of dashboards show: GetMetricData, units, and states of alarms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from watchpost_cli.preview.model import Body, Data, Graph, Line, Place, shown_range
from watchpost_cli.preview.queries import Asked, asked, lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_cloudwatch import CloudWatchClient

    from watchpost_cli.preview.queries import Entry

QUERIES = 500  # of one call (CloudWatch API, GetMetricData)
NAMES = 100  # of one call (CloudWatch API, DescribeAlarms)


@dataclass(frozen=True, slots=True)
class CloudWatch:
    """Reads with the clients given. What CloudWatch refuses is told in place of the widgets that it was for.

    client: makes the client of a region. end: in UTC.
    IAM: cloudwatch:GetMetricData, cloudwatch:GetMetricStatistics, cloudwatch:DescribeAlarms.
    """

    client: Callable[[str], CloudWatchClient]
    end: datetime

    def __call__(self, dashboards: Mapping[str, Body]) -> Data:
        """All that the dashboards show. Raises nothing for what CloudWatch refuses."""
        end = self.end.astimezone(UTC).replace(second=0, microsecond=0)
        graphs: dict[Place, Graph] = {}
        units: dict[tuple[str, str, str], str] = {}
        for batch in _batches(_all(dashboards, end)):
            graphs.update(self._read(batch, units))
        states, trouble = self._states(dashboards)
        return Data(end, graphs, states, trouble)

    def _read(self, batch: Sequence[Asked], units: dict[tuple[str, str, str], str]) -> Iterator[tuple[Place, Graph]]:
        first = batch[0]
        try:
            client = self.client(first.region)
            answers = _answers(client, batch)
            for wanted in batch:
                named = {
                    str(entry.query["Id"]): [
                        replace(line, unit=_unit(client, wanted, entry, line, units))
                        for line in answers.get(str(entry.query["Id"]), ())
                    ]
                    for entry in wanted.entries
                    if entry.query
                }
                yield wanted.place, Graph(lines(wanted, named), wanted.period)
        except (ClientError, BotoCoreError) as error:
            if len(batch) > 1:
                # One widget that is refused must not empty those that share its call.
                for wanted in batch:
                    yield from self._read([wanted], units)
            else:
                yield first.place, Graph(period=first.period, trouble=str(error))

    def _states(self, dashboards: Mapping[str, Body]) -> tuple[dict[str, str], str]:
        """States by ARN, and why some may be missing."""
        by_region: dict[str, set[str]] = {}
        for body in dashboards.values():
            for widget in body["widgets"]:
                for arn in widget["properties"].get("alarms", ()):
                    by_region.setdefault(arn.split(":")[3], set()).add(arn)
        states: dict[str, str] = {}
        trouble = ""
        for region, arns in by_region.items():
            names = sorted(arn.split(":", 6)[6] for arn in arns)
            try:
                client = self.client(region)
                for start in range(0, len(names), NAMES):
                    states.update(_described(client, names[start : start + NAMES]))
            except (ClientError, BotoCoreError) as error:
                trouble = str(error)
        return states, trouble


def _described(client: CloudWatchClient, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    pages = client.get_paginator("describe_alarms")
    for page in pages.paginate(AlarmNames=names, AlarmTypes=["MetricAlarm", "CompositeAlarm"]):
        found: list[Any] = [*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ())]
        for alarm in found:
            yield alarm["AlarmArn"], alarm["StateValue"]


def _all(dashboards: Mapping[str, Body], end: datetime) -> Iterator[Asked]:
    number = 0
    for name, body in dashboards.items():
        start = end - shown_range(body)
        for index, widget in enumerate(body["widgets"]):
            if widget["type"] == "metric":
                number += 1
                yield asked((name, index), number, widget["properties"], start, end)


def _batches(wanted: Iterable[Asked]) -> Iterator[list[Asked]]:
    """Widgets that one call can serve: of one region and range of time, 500 queries at most."""
    groups: dict[tuple[str, datetime, datetime], list[Asked]] = {}
    for one in wanted:
        groups.setdefault((one.region, one.start, one.end), []).append(one)
    for group in groups.values():
        batch: list[Asked] = []
        count = 0
        for one in group:
            if batch and count + len(one.queries) > QUERIES:
                yield batch
                batch, count = [], 0
            batch.append(one)
            count += len(one.queries)
        yield batch


def _answers(client: CloudWatchClient, batch: Sequence[Asked]) -> dict[str, list[Line]]:
    """Lines by the id of the query. An expression that returns several has one for each label."""
    queries: Any = [query for wanted in batch for query in wanted.queries]
    if not queries:
        return {}
    points: dict[str, dict[str, list[tuple[datetime, float]]]] = {}
    pages = client.get_paginator("get_metric_data")
    for page in pages.paginate(MetricDataQueries=queries, StartTime=batch[0].start, EndTime=batch[0].end):
        for result in page["MetricDataResults"]:
            line = points.setdefault(result["Id"], {}).setdefault(result.get("Label", ""), [])
            times = (time.astimezone(UTC) for time in result["Timestamps"])
            line += zip(times, result["Values"], strict=True)
    return {
        query: [Line(label, tuple(sorted(found))) for label, found in labelled.items()]
        for query, labelled in points.items()
    }


def _unit(
    client: CloudWatchClient, wanted: Asked, entry: Entry, line: Line, units: dict[tuple[str, str, str], str]
) -> str:
    """The unit of a metric, which GetMetricData does not tell. Asked for once for each name of a metric."""
    if not entry.metric or not line.points:
        return ""
    if entry.statistic == "SampleCount":
        return "Count"
    key = (wanted.region, entry.metric["Namespace"], entry.metric["MetricName"])
    if key not in units:
        last = line.points[-1][0]
        answer = client.get_metric_statistics(
            **entry.metric,
            StartTime=last,
            EndTime=last + timedelta(seconds=wanted.period),
            Period=wanted.period,
            Statistics=["Average"],
        )
        units[key] = next((point.get("Unit", "") for point in answer["Datapoints"]), "")
    return units[key]
