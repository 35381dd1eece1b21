"""Reading log lines from Elasticsearch: for the command line, and for what a notification tells."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from watchpost import names
from watchpost.errors import ClusterUnavailableError
from watchpost.search import groups, ids
from watchpost.search import transaction as transactions
from watchpost.search.documents import APP, ERRORS, PLATFORM, Document, Page
from watchpost.times import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from watchpost.elasticsearch import Cluster
    from watchpost.search.documents import Window
    from watchpost.search.groups import Errors
    from watchpost.search.transaction import Transaction

MOST_AT_ONCE = 1_000  # documents of one answer; Elasticsearch's own limit is 10,000 (index.max_result_window)
_FIRST = 200  # documents of the first answer where many are read: their size is not known yet
_BYTES = 8_000_000  # of text in one answer, about: a line may have 256 KB
_ROUNDS = 4  # of looking for what the ids of the lines found lead to
_GROUPED = [  # the fields that groups of errors are made of; a stack trace would be the most of a document
    *("@timestamp", "message", "service.name", "log.level", "error.type", "error.message", "faas", "trace.id"),
    *("correlation", "event", "aws", "data_stream.dataset"),
]
# What Watchpost writes itself, or AWS: identifiers, in which a pattern could only find something by mistake.
_OWN = frozenset({"@timestamp", "data_stream", "event", "log", "cloud", "aws", "faas", "trace"})
# Lines at error or fatal, and lines of the platform that tell of a failure.
FAILED: dict[str, Any] = {
    "bool": {
        "should": [
            {"terms": {"log.level": list(ERRORS)}},
            {
                "bool": {
                    "filter": [
                        {"term": {"event.outcome": "failure"}},
                        {"term": {"event.dataset": "watchpost.platform"}},
                    ]
                }
            },
        ],
        "minimum_should_match": 1,
    }
}
# The same in Kibana's query language.
FAILED_KQL = f"log.level: ({' or '.join(ERRORS)}) or (event.outcome: failure and event.dataset: watchpost.platform)"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One search, before it is cut into answers of a size that can be carried."""

    query: dict[str, Any]
    kinds: tuple[str, ...]
    order: str  # asc or desc
    until: float  # as of time.monotonic()
    by: str = "@timestamp"  # the field in whose order
    fields: Sequence[str] | None = None  # of the documents; None for all


