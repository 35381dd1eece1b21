"""What Lambda hands to a handler beside the event."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Context:
    """An invocation. seconds: that are left of it, however long it takes."""

    function_name: str
    aws_request_id: str = "request"
    log_stream_name: str = "stream"
    seconds: float = 60.0
    memory_limit_in_mb: int = 256
    tenant_id: str | None = None
    function_version: str = "$LATEST"

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:eu-west-1:123456789012:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)
