"""The JSON lines of the Lambda platform: `platform.start`, `platform.report` and so on.

They exist in several schema versions: `record` is an object or a text, and any field may be missing.
Source of the fields: AWS Lambda, Telemetry API event schema reference.
"""

from __future__ import annotations

import math
from typing import Any

from shipper.formats.platform import outcome_of
from shipper.formats.trace import trace_id_of
from shipper.line import PLATFORM, Line, usable_id

_ACTIONS = {
    "platform.start": "start",
    "platform.end": "end",
    "platform.report": "report",
    "platform.initStart": "init-start",
    "platform.initRuntimeDone": "init-runtime-done",
    "platform.initReport": "init-report",
    "platform.restoreStart": "restore-start",
    "platform.restoreRuntimeDone": "restore-runtime-done",
    "platform.restoreReport": "restore-report",
    "platform.runtimeDone": "runtime-done",
    "platform.extension": "extension",
    "platform.telemetrySubscription": "telemetry-subscription",
    "platform.logsSubscription": "logs-subscription",
    "platform.logsDropped": "logs-dropped",
    "platform.fault": "fault",
}
_METRICS = {
    "durationMs": "duration_ms",
    "billedDurationMs": "billed_duration_ms",
    "initDurationMs": "init_duration_ms",
    "restoreDurationMs": "restore_duration_ms",
    "billedRestoreDurationMs": "billed_restore_duration_ms",
    "memorySizeMB": "memory_size_mb",
    "maxMemoryUsedMB": "max_memory_used_mb",
    "producedBytes": "produced_bytes",
}
# What `durationMs` is the duration of, where that is not the invocation.
_DURATION_OF = {"init-report": "init_duration_ms", "restore-report": "restore_duration_ms"}
_WORDS = {
    "status": "status",
    "errorType": "error_type",
    "initializationType": "initialization_type",
    "phase": "phase",
    "runtimeVersion": "runtime_version",
    "runtimeVersionArn": "runtime_version_arn",
}


def recognise(fields: dict[str, Any], text: str) -> Line | None:
    """A platform event, or None for an application's own line that has a `type` and a `record`."""
    event_type = fields.get("type")
    if not isinstance(event_type, str) or not event_type.startswith("platform."):
        return None
    action = _ACTIONS.get(event_type, event_type.removeprefix("platform."))
    line = Line(text, kind=PLATFORM, action=action)
    record = fields["record"]
    if isinstance(record, dict):
        _read(line, record)
    if action == "fault":
        line.level, line.outcome = "error", "failure"
    elif action == "logs-dropped":
        line.level = "warn"
    return line


def _read(line: Line, record: dict[str, Any]) -> None:
    line.request_id = usable_id(record.get("requestId"))
    tracing = record.get("tracing")
    if isinstance(tracing, dict):
        line.trace_id = trace_id_of(tracing.get("value"))
    platform: dict[str, Any] = {
        ours: record[theirs] for theirs, ours in _WORDS.items() if isinstance(record.get(theirs), str)
    }
    metrics = _metrics(line, record.get("metrics"))
    if metrics:
        platform["metrics"] = metrics
    line.platform = platform or None
    line.outcome = outcome_of(record.get("status"))
    if line.outcome == "failure":
        line.level = "error"
    if line.action == "report" and "init_duration_ms" in metrics:
        line.cold_start = True


def _metrics(line: Line, given: Any) -> dict[str, float]:
    if not isinstance(given, dict):
        return {}
    metrics = {ours: given[theirs] for theirs, ours in _METRICS.items() if _is_number(given.get(theirs))}
    renamed = _DURATION_OF.get(line.action or "")
    if renamed and "duration_ms" in metrics:
        metrics[renamed] = metrics.pop("duration_ms")
    return metrics


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)
