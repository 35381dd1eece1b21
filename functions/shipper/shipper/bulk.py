"""Bulk requests: documents as NDJSON, cut by count and by bytes, and what Elasticsearch answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from watchpost.errors import ClusterUnavailableError

from shipper import strict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_COUNT = 5_000  # documents a request
MAX_BYTES = 5 * 1024 * 1024  # a request; Elasticsearch's guide advises a few megabytes, its own limit is 100 MB
TRUNCATED_TO = 16_384  # characters of a text in a document that was too large for a request of its own

_DELIVERED = frozenset({200, 201})
_DUPLICATE = 409
_LATER = frozenset({429, 502, 503, 504})


@dataclass(slots=True)
class Answer:
    """What became of the items of one bulk request."""

    delivered: int = 0
    duplicates: int = 0
    later: list[bytes] = field(default_factory=list)  # to be tried again
    later_reason: str = ""
    rejected: list[tuple[bytes, str]] = field(default_factory=list)  # item and Elasticsearch's reason


def item(action: bytes, document: dict[str, Any]) -> bytes:
    """Action and document as two lines of NDJSON."""
    return b"%b\n%b\n" % (action, strict.dumps(document))


def cut(items: Iterable[bytes], max_count: int = MAX_COUNT, max_bytes: int = MAX_BYTES) -> Iterator[list[bytes]]:
    """Lists of at most `max_count` items and `max_bytes` bytes; an item that is larger travels alone."""
    batch: list[bytes] = []
    size = 0
    for one in items:
        if batch and (len(batch) >= max_count or size + len(one) > max_bytes):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += len(one)
    if batch:
        yield batch


def read_answer(batch: list[bytes], answer: dict[str, Any]) -> Answer:
    """Sort the items of a request by what Elasticsearch answered for each.

    Raises ClusterUnavailableError when the answer is not one to this request.
    """
    items = answer["items"]
    if len(items) != len(batch):
        raise ClusterUnavailableError(0, f"the answer has {len(items)} items for a request of {len(batch)}")
    if answer.get("errors") is False:
        return Answer(delivered=len(batch))
    read = Answer()
    for one, result in zip(batch, items, strict=True):
        outcome = result.get("create") if isinstance(result, dict) else None
        outcome = outcome if isinstance(outcome, dict) else {}
        status = outcome.get("status")
        if status in _DELIVERED:
            read.delivered += 1
        elif status == _DUPLICATE:
            read.duplicates += 1
        elif status in _LATER or not isinstance(status, int):
            read.later.append(one)
            read.later_reason = _reason(status, outcome.get("error"))
        else:
            read.rejected.append((one, _reason(status, outcome.get("error"))))
    return read


def _reason(status: Any, error: Any) -> str:
    """One line of Elasticsearch's; without the cause's, which may repeat values of the document."""
    if isinstance(error, dict):
        return f"{status} {error.get('type')}: {error.get('reason')}"[:500]
    return f"{status} {error}"[:500]


def original_of(one: bytes) -> dict[str, Any]:
    """An item as dead letters keep it: index, id and document."""
    action, document = one.splitlines()
    create = orjson.loads(action)["create"]
    return {"index": create["_index"], "id": create["_id"], "document": orjson.loads(document)}


def truncated(one: bytes) -> bytes:
    """The item with its texts cut and `app` as cut text, tagged `truncated`: for a cluster that takes no more."""
    action, encoded = one.splitlines()
    document = orjson.loads(encoded)
    document["message"] = document["message"][:TRUNCATED_TO]
    for part, text in document.get("error", {}).items():
        document["error"][part] = text[:TRUNCATED_TO]
    for name in ("app", "correlation", "labels"):
        whole = orjson.dumps(document.get(name)).decode()
        if len(whole) > TRUNCATED_TO:
            document[name] = {strict.TOO_DEEP: whole[:TRUNCATED_TO]}
    tags = document.setdefault("tags", [])
    if "truncated" not in tags:
        tags.append("truncated")
    return item(action, document)
