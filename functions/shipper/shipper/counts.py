"""What one invocation did, as its own metrics."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import orjson
from watchpost.names import PIPELINE_NAMESPACE

if TYPE_CHECKING:
    from shipper.deliver import Delivery


@dataclass(slots=True)
class Counts:
    """Each number is a metric of the same name in `Watchpost/Pipeline`."""

    lines_received: int = 0
    lines_filtered: int = 0  # left out on purpose
    documents_delivered: int = 0
    documents_duplicate: int = 0  # delivered before
    documents_rescued: int = 0  # delivered after offending fields were moved
    documents_truncated: int = 0  # delivered after texts were cut: Elasticsearch takes no more
    documents_rejected: int = 0  # refused by Elasticsearch; they are dead letters
    dead_lettered: int = 0  # stored in the dead-letter bucket
    metric_lines_invalid: int = 0  # shipped as documents only
    metrics_published: int = 0  # values taken by CloudWatch
    metrics_logged: int = 0  # lines of the function's own log with values that neither CloudWatch nor the bucket took
    metrics_skipped: int = 0  # LogLines and LogErrors of minutes that CloudWatch no longer takes
    dimension_sets_capped: int = 0  # values published under Service alone, to keep the number of metrics bounded
    payloads_invalid: int = 0
    payloads_refused: int = 0  # from log groups of Watchpost itself, of this stack or another
    control_messages: int = 0
    bulk_requests: int = 0  # sent to Elasticsearch, retries included
    delivery_lag_seconds: float | None = None  # from the oldest line's own time to the end; None when nothing arrived
    filtered_by: dict[str, int] = field(default_factory=dict)  # lines left out, by the rule that says so; no metric
    echoes: dict[str, int] = field(default_factory=dict)  # lines that hold our own documents, by log group; no metric

    def filter(self, rule: str, lines: int) -> None:
        """Count lines that a rule leaves out."""
        self.lines_filtered += lines
        self.filtered_by[rule] = self.filtered_by.get(rule, 0) + lines

    def echo(self, log_group: str, rule: str, lines: int) -> None:
        """Count lines of a log group that a rule leaves out because they hold what was delivered."""
        self.filter(rule, lines)
        self.echoes[log_group] = self.echoes.get(log_group, 0) + lines

    def add(self, done: Delivery) -> None:
        """Count what became of documents."""
        self.documents_delivered += done.delivered
        self.documents_duplicate += len(done.duplicates)
        self.documents_rescued += done.rescued
        self.documents_truncated += done.truncated
        self.documents_rejected += done.rejected
        self.bulk_requests += done.requests

    def by_name(self) -> dict[str, float]:
        """The counts by their metrics' names, `LinesReceived` and so on."""
        return {
            name: value for name, value in ((name, getattr(self, one)) for one, name in _NAMES) if value is not None
        }

    def emf(self, stack: str, time_ms: int, version: str = "") -> str:
        """One line in CloudWatch's embedded metric format, with dimension Stack; time_ms: milliseconds since 1970.

        version: of the function. Dead letters, where there are some, are also told by version, so that a new one that
        cannot deliver is taken back. Anything more would be metrics for each version that was ever deployed.
        """
        values = self.by_name()
        metrics = [{"Name": name, "Unit": "Seconds" if name.endswith("Seconds") else "Count"} for name in values]
        directive = {"Namespace": PIPELINE_NAMESPACE, "Dimensions": [["Stack"]], "Metrics": metrics}
        directives, about = [directive], {"Stack": stack}
        if version and self.dead_lettered:
            letters = [one for one in metrics if one["Name"] == "DeadLettered"]
            directives.append({**directive, "Dimensions": [["Stack", "Version"]], "Metrics": letters})
            about["Version"] = version
        line = {"_aws": {"Timestamp": time_ms, "CloudWatchMetrics": directives}, **about, **values}
        if self.filtered_by:
            line["FilteredBy"] = self.filtered_by
        return orjson.dumps(line).decode()


_NAMES = [
    (one.name, one.name.title().replace("_", "")) for one in fields(Counts) if one.name not in ("filtered_by", "echoes")
]
