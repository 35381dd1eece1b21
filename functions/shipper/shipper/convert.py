"""From a payload to documents and samples: parse -> rules -> document. No I/O."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from watchpost import names

from shipper import bulk, document, formats, metrics, recursion, rules
from shipper.express import Express
from shipper.line import APP, INVALID_METRIC, METRIC, PLATFORM, Line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from watchpost.configuration import Configuration
    from watchpost.ledger import Entry
    from watchpost.settings import Settings

    from shipper.counts import Counts
    from shipper.decode import Payload

_log = logging.getLogger(__name__)

MAX_LINES = 1_000  # of a chunk, which is a request to Elasticsearch
# Characters of a chunk, and the line that goes beyond. All its lines are in memory at once, as objects that may take
# thirty times their length.
MAX_CHARACTERS = 2_000_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Documents of some lines, and what they add to metrics."""

    documents: bulk.Documents
    lines: list[metrics.LineSample | None]  # one for each document
    values: dict[int, tuple[metrics.ValueSample, ...]]  # by the position of the document


class Conversion:
    """How the lines of one payload are converted."""

    def __init__(
        self,
        payload: Payload,
        settings: Settings,
        configuration: Configuration,
        now_ms: int,
        entry: Entry | None = None,
    ) -> None:
        """now_ms: milliseconds since 1970. entry: what the subscriptions' ledger says of the log group, if asked."""
        self.payload = payload
        self.source = document.Source(payload, settings, configuration, now_ms, entry.service if entry else "")
        self._stack = settings.stack
        self._entry = entry
        self._configuration = configuration
        canary = names.canary_stack(payload.log_group)
        self._canary = canary == settings.stack
        self._canary_of_another = canary is not None and not self._canary
        # What is configured for services must not keep the canary's line from arriving.
        self._rules = None if self._canary else rules.compiled(configuration, payload.log_group, self.source.service)
        self._read = Express(self.source).read if self._rules is None else _parsed
        self._now_ms = now_ms
        self._request_id: str | None = None  # of the START line last seen on this stream

    def is_left_out(self, counts: Counts) -> bool:
        """Whether nothing of this payload is shipped, which is counted."""
        if self._canary_of_another:
            rule: str | None = "canary of another stack"
        else:
            rule = None if self._canary else self._reason_against(counts)
        if rule is not None:
            counts.filter(rule, len(self.payload.ids))
        return rule is not None

    def _reason_against(self, counts: Counts) -> str | None:
        """The rule that leaves out all of this payload."""
        if self.payload.log_group in names.own_log_groups(self._stack):
            counts.payloads_refused += 1
            _log.error("a log group of Watchpost itself is subscribed to the shipper, its lines are refused")
            return "own log group"
        glob = self._configuration.excludes(self.payload.log_group)
        if glob is not None:
            return f"logs.exclude: {glob}"
        if recursion.is_of_another_stack(self.payload):
            counts.payloads_refused += 1
            _log.error(
                "%r of another Watchpost stack is subscribed to the shipper, its lines are refused; remove the filter",
                self.payload.log_group,
            )
            return recursion.RULE
        if self._entry is not None and self._entry.state == "skipped":
            return f"subscriptions: {self._entry.rule}"
        return None

    def chunks(self, counts: Counts) -> Iterator[Chunk]:
        """The documents of the payload's lines; what is left out is counted by the rule that says so."""
        ids = document.event_ids(self.payload)
        for positions in parts(self.payload.messages):
            yield self._chunk(self._read_at(ids, positions, counts), counts)

    def _read_at(self, ids: list[bytes], positions: range, counts: Counts) -> Iterable[document.Event]:
        """The lines at some positions of the payload, without what Watchpost made itself."""
        payload, start = self.payload, positions.start
        part = slice(start, positions.stop)
        texts, times, ids = payload.messages[part], payload.times[part], ids[part]
        lines = self._read(texts)
        for position in payload.extracted.keys() & positions:
            extracted, index = payload.extracted[position], position - start
            lines[index] = formats.parse(texts[index], extracted)
            texts[index] += "\n" + _as_text(extracted)  # rules look at all that came
        events = zip(lines, ids, times, texts, strict=True)
        echoes = recursion.echoes(texts)
        if not echoes:
            return events
        counts.echo(payload.log_group, recursion.RULE, len(echoes))
        return [event for index, event in enumerate(events) if index not in echoes]

    def _chunk(self, events: Iterable[document.Event], counts: Counts) -> Chunk:
        """Filter and encode lines."""
        kept: list[document.Event] = []
        values: dict[int, tuple[metrics.ValueSample, ...]] = {}
        has_rules = self._rules is not None
        for event in events:
            line, _, time_ms, text = event
            if not isinstance(line, Line):  # no rules apply to it
                kept.append(event if line[1] else (self._whole(line), *event[1:]))
                continue
            if (has_rules or line.kind == PLATFORM) and self._filtered(line, text, counts):
                continue
            if line.kind != APP:
                found = self._values(line, time_ms, counts)
                if found:
                    values[len(kept)] = found
            if line.request_id is None:
                line.request_id = self._request_id
            kept.append(event)
        pieces, samples = self.source.encoded(kept)
        return Chunk(bulk.Documents(b"".join(pieces), len(samples)), samples, values)

    def _whole(self, made: document.Made) -> document.Made:
        """A line that names no request belongs to that of the START line before it."""
        return made[0], self.source.origin_of(self._request_id, None), made[2]

    def _filtered(self, line: Line, text: str, counts: Counts) -> bool:
        """Apply what is configured to a line, and say whether it is left out, which is counted."""
        rule = self._rules.apply(line, text, line.request_id or self._request_id) if self._rules else None
        if line.kind == PLATFORM:
            if line.action == "start":
                self._request_id = line.request_id  # of other documents too, so it is redacted by now
            kept = self._configuration.logs.platform
            if kept != "all" and (kept == "none" or line.action in ("start", "end")):
                rule = "logs.platform"
        if rule is not None:
            counts.filter(rule, 1)
        return rule is not None

    def _values(self, line: Line, time_ms: int, counts: Counts) -> tuple[metrics.ValueSample, ...]:
        """What a metric line or a REPORT line adds to metrics; a metric line that is invalid or too old nothing."""
        service = line.service or self.source.service
        if line.kind != METRIC:
            if not self._configuration.metric_report or line.action != "report":
                return ()
            return () if metrics.refusal(time_ms, self._now_ms) else metrics.of_report(line, time_ms, service)
        metric = line.metric
        if metric is not None:
            own_ms = time_ms if metric.time_ms is None else metric.time_ms
            reason = metrics.refusal(own_ms, self._now_ms)
            if reason is None:
                # The id of the canary's line is another one every minute: as a dimension it would be a new metric.
                allowed = () if self._canary else self._configuration.metric_dimensions
                return metrics.of_metric(metric, own_ms, service, line.labels, allowed)
            line.invalidate_metric(reason)
        if INVALID_METRIC in line.tags:
            counts.metric_lines_invalid += 1
        return ()


def parts(texts: list[str]) -> Iterator[range]:
    """The positions of lines that are converted and sent together."""
    for first in range(0, len(texts), MAX_LINES):
        part = texts[first : first + MAX_LINES]
        start, size = first, 0
        if sum(map(len, part)) > MAX_CHARACTERS:
            for position, text in enumerate(part[:-1], first):
                size += len(text)
                if size >= MAX_CHARACTERS:
                    yield range(start, position + 1)
                    start, size = position + 1, 0
        yield range(start, first + len(part))


def _parsed(texts: list[str]) -> list[Line | document.Made]:
    return list(map(formats.parse, texts))


def _as_text(extracted: dict[str, Any]) -> str:
    try:
        return json.dumps(extracted, ensure_ascii=False)
    except RecursionError:  # a thousand levels: the document has them as text, too
        return repr(list(extracted))
