"""From a payload to documents and samples: parse -> rules -> document. No I/O."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from watchpost import names

from shipper import document, formats, metrics, recursion, rules
from shipper.levels import ERRORS
from shipper.line import APP, INVALID_METRIC, METRIC, PLATFORM

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from watchpost.configuration import Configuration
    from watchpost.ledger import Entry
    from watchpost.settings import Settings

    from shipper.counts import Counts
    from shipper.decode import Payload
    from shipper.line import Line

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

MAX_LINES = 1_000  # of a chunk


@dataclass(slots=True)
class Chunk:
    """Documents of some lines, and what they add to metrics, by the position of the document."""

    items: list[bytes] = field(default_factory=list)  # documents, as of Source.item
    lines: list[metrics.LineSample | None] = field(default_factory=list)  # one for each document
    values: dict[int, tuple[metrics.ValueSample, ...]] = field(default_factory=dict)


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
        payload = self.payload
        ids = document.event_ids(payload)
        for start in range(0, len(ids), MAX_LINES):
            part = slice(start, start + MAX_LINES)
            texts = payload.messages[part]
            times = payload.times[part]
            lines = list(map(formats.parse, texts))
            for position in payload.extracted.keys() & range(start, start + len(lines)):
                extracted, index = payload.extracted[position], position - start
                lines[index] = formats.parse(texts[index], extracted)
                texts[index] += "\n" + json.dumps(extracted, ensure_ascii=False)  # rules look at all that came
            echoes = recursion.echoes(texts)
            if echoes:
                counts.echo(payload.log_group, recursion.RULE, len(echoes))
                lines, times, texts = (_without(echoes, lines), _without(echoes, times), _without(echoes, texts))
            yield self._chunk(lines, _without(echoes, ids[part]), times, texts, counts)

    def _chunk(self, lines: list[Line], ids: list[bytes], times: list[int], texts: list[str], counts: Counts) -> Chunk:
        """One stage after the other for all lines: going through all stages line by line takes a third longer."""
        chunk = Chunk()
        kept: list[document.Entry] = []
        count, service = self._configuration.logs.count, self.source.service
        for line, event_id, time_ms, text in zip(lines, ids, times, texts, strict=True):
            kind = line.kind
            if (kind == PLATFORM or self._rules is not None) and self._filtered(line, text, counts):
                continue
            sample = None
            if kind != APP:
                values = self._values(line, time_ms, counts)
                if values:
                    chunk.values[len(kept)] = values
            elif count:
                sample = (line.service or service, time_ms // metrics.MINUTE, line.level in ERRORS)
            chunk.lines.append(sample)
            kept.append((line, event_id, time_ms, line.request_id or self._request_id))
        chunk.items = self.source.items(kept)
        return chunk

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
        values: tuple[metrics.ValueSample, ...] = ()
        metric = line.metric
        if metric is not None:
            own_ms = time_ms if metric.time_ms is None else metric.time_ms
            reason = metrics.refusal(own_ms, self._now_ms)
            if reason is None:
                # The id of the canary's line is another one every minute: as a dimension it would be a new metric.
                allowed = () if self._canary else self._configuration.metric_dimensions
                values = metrics.of_metric(metric, own_ms, service, line.labels, allowed)
            else:
                line.invalidate_metric(reason)
        if INVALID_METRIC in line.tags:
            counts.metric_lines_invalid += 1
        return values


def _without(positions: Collection[int], items: list[_T]) -> list[_T]:
    return [item for position, item in enumerate(items) if position not in positions] if positions else items
