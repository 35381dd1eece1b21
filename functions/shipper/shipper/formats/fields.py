"""The names that structured loggers give to what every document has, and how their values are read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from shipper.formats import json_error
from shipper.formats.trace import trace_id_of
from shipper.levels import level_of, level_of_severity_number
from shipper.line import usable_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    # The attribute of a Line that a field fills, and what makes its value; None leaves the field under `app`.
    Field = tuple[str, Callable[[Any], Any]]

_NO_SERVICE = "service_undefined"  # what Powertools writes when nobody named the service
_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_SERVICE_LENGTH = 1_024  # characters: what is longer is no name
_BOOLEANS = {"true": True, "false": False}


def service_of(value: Any) -> str | None:
    if type(value) is not str or value == _NO_SERVICE or len(value) > _SERVICE_LENGTH:
        return None
    return value.strip() or None


def request_id_of(value: Any) -> str | None:
    # The usual form first: a UUID needs nothing taken away.
    if type(value) is str and len(value) == 36 and value[8] == "-" and value[23] == "-" and value[0] > " " < value[35]:
        return value
    return usable_id(value)


def _text(value: Any) -> str | None:
    return value if type(value) is str and value and len(value) <= _SERVICE_LENGTH else None


def _version(value: Any) -> str | None:
    return str(value) if type(value) is int else _text(value)


def truth_of(value: Any) -> bool | None:
    if type(value) is bool:
        return value
    return _BOOLEANS.get(value.lower()) if type(value) is str and len(value) < 6 else None


def _uuid(value: Any) -> str | None:
    """An id under a name that web frameworks use as well: only in the form that Lambda's ids have."""
    return value if type(value) is str and _UUID.fullmatch(value) else None


def correlation_id_of(value: Any) -> dict[str, Any] | None:
    return {"id": value} if type(value) in (str, int) and value != "" else None


_LEVEL: Field = ("level", level_of)
_SEVERITY_NUMBER: Field = ("level", level_of_severity_number)
_SERVICE: Field = ("service", service_of)
_SERVICE_VERSION: Field = ("service_version", _version)
_ENVIRONMENT: Field = ("service_environment", _text)
_REQUEST: Field = ("request_id", request_id_of)
_UUID_REQUEST: Field = ("request_id", _uuid)
_COLD_START: Field = ("cold_start", truth_of)
_TRACE: Field = ("trace_id", trace_id_of)
_CORRELATION: Field = ("correlation", correlation_id_of)


def _spelled(names: Iterable[str]) -> Iterable[str]:
    """Each name in snake case as `cold_start`, `coldStart` and `ColdStart`."""
    for name in names:
        head, *tail = name.split("_")
        yield from (name, head + "".join(map(str.capitalize, tail)), "".join(map(str.capitalize, (head, *tail))))


def _named(field: Field, snake: str, *others: str) -> dict[str, Field]:
    return dict.fromkeys((*_spelled(snake.split()), *others), field)


_IDS: dict[str, Field] = {
    **_named(
        _REQUEST, "function_request_id aws_request_id lambda_request_id",
        "requestId", "AWSRequestId", "aws.requestId", "aws_requestId", "faas.execution", "faas.invocation_id",
    ),
    **_named(_UUID_REQUEST, "", "request_id", "RequestId"),
    **_named(
        _TRACE, "xray_trace_id trace_id",
        "xRayTraceId", "XRayTraceId", "traceID", "trace.id", "traceparent", "otelTraceID", "@tr", "AWS-XRAY-TRACE-ID",
        "x-amzn-trace-id", "X-Amzn-Trace-Id", "_X_AMZN_TRACE_ID", "dd.trace_id", "logging.googleapis.com/trace",
    ),
    **_named(_CORRELATION, "correlation_id", "correlation-id", "correlation.id", "Correlation-Id", "correlationID"),
}  # fmt: skip  # names are easier to read in a row

# Fields that may be objects, and what their parts are.
OBJECTS: dict[str, dict[str, Field]] = {
    "service": {"name": _SERVICE, "version": _SERVICE_VERSION, "environment": _ENVIRONMENT},
    "log": {"level": _LEVEL},
    "trace": {"id": _TRACE},
    "faas": {"execution": _REQUEST, "coldstart": _COLD_START, "invocation_id": _REQUEST},
    "dd": {"service": _SERVICE, "version": _SERVICE_VERSION, "env": _ENVIRONMENT, "trace_id": _TRACE},
    "resource": {
        "service.name": _SERVICE,
        "service.version": _SERVICE_VERSION,
        "deployment.environment": _ENVIRONMENT,
        "deployment.environment.name": _ENVIRONMENT,
        "faas.invocation_id": _REQUEST,
    },
    "span": {"requestId": _REQUEST, "xrayTraceId": _TRACE},
    "record": {"requestId": _REQUEST},
    **dict.fromkeys(("mdc", "MDC", "contextMap"), _IDS),
    "correlation": {},
    **{name: {} for name in json_error.FIELDS},
}

FIELDS: dict[str, Field] = {
    **_named(
        _LEVEL, "level log_level severity severity_text", "LEVEL", "log.level", "levelname", "level_name", "loglevel"
    ),
    **_named(_LEVEL, "", "lvl", "sLevel", "@l", "SEVERITY"),
    **_named(_SEVERITY_NUMBER, "severity_number"),
    **_named(_SERVICE, "service service_name", "service.name", "otelServiceName", "dd.service"),
    **_named(_SERVICE_VERSION, "service_version", "service.version", "dd.version"),
    **_named(
        _ENVIRONMENT, "environment service_environment", "service.environment", "deployment.environment", "dd.env"
    ),
    **_named(_COLD_START, "cold_start", "coldstart", "faas.coldstart"),
    **_IDS,
}
FIELDS.pop("", None)
_IDS.pop("", None)
