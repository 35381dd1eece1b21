"""From a line to the document that is indexed, and from that to bytes of a bulk request."""

from __future__ import annotations

import functools
import hashlib
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from watchpost import names

from shipper import strict
from shipper.line import KINDS, METRIC, PLATFORM

if TYPE_CHECKING:
    from watchpost.configuration import Configuration
    from watchpost.settings import Settings

    from shipper.decode import Payload
    from shipper.line import Line

LAMBDA_GROUP = "/aws/lambda/"
# 2026/11/21/[$LATEST]0a1b, or with the function's name before the bracket in a log group that functions share.
_LAMBDA_STREAM = re.compile(r"\d{4}/\d\d/\d\d/(?P<name>[\w-]*)\[(?P<version>[^\]]+)\].+")
_MAX_KEPT = 1_000  # request ids or services whose encoded form is kept


class Source:
    """Where the lines of one payload come from: everything that their documents have in common, encoded once."""

    def __init__(self, payload: Payload, settings: Settings, configuration: Configuration, ingested_ms: int) -> None:
        """ingested_ms: when the shipper handles the payload, milliseconds since 1970."""
        self.function, self.version = _function_of(payload.log_group, payload.log_stream)
        rule = configuration.rule_for(payload.log_group)
        named = next(filter(None, map(names.service_of_filter, payload.filters)), None)
        self.service: str = (rule.name if rule else named) or self.function or payload.log_group
        self.environment = (rule.environment if rule else None) or settings.environment
        self._arn = _arn(settings.aws_region, payload.owner, self.function) if self.function else None
        self._cloudwatch = {"log_group": payload.log_group, "log_stream": payload.log_stream}
        self._ingested = timestamp(ingested_ms)
        self._services: dict[tuple[str | None, ...], orjson.Fragment] = {}
        self._functions: dict[tuple[str | None, bool | None], orjson.Fragment] = {}
        self.aws = _fragment({"cloudwatch": self._cloudwatch})
        self.cloud = _fragment(_cloud(payload.owner, settings.aws_region, is_lambda=self.function is not None))
        self.data_stream, self.event, self._action = {}, {}, {}
        for kind in KINDS:
            stream = names.data_stream(kind, settings.environment)
            stream_type, dataset = stream.split("-", 2)[:2]
            namespace = settings.environment
            self.data_stream[kind] = _fragment({"type": stream_type, "dataset": dataset, "namespace": namespace})
            self.event[kind] = _fragment(self._event(dataset))
            self._action[kind] = strict.dumps({"create": {"_index": stream, "_id": ""}})[:-3]
        self._identity = hashlib.blake2b(
            f"{payload.log_group}\0{payload.log_stream}".encode("utf-8", "surrogatepass"), digest_size=10
        ).hexdigest()

    def action(self, kind: str, event_id: str) -> bytes:
        """The action line of a bulk request, without a line break; the same event always gets the same `_id`."""
        if not (event_id.isascii() and event_id.isalnum() and len(event_id) <= 128):
            digest = hashlib.blake2b(event_id.encode("utf-8", "surrogatepass"), digest_size=20)
            event_id = f"x{digest.hexdigest()}"
        return self._action[kind] + f'{self._identity}-{event_id}"}}}}'.encode()

    def _event(self, dataset: str) -> dict[str, Any]:
        return {"dataset": dataset, "ingested": self._ingested}

    def platform_event(self, line: Line) -> dict[str, Any]:
        """`event` of a platform line."""
        dataset = f"watchpost.{PLATFORM}"
        return self._event(dataset) | _present({"action": line.action, "outcome": line.outcome})

    def platform_aws(self, line: Line) -> dict[str, Any]:
        """`aws` of a platform line."""
        return {"cloudwatch": self._cloudwatch, "lambda": line.platform}

    def service_of(self, line: Line) -> orjson.Fragment:
        """`service` of a line."""
        key = (line.service, line.service_environment, line.service_version)
        known = self._services.get(key)
        if known is None:
            known = _fragment(
                _present(
                    {
                        "name": line.service or self.service,
                        "environment": line.service_environment or self.environment,
                        "version": line.service_version,
                    }
                )
            )
            _keep(self._services, key, known)
        return known

    def faas_of(self, request_id: str | None, cold_start: bool | None) -> orjson.Fragment | None:  # a field's value
        """`faas` of a line; None when the lines do not come from Lambda and name no request."""
        key = (request_id, cold_start)
        known = self._functions.get(key)
        if known is None:
            fields = {
                "name": self.function,
                "version": self.version,
                "id": self._arn,
                "execution": request_id,
                "coldstart": cold_start,
            }
            present = _present(fields)
            if not present:
                return None
            known = _fragment(present)
            _keep(self._functions, key, known)
        return known


