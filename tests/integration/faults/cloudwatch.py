"""A small CloudWatch that takes PutMetricData as strictly as the real one, and adds up exactly.

Limits: CloudWatch API reference, PutMetricData, MetricDatum and Dimension.
"""

from __future__ import annotations

import json
import math
import threading
import time
import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tests.integration.faults import cbor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TARGET = "GraniteServiceVersion20100801.PutMetricData"
CBOR_PATH = "/service/GraniteServiceVersion20100801/operation/PutMetricData"
MAX_ENTRIES = 1_000
MAX_VALUES = 150
MAX_DIMENSIONS = 30
MAX_BYTES = 1_000_000
OLDEST, NEWEST = 14 * 86_400, 2 * 3_600  # seconds
_SIZES = [prefix + base for base in ("bytes", "bits") for prefix in ("", "kilo", "mega", "giga", "tera")]
_COUNTED = [*(size.capitalize() for size in _SIZES), "Count"]
UNITS = {"Seconds", "Microseconds", "Milliseconds", "Percent", "None", *_COUNTED, *(f"{u}/Second" for u in _COUNTED)}
_DATUM = {"MetricName", "Dimensions", "Timestamp", "Unit", "Value", "Values", "Counts", "StorageResolution"}

# Namespace, name and dimensions of a metric.
Key = tuple[str, str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class Refusal(Exception):  # noqa: N818  # an answer of the service, not a fault of the fake
    """An answer other than success."""

    code: str
    message: str
    status: int = 400


THROTTLED = Refusal("ThrottlingException", "Rate exceeded")
DENIED = Refusal("AccessDenied", "User is not authorized to perform: cloudwatch:PutMetricData", 403)


@dataclass
class CloudWatch:
    """What was published: exact sums and numbers of samples of each metric, and every refusal with its reason."""

    sums: defaultdict[Key, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    samples: Counter[Key] = field(default_factory=Counter)
    calls: int = 0  # requests that arrived
    invalid: list[str] = field(default_factory=list)  # what the real one would have refused
    before: Callable[[int], None] | None = None  # asked with the call's number before a call is taken; may raise
    after: Callable[[int], None] | None = None  # asked when it is taken and not yet answered; may raise
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, headers: Mapping[str, str], path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Answer one request: status, headers and body."""
        is_cbor = path == CBOR_PATH
        with self._lock:
            self.calls += 1
            number = self.calls
        try:
            if self.before is not None:
                self.before(number)
            self._take(_request(headers, path, body))
            if self.after is not None:
                self.after(number)
        except Refusal as refusal:
            if refusal not in (THROTTLED, DENIED):
                self.invalid.append(refusal.message)
            return _refused(refusal, is_cbor=is_cbor)
        if is_cbor:
            return 200, {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}, b"\xa0"
        return 200, {"content-type": "application/x-amz-json-1.0"}, b"{}"

    def _take(self, request: dict[str, Any]) -> None:
        namespace, entries = _checked(request)
        with self._lock:
            for entry in entries:
                dimensions = tuple((one["Name"], one["Value"]) for one in entry.get("Dimensions", []))
                key = (namespace, entry["MetricName"], tuple(sorted(dimensions)))
                values = entry.get("Values", [entry.get("Value")])
                counts = entry.get("Counts", [1.0] * len(values))
                for value, count in zip(values, counts, strict=True):
                    self.sums[key] += Fraction(value) * Fraction(count)
                    self.samples[key] += int(count)


def _refused(refusal: Refusal, *, is_cbor: bool) -> tuple[int, dict[str, str], bytes]:
    fields = {"__type": f"com.amazonaws.cloudwatch.v2010_08_01#{refusal.code}", "message": refusal.message}
    headers = {"x-amzn-query-error": f"{refusal.code.removesuffix('Exception')};Sender"}
    if is_cbor:
        headers |= {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        return refusal.status, headers, cbor.dumps(fields)
    return refusal.status, headers | {"content-type": "application/x-amz-json-1.0"}, json.dumps(fields).encode()


def _request(headers: Mapping[str, str], path: str, body: bytes) -> dict[str, Any]:
    if headers.get("content-encoding") == "gzip":
        body = zlib.decompress(body, 16 + zlib.MAX_WBITS)
    if len(body) > MAX_BYTES:
        raise Refusal("RequestEntityTooLarge", f"{len(body)} bytes", 413)
    try:
        if path == CBOR_PATH and headers.get("smithy-protocol") == "rpc-v2-cbor":
            request = cbor.loads(body)
        elif headers.get("x-amz-target") == TARGET and headers.get("content-type") == "application/x-amz-json-1.0":
            request = json.loads(body, parse_constant=_no_constant)
        else:
            raise Refusal("UnknownOperationException", f"{path}: {headers.get('content-type')}", 404)
    except ValueError as error:
        raise Refusal("SerializationException", str(error)) from None
    if not isinstance(request, dict):
        raise Refusal("SerializationException", "not an object")
    return request


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _need(condition: object, what: str) -> None:
    if not condition:
        raise Refusal("InvalidParameterValueException", what)


def _checked(request: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    _need(request.keys() <= {"Namespace", "MetricData"}, f"unknown parameters {request.keys()}")
    namespace, entries = request.get("Namespace"), request.get("MetricData")
    _need(isinstance(namespace, str) and _is_text(namespace, 255), f"Namespace {namespace!r}")
    assert isinstance(namespace, str)
    _need(not namespace.startswith("AWS/"), "Namespace of AWS")
    _need(isinstance(entries, list) and 0 < len(entries) <= MAX_ENTRIES, "number of entries")
    assert isinstance(entries, list)
    for entry in entries:
        _check_entry(entry)
    return namespace, entries


def _check_entry(entry: dict[str, Any]) -> None:
    _need(entry.keys() <= _DATUM, f"unknown members {entry.keys() - _DATUM}")
    _need(_is_text(entry.get("MetricName"), 255), f"MetricName {entry.get('MetricName')!r}")
    _need(entry.get("Unit", "None") in UNITS, f"Unit {entry.get('Unit')!r}")
    _need(entry.get("StorageResolution", 60) in (1, 60), "StorageResolution")
    at = entry.get("Timestamp", time.time())
    _need(_is_number(at) and -OLDEST <= at - time.time() <= NEWEST, f"Timestamp {at!r}")
    dimensions = entry.get("Dimensions", [])
    _need(len(dimensions) <= MAX_DIMENSIONS, "more than 30 dimensions")
    _need(len({one.get("Name") for one in dimensions}) == len(dimensions), "a dimension twice")
    for one in dimensions:
        _need(one.keys() == {"Name", "Value"}, "members of a dimension")
        _need(_is_text(one["Name"], 255) and not one["Name"].startswith(":"), f"dimension name {one['Name']!r}")
        _need(_is_text(one["Value"], 1024), f"dimension value {one['Value']!r}")
    _check_values(entry)


def _check_values(entry: dict[str, Any]) -> None:
    _need(("Value" in entry) != ("Values" in entry), "Value or Values")
    values = entry.get("Values", [entry.get("Value")])
    counts = entry.get("Counts", [1] * len(values))
    _need(isinstance(values, list) and 0 < len(values) <= MAX_VALUES, "number of Values")
    _need(isinstance(counts, list) and len(counts) == len(values), "Values and Counts of different lengths")
    _need(all(map(_is_number, values)), "a value that is not a finite number")
    _need(all(abs(value) <= 2.0**360 for value in values), "a value beyond 2^360")
    _need(all(_is_number(count) and count > 0 for count in counts), "a count that is not above zero")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_text(value: Any, longest: int) -> bool:
    """Whether CloudWatch takes a text: printable ASCII, with something else than blanks, within a length."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= longest
        and value.isascii()
        and value.isprintable()
        and bool(value.strip())
    )
