"""An Elasticsearch that keeps nothing and lets nothing pass that a strict reader of JSON would refuse."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.integration.faults.proxy import answer

if TYPE_CHECKING:
    from tests.integration.faults.proxy import Exchange

LONGEST_ID = 512  # bytes (Elasticsearch reference, _id field)
DEEPEST = 24  # levels of a document: 20 of a flattened field (its depth_limit) and those above it


@dataclass
class NullElasticsearch:
    """What was taken, and what was wrong with it."""

    ids: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __call__(self, exchange: Exchange) -> None:
        items = exchange.items
        for action, document in items:
            try:
                self._take(strict(action), strict(document))
            except ValueError as error:
                self.wrong.append(f"{type(error).__name__}: {error}: {document[:300]!r}")
        results = [{"create": {"status": 201}} for _ in items]
        exchange.send(answer(200, {"errors": False, "took": 1, "items": results}))

    def _take(self, action: Any, document: Any) -> None:
        (create,) = action.values()
        if set(action) != {"create"} or not create["_index"].startswith(("logs-watchpost.", "metrics-watchpost.")):
            raise ValueError(f"action {action}")
        if not 0 < len(create["_id"].encode()) <= LONGEST_ID:
            raise ValueError(f"id {create['_id']}")
        if not isinstance(document.get("message"), str) or "@timestamp" not in document:
            raise ValueError("no message or no time")
        self.ids.append(create["_id"])
        self.messages.append(document["message"])


def strict(line: bytes) -> Any:
    """Read a line as the strictest reader would. Raises ValueError with what it refuses."""
    value = json.loads(
        line.decode("utf-8"),
        parse_constant=_refuse,
        parse_int=_integer,
        parse_float=_float,
        object_pairs_hook=_object,
    )
    # Escapes can hide lone surrogates; encoding finds them.
    json.dumps(value, ensure_ascii=False).encode("utf-8")
    if _depth(value) > DEEPEST:
        raise ValueError("nested too deeply")
    return value


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _integer(digits: str) -> int:
    if len(digits) > 20 or not -(2**63) <= int(digits) < 2**64:
        raise ValueError("an integer beyond 64 bits")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number beyond a double")
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key twice")
    if any("\0" in key for key in made):
        raise ValueError("NUL in a key")
    return made


def _depth(value: Any) -> int:
    levels, level = 0, [value]
    while level := [part for one in level for part in _parts(one)]:
        levels += 1
    return levels


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