def document_of(line: Line, time_ms: int, request_id: str | None, source: Source) -> dict[str, Any]:
    """The document of a line.

    time_ms: the event's own time, milliseconds since 1970. request_id: that of the line, or the one that it belongs to.
    """
    kind = line.kind
    document: dict[str, Any] = {
        "@timestamp": timestamp(time_ms),
        "message": line.message,
        "data_stream": source.data_stream[kind],
        "event": source.event[kind] if line.action is None else source.platform_event(line),
        "service": source.service_of(line),
        "cloud": source.cloud,
        "aws": source.aws if line.platform is None else source.platform_aws(line),
    }
    faas = source.faas_of(request_id, line.cold_start)
    if faas is not None:
        document["faas"] = faas
    if line.level is not None:
        document["log"] = {"level": line.level}
    if line.app:
        document["app"] = line.app
    if line.trace_id is not None:
        document["trace"] = {"id": line.trace_id}
    if line.correlation:
        document["correlation"] = line.correlation
    if line.error:
        document["error"] = line.error
    if kind == METRIC:
        _add_metric(document, line)
    if line.tags:
        document["tags"] = line.tags
    return document


def _add_metric(document: dict[str, Any], line: Line) -> None:
    metric = line.metric
    if metric is not None:
        document["metric"] = _present(
            {
                "name": metric.name,
                "type": metric.type,
                "value": metric.value,
                "unit": metric.unit,
                "namespace": metric.namespace,
            }
        )
    if line.labels:
        document["labels"] = line.labels


def timestamp(milliseconds: int) -> str:
    """Milliseconds since 1970 as `2026-11-21T08:00:00.123Z`."""
    second, rest = divmod(milliseconds, 1000)
    return f"{_second(second)}.{rest:03d}Z"


@functools.lru_cache(maxsize=256)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _function_of(log_group: str, log_stream: str) -> tuple[str | None, str | None]:
    """Name and version of the Lambda function that writes to a log stream; None for other sources."""
    found = _LAMBDA_STREAM.fullmatch(log_stream)
    version = found["version"] if found else None
    if log_group.startswith(LAMBDA_GROUP):
        return log_group.removeprefix(LAMBDA_GROUP) or None, version
    if found and found["name"]:
        return found["name"], version
    return None, None


def _arn(region: str, account: str, function: str) -> str:
    partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    return f"arn:{partition}:lambda:{region}:{account}:function:{function}"


def _cloud(account: str, region: str, *, is_lambda: bool) -> dict[str, Any]:
    cloud: dict[str, Any] = {"provider": "aws", "region": region, "account": {"id": account}}
    if is_lambda:
        cloud["service"] = {"name": "lambda"}
    return cloud


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _fragment(value: Any) -> orjson.Fragment:
    return orjson.Fragment(strict.dumps(value))


def _keep(kept: dict[Any, orjson.Fragment], key: Any, value: orjson.Fragment) -> None:
    """Keep an encoded value, but not without end: what lines say is not in our hands."""
    if len(kept) >= _MAX_KEPT:
        kept.clear()
    kept[key] = value
