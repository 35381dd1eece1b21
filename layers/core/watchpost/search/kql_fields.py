"""How the fields of our documents are indexed, as far as a search depends on it. Pure.

A test holds this against the index templates in `dashboards/elasticsearch/`. What is not named here is a keyword.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from typing import TypeAlias

Kind: TypeAlias = Literal["keyword", "text", "date", "flattened", "number", "boolean", "ip"]

# Where words without a field are looked for.
DEFAULT = ("message", "error.message")
FLATTENED = frozenset({"app", "correlation", "labels"})
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("message", "error.message", "error.stack_trace.text"), "text"),
    **dict.fromkeys(("@timestamp", "event.ingested"), "date"),
    "faas.coldstart": "boolean",
    **dict.fromkeys(("client.ip", "destination.ip", "server.ip", "source.ip"), "ip"),
    **dict.fromkeys(("client.port", "destination.port", "server.port", "source.port", "url.port"), "number"),
    **dict.fromkeys(("http.request.body.bytes", "http.request.bytes", "http.response.body.bytes"), "number"),
    **dict.fromkeys(("http.response.bytes", "http.response.status_code", "network.bytes", "metric.value"), "number"),
}
_BELOW: dict[str, Kind] = {
    "aws.lambda.metrics.": "number",
    "lifted.long.": "number",
    "lifted.double.": "number",
    "lifted.boolean.": "boolean",
    "lifted.date.": "date",
    "lifted.ip.": "ip",
}
EXPECTED: dict[Kind, str] = {
    "number": "a number",
    "boolean": "true or false",
    "ip": "an address (in quotes when it has colons), or a network such as 10.0.0.0/8",
    "date": 'a date such as 2026-11-21, "2026-11-21T06:00", now-1h, or milliseconds since 1970',
}
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
# Elasticsearch reference, date: strict_date_optional_time or epoch_millis; and date math.
_MATH = r"(?:[+-][0-9]*[yMwdhHms]|/[yMwdhHms])*"
_TIME = r"[0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?)?"
_DAY = rf"[0-9]{{4}}(?:-[0-9]{{2}}(?:-[0-9]{{2}}(?:T(?:{_TIME}(?:Z|[+-][0-9]{{2}}(?::?[0-9]{{2}})?)?)?)?)?)?"
_DATE = re.compile(rf"now{_MATH}|-?[0-9]+|{_DAY}(?:\|\|{_MATH})?")


def kind(field: str) -> Kind:
    """How a field is indexed. A name below a flattened field is `flattened` too."""
    if root(field):
        return "flattened"
    if field in _KINDS:
        return _KINDS[field]
    return next((kind for prefix, kind in _BELOW.items() if field.startswith(prefix)), "keyword")


def root(field: str) -> str | None:
    """The flattened field that the name is, or is below of; None for another."""
    first = field.partition(".")[0]
    return first if first in FLATTENED else None


def fits(kind: Kind, value: str) -> bool:
    """Whether a value is one that Elasticsearch takes for such a field."""
    match kind:
        case "number":
            return _NUMBER.fullmatch(value) is not None
        case "boolean":
            return value in {"true", "false"}
        case "date":
            return _DATE.fullmatch(value) is not None
        case "ip":
            return _address(value)
    return True


def _address(value: str) -> bool:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    bits = value.partition("/")[2]
    return not bits or bits.isdigit()  # a mask such as /255.0.0.0 is none for Elasticsearch
