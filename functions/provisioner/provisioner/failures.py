"""What AWS and Elasticsearch say when they refuse, as one line for the result."""

from __future__ import annotations

from botocore.exceptions import ClientError
from watchpost.aws import code_of

MISSING = frozenset({"ResourceNotFoundException", "ResourceNotFound", "DashboardNotFoundError"})


def is_missing(error: Exception) -> bool:
    """Whether an error says that the thing does not exist."""
    return code_of(error) in MISSING


def reason_of(error: Exception) -> str:
    """One line for a person: the code and message of AWS, or the error itself."""
    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        return f"{told.get('Code', 'error')}: {told.get('Message', '')}"[:500]
    return f"{type(error).__name__}: {error}"[:500]
