"""What a volume of lines a day asks for: concurrency, shards, Elasticsearch. On paper: nothing is sent anywhere.

`python -m benchmarks.capacity` prints the tables of docs/capacity.md, which says what each figure is and whence.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmarks.payloads import MIX

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400  # seconds
GB, TB = 1e9, 1e12  # bytes, as volumes are told
VCPU_MB = 1_769  # memory of a function that has one vCPU (Lambda Developer Guide, Configure memory)
CHUNK = 1_000  # lines that the shipper converts and sends at once
SHARD_BYTES, SHARD_RECORDS = 1e6, 1_000  # a second into one shard (Kinesis Data Streams quotas)
BATCH_RECORDS, WINDOW = 200, 1.0  # of the stream's mapping (template.yaml): records, seconds
EVENT_BYTES = 6 * 1024 * 1024  # of an event to a function (Lambda quotas); records are in base64 in it
AWAY = 3.0  # seconds that an invocation gives an Elasticsearch that was away (functions/shipper, AWAY_TIMEOUT)
REPLAY_WORKERS, REPLAY_SHARE = 4, 600 / 900  # objects at once; of the time, as it runs 600 s of every 900


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the calculation stands on. What is measured here is measured on other machines as something else."""

    line_bytes: float = 322.0  # of a line, in the mix of benchmarks/payloads.py
    envelope_bytes: float = 142.0  # that CloudWatch Logs adds to a line: its id, its time, JSON
    compression: float = 8.0  # what gzip makes of lines that have ids of their own, measured: 8.4
    lines_per_batch: float = 100.0  # of one delivery of CloudWatch Logs: not documented, look at your own
    peak: float = 3.0  # the busiest hour of the day, in times of the average
    memory_mb: int = 512  # of the shipper (template.yaml)
    fixed_ms: float = 0.4  # of processor time for an invocation, measured
    line_us: float = 7.5  # of processor time for a line, measured
    core: float = 1.5  # how much slower a vCPU of Lambda is taken to be than the core of the measurement
    runtime_ms: float = 2.0  # of Lambda's runtime around the handler
    bulk_ms: float = 30.0  # until Elasticsearch answers a bulk request, and
    bulk_line_us: float = 20.0  # for each document in it
    metrics_ms: float = 20.0  # until CloudWatch answers PutMetricData
    object_ms: float = 150.0  # of a replay for one object beside the shipper's time: read, claimed, removed
    busy: float = 0.7  # of the time that a shard's invocations may take, so that it can catch up
    document_bytes: float = 1_080.0  # of a document in a bulk request, measured
    stored_bytes: float = 340.0  # of a document on the disk, without its replica, measured after a merge
    replicas: int = 1
    retention_days: int = 30  # of application lines, which are the most
    shard_gb: float = 50.0  # at which a data stream rolls over (Elasticsearch's default lifecycle)
    shard_documents: float = 10_000.0  # a second that one write shard takes: an assumption
    metrics: int = 1_000  # custom metrics that come from lines: 200 services with five each


def share(*kinds: str) -> float:
    """The part of the lines that is of these kinds."""
    return sum(kind in kinds for kind in MIX) / len(MIX)


def shape(peak: float) -> list[float]:
    """A day as 24 factors of the average: low at night, the highest at 14 h. Their mean is 1.

    peak: the highest, from 1 to 3.6. Raises ValueError beyond.
    """
    if not 1.0 <= peak <= 3.6:
        raise ValueError(f"a peak of {peak} times the average, expected 1 to 3.6")
    curve = [((1 + math.cos(2 * math.pi * (hour - 14) / 24)) / 2) ** 4 for hour in range(24)]
    mean = statistics.fmean(curve)
    low = (1 - peak * mean) / (1 - mean)
    return [low + (peak - low) * one for one in curve]


def seconds(lines: float, inputs: Inputs) -> float:
    """How long an invocation with so many lines takes; conversion and Elasticsearch overlap from chunk to chunk."""
    share_of_core = min(1.0, inputs.memory_mb / VCPU_MB)
    chunks = max(1, math.ceil(lines / CHUNK))
    own = (inputs.fixed_ms + lines * inputs.line_us / 1_000) * inputs.core / share_of_core
    bulk = chunks * inputs.bulk_ms + lines * inputs.bulk_line_us / 1_000
    overlap = min(own, bulk) * (chunks - 1) / chunks
    return (inputs.runtime_ms + own + bulk - overlap + inputs.metrics_ms) / 1_000


@dataclass(frozen=True, slots=True)
class Traffic:
    """What of a volume arrives in a second, on average and in the busiest hour."""

    inputs: Inputs
    lines: float  # a second
    peak_lines: float  # a second

    @property
    def batches(self) -> float:
        """Of CloudWatch Logs in a second of the busiest hour."""
        return self.peak_lines / self.inputs.lines_per_batch

    @property
    def wire_bytes(self) -> float:
        """Of a line, as CloudWatch Logs sends it."""
        return (self.inputs.line_bytes + self.inputs.envelope_bytes) / self.inputs.compression


