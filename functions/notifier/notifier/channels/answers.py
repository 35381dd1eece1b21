"""What the answers of receivers mean, where the status alone says it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from notifier import clean
from notifier.channels.call import Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

REASON = 200  # characters of what a receiver says about a refusal


def may_pass(status: int) -> bool:
    """Whether the same call may succeed later: too many calls, or a fault of the receiver's own."""
    return status in (408, 429) or status >= 500


def by_status(status: int, said: str, hidden: Collection[str] = ()) -> Outcome:
    """Taken for every 2xx. said: what the answer says of a refusal; hidden: what must not be told on."""
    if 200 <= status < 300:
        return Outcome(taken=True)
    return refused(f"HTTP {status}", said, hidden, retry=may_pass(status))


def refused(what: str, said: str, hidden: Collection[str] = (), *, retry: bool = False) -> Outcome:
    """Not taken, with the reason for a person."""
    for secret in hidden:
        said = said.replace(secret, "…") if secret else said
    shown = clean.line(said, REASON)
    return Outcome(taken=False, reason=f"{what}: {shown}" if shown else what, retry=retry)


def text_of(body: bytes) -> str:
    """The beginning of an answer as text, whatever it is."""
    return body[:2000].decode("utf-8", "replace")


def object_of(body: bytes) -> Mapping[str, Any]:
    """The JSON object of an answer; empty when it is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
