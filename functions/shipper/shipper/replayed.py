"""Dead letters that are delivered again. Who sends them keeps what fails; only what is left of a payload is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from watchpost.errors import DeadLetterError, PayloadError

from shipper import bulk, decode
from shipper.deliver import Courier
from shipper.publish import publish
from shipper.shipment import Shipment

if TYPE_CHECKING:
    from shipper.counts import Counts
    from shipper.pipeline import Surroundings

DELIVERED = {"delivered": True}


@dataclass(slots=True)
class _Replay:
    letters: list[Any]
    surroundings: Surroundings
    counts: Counts
    results: list[dict[str, Any]]


def letters_of(event: Any) -> list[Any] | None:
    """The dead letters in an event `{"deadLetters": [{"kind", "reason", "attempts", "original"}]}`, None for others."""
    letters = event.get("deadLetters") if isinstance(event, dict) else None
    return letters if isinstance(letters, list) else None


def replay(letters: list[Any], surroundings: Surroundings, counts: Counts) -> list[dict[str, Any]]:
    """Deliver dead letters again.

    Returns for each `{"delivered": true}` or `{"delivered": false, "reason": …, "attempts": …}`.
    """
    work = _Replay(letters, surroundings, counts, [_failed(0, "it is not a dead letter") for _ in letters])
    kinds: dict[str, list[int]] = {"document": [], "metric": [], "payload": []}
    for index, letter in enumerate(letters):
        kind = letter.get("kind") if isinstance(letter, dict) else None
        if isinstance(kind, str) and kind in kinds:
            kinds[kind].append(index)
    _documents(work, kinds["document"])
    _metrics(work, kinds["metric"])
    for index in kinds["payload"]:
        # What is left of each needs an object of its own.
        around = replace(surroundings, request_id=f"{surroundings.request_id}-{index}")
        work.results[index] = _payload(letters[index].get("original"), around, counts)
    return work.results


def _failed(attempts: int, reason: str) -> dict[str, Any]:
    return {"delivered": False, "reason": reason, "attempts": attempts}


def _documents(work: _Replay, indices: list[int]) -> None:
    courier = Courier(work.surroundings.connect, work.surroundings.deadline)
    items, sent = [], []
    for index in indices:
        item = _item(work.letters[index].get("original"))
        if item is None:
            work.results[index] = _failed(0, "it is not a document with index and id")
        else:
            items.append(item)
            sent.append(index)
    courier.send(bulk.Documents.of(items))
    done = courier.finish()
    for index in sent:
        work.results[index] = DELIVERED
    for failure in done.failures:
        work.results[sent[failure.position]] = _failed(failure.attempts, failure.reason)
    work.counts.add(done)


def _item(original: Any) -> bytes | None:
    if not isinstance(original, dict):
        return None
    index, document_id, document = (original.get(name) for name in ("index", "id", "document"))
    if not (isinstance(index, str) and isinstance(document_id, str) and isinstance(document, dict)):
        return None
    return bulk.item(index, document_id, document)


def _metrics(work: _Replay, indices: list[int]) -> None:
    by_namespace: dict[str, list[int]] = {}
    for index in indices:
        original = work.letters[index].get("original")
        if isinstance(original, dict) and isinstance(original.get("namespace"), str):
            by_namespace.setdefault(original["namespace"], []).append(index)
        else:
            work.results[index] = _failed(0, "it is not a metric with its namespace")
    for namespace, group in by_namespace.items():
        entries = [{**work.letters[index]["original"]} for index in group]
        for entry in entries:
            del entry["namespace"]
        around = work.surroundings
        publication = publish(entries, around.cloudwatch, namespace, around.deadline.later())
        work.counts.metrics_published += publication.published
        for index in group:
            work.results[index] = DELIVERED
        for failure in publication.failures:
            work.results[group[failure.position]] = _failed(failure.attempts, failure.reason)


def _payload(event: Any, surroundings: Surroundings, counts: Counts) -> dict[str, Any]:
    """A payload that could not be read, or an event that was not handled: as if it came for the first time.

    What of it cannot be delivered now becomes dead letters of its own.
    """
    try:
        inputs = decode.inputs_of(event)
        for one in inputs:
            decode.payload_of(one.data)
    except PayloadError as error:
        return _failed(1, str(error))
    try:
        Shipment(surroundings, counts).ship(inputs)
    except DeadLetterError as error:
        return _failed(1, str(error))
    return DELIVERED
