"""A transaction through three services, and errors: what the tests of `follow`, `errors` and `search` look at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.integration.logs_world import World

CORRELATION = "c-4711"
API, WORKER, MAIL = (f"{number:08x}-1f3c-4a52-9a52-0d8a4b7c5f10" for number in (1, 2, 3))
OTHER = "0000000f-1f3c-4a52-9a52-0d8a4b7c5f10"
TRACE = "1-67891233-abcdef012345678912345678"
EVIL = "\x1b[2J\x1b]0;owned\x07\u202e\r\n\x9b31m"


def line(message: str, level: str = "INFO", **more: Any) -> str:
    return json.dumps({"level": level, "message": message, **more})


def report(request_id: str, duration: str, more: str = "") -> str:
    memory = "Memory Size: 512 MB\tMax Memory Used: 91 MB"
    return f"REPORT RequestId: {request_id}\tDuration: {duration} ms\tBilled Duration: 900 ms\t{memory}\t{more}\n"


def ship_transaction(world: World) -> None:
    """An API calls a worker and waits; 1.9 s after both ended a queue brings the mail service its part.

    The API's function logs nothing before it called, and its request id is all that its first lines tell.
    """
    own = {"function_request_id": WORKER, "correlation_id": CORRELATION}
    world.ship(
        "payment-worker",
        (310, f"START RequestId: {WORKER} Version: $LATEST\n"),
        (320, line("charging card", **own)),
        (640, line("card refused", "ERROR", **own, error={"type": "CardError", "message": "declined by the bank"})),
        (650, f"END RequestId: {WORKER}\n"),
        (650, report(WORKER, "340.2")),
        # The same invocation worked on another transaction of its batch.
        (645, line("charging card", function_request_id=WORKER, correlation_id="c-other")),
    )
    world.ship(
        "orders-api",
        (330, line("order received", function_request_id=API, correlation_id=CORRELATION)),
        (660, line("order not paid", "WARN", function_request_id=API, correlation_id=CORRELATION)),
        (670, f"END RequestId: {API}\n"),
        (670, report(API, "650.7", f"Init Duration: 412.6 ms\t\nXRAY TraceId: {TRACE}\tSegmentId: 1\tSampled: true\t")),
    )
    world.ship(
        "mail-sender",
        (2_570, f"START RequestId: {MAIL} Version: $LATEST\n"),
        (2_580, line(f"mail queued {EVIL}", requestId=MAIL, correlation_id=CORRELATION)),
        (2_600, report(MAIL, "30.0")),
    )
    world.ship(
        "orders-api",
        (100, line("another order", function_request_id=OTHER, correlation_id="c-4712")),
        stream="0a1c",
    )
