"""Which logger wrote a JSON line, as far as its keys tell: for explanations only, nothing depends on it."""

from __future__ import annotations

from typing import Any

# A key that only this logger writes, and its name: from top to bottom, the first that fits.
_KEYS = (
    ("_aws", "embedded metric format: a document only, CloudWatch extracts the metrics"),
    ("function_request_id", "Powertools logger"),
    ("functionRequestId", "Powertools logger"),
    ("FunctionRequestId", "Powertools logger"),
    ("@mt", "Serilog compact format"),
    ("@m", "Serilog compact format"),
    ("ecs.version", "ECS logger"),
    ("ecs", "ECS logger"),
    ("level_value", "logstash encoder"),
    ("endOfBatch", "log4j2 JsonLayout"),
    ("logging.googleapis.com/trace", "Google style logger"),
    ("severity_text", "OpenTelemetry logger"),
    ("severityText", "OpenTelemetry logger"),
    ("SeverityText", "OpenTelemetry logger"),
    ("execution_arn", "Step Functions event"),
    ("webaclId", "WAF log"),
    ("eventVersion", "CloudTrail record"),
    ("awsRequestId", "logger with Lambda's request id"),
)


def name_of(fields: dict[str, Any]) -> str:
    """The logger's name, or what can be said of the line otherwise."""
    for key, name in _KEYS:
        if key in fields:
            return name
    if type(fields.get("level")) is int:
        return "bunyan logger" if "v" in fields else "pino logger"
    if type(fields.get("requestId")) is str and "timestamp" in fields:
        return "Lambda's JSON log format"
    return "structured logger"
