"""From a line to the document that is indexed, as the two lines of a bulk request.

What the documents of a payload have in common is encoded once; only what a line itself says is encoded for it.
"""

from __future__ import annotations

import functools
import hashlib
import operator
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from watchpost import names
from watchpost.kept import keep

from shipper import strict
from shipper.levels import ERRORS
from shipper.line import APP, KINDS, Line
from shipper.metrics import MINUTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watchpost.configuration import Configuration
    from watchpost.settings import Settings

    from shipper.decode import Payload
    from shipper.line import Metric
    from shipper.metrics import LineSample

# A line, what stands for its event in the id (as of event_ids), the event's time (milliseconds since 1970), its text.
Event = tuple["Line | Made", bytes, int, str]

LAMBDA_GROUP = "/aws/lambda/"
# 2026/11/21/[$LATEST]0a1b, or with the function's name before the bracket in a log group that functions share.
_LAMBDA_STREAM = re.compile(r"\d{4}/\d\d/\d\d/(?P<name>[\w-]*)\[(?P<version>[^\]]+)\].+")
# What many lines of a payload have in common.
_common = operator.attrgetter("kind", "level", "service", "service_environment", "service_version", "outcome", "action")
# What many lines say themselves, and what few do.
_own = operator.attrgetter("request_id", "cold_start", "app", "trace_id", "correlation", "rare")
_MAX_ID = 128  # characters; AWS's have 56


class _Stream(NamedTuple):
    """What the documents of one kind have in common."""

    dataset: str
    action: bytes  # the beginning of the action, up to the event's part of the id
    fields: bytes  # data_stream and cloud


# What lines have in common: the beginning of the action, as of _Stream; the document from the end of its time on; the
# service that they are counted for, if they are; whether they are errors. A plain tuple: it is unpacked for each line.
Head = tuple[bytes, bytes, str | None, bool]
# All of a document but its id and its time: the head, where it comes from (`faas` and `aws`; empty when the START line
# before it says so), and its own fields.
Made = tuple[Head, bytes, bytes]


