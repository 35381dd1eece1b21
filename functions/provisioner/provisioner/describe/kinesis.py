"""Kinesis streams: how long they keep records, their capacity mode and shards.

IAM: kinesis:DescribeStreamSummary for the account's streams.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.inventory import Found
    from provisioner.reader import Reader

HOUR_MS = 3_600_000


def describe(found: Sequence[Found], reader: Reader) -> None:
    """One call for each stream: no listing tells the retention."""

    def look(one: Found) -> None:
        stream = summary(reader, one.arn)
        mode = stream.get("StreamModeDetails", {}).get("StreamMode")
        facts = {
            "retention_ms": stream["RetentionPeriodHours"] * HOUR_MS,
            "on_demand": mode == "ON_DEMAND",
            "shards": stream.get("OpenShardCount"),
        }
        reader.add(one.resource(facts))

    reader.each(found, look)


def summary(reader: Reader, arn: str) -> dict[str, Any]:
    """What Kinesis says of a stream. Raises what the reader's calls raise."""
    answer = reader.call("kinesis", "describe_stream_summary", StreamARN=arn)
    return dict(answer["StreamDescriptionSummary"])
