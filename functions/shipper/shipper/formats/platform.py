"""The text lines of the Lambda platform: START, END, REPORT, INIT_START, timeouts and the like."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from shipper.formats.trace import trace_id_of
from shipper.line import PLATFORM, Line, usable_id

if TYPE_CHECKING:
    from shipper.formats.why import Why

_START, _END, _REPORT = "START RequestId: ", "END RequestId: ", "REPORT RequestId: "
_ID = 36  # characters of a request id
# Tabs are sometimes spaces, so only the words are compared.
_ACTIONS = (
    ("INIT_START", "Runtime Version:", "init-start"),
    ("INIT_REPORT", "Init Duration:", "init-report"),
    ("RESTORE_START", "Runtime Version:", "restore-start"),
    ("RESTORE_REPORT", "Restore Duration:", "restore-report"),
    ("EXTENSION", "Name:", "extension"),
    ("TELEMETRY", "Name:", "telemetry-subscription"),
    ("LOGS", "Name:", "logs-subscription"),
    ("IMAGE", "Launch error:", "fault"),
    ("XRAY", "TraceId:", "trace"),
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
_TRACE = "XRAY TraceId"
# Fields that are separated by spaces; they come in any order.
_FIELD = re.compile(
    rf"\b({'|'.join(sorted([*_METRICS, *_WORDS, _TRACE], key=len, reverse=True))}):[ \t]*"
    r"([^\s]{1,512})(?:[ \t]+(?:ms|MB|bytes)\b)?"
)
# 2026-11-21T08:00:00.123Z <request id> Task timed out after 3.00 seconds
_ENDED = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]{8,20}Z\s{1,4}([0-9A-Za-z-]{1,80})\s{1,4}([^\n]{1,200})")
_TIMED_OUT = re.compile(r"Task timed out after \d[\d.]{0,20} seconds?\s*")
_EXITED = "Process exited before completing request"
_FAULT = re.compile(
    r"RequestId: ([0-9A-Za-z-]{1,80})\s+(?:Error: (.*)|Process exited before completing request.*)", re.DOTALL
)
# What most invocations end with. Anything else, and spaces for the tabs, is read field by field.
_USUAL_REPORT = re.compile(
    r"REPORT RequestId: ([0-9a-f-]{36})\tDuration: (\d{1,7}\.\d{1,3}) ms\tBilled Duration: (\d{1,7}) ms"
    r"\tMemory Size: (\d{1,6}) MB\tMax Memory Used: (\d{1,6}) MB\s*",
    re.ASCII,
)
_ERROR_TYPE = re.compile(r"(?:Runtime|Extension|Sandbox|Function)\.\w{1,100}")


def recognise_start(text: str, _: Why) -> Line | None:
    """`START RequestId: <request id> Version: $LATEST`; the version may be missing."""
    return _bare(text, len(_START), "start") if text.startswith(_START) else None


def recognise_end(text: str, _: Why) -> Line | None:
    """`END RequestId: <request id>`."""
    return _bare(text, len(_END), "end") if text.startswith(_END) else None


def _bare(text: str, start: int, action: str) -> Line | None:
    request_id: str | None = text[start : start + _ID]
    # The usual form first: a UUID that ends the line or stands before a space.
    if (
        text[start + 8 : start + 9] != "-"
        or text[start + _ID : start + _ID + 1] not in _ENDS
        or " " in text[start : start + _ID]
    ):
        request_id = _request_id(text, start)
        if request_id is None:
            return None  # somebody's own sentence
    line = Line()
    line.message = text
    line.kind = PLATFORM
    line.action = action
    line.request_id = request_id
    return line


_ENDS = frozenset({"", " "})


def _request_id(text: str, start: int) -> str | None:
    words = text[start : start + 80].split(maxsplit=1)
    return usable_id(words[0]) if words else None


def recognise_report(text: str, _: Why) -> Line | None:
    """`REPORT RequestId: <request id>` and its fields, in any order."""
    if not text.startswith(_REPORT):
        return None
    line = Line()
    line.message = text
    line.kind = PLATFORM
    line.action = "report"
    usual = _USUAL_REPORT.fullmatch(text)
    if usual is not None:
        line.request_id, duration, billed, size, used = usual.groups()
        measured = {"duration_ms": float(duration), "billed_duration_ms": int(billed)}
        line.platform = {"metrics": {**measured, "memory_size_mb": int(size), "max_memory_used_mb": int(used)}}
        return line
    request_id = _request_id(text, len(_REPORT))
    if request_id is None:
        return None
    line.request_id = request_id
    _read_fields(line, text[len(_REPORT) + len(request_id) :])
    return line


def recognise(text: str, _: Why) -> Line | None:
    """A line of the platform that begins with its word."""
    for word, field, action in _ACTIONS:
        if text.startswith(word) and text[len(word) :].lstrip(" \t").startswith(field):
            line = Line.of(text, kind=PLATFORM, action=action)
            _read_fields(line, text if action == "trace" else text[len(word) :].lstrip(" \t"))
            if action == "fault":
                line.level, line.outcome = "error", "failure"
            return line
    return None


def recognise_fault(text: str, _: Why) -> Line | None:
    """`RequestId: <request id> Error: Runtime exited with error: signal: killed` and the like."""
    found = _FAULT.match(text) if text.startswith("RequestId: ") else None
    return _failed(text, "fault", found[1], found[2]) if found else None


def recognise_timeout(text: str, _: Why) -> Line | None:
    """`<time>Z <request id> Task timed out after 3.00 seconds`, or that the process exited."""
    if " timed out after " not in text[:160] and _EXITED not in text[:160]:
        return None
    found = _ENDED.match(text)
    if found is None or text[found.end() :].strip():
        return None
    if found[2].startswith(_EXITED):
        return _failed(text, "fault", found[1], None)
    if _TIMED_OUT.fullmatch(found[2]) is None:
        return None
    line = _failed(text, "timeout", found[1], None)
    line.platform = {"status": "timeout"}
    return line


def _failed(text: str, action: str, request_id: str, reason: str | None) -> Line:
    line = Line.of(text, kind=PLATFORM, level="error", action=action, outcome="failure")
    line.request_id = usable_id(request_id)
    if reason:
        message, _, error_type = reason.strip().rpartition("\n")
        if _ERROR_TYPE.fullmatch(error_type):
            line.platform = {"error_type": error_type}
            line.error = {"type": error_type, "message": message.strip()}
        else:
            line.error = {"message": reason.strip()}
    return line


def fault_of(text: str) -> Line | None:
    """The fault that a platform event tells as text."""
    return recognise_fault(text.strip(), None) if len(text) < 10_000 else None


def _read_fields(line: Line, text: str) -> None:
    platform: dict[str, object] = {}
    metrics: dict[str, float] = {}
    for name, value in _fields(text):
        metric = _METRICS.get(name)
        if metric is not None:
            number = _number(value)
            if number is not None:
                metrics.setdefault(metric, number)
        elif name == _TRACE:
            line.trace_id = line.trace_id or trace_id_of(value)
        else:
            platform.setdefault(_WORDS[name], value)
    if metrics:
        platform["metrics"] = metrics
    if platform:
        line.platform = platform
    outcome = outcome_of(platform.get("status"))
    if outcome is not None:
        line.outcome = outcome
        if outcome == "failure":
            line.level = "error"
    if "init_duration_ms" in metrics and line.action == "report":
        line.cold_start = True


def _fields(text: str) -> list[tuple[str, str]]:
    """Names and values: between tabs by cutting, otherwise by a regular expression."""
    fields = []
    for part in text.split("\t") if "\n" not in text else text.replace("\n", "\t").split("\t"):
        name, _, value = part.partition(": ")
        if name in _METRICS:
            value, _, unit = value.partition(" ")
            if unit not in _UNITS:
                return _FIELD.findall(text)
            fields.append((name, value))
        elif part:
            if not value or " " in value:
                return _FIELD.findall(text)
            if name in _WORDS or name == _TRACE:
                fields.append((name, value))
    return fields


_UNITS = frozenset({"", "ms", "MB", "bytes"})


def outcome_of(status: object) -> str | None:
    """`event.outcome` of Lambda's status: success, failure, or None when it says nothing."""
    if not isinstance(status, str) or not status:
        return None
    return "success" if status == "success" else "failure"


def _number(text: str) -> float | None:
    """A number that stays absent when there is none; whole ones without a fraction."""
    if text.isdecimal() and len(text) < 16:
        return int(text)
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
