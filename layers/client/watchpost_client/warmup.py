"""Pings that keep a function warm: they are no business of the service."""

from __future__ import annotations

from typing import Any

ANSWER = {"warm_up": True}
_SOURCES = ("serverless-plugin-warmup", "watchpost.warm-up")
_KEYS = ("warmup", "warmer", "warm_up")


def is_ping(event: Any) -> bool:
    """Whether an event is a ping: from the Serverless warm-up plugin, lambda-warmer, or our own.

    {"source": "serverless-plugin-warmup"} or "watchpost.warm-up", or one of warmup, warmer, warm_up that is true. An
    EventBridge schedule sends such an event when its target has it as constant input.
    """
    if not isinstance(event, dict) or "Records" in event or "requestContext" in event:
        return False
    # The source may be anything: that of an AppSync resolver is an object.
    return event.get("source") in _SOURCES or any(event.get(key) is True for key in _KEYS)
