"""The payloads of one invocation, from their lines to everything that became of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watchpost import dead_letters
from watchpost.dead_letters import DeadLetter
from watchpost.errors import DeadLetterError, PayloadError
from watchpost.settings import ACCOUNT

from shipper import bulk, decode, document
from shipper.convert import Conversion
from shipper.deliver import Courier
from shipper.metrics import Gathered
from shipper.publish import as_emf, publish

if TYPE_CHECKING:
    from typing import Any

    from shipper.convert import Chunk
    from shipper.counts import Counts
    from shipper.decode import Input, Payload
    from shipper.metrics import LineSample, ValueSample
    from shipper.pipeline import Surroundings

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Part:
    """What one payload became."""

    input: Input
    positions: range  # of its documents
    letter: DeadLetter | None = None  # of a payload that cannot be read


class Shipment:
    """The payloads of one invocation on their way."""

    def __init__(self, surroundings: Surroundings, counts: Counts) -> None:
        self._around = surroundings
        self._counts = counts
        self._courier = Courier(surroundings.connect, surroundings.deadline)
        self._parts: list[_Part] = []
        self._lines: list[LineSample | None] = []  # one for each document
        self._values: dict[int, tuple[ValueSample, ...]] = {}  # by the position of the document
        self._service: str | None = None  # of the first payload
        self._oldest_ms: int | None = None  # time of the oldest line, since 1970

    def ship(self, inputs: list[Input]) -> None:
        """Deliver payloads, publish the metrics of what is new, and store what could not be delivered.

        Raises DeadLetterError when documents or payloads could not be stored. Then the metrics of those documents are
        not published: they will be, when the event comes again.
        """
        for one in inputs:
            self._add(one)
        self._finish()

    def _add(self, one: Input) -> None:
        """Convert and deliver one payload."""
        first = len(self._lines)
        letter = None
        try:
            payload = decode.payload_of(one.data)
        except PayloadError as error:
            self._counts.payloads_invalid += 1
            _log.warning("a payload is kept as a dead letter: %s", error)
            letter = DeadLetter("payload", str(error), 1, one.event)
        else:
            if payload is None:
                self._counts.control_messages += 1
            else:
                self._convert(payload)
        self._parts.append(_Part(one, range(first, len(self._lines)), letter))

    def _convert(self, payload: Payload) -> None:
        around, counts = self._around, self._counts
        counts.lines_received += len(payload.ids)
        listed = around.settings.subscription_scope == ACCOUNT and document.service_of_filters(payload) is None
        # The ledger knows this account's groups only; another account's may have the name of one of them.
        own = payload.owner == around.settings.account
        entry = around.entry_of(payload.log_group) if listed and own else None
        conversion = Conversion(payload, around.settings, around.configuration, around.now_ms(), entry)
        if conversion.is_left_out(counts):
            return
        self._service = self._service or conversion.source.service
        for chunk in conversion.chunks(counts):
            self._send(chunk)
        if payload.times:
            oldest_ms = min(payload.times)
            self._oldest_ms = oldest_ms if self._oldest_ms is None else min(oldest_ms, self._oldest_ms)

    def _send(self, chunk: Chunk) -> None:
        first = len(self._lines)
        self._lines += chunk.lines
        for index, samples in chunk.values.items():
            self._values[first + index] = samples
        self._courier.send(chunk.documents)

    def _finish(self) -> None:
        self._courier.finish()
        self._count_delivery()
        letters = [part.letter for part in self._parts if part.letter is not None]
        letters += [
            DeadLetter("document", failure.reason, failure.attempts, bulk.Original(failure.item))
            for failure in self._courier.done.failures
        ]
        not_stored = self._try_to_store(letters)
        entries = self._entries(without_failures=not_stored is not None)
        namespace = self._around.settings.metric_namespace
        publication = publish(entries, self._around.cloudwatch, namespace, self._around.deadline.later())
        self._counts.metrics_published += publication.published
        if publication.failures:
            unpublished = [
                DeadLetter("metric", one.reason, one.attempts, {"namespace": namespace, **entries[one.position]})
                for one in publication.failures
            ]
            # One object for an invocation: the letters that are in it already are written again.
            stored = [] if not_stored else letters
            if self._try_to_store([*stored, *unpublished], already=len(stored)) is not None:
                self._log_metrics([entries[one.position] for one in publication.failures])
        if not_stored is not None:
            raise not_stored

    def unfinished(self) -> list[Input]:
        """The payloads of which something could not be delivered."""
        failed = {failure.position for failure in self._courier.done.failures}
        return [part.input for part in self._parts if part.letter or not failed.isdisjoint(part.positions)]

    def _count_delivery(self) -> None:
        done, counts = self._courier.done, self._counts
        counts.add(done)
        if done.delivered and self._oldest_ms is not None:
            counts.delivery_lag_seconds = max(self._around.now_ms() - self._oldest_ms, 0) / 1000

    def _entries(self, *, without_failures: bool) -> list[dict[str, Any]]:
        """What lines add to metrics, those left out that were counted before or will be counted later."""
        around, done = self._around, self._courier.done
        lines, values = self._lines, self._values
        skipped = done.duplicates | ({one.position for one in done.failures} if without_failures else set())
        if skipped:
            lines = [sample for position, sample in enumerate(lines) if position not in skipped]
            values = {position: samples for position, samples in values.items() if position not in skipped}
        gathered = Gathered(self._service or "unknown", around.now_ms(), around.configuration.max_dimension_sets)
        gathered.add(lines, values.values())
        entries = list(gathered.entries())
        self._counts.dimension_sets_capped += gathered.capped
        self._counts.metrics_skipped += gathered.skipped
        return entries

    def _try_to_store(self, letters: list[DeadLetter], already: int = 0) -> DeadLetterError | None:
        """Store letters, of which some are `already` counted; the error when the bucket does not take them."""
        try:
            store(letters, self._around, self._counts, already)
        except DeadLetterError as error:
            return error
        return None

    def _log_metrics(self, entries: list[dict[str, Any]]) -> None:
        """CloudWatch takes them from the function's own log, a little later."""
        for line in as_emf(entries, self._around.settings.metric_namespace):
            print(line)
            self._counts.metrics_logged += 1


def store(letters: list[DeadLetter], surroundings: Surroundings, counts: Counts, already: int = 0) -> None:
    """Store what could not be delivered, of which some is `already` counted. Raises DeadLetterError."""
    if not letters:
        return
    bucket = surroundings.settings.dead_letter_bucket
    try:
        key = dead_letters.store(surroundings.s3(), bucket, surroundings.request_id, letters)
    except DeadLetterError:
        _log.exception("%d dead letters could not be stored", len(letters))
        raise
    counts.dead_lettered += len(letters) - already
    # Not the reasons: Elasticsearch's may repeat what stood in a line.
    _log.warning("%d dead letters are stored in %s", len(letters), key)
