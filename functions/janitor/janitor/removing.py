"""Removes, or does as if: what reports has no client that could remove anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from watchpost.aws import code_of

from janitor.reading import NOT_FOUND

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchpost.calls import Calls

DELETE, DELETED, GONE, REFUSED, FAILED = "delete", "deleted", "gone", "refused", "failed"
_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})
# Of what is in use, or being changed (Lambda API, DeleteFunction; CloudWatch Logs API, DeleteLogGroup).
_IN_USE = frozenset({"ResourceConflictException", "ResourceInUseException", "OperationAbortedException"})
SWITCH = "JanitorDeletes"  # parameter of the stack
MOST_TEXT = 300  # characters of what AWS says


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one removal. detail: what AWS said where it was not done."""

    action: str
    detail: str = ""


class Remover(Protocol):
    """Removes versions and log groups; no method raises errors of AWS, all raise OutOfTimeError."""

    def version(self, function: str, version: int) -> Outcome:
        """A published version of a function."""

    def layer_version(self, layer: str, version: int) -> Outcome:
        """A version of a layer."""

    def log_group(self, name: str) -> Outcome:
        """A log group."""


class Report:
    """Removes nothing: it has nothing to do it with."""

    def version(self, function: str, version: int) -> Outcome:  # noqa: ARG002
        """Said to be removable."""
        return Outcome(DELETE)

    def layer_version(self, layer: str, version: int) -> Outcome:  # noqa: ARG002
        """Said to be removable."""
        return Outcome(DELETE)

    def log_group(self, name: str) -> Outcome:  # noqa: ARG002
        """Said to be removable."""
        return Outcome(DELETE)


class Deletion:
    """Removes for good."""

    def __init__(self, calls: Calls, client: Callable[[str], Any]) -> None:
        """client: a service's client by botocore's name, that makes one attempt."""
        self._calls = calls
        self._client = client

    def version(self, function: str, version: int) -> Outcome:
        """Delete a published version. Raises ValueError where that would be the function itself."""
        if not function or version < 1:
            raise ValueError(f"{function}:{version} is no published version of a function")
        # Without its qualifier this call would delete the function with all that it has.
        return self._remove("lambda", "delete_function", FunctionName=function, Qualifier=str(version))

    def layer_version(self, layer: str, version: int) -> Outcome:
        """Delete a version of a layer. Functions that have it go on, others can no longer attach it."""
        return self._remove("lambda", "delete_layer_version", LayerName=layer, VersionNumber=version)

    def log_group(self, name: str) -> Outcome:
        """Delete a log group with all that is in it."""
        return self._remove("logs", "delete_log_group", logGroupName=name)

    def _remove(self, service: str, operation: str, **parameters: Any) -> Outcome:
        try:
            self._calls(self._client(service), operation, **parameters)
        except (BotoCoreError, ClientError) as error:
            return outcome_of(error)
        return Outcome(DELETED)


def outcome_of(error: BotoCoreError | ClientError) -> Outcome:
    """What a removal that failed means: gone already, refused as AWS should, or failed."""
    code, said = code_of(error), told(error)
    if code == NOT_FOUND:
        return Outcome(GONE, "somebody else removed it")
    if code in _IN_USE:
        return Outcome(REFUSED, said)
    if code == "InvalidParameterValueException" and "replicated function" in said:
        return Outcome(REFUSED, "Lambda@Edge has replicas of it")
    if code in _DENIED:
        return Outcome(FAILED, f"not allowed; the stack's parameter {SWITCH} allows it: {said}")
    return Outcome(FAILED, said)


def told(error: Exception) -> str:
    """What an error says, on one line and not too long. It is data."""
    return " ".join(f"{code_of(error) or type(error).__name__}: {_message(error)}".split())[:MOST_TEXT]


def _message(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Message", ""))
    return str(error)
