"""The text lines of the Lambda platform: START, END, REPORT, INIT_START, timeouts and the like."""

from __future__ import annotations

import math
import re

from shipper.line import PLATFORM, Line, usable_id

_ACTIONS = (
    ("START RequestId: ", "start"),
    ("END RequestId: ", "end"),
    ("REPORT RequestId: ", "report"),
    ("INIT_START Runtime Version: ", "init-start"),
    ("INIT_REPORT Init Duration: ", "init-report"),
    ("RESTORE_START Runtime Version: ", "restore-start"),
    ("RESTORE_REPORT Restore Duration: ", "restore-report"),
    ("EXTENSION\tName: ", "extension"),
    ("TELEMETRY\tName: ", "telemetry-subscription"),
    ("LOGS\tName: ", "logs-subscription"),
)
# Tabs between the fields are sometimes spaces, and the fields come in any order.
_FIELD = re.compile(
    r"\b(Billed Restore Duration|Billed Duration|Restore Duration|Init Duration|Duration|Memory Size|Max Memory Used|"
    r"Produced Bytes|Runtime Version ARN|Runtime Version|Initialization Type|Phase|Status|Error Type|"
    r"XRAY TraceId): ([^\s]+)"
)
_METRICS = {
    "Duration": "duration_ms",
    "Billed Duration": "billed_duration_ms",
    "Init Duration": "init_duration_ms",
    "Restore Duration": "restore_duration_ms",
    "Billed Restore Duration": "billed_restore_duration_ms",
    "Memory Size": "memory_size_mb",
    "Max Memory Used": "max_memory_used_mb",
    "Produced Bytes": "produced_bytes",
}
_WORDS = {
    "Status": "status",
    "Error Type": "error_type",
    "Initialization Type": "initialization_type",
    "Phase": "phase",
    "Runtime Version": "runtime_version",
    "Runtime Version ARN": "runtime_version_arn",
}
# 2026-11-21T08:00:00.123Z <request id> Task timed out after 3.00 seconds
_TIMEOUT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z ([0-9A-Za-z-]+) Task timed out after [\d.]+ seconds\s*")
_FAULT = re.compile(r"RequestId: ([0-9A-Za-z-]+) (?:Error: .*|Process exited before completing request.*)", re.DOTALL)


def recognise(text: str) -> Line | None:
    """A line of the platform that begins with its word."""
    for start, action in _ACTIONS:
        if text.startswith(start):
            return _line(text, start, action)
    found = _FAULT.fullmatch(text) if text.startswith("RequestId: ") else None
    if found is None:
        return None
    return Line(text, kind=PLATFORM, level="error", action="fault", outcome="failure", request_id=usable_id(found[1]))


def recognise_timeout(text: str) -> Line | None:
    """`<time>Z <request id> Task timed out after 3.00 seconds`."""
    found = _TIMEOUT.fullmatch(text) if " Task timed out after " in text else None
    if found is None:
        return None
    return Line(
        text,
        kind=PLATFORM,
        level="error",
        action="timeout",
        outcome="failure",
        request_id=usable_id(found[1]),
        platform={"status": "timeout"},
    )


def _line(text: str, start: str, action: str) -> Line | None:
    line = Line(text, kind=PLATFORM, action=action)
    if start.endswith("RequestId: "):
        line.request_id = usable_id(text[len(start) : len(start) + 80].replace("\t", " ").partition(" ")[0])
        if line.request_id is None:
            return None  # somebody's own sentence
    if action not in ("start", "end"):
        _read_fields(line, text)
    return line


def _read_fields(line: Line, text: str) -> None:
    platform: dict[str, object] = {}
    metrics: dict[str, float] = {}
    for name, value in _FIELD.findall(text):
        if name in _METRICS:
            number = _number(value)
            if number is not None:
                metrics.setdefault(_METRICS[name], number)
        elif name in _WORDS:
            platform.setdefault(_WORDS[name], value)
        else:
            line.trace_id = value
    if metrics:
        platform["metrics"] = metrics
    line.platform = platform or None
    line.outcome = outcome_of(platform.get("status"))
    if line.outcome == "failure":
        line.level = "error"
    if line.action == "report" and "init_duration_ms" in metrics:
        line.cold_start = True


def outcome_of(status: object) -> str | None:
    """`event.outcome` of Lambda's status: success, failure, or None when it says nothing."""
    if not isinstance(status, str):
        return None
    return "success" if status == "success" else "failure"


def _number(text: str) -> float | None:
    """A number that stays absent when there is none; whole ones without a fraction."""
    try:
        number = float(text)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return int(number) if text.isdigit() and len(text) < 16 else number
