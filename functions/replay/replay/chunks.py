"""Letters, cut into what one invocation of the shipper takes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watchpost.dead_letters import DeadLetter, fields_of

from replay.verdict import CRASHED, Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

METRIC = "metric"
# A synchronous invocation takes 6 MB (Lambda quotas); the rest is for what surrounds the letters.
MAX_BYTES = 5_500_000
MAX_LETTERS = 1_000
MAX_PAYLOADS = 4  # a payload is thousands of lines
_ORDER = {"document": 0, "payload": 1, METRIC: 2}  # what may be sent twice without harm comes first


@dataclass(slots=True, eq=False)
class Item:
    """A letter, and what became of it in this run: nothing yet, delivered, or a failure."""

    letter: DeadLetter
    delivered: bool = False
    failure: Failure | None = None

    @property
    def open(self) -> bool:
        """Whether nothing is known of it yet."""
        return not self.delivered and self.failure is None


@dataclass(slots=True, eq=False)
class Chunk:
    """Letters of one kind that are sent together."""

    items: list[Item]
    records: list[str]  # each as JSON

    def event(self) -> bytes:
        """The event for the shipper."""
        return f'{{"deadLetters":[{",".join(self.records)}]}}'.encode()

    def halves(self) -> tuple[Chunk, Chunk]:
        """Two chunks of half the letters each."""
        middle = len(self.items) // 2
        first = Chunk(self.items[:middle], self.records[:middle])
        return first, Chunk(self.items[middle:], self.records[middle:])


def cut(items: Iterable[Item], max_bytes: int = MAX_BYTES) -> Iterator[Chunk]:
    """Chunks of at most `max_bytes` bytes: documents, then payloads, then metrics.

    A letter of which the shipper died before goes alone, so that it takes no other with it. One that is too large for
    an invocation gets that as its failure, and is in no chunk.
    """
    chunk = Chunk([], [])
    size = 0
    for item in sorted(items, key=lambda item: _ORDER.get(item.letter.kind, 1)):
        record = json.dumps(_sent(item.letter), ensure_ascii=True, separators=(",", ":"))
        if len(record) > max_bytes:
            found = f"the letter has {len(record)} bytes, an invocation takes {max_bytes}"
            item.failure = Failure(found, permanent=True)
            continue
        if chunk.items and (size + len(record) > max_bytes or not _fits(item, chunk)):
            yield chunk
            chunk, size = Chunk([], []), 0
        chunk.items.append(item)
        chunk.records.append(record)
        size += len(record) + 1
    if chunk.items:
        yield chunk


def _fits(item: Item, chunk: Chunk) -> bool:
    last = chunk.items[-1].letter
    if last.kind != item.letter.kind or CRASHED in (last.reason[: len(CRASHED)], item.letter.reason[: len(CRASHED)]):
        return False
    return len(chunk.items) < (MAX_PAYLOADS if last.kind == "payload" else MAX_LETTERS)


def _sent(letter: DeadLetter) -> dict[str, object]:
    """What the shipper is told of a letter; its history is ours."""
    record = fields_of(letter)
    return {name: record[name] for name in ("kind", "reason", "attempts", "original")}
