"""What AWS and Elasticsearch say when they refuse, as one line for the result."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError
from watchpost.aws import code_of
from watchpost.calls import OutOfTimeError

from provisioner.deadline import NO_TIME

# All that a call of AWS fails with; the last two are the deadline's.
REFUSALS = (ClientError, BotoCoreError, TimeoutError, OutOfTimeError)

# How each service says that a thing does not exist (the errors of its API reference).
MISSING = frozenset(
    {
        "ResourceNotFoundException",  # Lambda, Kinesis, DynamoDB, tags of CloudWatch
        "ResourceNotFound",  # CloudWatch
        "DashboardNotFoundError",
        "NotFoundException",  # API Gateway
        "NotFound",  # SNS
        *("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
        "NoSuchBucket",
    }
)


def is_missing(error: Exception) -> bool:
    """Whether an error says that the thing does not exist."""
    return code_of(error) in MISSING


def reason_of(error: Exception) -> str:
    """One line for a person: the code and message of AWS, or the error itself."""
    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        return f"{told.get('Code', 'error')}: {told.get('Message', '')}"[:500]
    if isinstance(error, OutOfTimeError):
        return f"{NO_TIME} (before that: {reason_of(error.last)})" if error.last else NO_TIME
    return f"{type(error).__name__}: {error}"[:500]
