"""What shipping costs by service, out of what CloudWatch counted in some time: a month like that time. Pure.

The work of the shipper is shared out by lines, since its time goes with them: each service pays its share of the
shipper's time and calls, and of the stream; and the metrics that are made of its lines. The rest is Watchpost itself.
An estimate by list prices (provisioner.prices).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provisioner import cost, prices

if TYPE_CHECKING:
    from collections.abc import Sequence

SHIPPER = "shipper"
UNCOUNTED = "shipper and stream: no service's lines are counted"
NOT_COUNTED = (
    "Elasticsearch itself, the transfer of data to it, dead letters in S3, requests of SQS, SNS, DynamoDB, KMS and "
    "Kinesis, X-Ray, free tiers, discounts and taxes"
)


@dataclass(frozen=True, slots=True)
class Used:
    """One service. lines, bytes, invocations: in the time that is looked at."""

    service: str
    lines: float = 0.0  # that were shipped
    bytes: float = 0.0  # that came into its log groups
    invocations: float = 0.0  # of the shipper with lines of this service, about: one counts once for each minute in it
    metrics: int = 0  # custom metrics, that are paid for whatever the time is


@dataclass(frozen=True, slots=True)
class Function:
    """One of Watchpost's functions in that time."""

    component: str
    invocations: float
    milliseconds: float  # of all invocations together
    memory_mb: float
    architecture: str

    @property
    def usd(self) -> float:
        """Of that time."""
        a_millisecond = prices.of_function(self.memory_mb, self.architecture)
        return self.invocations * prices.REQUEST + self.milliseconds * a_millisecond


@dataclass(frozen=True, slots=True)
class Stream:
    """The stream of Delivery=kinesis. shards: None on demand; bytes: written in that time."""

    shards: int | None
    bytes: float

    def month(self, times: float) -> float:
        """USD a month. times: how often that time is in a month."""
        if self.shards is not None:
            return self.shards * prices.SHARD_HOUR * prices.HOURS
        return prices.STREAM_HOUR * prices.HOURS + self.bytes * times * prices.STREAM_BYTE


@dataclass(frozen=True, slots=True)
class Measured:
    """All that was counted."""

    hours: float  # of the time that is looked at
    services: Sequence[Used] = ()
    functions: Sequence[Function] = ()
    stream: Stream | None = None
    own_metrics: int = 0  # in Watchpost/Pipeline
    own_bytes: float = 0.0  # that came into the log groups of Watchpost's functions
    alarms: cost.Cost = field(default_factory=cost.Cost)  # and dashboards, of all services


@dataclass(frozen=True, slots=True)
class Row:
    """What one service costs a month."""

    used: Used
    share: float  # of the lines, 0 to 1
    shipper: float  # USD
    metrics: float  # USD

    @property
    def total(self) -> float:
        return self.shipper + self.metrics

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return {
            "service": self.used.service,
            "lines": round(self.used.lines),
            "bytes": round(self.used.bytes),
            "invocations": round(self.used.invocations),
            "share": self.share,
            "metrics": self.used.metrics,
            "usd": {"shipper": self.shipper, "metrics": self.metrics, "total": self.total},
        }


@dataclass(frozen=True, slots=True)
class Bill:
    """USD a month. rest: what is no service's. ingestion: what CloudWatch Logs takes, with or without Watchpost."""

    rows: tuple[Row, ...]
    rest: tuple[tuple[str, float], ...]
    ingestion: float

    @property
    def total(self) -> float:
        return sum(row.total for row in self.rows) + sum(usd for _, usd in self.rest)


def bill(measured: Measured) -> Bill:
    """The services that cost most come first."""
    times = prices.HOURS / measured.hours
    shared = _shared(measured, times)
    lines = sum(one.lines for one in measured.services)
    rows = []
    for one in measured.services:
        share = one.lines / lines if lines else 0.0
        rows.append(Row(one, share, share * shared, one.metrics * prices.CUSTOM_METRIC))
    rest = [] if lines or not shared else [(UNCOUNTED, shared)]
    ingested = sum(one.bytes for one in measured.services) * times * prices.LOG_BYTE
    return Bill(
        tuple(sorted(rows, key=lambda row: (-row.total, -row.used.bytes, row.used.service))),
        (*rest, *_rest(measured, times)),
        ingested,
    )


def _shared(measured: Measured, times: float) -> float:
    """USD a month that is shared out: the shipper, its calls of PutMetricData, and the stream."""
    found = 0.0
    publishes = any(one.metrics for one in measured.services)
    for function in measured.functions:
        if function.component == SHIPPER:
            # One request an invocation: a thousand metrics fit into it.
            calls = function.invocations * prices.PUT_METRIC_DATA if publishes else 0.0
            found += (function.usd + calls) * times
    return found + (measured.stream.month(times) if measured.stream else 0.0)


def _rest(measured: Measured, times: float) -> list[tuple[str, float]]:
    others = [function for function in measured.functions if function.component != SHIPPER]
    counts = measured.alarms
    return [
        ("other functions of Watchpost", sum(function.usd for function in others) * times),
        (f"Watchpost's own metrics ({measured.own_metrics})", measured.own_metrics * prices.CUSTOM_METRIC),
        ("log lines of Watchpost's functions", measured.own_bytes * times * prices.LOG_BYTE),
        (f"alarms ({counts.alarms + counts.composites}) and dashboards ({counts.dashboards})", counts.total),
        ("one key, two secrets", prices.KEY + 2 * prices.SECRET),
    ]