class Source:
    """Where the lines of one payload come from, and what their documents have in common."""

    def __init__(
        self,
        payload: Payload,
        settings: Settings,
        configuration: Configuration,
        ingested_ms: int,
        listed: str = "",
    ) -> None:
        """ingested_ms: when the shipper handles the payload, milliseconds since 1970.

        listed: the service that the subscriptions' ledger names, for payloads whose filters name none.
        """
        self.function, self.version = _function_of(payload.log_group, payload.log_stream)
        is_canary = payload.log_group == names.canary_log_group(settings.stack)
        rule = None if is_canary else configuration.rule_for(payload.log_group)
        named = names.CANARY_SERVICE if is_canary else service_of_filters(payload)
        namespace = names.canary_namespace(settings.environment) if is_canary else settings.environment
        self.service: str = (rule.name if rule else named or listed) or self.function or payload.log_group
        self.environment = (rule.environment if rule else None) or settings.environment
        arn = _arn(settings, payload.owner, self.function) if self.function else None
        self._function = strict.dumps(_present({"name": self.function, "version": self.version, "id": arn}))[1:-1]
        self._ingested = timestamp(ingested_ms).decode()
        self._counted = configuration.logs.count
        self._heads: dict[tuple[Any, ...], Head] = {}
        self._origins: dict[tuple[str | None, bool | None], bytes] = {}
        cloudwatch = {"log_group": payload.log_group, "log_stream": payload.log_stream}
        self._aws = strict.dumps({"cloudwatch": cloudwatch})
        # Of account and region too: stacks elsewhere write to the same data streams, and names of groups are the same.
        origin = f"{payload.owner}\0{settings.aws_region}\0{payload.log_group}\0{payload.log_stream}"
        identity = hashlib.blake2b(origin.encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()
        cloud = strict.dumps(_cloud(payload.owner, settings.aws_region, is_lambda=self.function is not None))
        self._streams = {kind: _stream(kind, namespace, identity, cloud) for kind in KINDS}

    def encoded(self, events: Sequence[Event]) -> tuple[list[bytes], list[LineSample | None]]:
        """Action and document of lines, each as two lines of NDJSON, in pieces, and what each line counts as.

        The pieces are to be joined for a whole request, which is seldom taken apart again: bytes of each document's own
        would be made for nothing.
        """
        pieces: list[bytes] = []
        samples: list[LineSample | None] = []
        second, begun = -1, b""
        for line, event_id, time_ms, _ in events:
            (action, head, service, is_error), origin, fields = self._made(line) if isinstance(line, Line) else line
            if time_ms // 1000 != second:
                second = time_ms // 1000
                begun = b'"}}\n{"@timestamp":"%b' % _second(second)
            pieces += (action, event_id, begun, _THOUSANDTHS[time_ms % 1000], head, origin, fields)
            samples.append((service, time_ms // MINUTE, is_error) if service is not None else None)
        return pieces, samples

    def head_of(self, line: Line) -> Head:
        """What a line has in common with others."""
        key = _common(line)
        return self._heads.get(key) or self._head(key)

    def origin_of(self, request_id: str | None, cold_start: bool | None) -> bytes:
        """`faas` and `aws` of lines of a request; cold_start: whether it is the first of its environment."""
        return self._origins.get((request_id, cold_start)) or self._origin(request_id, cold_start)

    def _made(self, line: Line) -> Made:
        """With head_of and origin_of written out: two calls less for each line."""
        request_id, cold_start, app, trace_id, correlation, rare = _own(line)
        origin = self._origins.get((request_id, cold_start)) or self._origin(request_id, cold_start)
        document: dict[str, Any] = {"message": line.message}
        if app:
            document["app"] = app
        if trace_id is not None:
            document["trace"] = {"id": trace_id}
        if correlation:
            document["correlation"] = correlation
        if rare is not None:
            origin = _add_rare(document, line, origin)
        try:
            fields = orjson.dumps(document, None, orjson.OPT_APPEND_NEWLINE)[1:]
        except TypeError:  # a lone surrogate or a huge number
            fields = strict.dumps(document)[1:] + b"\n"
        key = _common(line)
        return self._heads.get(key) or self._head(key), origin, fields

    def _head(self, key: tuple[Any, ...]) -> Head:
        """What all lines of this kind, level and service have in common; key: as of _common."""
        kind, level, name, environment, version, outcome, action = key
        stream = self._streams[kind]
        event = {"dataset": stream.dataset, "ingested": self._ingested, "action": action, "outcome": outcome}
        service = {
            "name": name or self.service,
            "environment": environment or self.environment,
            "version": version,
        }
        fields = b'"%b,"service":%b,"event":%b%b' % (
            stream.fields,
            strict.dumps(_present(service)),
            strict.dumps(_present(event)),
            b"" if level is None else b',"log":%b' % strict.dumps({"level": level}),
        )
        counted = service["name"] if self._counted and kind == APP else None
        return keep(self._heads, key, (stream.action, fields, counted, level in ERRORS))

    def _origin(self, request_id: str | None, cold_start: bool | None) -> bytes:
        """As of origin_of; no `faas` when the lines do not come from Lambda and name no request."""
        parts = [self._function] if self._function else []
        if request_id is not None:
            parts.append(b'"execution":%b' % strict.dumps(request_id))
        if cold_start is not None:
            parts.append(b'"coldstart":true' if cold_start else b'"coldstart":false')
        origin = b'%b,"aws":%b,' % (b',"faas":{%b}' % b",".join(parts) if parts else b"", self._aws)
        return keep(self._origins, (request_id, cold_start), origin)


def _stream(kind: str, namespace: str, identity: str, cloud: bytes) -> _Stream:
    """identity: of where the lines come from, the beginning of every document's id; cloud: encoded."""
    name = names.data_stream(kind, namespace)
    stream_type, dataset = name.split("-", 2)[:2]
    fields = strict.dumps({"type": stream_type, "dataset": dataset, "namespace": namespace})
    action = strict.dumps({"create": {"_index": name, "_id": f"{identity}-"}})
    return _Stream(dataset, action.removesuffix(b'"}}'), b',"data_stream":%b,"cloud":%b' % (fields, cloud))


def _add_rare(document: dict[str, Any], line: Line, origin: bytes) -> bytes:
    """Add what most lines do not have; returns the origin, of which a platform line tells more."""
    rare = line.rare or {}
    for name, value in rare.items():
        if name == "metric":
            if value is not None:
                document["metric"] = _metric(value)
        elif value and name not in ("typed", "platform"):  # error, labels, tags
            document[name] = value
    document |= rare.get("typed") or {}
    platform = rare.get("platform")
    return origin if platform is None else b'%b,"lambda":%b},' % (origin[:-2], strict.dumps(platform))


def service_of_filters(payload: Payload) -> str | None:
    """The service that the name of a subscription filter carries."""
    return next(filter(None, map(names.service_of_filter, payload.filters)), None)


def event_ids(payload: Payload) -> list[bytes]:
    """What stands for each event in its document's `_id`; the same event always gets the same one.

    Two events can come with one id. A repeated event keeps it, so that it is indexed once; a different one gets an id
    of its own, so that it is not taken for a repetition.
    """
    ids = payload.ids
    if len(set(ids)) != len(ids):
        contents: dict[str, tuple[int, str]] = {}
        ids = [
            one if contents.setdefault(one, content) == content else f"{one}|{content[0]}|{content[1]}"
            for one, content in zip(ids, zip(payload.times, payload.messages, strict=True), strict=True)
        ]
    joined = "".join(ids)
    lengths = set(map(len, ids))
    # As AWS makes them. Asking the bytes takes a tenth of what asking the text does.
    if joined.isascii() and joined.encode().isalnum() and 0 not in lengths and max(lengths) <= _MAX_ID:
        return list(map(str.encode, ids))
    return list(map(_plain_id, ids))


def _plain_id(event_id: str) -> bytes:
    if event_id.isascii() and event_id.isalnum() and len(event_id) <= _MAX_ID:
        return event_id.encode()
    digest = hashlib.blake2b(event_id.encode("utf-8", "surrogatepass"), digest_size=20)
    return f"x{digest.hexdigest()}".encode()


def _metric(metric: Metric) -> dict[str, Any]:
    document: dict[str, Any] = {"name": metric.name, "value": metric.value}
    if metric.type is not None:
        document["type"] = metric.type
    if metric.unit is not None:
        document["unit"] = metric.unit
    if metric.namespace is not None:
        document["namespace"] = metric.namespace
    return document


def timestamp(milliseconds: int) -> bytes:
    """Milliseconds since 1970 as `2026-11-21T08:00:00.123Z`."""
    second, rest = divmod(milliseconds, 1000)
    return _second(second) + _THOUSANDTHS[rest]


_THOUSANDTHS = [b".%03dZ" % rest for rest in range(1000)]


@functools.lru_cache(maxsize=256)
def _second(second: int) -> bytes:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()


def _function_of(log_group: str, log_stream: str) -> tuple[str | None, str | None]:
    """Name and version of the Lambda function that writes to a log stream; None for other sources."""
    found = _LAMBDA_STREAM.fullmatch(log_stream)
    version = found["version"] if found else None
    if log_group.startswith(LAMBDA_GROUP):
        return log_group.removeprefix(LAMBDA_GROUP) or None, version
    if found and found["name"]:
        return found["name"], version
    return None, None


def _arn(settings: Settings, account: str, function: str) -> str:
    return f"arn:{settings.partition}:lambda:{settings.aws_region}:{account}:function:{function}"


def _cloud(account: str, region: str, *, is_lambda: bool) -> dict[str, Any]:
    cloud: dict[str, Any] = {"provider": "aws", "region": region, "account": {"id": account}}
    if is_lambda:
        cloud["service"] = {"name": "lambda"}
    return cloud


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
