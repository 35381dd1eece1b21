"""The bytes of requests and answers: JSON 1.1, CBOR (Smithy RPC v2) and the REST of Lambda."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.integration.faults import cbor

if TYPE_CHECKING:
    from tests.integration.logs_account.state import Refusal

_TAGS = "/2017-03-31/tags/"
_MAPPINGS = "/2015-03-31/event-source-mappings"
TARGETS = ("Logs_20140328", "ResourceGroupsTaggingAPI_20170126")


@dataclass
class Request:
    """One request, whatever protocol it came by."""

    operation: str
    parameters: dict[str, Any]
    protocol: str  # json, cbor or rest


@dataclass
class Answer:
    """What goes back."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def parse(method: str, path: str, headers: dict[str, str], body: bytes) -> Request:
    """Understand a request. headers: with names in lower case. Raises ValueError for what is none of AWS's."""
    service, _, operation = headers.get("x-amz-target", "").partition(".")
    if method == "POST" and service in TARGETS:
        return Request(operation, json.loads(body), "json")
    parts = path.split("/")
    if method == "POST" and parts[1] == "service" and parts[2] in TARGETS:
        return Request(parts[4], cbor.loads(body), "cbor")
    address = urlsplit(path)
    if method == "GET" and address.path.startswith(_TAGS):
        return Request("ListTags", {"Resource": unquote(address.path.removeprefix(_TAGS))}, "rest")
    if method == "GET" and address.path.rstrip("/") == _MAPPINGS:
        return Request("ListEventSourceMappings", dict(parse_qsl(address.query)), "rest")
    raise ValueError(f"{method} {path} is no request that this account understands")


def answer(protocol: str, content: dict[str, Any]) -> Answer:
    """What is said when all went well."""
    if protocol == "cbor":
        return Answer(200, encoded(content), {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"})
    kind = "application/json" if protocol == "rest" else "application/x-amz-json-1.1"
    return Answer(200, json.dumps(content).encode(), {"content-type": kind})


def refused(protocol: str, refusal: Refusal) -> Answer:
    """What is said when it was not done."""
    content = {"__type": refusal.code, "message": refusal.message}
    if protocol == "cbor":
        headers = {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        return Answer(refusal.status, encoded(content), headers)
    if protocol == "rest":
        body = json.dumps({"Type": "User", "Message": refusal.message}).encode()
        return Answer(refusal.status, body, {"content-type": "application/json", "x-amzn-errortype": refusal.code})
    return Answer(refusal.status, json.dumps(content).encode(), {"content-type": "application/x-amz-json-1.1"})


def encoded(value: Any) -> bytes:
    """CBOR of maps, lists and texts."""
    if isinstance(value, dict):
        items = b"".join(encoded(key) + encoded(item) for key, item in value.items())
        return b"\xb9" + struct.pack("!H", len(value)) + items
    if isinstance(value, list):
        return b"\x99" + struct.pack("!H", len(value)) + b"".join(map(encoded, value))
    text = value.encode()
    return b"\x79" + struct.pack("!H", len(text)) + bytes(text)
