"""What the benchmarks ship: lines as real services write them, in a fixed mix."""

from __future__ import annotations

import base64
import gzip
import json
import time
from typing import Any

# 55 % Powertools JSON, 21 % START, END and REPORT, 10 % metric lines, 14 % Node text.
MIX = (*["json"] * 55, *["start", "end", "report"] * 7, *["metric"] * 10, *["node"] * 14)
_STEP = 37  # without a common divisor with 100, so that the kinds are mixed
_REQUEST = "6bc9d5b6-7f1c-4a51-9d1c-{:012d}"


def event(lines: int, stream: str = "2026/11/21/[$LATEST]0a1b2c3d4e5f60718293a4b5c6d7e8f9") -> dict[str, Any]:
    """A CloudWatch Logs subscription event with that many lines of the mix; another stream makes other documents."""
    now = time.time_ns() // 1_000_000
    events = [
        {"id": f"{39 * 10**54 + number}", "timestamp": now + number % 1_000, "message": line(number, now)}
        for number in range(lines)
    ]
    content = {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": "/aws/lambda/orders-api",
        "logStream": stream,
        "subscriptionFilters": ["watchpost.service=orders-api"],
        "logEvents": events,
    }
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(content).encode(), 6)).decode()}}


def line(number: int, now: int) -> str:
    """One line; number: its place in the payload; now: milliseconds since 1970."""
    request = _REQUEST.format(number // 10)
    kind = MIX[number * _STEP % len(MIX)]
    if kind == "json":
        return _powertools(number, request)
    if kind == "metric":
        return f"MONITORING|{now / 1000:.3f}|{number % 400 / 8}|latency|order-latency|#channel:web\n"
    if kind == "node":
        return f"2026-11-21T08:00:00.123Z\t{request}\tINFO\torder {number} handed over to the warehouse in 12 ms\n"
    if kind == "start":
        return f"START RequestId: {request} Version: $LATEST\n"
    if kind == "end":
        return f"END RequestId: {request}\n"
    measured = f"Duration: {number % 97}.21 ms\tBilled Duration: {number % 97 + 1} ms\tMemory Size: 256 MB"
    return f"REPORT RequestId: {request}\t{measured}\tMax Memory Used: 92 MB\t\n"


def _powertools(number: int, request: str) -> str:
    return json.dumps(
        {
            "level": "ERROR" if number % 50 == 0 else "INFO",
            "location": "lambda_handler:42",
            "message": f"order {number} accepted",
            "timestamp": "2026-11-21 08:00:00,123+0000",
            "service": "orders-api",
            "cold_start": False,
            "function_name": "orders-api",
            "function_memory_size": "256",
            "function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:orders-api",
            "function_request_id": request,
            "correlation_id": f"c-{number // 10}",
            "order": {"id": number, "amount": 12.5, "items": 3},
            "xray_trace_id": f"1-5759e988-{number:024x}",
        }
    )
