"""S3 buckets: whether they have request metrics, which cost money and are off unless somebody configured them.

IAM: s3:GetMetricsConfiguration for all buckets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.inventory import Found
    from provisioner.reader import Reader


def describe(found: Sequence[Found], reader: Reader) -> None:
    """One call for each bucket with up to 100 configurations."""

    def look(one: Found) -> None:
        filters = _filters(reader, one.name)
        reader.add(one.resource({"request_metrics": bool(filters), "filter_id": filters[0] if filters else None}))

    reader.each(found, look)


def _filters(reader: Reader, bucket: str) -> list[str]:
    """The ids of a bucket's configurations: first that of the whole bucket, then those of parts of it, by name."""
    configurations: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:  # botocore has no paginator for it
        answer = reader.call("s3", "list_bucket_metrics_configurations", Bucket=bucket, **token)
        configurations += answer.get("MetricsConfigurationList") or ()
        following = answer.get("NextContinuationToken")
        if not answer.get("IsTruncated") or not following or token == {"ContinuationToken": following}:
            break
        token = {"ContinuationToken": following}
    ordered = sorted(configurations, key=lambda one: (bool(one.get("Filter")), one["Id"]))
    return [one["Id"] for one in ordered]
