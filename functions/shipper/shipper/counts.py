"""What one invocation did, as its own metrics."""

from __future__ import annotations

from dataclasses import dataclass, fields

import orjson

NAMESPACE = "Watchpost/Pipeline"


@dataclass(slots=True)
class Counts:
    """Each field is a metric of the same name in `Watchpost/Pipeline`."""

    lines_received: int = 0
    lines_filtered: int = 0  # left out on purpose
    documents_delivered: int = 0
    documents_duplicate: int = 0  # delivered before
    documents_rejected: int = 0  # refused by Elasticsearch; they are dead letters
    dead_lettered: int = 0  # stored in the dead-letter bucket
    metric_lines_invalid: int = 0  # shipped as documents only
    metrics_published: int = 0  # values taken by CloudWatch
    metrics_skipped: int = 0  # LogLines and LogErrors of minutes that CloudWatch no longer takes
    dimension_sets_capped: int = 0  # values published under Service alone, to keep the number of metrics bounded
    payloads_invalid: int = 0
    payloads_refused: int = 0  # from Watchpost's own log groups
    control_messages: int = 0
    delivery_lag_seconds: float | None = None  # from the oldest line's own time to the end; None when nothing arrived

    def by_name(self) -> dict[str, float]:
        """The counts by their metrics' names, `LinesReceived` and so on."""
        values = {field.name.title().replace("_", ""): getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def emf(self, stack: str, time_ms: int) -> str:
        """One line in CloudWatch's embedded metric format, with dimension Stack; time_ms: milliseconds since 1970."""
        values = self.by_name()
        metrics = [{"Name": name, "Unit": "Seconds" if name.endswith("Seconds") else "Count"} for name in values]
        directive = {"Namespace": NAMESPACE, "Dimensions": [["Stack"]], "Metrics": metrics}
        line = {"_aws": {"Timestamp": time_ms, "CloudWatchMetrics": [directive]}, "Stack": stack, **values}
        return orjson.dumps(line).decode()
