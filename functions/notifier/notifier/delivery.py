"""Messages to webhooks. Nothing here may show a URL: errors of requests hold it, so only their kind is told."""

from __future__ import annotations

import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notifier.receivers import Receiver

TIMEOUT = 10.0  # seconds for a connection, and for each wait for an answer
TRIES = 3
BACKOFF = (1.0, 3.0)  # seconds before the second and the third try, unless the receiver says Retry-After
RESERVE = 2.0  # seconds kept for telling what failed
PARALLEL = 8  # so that a receiver that does not answer takes no time from the others

# At level debug the HTTP client prints the path of each request, which for a webhook is its secret.
logging.getLogger("urllib3").setLevel(logging.INFO)


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, as delivery sees it. remaining: seconds until Lambda ends the invocation."""

    remaining: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep

    def left(self) -> float:
        """Seconds that may still be spent on delivery."""
        return self.remaining() - RESERVE


@dataclass(frozen=True, slots=True)
class Failure:
    """A message that a receiver did not take. status: HTTP status, 0 without an answer."""

    receiver: str
    status: int
    reason: str


def deliver(messages: Sequence[dict[str, Any]], receivers: Sequence[Receiver], clock: Clock) -> list[Failure]:
    """Send every message to every receiver and return what was not taken."""
    bodies = [json.dumps(message, allow_nan=False).encode() for message in messages]
    pairs = [(body, receiver) for body in bodies for receiver in receivers]
    with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
        outcomes = list(pool.map(lambda pair: send(pair[0], pair[1], clock), pairs))
    return [outcome for outcome in outcomes if outcome]


def send(body: bytes, receiver: Receiver, clock: Clock) -> Failure | None:
    """Send one message to one receiver, again when it is busy or away; None when it was taken."""
    failure = Failure(receiver.name, 0, "no time was left to try")
    for attempt in range(TRIES):
        if clock.left() <= 0:
            return failure
        status, reason, wait = _post(receiver, body, min(TIMEOUT, clock.left()))
        if 200 <= status < 300:
            return None
        failure = Failure(receiver.name, status, f"{reason}, {attempt + 1} tries" if attempt else reason)
        if not _may_be_tried_again(status) or attempt == TRIES - 1:
            return failure
        pause = BACKOFF[attempt] if wait is None else wait
        if pause >= clock.left():
            return Failure(receiver.name, status, f"{reason}, and no time was left to wait {pause:.0f} s")
        clock.sleep(pause)
    return failure


def _post(receiver: Receiver, body: bytes, timeout: float) -> tuple[int, str, float | None]:
    """One try: the status (0 without an answer, -1 when none can come), a reason, and Retry-After in seconds."""
    headers = {"content-type": "application/json"}
    try:
        # A redirect is not followed: it would carry the message to an address that nobody configured. The body of the
        # answer is not read: it says nothing that is needed.
        answer = requests.post(
            receiver.url, data=body, headers=headers, timeout=timeout, allow_redirects=False, stream=True
        )
    except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
        return 0, type(error).__name__, None
    except (requests.RequestException, ValueError) as error:  # an address that cannot be called
        return -1, type(error).__name__, None
    with answer:
        return answer.status_code, f"HTTP {answer.status_code}", retry_after(answer.headers.get("retry-after"))


def _may_be_tried_again(status: int) -> bool:
    return status in (0, 429) or status >= 500


def retry_after(value: str | None) -> float | None:
    """Seconds of a Retry-After header, a number or a date (RFC 9110, section 10.2.3); None when it says nothing."""
    if value is None:
        return None
    text = value.strip()
    if text.isdecimal():
        return float(text) if len(text) < 10 else float("inf")
    try:
        when = parsedate_to_datetime(value)
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when
        return max((when - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
