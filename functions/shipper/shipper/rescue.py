"""A document that Elasticsearch refuses is changed so that it takes it: nothing is left out, only moved."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from shipper import bulk, strict

if TYPE_CHECKING:
    from shipper.bulk import Refusal

STEPS = 2  # first the field that Elasticsearch names, then everything that can be moved
TAG = "rescued"

# What another form of the document can mend (seen on 8.19 and 9.2); anything else is not the document's fault.
_MENDABLE = frozenset(
    {"document_parsing_exception", "mapper_parsing_exception", "strict_dynamic_mapping_exception",
     "illegal_argument_exception", "dynamic_mapping_exception"}
)  # fmt: skip  # a list of types reads better in rows
# "failed to parse field [user.id] of type [long] in …", "… immense term in field=\"error.message\" …"
_FIELD = re.compile(r"field ?(?:\[|=\")([^\]\"]{1,300})[\]\"]")
# Where a document is found by, and what every document has: these are ours, and right.
_OURS = frozenset({"@timestamp", "message", "data_stream", "event", "cloud", "app", "tags"})


def is_mendable(refusal: Refusal) -> bool:
    """Whether another form of the document may be taken."""
    return refusal.status == 400 and refusal.type in _MENDABLE


def rescued(one: bytes, refusal: Refusal, step: int) -> bytes:
    """The item in a form that Elasticsearch is more likely to take, tagged `rescued`.

    step: 0 moves the field that Elasticsearch names under `app`, as text; 1 moves everything that can be moved.
    """
    action, document = bulk.parts_of(one)
    path = _named_field(document, refusal.reason) if step == 0 else None
    moved = _as_object(document.get("app"), "app")
    if path is not None and path[0] == "app":
        moved = {strict.TOO_DEEP: _text(document["app"])}
    elif path is not None:
        moved[".".join(path)] = _text(_take(document, path))
    else:
        moved = {strict.TOO_DEEP: _text(document["app"])} if "app" in document else {}
        for name in [name for name in document if name not in _OURS]:
            moved[name] = _text(document.pop(name))
    document["app"] = moved
    bulk.tagged(document, TAG)
    return bulk.encoded(action, document)


def _named_field(document: dict[str, Any], reason: str) -> tuple[str, ...] | None:
    """The path of the field that a reason names, when the document has it and it can be moved."""
    for found in _FIELD.finditer(reason):
        path = tuple(found[1].split("."))
        if path[0] == "app" and "app" in document:
            return ("app",)
        value: Any = document
        for depth, name in enumerate(path):
            if not isinstance(value, dict) or name not in value:
                path = path[:depth]
                break
            value = value[name]
        if path and path[0] not in _OURS:
            return path
    return None


def _take(document: dict[str, Any], path: tuple[str, ...]) -> Any:
    for name in path[:-1]:
        document = document[name]
    return document.pop(path[-1])


def _as_object(value: Any, name: str) -> dict[str, Any]:
    if value is None:
        return {}
    return dict(value) if isinstance(value, dict) else {name: _text(value)}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else strict.dumps(value).decode()
