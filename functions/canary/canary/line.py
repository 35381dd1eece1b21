"""The canary's line: how it is marked, written into its log group, found in Elasticsearch, and removed from there."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError
from watchpost import names
from watchpost.aws import code_of
from watchpost.errors import ClusterRefusedError, ClusterUnavailableError

from canary.findings import CLEANING, LOG_GROUP, Finding, cut

if TYPE_CHECKING:
    from watchpost.elasticsearch import Cluster
    from watchpost.settings import Settings

METRIC = "CanaryLines"  # what the line is counted as, in the namespace of the services' metrics
STREAM = "canary"  # its log stream
LABEL = "id"  # the tag of the line that holds its id
TIMEOUT = 4.0  # seconds of one request to Elasticsearch
# Seconds after which a line is left over: it was not found in time, or came later by a replay. Longer than a run, so
# that no run removes the line of another.
LEFT_OVER = 120
MOST = 100  # lines that are removed in a run
_GONE = "ResourceNotFoundException"


@dataclass(frozen=True, slots=True)
class Line:
    """One line. id: nobody can guess it, so nobody can make it arrive. written: seconds since 1970."""

    id: str
    written: float

    @property
    def text(self) -> str:
        """A metric line, so that it becomes a document and a value of a metric."""
        return f"MONITORING|1|Count|{METRIC}|Watchpost|{LABEL}={self.id}"


def new(now: float) -> Line:
    """A line that there was not before."""
    return Line(secrets.token_hex(16), now)


def write(logs: Any, group: str, line: Line) -> Finding | None:
    """Write a line into its log group; what is wrong with that. logs: client of CloudWatch Logs."""
    event = {"timestamp": int(line.written * 1000), "message": line.text}
    request = {"logGroupName": group, "logStreamName": STREAM, "logEvents": [event]}
    try:
        try:
            logs.put_log_events(**request)
        except ClientError as error:
            if code_of(error) != _GONE:
                raise
            logs.create_log_stream(logGroupName=group, logStreamName=STREAM)
            logs.put_log_events(**request)
    except (BotoCoreError, ClientError) as error:
        if code_of(error) == _GONE:
            return Finding(LOG_GROUP, f"there is no log group {group}", "Deploy the stack again: its template has it.")
        todo = "See what AWS says; the canary's role must allow logs:PutLogEvents on this log group."
        return Finding(LOG_GROUP, f"the log group {group} takes no line: {cut(error)}", todo)
    return None


class Search:
    """The canary's lines in Elasticsearch."""

    def __init__(self, cluster: Cluster, settings: Settings) -> None:
        self._cluster = cluster
        self._path = f"/{names.data_stream('line', names.canary_namespace(settings.environment))}/_search"
        # Stacks of one name in other accounts and regions may write to the same data stream.
        self._mine: list[dict[str, Any]] = [
            {"term": {"aws.cloudwatch.log_group": names.canary_log_group(settings.stack)}},
            {"term": {"cloud.region": settings.aws_region}},
            {"term": {"cloud.account.id": settings.account}},
        ]

    def finds(self, line: Line) -> bool:
        """Whether a line can be found. Raises ClusterUnavailableError, ClusterRefusedError."""
        return bool(self._hits({"bool": {"filter": [_is(line)]}}, 1))

    def remove(self, line: Line) -> tuple[int, Finding | None]:
        """Remove a line that was found and what is left over of earlier ones: how many, and what is wrong with that."""
        late = {"range": {"@timestamp": {"lt": int((line.written - LEFT_OVER) * 1000), "format": "epoch_millis"}}}
        mine = {"bool": {"filter": [*self._mine, late]}}
        either = {"bool": {"should": [_is(line), mine], "minimum_should_match": 1}}
        removed = 0
        try:
            for hit in self._hits(either, MOST):
                path = f"/{quote(hit['_index'], safe='')}/_doc/{quote(hit['_id'], safe='')}"
                self._cluster.request("DELETE", path, timeout=TIMEOUT)
                removed += 1
        except ClusterRefusedError as error:
            if error.status == 404:  # somebody else removed it
                return removed, None
            todo = "Grant the privilege `delete` on metrics-watchpost.line-*.canary: docs/elasticsearch.md."
            return removed, _not_removed(error, todo)
        except ClusterUnavailableError as error:
            return removed, _not_removed(error, "The next run tries again.")
        return removed, None

    def _hits(self, query: dict[str, Any], most: int) -> list[dict[str, Any]]:
        body = {"query": query, "size": most, "_source": False, "track_total_hits": False}
        params = {
            "ignore_unavailable": "true",
            "allow_no_indices": "true",
            "filter_path": "hits.hits._index,hits.hits._id",
        }
        found = self._cluster.request("POST", self._path, body, params=params, timeout=TIMEOUT)
        return list(found.get("hits", {}).get("hits", [])) if isinstance(found, dict) else []


def _is(line: Line) -> dict[str, Any]:
    return {"term": {f"labels.{LABEL}": line.id}}


def _not_removed(error: Exception, todo: str) -> Finding:
    return Finding(CLEANING, f"the canary's lines could not be removed: {cut(error)}", todo, is_warning=True)
