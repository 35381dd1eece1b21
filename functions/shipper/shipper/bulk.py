"""Bulk requests: documents as NDJSON, cut by count and by bytes, and what Elasticsearch answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from watchpost.dead_letters import Encoded
from watchpost.errors import ClusterUnavailableError

from shipper import strict

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_COUNT = 5_000  # documents a request
MAX_BYTES = 5 * 1024 * 1024  # a request; Elasticsearch's guide advises a few megabytes, its own limit is 100 MB
TRUNCATED_TO = 16_384  # characters of a text in a document that was too large for a request of its own

_DELIVERED = frozenset({200, 201})
_DUPLICATE = 409
_LATER = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Elasticsearch's reason against one document."""

    index: int  # in the request
    status: int
    type: str
    reason: str

    def __str__(self) -> str:
        # One line of Elasticsearch's; without the cause's, which may repeat values of the document.
        return f"{self.status} {self.type}: {self.reason}"[:500]


@dataclass(slots=True)
class Answer:
    """What became of the items of one bulk request, by their index in it."""

    delivered: int = 0
    duplicates: list[int] = field(default_factory=list)
    later: list[int] = field(default_factory=list)  # to be tried again
    later_reason: str = ""
    refused: list[Refusal] = field(default_factory=list)


class Documents:
    """Documents with their actions, as the body of a bulk request, or as items: two lines of NDJSON for each.

    What came as a body is taken apart when somebody asks for an item, which is seldom.
    """

    __slots__ = ("_count", "_items", "body")

    def __init__(self, body: bytes, count: int) -> None:
        self.body = body
        self._count = count
        self._items: list[bytes] | None = None

    @classmethod
    def of(cls, items: list[bytes]) -> Documents:
        """Documents that were made one by one."""
        documents = cls(b"".join(items), len(items))
        documents._items = items
        return documents

    def __len__(self) -> int:
        return self._count

    @property
    def items(self) -> list[bytes]:
        """Each document with its action."""
        if self._items is None:
            lines = self.body.split(b"\n")  # JSON has no other line breaks
            self._items = [b"%b\n%b\n" % (lines[at], lines[at + 1]) for at in range(0, 2 * len(self), 2)]
        return self._items

    def cut(self, max_count: int = MAX_COUNT, max_bytes: int = MAX_BYTES) -> Iterator[Documents]:
        """Those that travel together: at most `max_count` and `max_bytes`; one that is larger travels alone."""
        if 0 < len(self) <= max_count and len(self.body) <= max_bytes:  # as most are
            yield self
            return
        start, size = 0, 0
        for index, one in enumerate(self.items):
            if index > start and (index - start >= max_count or size + len(one) > max_bytes):
                yield Documents.of(self.items[start:index])
                start, size = index, 0
            size += len(one)
        if start < len(self):
            yield Documents.of(self.items[start:])


def read_answer(count: int, answer: dict[str, Any]) -> Answer:
    """Sort the items of a request by what Elasticsearch answered for each.

    count: items in the request. Raises ClusterUnavailableError when the answer is not one to this request.
    """
    items = answer["items"]
    if len(items) != count:
        raise ClusterUnavailableError(0, f"the answer has {len(items)} items for a request of {count}")
    if answer.get("errors") is False:
        return Answer(delivered=count)
    read = Answer()
    for index, result in enumerate(items):
        outcome = result.get("create") if isinstance(result, dict) else None
        outcome = outcome if isinstance(outcome, dict) else {}
        status = outcome.get("status")
        if status in _DELIVERED:
            read.delivered += 1
        elif status == _DUPLICATE:
            read.duplicates.append(index)
        elif status in _LATER or not isinstance(status, int):
            read.later.append(index)
            read.later_reason = str(_refusal(index, status or 0, outcome.get("error")))
        else:
            read.refused.append(_refusal(index, status, outcome.get("error")))
    return read


def _refusal(index: int, status: int, error: Any) -> Refusal:
    if isinstance(error, dict):
        return Refusal(index, status, str(error.get("type")), str(error.get("reason")))
    return Refusal(index, status, "error", str(error))


def item(index: str, document_id: str, document: dict[str, Any]) -> bytes:
    """Action and document as two lines of NDJSON."""
    return encoded({"create": {"_index": index, "_id": document_id}}, document)


def encoded(action: dict[str, Any], document: dict[str, Any]) -> bytes:
    """The same, with the action as it is sent."""
    return b"%b\n%b\n" % (strict.dumps(action), strict.dumps(document))


def parts_of(one: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Action and document of an item."""
    action, document = one.split(b"\n", 1)
    return orjson.loads(action), orjson.loads(document)


class Original(Encoded):
    """An item as dead letters keep it: index, id and document."""

    __slots__ = ("_item",)

    def __init__(self, item: bytes) -> None:
        self._item = item

    def json(self) -> bytes:
        """`{"index": …, "id": …, "document": {…}}`."""
        action, document = self._item.rstrip(b"\n").split(b"\n", 1)
        create = orjson.loads(action)["create"]
        head = orjson.dumps({"index": create["_index"], "id": create["_id"]})
        return b'%b,"document":%b}' % (head[:-1], document)


def tagged(document: dict[str, Any], tag: str) -> None:
    """Say how a document was treated, once."""
    tags = document.setdefault("tags", [])
    if tag not in tags:
        tags.append(tag)


def truncated(one: bytes) -> bytes:
    """The item with its texts cut and `app` as cut text, tagged `truncated`: for a cluster that takes no more."""
    action, document = parts_of(one)
    document["message"] = document["message"][:TRUNCATED_TO]
    for part, text in document.get("error", {}).items():
        document["error"][part] = text[:TRUNCATED_TO]
    for name in ("app", "correlation", "labels"):
        whole = orjson.dumps(document.get(name)).decode()
        if len(whole) > TRUNCATED_TO:
            document[name] = {strict.TOO_DEEP: whole[:TRUNCATED_TO]}
    tagged(document, "truncated")
    return encoded(action, document)
