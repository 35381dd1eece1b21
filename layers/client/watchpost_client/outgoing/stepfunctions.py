"""Step Functions: `__context__` in the input of StartExecution and StartSyncExecution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from watchpost_client.outgoing import inputs, room

if TYPE_CHECKING:
    from collections.abc import Mapping

# Step Functions, Quotas related to task executions: bytes of a text in UTF-8.
LIMITS = (256 * room.KIB,)
_NONE = "{}"  # what an execution without input has (Step Functions API, StartExecution)


def start(params: dict[str, Any], pairs: Mapping[str, str]) -> None:
    """Put a context into the parameters of StartExecution.

    A name makes a start idempotent only with the same input. A transaction that comes again has the same context, so
    for it the input is the same; another transaction that takes the same name is refused while the first one runs.
    """
    sent = inputs.with_context(params.get("input", _NONE), pairs, LIMITS, "stepfunctions")
    if sent is not None:
        params["input"] = sent
