"""The JSON lines of the Lambda platform: `platform.start`, `platform.report` and so on.

They exist in several schema versions: `record` is an object or a text, and any field may be missing.
Source of the fields: AWS Lambda, Logs API and Telemetry API event schema references.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from shipper.formats.platform import fault_of, outcome_of
from shipper.formats.trace import trace_id_of
from shipper.line import PLATFORM, Line, usable_id

if TYPE_CHECKING:
    from shipper.formats.why import Why

_PREFIX = "platform."
_ACTIONS = {
    "start": "start",
    "end": "end",
    "report": "report",
    "initStart": "init-start",
    "initRuntimeDone": "init-runtime-done",
    "initReport": "init-report",
    "restoreStart": "restore-start",
    "restoreRuntimeDone": "restore-runtime-done",
    "restoreReport": "restore-report",
    "runtimeDone": "runtime-done",
    "extension": "extension",
    "telemetrySubscription": "telemetry-subscription",
    "logsSubscription": "logs-subscription",
    "logsDropped": "logs-dropped",
    "fault": "fault",
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


def recognise(fields: dict[str, Any], text: str, why: Why) -> Line | None:
    """A platform event, or None for an application's own line that has a `type`."""
    event_type = fields["type"]
    if type(event_type) is not str or not event_type.startswith(_PREFIX):
        return None
    name = event_type.removeprefix(_PREFIX)
    line = Line.of(text, kind=PLATFORM, action=_ACTIONS.get(name) or _kebab(name))
    del fields["type"]
    record = fields.get("record")
    if isinstance(record, dict):
        _read(line, record)
        if not record:
            del fields["record"]
    elif isinstance(record, str) and _read_text(line, record):
        del fields["record"]
    line.app = fields or None
    if line.action == "fault":
        line.level, line.outcome = "error", "failure"
    elif line.action == "logs-dropped":
        line.level = "warn"
    if why is not None:
        why.append(f"Lambda platform event: {line.action}")
    return line


def _kebab(name: str) -> str:
    """The action of an event that is newer than this table: `someNewEvent` is `some-new-event`."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name[:100]).lstrip("-")


def _read(line: Line, record: dict[str, Any]) -> None:
    """Take what is understood out of a record."""
    line.request_id = usable_id(record.get("requestId"))
    if line.request_id is not None:
        del record["requestId"]
    tracing = record.get("tracing")
    if isinstance(tracing, dict):
        line.trace_id = trace_id_of(tracing.get("value"))
    words = [word for word in _WORDS if isinstance(record.get(word), str)]
    platform: dict[str, Any] = {_WORDS[word]: record.pop(word) for word in words}
    metrics = _metrics(line, record.get("metrics"))
    if metrics:
        platform["metrics"] = metrics
    if record.get("metrics") == {}:
        del record["metrics"]
    line.platform = platform or None
    line.outcome = outcome_of(platform.get("status"))
    if line.outcome == "failure":
        line.level = "error"
    if line.action == "report" and "init_duration_ms" in metrics:
        line.cold_start = True


def _read_text(line: Line, record: str) -> bool:
    """A fault's record is what the platform writes in the text format; False when it is something else."""
    fault = fault_of(record)
    if fault is None:
        return False
    line.request_id, line.platform, line.error = fault.request_id, fault.platform, fault.error
    return True


def _metrics(line: Line, given: Any) -> dict[str, float]:
    if not isinstance(given, dict):
        return {}
    names = [name for name in _METRICS if _is_number(given.get(name))]
    metrics = {_METRICS[name]: given.pop(name) for name in names}
    renamed = _DURATION_OF.get(line.action or "")
    if renamed and "duration_ms" in metrics:
        metrics[renamed] = metrics.pop("duration_ms")
    return metrics


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)
