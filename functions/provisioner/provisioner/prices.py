"""List prices of AWS, all in one place: what alarms, dashboards, services and the shipping of lines cost. USD.

Of the first tier each, without free tiers, discounts and taxes. Change them here when AWS does, and in docs/costs.md.
"""

from __future__ import annotations

REGION = "US East (N. Virginia)"
DATE = "November 2026"
SOURCE = f"list prices of {REGION}, {DATE}"

HOURS = 730  # of a month, as AWS's pricing calculator counts
MILLION, GIB = 1_000_000, 1024**3

# AWS Lambda pricing
REQUEST = 0.20 / MILLION  # an invocation
GB_SECOND = {"x86_64": 0.0000166667, "arm64": 0.0000133334}  # of memory, 1,024 MB being a GB

# Amazon CloudWatch pricing
LOG_BYTE = 0.50 / GIB  # ingested, log class Standard
CUSTOM_METRIC = 0.30  # a month, each of the first 10,000
FIRST_METRICS = 10_000
PUT_METRIC_DATA = 0.01 / 1000  # a request
ALARM_METRIC = 0.10  # a month, of an alarm of standard resolution, for each metric that it looks at
COMPOSITE_ALARM = 0.50  # a month
DASHBOARD = 3.00  # a month, for each beyond those that are free
FREE_DASHBOARDS = 3  # in the account

# Amazon Kinesis Data Streams pricing
SHARD_HOUR = 0.015  # provisioned
STREAM_HOUR = 0.04  # on demand
STREAM_BYTE = (0.08 + 0.04) / GIB  # on demand: written, and read once

# Amazon SQS pricing: a request
SQS_REQUEST, SQS_FIFO_REQUEST = 0.40 / MILLION, 0.50 / MILLION
SNS_REQUEST = 0.50 / MILLION  # Amazon SNS pricing, standard topics
# Amazon DynamoDB pricing, on-demand capacity, table class Standard
READ_UNIT, WRITE_UNIT = 0.125 / MILLION, 0.625 / MILLION
# Amazon API Gateway pricing
REST_REQUEST, HTTP_REQUEST = 3.50 / MILLION, 1.00 / MILLION

KEY = 1.00  # a month (AWS Key Management Service pricing, a customer managed key)
SECRET = 0.40  # a month (AWS Secrets Manager pricing)
TRACE = 5.00 / MILLION  # recorded (AWS X-Ray pricing)


def of_function(memory_mb: float, architecture: str) -> float:
    """Of a millisecond of a function. architecture: as Lambda calls it; an unknown one costs as much as x86_64."""
    return memory_mb / 1024 / 1000 * GB_SECOND.get(architecture, GB_SECOND["x86_64"])
