"""The limits that a volume runs into, what it costs, and which limit is met first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner import prices

from benchmarks import capacity
from benchmarks.capacity import DAY, GB, Inputs, direct, replay_hours, storage, stream, traffic

if TYPE_CHECKING:
    from collections.abc import Callable

DIRECT, KINESIS, BOTH = "direct", "kinesis", "both"
MONTH = prices.HOURS / 24  # days
FARTHEST = 1e18  # bytes a day; what is not met below it is no limit

# USD, where provisioner.prices has none of it; the first tier of each, as there.
PUT_UNIT, PUT_UNIT_BYTES = 0.014 / 1e6, 25_000  # a record counts by units (Amazon Kinesis Data Streams pricing)
STREAM_GB = 0.08 + 0.04  # on demand, in and out (Amazon Kinesis Data Streams pricing)
TRANSFER_GB = 0.01  # to another availability zone of the region (Amazon EC2 pricing, data transfer)
OWN_METRICS = 20  # of the pipeline itself
OWN_LOG_BYTES = 1_100  # that an invocation writes: START, END, REPORT, and its metrics as one line


@dataclass(frozen=True, slots=True)
class Limit:
    """Something that has an end."""

    name: str
    way: str  # DIRECT, KINESIS or BOTH
    most: float
    unit: str
    value: Callable[[float, Inputs], float]  # at a volume
    source: str
    remedy: str

    def met_at(self, inputs: Inputs) -> float:
        """Bytes a day at which it is met; infinity when that is beyond everything. Each value grows with the volume."""
        low, high = 0.0, FARTHEST
        if self.value(high, inputs) <= self.most:
            return math.inf
        for _ in range(120):
            middle = (low + high) / 2
            low, high = (middle, high) if self.value(middle, inputs) <= self.most else (low, middle)
        return low


LIMITS = (
    Limit(
        "concurrency, all well", DIRECT, 1_000, "environments",
        lambda volume, inputs: direct(volume, inputs).peak_concurrency,
        "Lambda quotas, concurrent executions (of all functions)", "ask for more, or kinesis",
    ),
    Limit(
        "concurrency, Elasticsearch away", DIRECT, 1_000, "environments",
        lambda volume, inputs: direct(volume, inputs).peak_invocations * (capacity.AWAY + inputs.object_ms / 1_000),
        "the same; an invocation waits 3 s", "none is needed: Lambda's queue holds it for 6 h",
    ),
    Limit(
        "PutMetricData", DIRECT, 500, "calls/s", lambda volume, inputs: direct(volume, inputs).peak_invocations,
        "CloudWatch quotas, 500 TPS a region", "ask for more, or kinesis; what is refused is replayed",
    ),
    Limit(
        "dead letters, Elasticsearch away", DIRECT, 3_500, "objects/s",
        lambda volume, inputs: direct(volume, inputs).peak_invocations,
        "S3 performance, PUT for each prefix", "kinesis",
    ),
    Limit(
        "replay of an hour's outage", DIRECT, 24, "hours", replay_hours,
        "four objects at once (functions/replay)", "kinesis: more lines in an object",
    ),
    Limit(
        "reading the configuration", DIRECT, 40, "calls/s",
        lambda volume, inputs: direct(volume, inputs).peak_concurrency / 300,
        "Parameter Store quotas, GetParameter; each environment every 300 s", "higher throughput is a setting",
    ),
    Limit(
        "shards of the stream", KINESIS, 200, "shards", lambda volume, inputs: stream(volume, inputs).shards,
        "template.yaml, StreamShards; 500 in the account (Kinesis quotas)", "StreamShards=0, on demand",
    ),
    Limit(
        "concurrency", KINESIS, 1_000, "environments", lambda volume, inputs: stream(volume, inputs).shards,
        "one for each shard", "ask for more",
    ),
    Limit(
        "PutMetricData", KINESIS, 500, "calls/s", lambda volume, inputs: stream(volume, inputs).peak_invocations,
        "CloudWatch quotas, 500 TPS a region", "ask for more",
    ),
    Limit(
        "one write shard for application lines", BOTH, 1, "shards",
        lambda volume, inputs: traffic(volume, inputs).peak_lines
        * capacity.share("json", "node") / inputs.shard_documents,
        "watchpost-base, number_of_shards; an assumption of documents a second", "more shards: see below",
    ),
    Limit(
        "shards of three data nodes", BOTH, 3_000, "shards", lambda volume, inputs: storage(volume, inputs).shards,
        "Elasticsearch, cluster.max_shards_per_node", "more nodes, or a shorter retention",
    ),
)  # fmt: skip  # one limit reads as one block


def first_met(way: str, inputs: Inputs) -> list[tuple[float, Limit]]:
    """The limits of a way of delivery with the volume at which each is met, the first one first."""
    found = [(one.met_at(inputs), one) for one in LIMITS if one.way in (way, BOTH)]
    return sorted(found, key=lambda pair: pair[0])


def costs(volume: float, way: str, inputs: Inputs) -> dict[str, float]:
    """USD a month by item, of what AWS asks for the shipping; without Elasticsearch itself."""
    load = direct(volume, inputs) if way == DIRECT else stream(volume, inputs)
    invocations = load.invocations * MONTH
    documents = storage(volume, inputs).documents * MONTH
    found = {
        "Lambda, requests": invocations * prices.REQUEST,
        "Lambda, memory and time": load.concurrency
        * DAY
        * MONTH
        * inputs.memory_mb
        / 1_024
        * prices.GB_SECOND["arm64"],
        "PutMetricData": invocations * prices.PUT_METRIC_DATA,
        "custom metrics": (inputs.metrics + OWN_METRICS) * prices.CUSTOM_METRIC,
        "own logs": invocations * OWN_LOG_BYTES * prices.LOG_BYTE,
        "traffic to Elasticsearch": documents * inputs.document_bytes / GB * TRANSFER_GB,
    }
    if way == KINESIS:
        records = traffic(volume, inputs).lines / inputs.lines_per_batch * DAY * MONTH
        units = math.ceil(inputs.lines_per_batch * traffic(volume, inputs).wire_bytes / PUT_UNIT_BYTES)
        found["stream, shards"] = load.shards * prices.SHARD_HOUR * prices.HOURS
        found["stream, records"] = records * units * PUT_UNIT
    return found


def on_demand(volume: float, inputs: Inputs) -> float:
    """USD a month of the stream in on-demand mode, instead of shards and records."""
    found = traffic(volume, inputs)
    return found.lines * found.wire_bytes * DAY * MONTH / GB * STREAM_GB + prices.STREAM_HOUR * prices.HOURS


def ingestion(volume: float, inputs: Inputs) -> float:
    """USD a month that CloudWatch Logs asks for the lines themselves, with or without Watchpost; first tier."""
    lines = volume / inputs.line_bytes * MONTH
    return lines * (inputs.line_bytes + 26) * prices.LOG_BYTE  # 26 bytes are counted for each (PutLogEvents)