def traffic(volume: float, inputs: Inputs) -> Traffic:
    """volume: bytes of lines a day."""
    lines = volume / inputs.line_bytes / DAY
    return Traffic(inputs, lines, lines * max(shape(inputs.peak)))


@dataclass(frozen=True, slots=True)
class Load:
    """What the shipper has to do one way."""

    duration: float  # seconds of an invocation
    invocations: float  # a day
    peak_invocations: float  # a second of the busiest hour
    concurrency: float  # on average
    peak_concurrency: float
    lines: float  # of an invocation in the busiest hour
    shards: int = 0


def direct(volume: float, inputs: Inputs) -> Load:
    """One invocation for each batch of CloudWatch Logs."""
    found = traffic(volume, inputs)
    duration = seconds(inputs.lines_per_batch, inputs)
    average = found.lines / inputs.lines_per_batch
    return Load(
        duration, average * DAY, found.batches, average * duration, found.batches * duration, inputs.lines_per_batch
    )


def stream(volume: float, inputs: Inputs) -> Load:
    """One invocation at a time for each shard, with what came in a second or while the last one ran."""
    found = traffic(volume, inputs)
    shards = shards_of(found)
    a_shard = found.peak_lines / shards
    lines = min(_most_lines(found), a_shard * WINDOW)
    duration = seconds(lines, inputs)
    peak_rate = max(a_shard / lines, 1.0) if lines else 1.0
    average_lines = found.lines / shards * WINDOW
    concurrency = shards * min(1.0, seconds(average_lines, inputs))
    return Load(
        duration, shards * DAY / WINDOW, shards * peak_rate, concurrency, shards * min(1.0, duration), lines, shards
    )


def shards_of(found: Traffic) -> int:
    """Shards for the busiest hour: by bytes, by records, and by what one invocation at a time gets done."""
    most = _most_lines(found)
    speed = most / max(WINDOW, seconds(most, found.inputs)) * found.inputs.busy
    needed = (
        found.peak_lines * found.wire_bytes / SHARD_BYTES,
        found.batches / SHARD_RECORDS,
        found.peak_lines / speed,
    )
    return max(1, math.ceil(max(needed)))


def _most_lines(found: Traffic) -> float:
    return min(BATCH_RECORDS * found.inputs.lines_per_batch, EVENT_BYTES * 3 / 4 / found.wire_bytes)


@dataclass(frozen=True, slots=True)
class Storage:
    """What Elasticsearch gets."""

    documents: float  # a day
    peak_documents: float  # a second of the busiest hour
    gb_a_day: float  # on the disks, replicas included
    gb: float  # of the whole retention
    shards: int  # that hold it, replicas included
    write_shards: int  # of the application lines, for the busiest hour


def storage(volume: float, inputs: Inputs) -> Storage:
    """START and END lines are left out by default."""
    found = traffic(volume, inputs)
    kept = 1 - share("start", "end")
    copies = 1 + inputs.replicas
    a_day = found.lines * DAY * kept * inputs.stored_bytes * copies / GB
    shards = math.ceil(a_day / copies * inputs.retention_days / inputs.shard_gb) * copies
    write = math.ceil(found.peak_lines * share("json", "node") / inputs.shard_documents)
    return Storage(
        found.lines * DAY * kept, found.peak_lines * kept, a_day, a_day * inputs.retention_days, shards, max(1, write)
    )


def replay_hours(volume: float, inputs: Inputs) -> float:
    """Hours that a replay takes for what one hour without Elasticsearch leaves in the bucket, delivered directly."""
    found = traffic(volume, inputs)
    an_object = inputs.object_ms / 1_000 + seconds(inputs.lines_per_batch, inputs)
    objects = REPLAY_WORKERS / an_object * REPLAY_SHARE  # a second
    return found.batches / objects


def measured(path: Path, inputs: Inputs) -> Inputs:
    """The same with the speed that `make bench` measured on this machine. path: of its shipper.json."""
    spent = {int(lines): ms for lines, ms in json.loads(path.read_text())["warm_ms"].items()}
    few, many = min(one for one in spent if one > 1), 2_000
    line_ms = (spent[many] - spent[few]) / (many - few)
    return replace(inputs, line_us=line_ms * 1_000, fixed_ms=max(0.0, spent[few] - few * line_ms))


def main() -> None:
    """Print the tables."""
    from benchmarks import capacity_report  # noqa: PLC0415  # it needs this module
    from benchmarks.report import REPORT  # noqa: PLC0415

    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity", description=__doc__)
    parser.add_argument("--measured", action="store_true", help="with the speed that `make bench` found here")
    parser.add_argument("--lines", type=float, default=Inputs().lines_per_batch, help="lines of a batch")
    parser.add_argument("--peak", type=float, default=Inputs().peak, help="the busiest hour, in times of the average")
    arguments = parser.parse_args()
    inputs = replace(Inputs(), lines_per_batch=arguments.lines, peak=arguments.peak)
    if arguments.measured:
        inputs = measured(REPORT, inputs)
    print(capacity_report.document(inputs))


if __name__ == "__main__":
    main()
