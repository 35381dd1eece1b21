"""The ids that hold the lines of one transaction together, and how they lead from some lines to the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watchpost.search.documents import Document

_MOST = 1_000  # ids of a kind: a transaction of more is read as far as these lead
_CORRELATION, _REQUEST, _TRACE = "correlation.id", "faas.execution", "trace.id"


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids of a transaction, as far as they are known.

    anything: what was asked for, as long as nobody knows what it is.
    """

    anything: str
    correlations: frozenset[str] = frozenset()
    requests: frozenset[str] = frozenset()
    traces: frozenset[str] = frozenset()

    @classmethod
    def of(cls, identifier: str) -> Ids:
        """An id that may be of any kind."""
        return cls(identifier)

    def led_on(self, documents: Sequence[Document]) -> Ids:
        """With what lines of the transaction tell.

        The correlation id says what a transaction is. As soon as one is known, no other is taken over: an invocation
        that works off a batch has lines of many transactions.
        """
        told = frozenset(one.correlation_id for one in documents if one.correlation_id)
        correlations = self.correlations
        if not correlations:
            correlations = frozenset({self.anything}) if self.anything in told else _first(told)
        requests = {one.request_id for one in documents if one.request_id}
        traces = {one.trace_id for one in documents if one.trace_id}
        return Ids(self.anything, correlations, _first(self.requests | requests), _first(self.traces | traces))

    def query(self) -> dict[str, Any]:
        """The lines of the transaction, in Elasticsearch's query language."""
        if not (self.correlations or self.requests or self.traces):
            return _any_of([{"term": {field: self.anything}} for field in (_CORRELATION, _REQUEST, _TRACE)])
        if not self.correlations:
            return _any_of(self._places())
        silent = {"bool": {"filter": [_any_of(self._places())], "must_not": [{"exists": {"field": _CORRELATION}}]}}
        return _any_of([_terms(_CORRELATION, self.correlations), *([silent] if self._places() else [])])

    def foreign(self) -> dict[str, Any] | None:
        """The lines of the same invocations and traces that tell another correlation id; None where none can be."""
        if not (self.correlations and self._places()):
            return None
        others = [_any_of(self._places()), {"exists": {"field": _CORRELATION}}]
        return {"bool": {"filter": others, "must_not": [_terms(_CORRELATION, self.correlations)]}}

    def _places(self) -> list[dict[str, Any]]:
        pairs = ((_REQUEST, self.requests), (_TRACE, self.traces))
        return [_terms(field, values) for field, values in pairs if values]


def _first(values: frozenset[str] | set[str]) -> frozenset[str]:
    return frozenset(sorted(values)[:_MOST])


def _terms(field: str, values: frozenset[str]) -> dict[str, Any]:
    return {"terms": {field: sorted(values)}}


def _any_of(queries: list[dict[str, Any]]) -> dict[str, Any]:
    return {"bool": {"should": queries, "minimum_should_match": 1}}
