"""What the formats make of one log line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

APP = "app"  # application lines
PLATFORM = "platform"  # lines of the Lambda platform
METRIC = "line"  # metric lines
KINDS = (APP, PLATFORM, METRIC)

INVALID_METRIC = "metric-line-invalid"


@dataclass(slots=True)
class Metric:
    """What a metric line says."""

    name: str
    value: float
    type: str | None = None  # as the line has it, such as "latency"
    unit: str | None = None  # a CloudWatch unit
    namespace: str | None = None  # as the line has it; CloudWatch's namespace is the stack's
    time_ms: int | None = None  # milliseconds since 1970; None when the line has no time of its own


@dataclass(slots=True)
class Line:
    """One log line, understood as far as possible. What the line does not say is None."""

    message: str  # what a person reads
    kind: str = APP  # one of KINDS
    level: str | None = None
    service: str | None = None
    service_version: str | None = None
    service_environment: str | None = None
    request_id: str | None = None
    cold_start: bool | None = None
    trace_id: str | None = None
    correlation: dict[str, Any] | None = None
    error: dict[str, str] | None = None  # type, message, stack_trace
    app: dict[str, Any] | None = None  # everything else of a JSON line
    labels: dict[str, str] | None = None  # tags of a metric line
    metric: Metric | None = None
    action: str | None = None  # event.action of a platform line
    outcome: str | None = None  # event.outcome of a platform line: success or failure
    platform: dict[str, Any] | None = None  # aws.lambda of a platform line
    tags: list[str] = field(default_factory=list)  # how the line was treated

    def tag(self, tag: str) -> None:
        """Say how the line was treated, once."""
        if tag not in self.tags:
            self.tags.append(tag)

    def add_error(self, **parts: str | None) -> None:
        """Add what is known about an error; what was known before stays."""
        self.error = {name: value for name, value in parts.items() if value} | (self.error or {})

    def invalidate_metric(self, reason: str) -> None:
        """A metric line that yields no metric keeps its document, with the reason."""
        self.kind = METRIC
        self.metric = None
        self.tag(INVALID_METRIC)
        self.error = (self.error or {}) | {"message": f"metric line: {reason}"}


def usable_id(value: Any) -> str | None:
    """A request id, or None for what runtimes write when there is none."""
    if type(value) is not str:
        return None
    value = value.strip()
    return value if value and value not in _NO_ID and len(value) <= 256 else None


_NO_ID = frozenset({"undefined", "null", "None", "N/A"})