class Lines:
    """The lines of one stack's data streams."""

    def __init__(self, cluster: Cluster, namespace: str, redact: Callable[[str], str] | None = None) -> None:
        """namespace: the stack's environment. redact: cleans every text of the documents that are returned."""
        self._cluster = cluster
        self._namespace = namespace
        self._redact = redact

    def find(  # noqa: PLR0913  # each narrows the search in its own way, and all have a default
        self,
        window: Window,
        *,
        filters: Sequence[dict[str, Any]] = (),
        kinds: Sequence[str] = (APP, PLATFORM),
        newest_first: bool = False,
        most: int = 500,
        after: tuple[Any, ...] | None = None,
        by: str = "@timestamp",
        timeout: float = 10.0,
    ) -> Page:
        """The lines in a window that all filters (of Elasticsearch's query language) let through, in order of time.

        kinds: `app`, `platform`, `line` (metric lines). most: documents, 0 to only count. after: that of the page
        before. by: the time whose order it is, `@timestamp` or `event.ingested`. timeout: seconds for everything; when
        they are over, what was read is a partial page. Data streams that are not there yet have no lines.
        Raises ClusterUnavailableError, ClusterRefusedError.
        """
        wanted = replace(self._wanted(window, filters, kinds, timeout, newest_first=newest_first), by=by)
        return self._shown(self._read(wanted, most, after))

    def errors(
        self,
        window: Window,
        *,
        service: str | None = None,
        filters: Sequence[dict[str, Any]] = (),
        most: int = 10_000,
        timeout: float = 10.0,
    ) -> Errors:
        """Lines at error or fatal, and failures that the platform tells of, in groups, most frequent first.

        most: so many of the newest are read and counted. Raises ClusterUnavailableError, ClusterRefusedError.
        """
        only = [FAILED, *filters, *([{"term": {"service.name": service}}] if service is not None else [])]
        wanted = self._wanted(window, only, (APP, PLATFORM), timeout, newest_first=True)
        return groups.grouped(self._shown(self._read(replace(wanted, fields=_GROUPED), most, None)))

    def transaction(self, identifier: str, window: Window, *, most: int = 1000, timeout: float = 10.0) -> Transaction:
        """All lines of the transaction that a correlation id, a request id or a trace id belongs to.

        The ids of the lines that are found lead to more lines: those of the same invocations, which need not tell the
        correlation id, and from a request id to the correlation id that other services tell. Where an invocation did
        the work of several transactions, lines that tell another correlation id are left out, and counted.
        most: lines, the oldest first. Raises ClusterUnavailableError, ClusterRefusedError.
        """
        until = time.monotonic() + timeout
        known = ids.Ids.of(identifier)
        reach = max(most, MOST_AT_ONCE)  # what is not shown leads on, too
        page = self._read(self._until(window, [known.query()], until), reach, None)
        for _ in range(_ROUNDS):
            wider = known.led_on(page.documents)
            if wider == known:
                break
            known = wider
            page = self._read(self._until(window, [known.query()], until), reach, None)
        others = 0
        if (foreign := known.foreign()) is not None:
            others = self._read(self._until(window, [foreign], until), 0, None).total
        shown = self._shown(replace(page, documents=page.documents[:most]))
        return transactions.made(identifier, known, shown, others)

    def _until(self, window: Window, filters: Sequence[dict[str, Any]], until: float) -> _Wanted:
        return self._wanted(window, filters, (APP, PLATFORM), until - time.monotonic(), newest_first=False)

    def _wanted(
        self,
        window: Window,
        filters: Sequence[dict[str, Any]],
        kinds: Sequence[str],
        timeout: float,
        *,
        newest_first: bool,
    ) -> _Wanted:
        within = {"range": {"@timestamp": {"gte": iso(window.start), "lt": iso(window.end)}}}
        query = {"bool": {"filter": [within, *filters]}}
        return _Wanted(query, tuple(kinds), "desc" if newest_first else "asc", time.monotonic() + timeout)

    def _read(self, wanted: _Wanted, most: int, after: tuple[Any, ...] | None) -> Page:
        """Read page after page of a size that fits what the documents have in text."""
        found: list[Document] = []
        total, partial, size = 0, "", _FIRST
        while True:
            size = max(min(size, most - len(found), MOST_AT_ONCE), 0)
            try:
                page = self._page(wanted, size, after)
            except ClusterUnavailableError as error:
                if not found:
                    raise
                return Page(tuple(found), total, after, f"reading on failed: {error.reason}")
            found += page.documents
            total, partial = total or page.total, partial or page.partial
            after = page.after
            if after is None or len(found) >= most:
                return Page(tuple(found), total, after, partial)
            size = _fitting(page.documents)

    def _page(self, wanted: _Wanted, size: int, after: tuple[Any, ...] | None) -> Page:
        left = wanted.until - time.monotonic()
        if left <= 0:
            raise ClusterUnavailableError(0, "the time is up")
        streams = ",".join(quote(names.data_stream(kind, self._namespace), safe="") for kind in wanted.kinds)
        body: dict[str, Any] = {
            "size": size,
            "query": wanted.query,
            "sort": [
                {wanted.by: {"order": wanted.order, "unmapped_type": "date"}},
                # Lines of one millisecond in the order of their arrival: one payload's come in its own order.
                {"_index": {"order": wanted.order}},
                {"_seq_no": {"order": wanted.order}},
            ],
            "track_total_hits": after is None,
            "timeout": f"{max(int(left * 900), 1)}ms",  # for the answer to come while it is waited for
        }
        if after is not None:
            body["search_after"] = list(after)
        if wanted.fields is not None:
            body["_source"] = list(wanted.fields)
        params = {"ignore_unavailable": "true", "allow_no_indices": "true"}
        answer = self._cluster.request("POST", f"/{streams}/_search", body, params=params, timeout=left)
        return _page_of(answer, size)

    def _shown(self, page: Page) -> Page:
        if self._redact is None:
            return page
        return replace(page, documents=tuple(_redacted(one, self._redact) for one in page.documents))


def _page_of(answer: Any, size: int) -> Page:
    """Raises ClusterUnavailableError for what is none of Elasticsearch's answers, as something between may send it."""
    try:
        hits = answer["hits"]
        documents = tuple(map(_document, hits["hits"]))
        total, partial = int(hits.get("total", {}).get("value", 0)), _partial(answer)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        told = f"{type(error).__name__}: {error}"[:200]
        raise ClusterUnavailableError(0, f"the answer is not what Elasticsearch answers to a search ({told})") from None
    after = documents[-1].sort if documents and len(documents) == size else None
    return Page(documents, total, after, partial)


def _document(hit: Mapping[str, Any]) -> Document:
    source = hit.get("_source") or {}
    if not isinstance(source, dict):
        raise TypeError(f"_source is a {type(source).__name__}, expected an object")
    return Document(str(hit["_id"]), str(hit["_index"]), source, tuple(hit["sort"]))


def _partial(answer: Mapping[str, Any]) -> str:
    shards = answer.get("_shards", {})
    if shards.get("failed"):
        reasons = [failure.get("reason") or {} for failure in shards.get("failures", [])]
        first = f": {reasons[0].get('type')}: {reasons[0].get('reason')}"[:300] if reasons else ""
        return f"{shards['failed']} of {shards['total']} shards failed{first}"
    return "the time was up before all was searched" if answer.get("timed_out") else ""


def _fitting(documents: Sequence[Document]) -> int:
    """How many documents like these make one answer."""
    text = sum(len(one.message) + len(one.error_message or "") + 1_000 for one in documents)
    return max(_BYTES * len(documents) // text, 10)


def _redacted(document: Document, redact: Callable[[str], str]) -> Document:
    source = {name: value if name in _OWN else _cleaned(value, redact) for name, value in document.source.items()}
    return replace(document, source=source)


def _cleaned(value: Any, redact: Callable[[str], str]) -> Any:
    """A value with all its texts cleaned; documents are 20 levels deep at most."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {name: _cleaned(one, redact) for name, one in value.items()}
    return [_cleaned(one, redact) for one in value] if isinstance(value, list) else value
