"""Lines of structured loggers: Powertools, pino, bunyan, ECS loggers, Lambda's own JSON format and any other JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shipper.formats import metric_line
from shipper.formats.text import add_trace
from shipper.formats.trace import trace_id_of
from shipper.levels import level_of
from shipper.line import Line, usable_id

if TYPE_CHECKING:
    from collections.abc import Callable

    # Takes the value of a field into the line; False leaves the field where it is, under `app`.
    Taker = Callable[[Line, Any], bool]

_MESSAGES = ("message", "msg")
_NO_SERVICE = "service_undefined"  # what Powertools writes when nobody named the service


def line_of(fields: dict[str, Any], text: str) -> Line:
    """What a JSON line says; every field that is not understood is kept under `app`, with its structure."""
    line = Line(text)
    for key in _MESSAGES:
        message = fields.get(key)
        if type(message) is str:
            line.message = message.rstrip("\r\n")
            del fields[key]
            break
    _take(line, fields, _TAKERS)
    if not _TRACE_TAKERS.keys().isdisjoint(fields):  # last: a name given by itself counts more than one in a trace
        _take(line, fields, _TRACE_TAKERS)
    if "orrelation-" in text:
        _take_correlation_headers(line, fields)
    if fields:
        line.app = fields
    if line.message.startswith(metric_line.PREFIX):
        metric_line.understand(line)
    return line


def _take(line: Line, fields: dict[str, Any], takers: dict[str, Taker]) -> None:
    for key in [key for key in fields if key in takers]:
        if takers[key](line, fields[key]):
            del fields[key]


def _level(line: Line, value: Any) -> bool:
    level = level_of(value)
    if level is None or line.level is not None:
        return False
    line.level = level
    return True


def _service(line: Line, value: Any) -> bool:
    if type(value) is dict:  # as ECS loggers write it
        taken = [part for part, take in _SERVICE_PARTS.items() if part in value and take(line, value[part])]
        return len(taken) == len(value)
    if type(value) is not str or not value.strip() or value == _NO_SERVICE or line.service is not None:
        return False
    line.service = value.strip()
    return True


def _service_version(line: Line, value: Any) -> bool:
    if type(value) is not str or not value or line.service_version is not None:
        return False
    line.service_version = value
    return True


def _service_environment(line: Line, value: Any) -> bool:
    if type(value) is not str or not value or line.service_environment is not None:
        return False
    line.service_environment = value
    return True


_SERVICE_PARTS: dict[str, Taker] = {
    "name": _service,
    "version": _service_version,
    "environment": _service_environment,
}


def _log(line: Line, value: Any) -> bool:
    """`{"log": {"level": …}}`, as ECS loggers write it."""
    if type(value) is not dict or not _level(line, value.get("level")):
        return False
    del value["level"]
    return not value


def _request_id(line: Line, value: Any) -> bool:
    request_id = usable_id(value)
    if request_id is None or line.request_id is not None:
        return False
    line.request_id = request_id
    return True


def _cold_start(line: Line, value: Any) -> bool:
    if type(value) is not bool or line.cold_start is not None:
        return False
    line.cold_start = value
    return True


def _trace_id(line: Line, value: Any) -> bool:
    trace_id = trace_id_of(value)
    if trace_id is None or line.trace_id is not None:
        return False
    line.trace_id = trace_id
    return True


def _correlation_id(line: Line, value: Any) -> bool:
    if type(value) not in (str, int) or value == "" or "id" in (line.correlation or {}):
        return False
    line.correlation = (line.correlation or {}) | {"id": value}
    return True


def _correlation(line: Line, value: Any) -> bool:
    if type(value) is not dict or not value:
        return _correlation_id(line, value)
    line.correlation = value | (line.correlation or {})
    return True


def _take_correlation_headers(line: Line, fields: dict[str, Any]) -> None:
    """`x-correlation-id` and every other `x-correlation-…`, in any case."""
    for key in [key for key in fields if key.lower().startswith("x-correlation-")]:
        name, value = key.lower().removeprefix("x-correlation-"), fields[key]
        if name and value not in (None, "") and name not in (line.correlation or {}):
            line.correlation = (line.correlation or {}) | {name: value}
            del fields[key]


def _error_type(line: Line, value: Any) -> bool:
    return _take_error(line, "type", value)


def _error_message(line: Line, value: Any) -> bool:
    return _take_error(line, "message", value)


def _take_error(line: Line, part: str, value: Any) -> bool:
    if type(value) is not str or not value or part in (line.error or {}):
        return False
    line.add_error(**{part: value})
    return True


def _stack(line: Line, value: Any) -> bool:
    """A stack trace as a text of several lines or as a list of lines."""
    if type(value) is list and value and all(type(part) is str for part in value):
        value = "\n".join(value)
    elif type(value) is not str or not ("\n" in value or "\r" in value):
        return False
    if "stack_trace" in (line.error or {}):
        return False
    if not add_trace(line, value):
        line.add_error(stack_trace=value)
    return True


def _error(line: Line, value: Any) -> bool:
    """`{"error": {"name": …, "message": …, "stack": …}}`, or the message or the trace as text."""
    if type(value) is str:
        return _stack(line, value) or _error_message(line, value)
    if type(value) is not dict:
        return False
    _take(line, value, _ERROR_PARTS)
    return not value


_ERROR_PARTS: dict[str, Taker] = {
    "type": _error_type,
    "name": _error_type,
    "errorType": _error_type,
    "message": _error_message,
    "errorMessage": _error_message,
    "stack": _stack,
    "stack_trace": _stack,
    "stacktrace": _stack,
    "stackTrace": _stack,
    "extendedStackTrace": _stack,
}
_REQUEST_IDS = (
    "function_request_id", "aws_request_id", "awsRequestId", "AWSRequestId", "requestId", "lambdaRequestId",
    "faas.execution",
)  # fmt: skip  # names are easier to read in a row
_TRACE_IDS = ("xray_trace_id", "xrayTraceId", "xRayTraceId", "trace_id", "traceId", "trace.id", "traceparent")
_TAKERS: dict[str, Taker] = {
    **dict.fromkeys(("level", "log.level", "severity", "levelname", "log_level", "loglevel", "logLevel"), _level),
    "log": _log,
    **dict.fromkeys(("service", "service.name", "service_name", "serviceName"), _service),
    **dict.fromkeys(("service.version", "service_version"), _service_version),
    **dict.fromkeys(("service.environment", "service_environment", "environment"), _service_environment),
    **dict.fromkeys(_REQUEST_IDS, _request_id),
    **dict.fromkeys(("cold_start", "coldStart", "coldstart", "faas.coldstart"), _cold_start),
    **dict.fromkeys(_TRACE_IDS, _trace_id),
    **dict.fromkeys(("correlation_id", "correlationId", "correlation-id", "correlation.id"), _correlation_id),
    "correlation": _correlation,
    **dict.fromkeys(("exception_name", "errorType", "error.type"), _error_type),
    **dict.fromkeys(("errorMessage", "error.message"), _error_message),
}
_TRACE_TAKERS: dict[str, Taker] = {
    **dict.fromkeys(("stack", "stack_trace", "stackTrace", "exc_info", "error.stack_trace"), _stack),
    **dict.fromkeys(("error", "err", "exception", "thrown"), _error),
}
