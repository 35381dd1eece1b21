"""A transaction as a tree: who called whom, with times, and where the time went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rich.text import Text
from rich.tree import Tree
from watchpost.search.documents import PLATFORM
from watchpost.times import iso

from watchpost_cli.logs import shown
from watchpost_cli.terminal import counted, harmless

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from watchpost.search.documents import Document
    from watchpost.search.transaction import Invocation, Transaction

GAP = timedelta(milliseconds=500)  # without a line, that is shown as a line of its own
_OFFSET = 9  # columns of an offset
_ROOM = 10  # columns for a message below which it is not worth to stand beside its time
_LONGEST = 120  # characters of an id or a name
_GUIDES = "dim"
# What the head of an invocation tells already.
_IN_HEAD = frozenset({"start", "end", "report"})
_FAILED = "bold red"


def tree(transaction: Transaction, *, full: bool = False) -> Tree:
    """Draw a transaction. full: long messages in full, stack traces, and the platform's lines."""
    first = min((one.at for one in transaction.documents), default=datetime.now(UTC))
    drawing = _Drawing(transaction, first, full=full)
    root = Tree(head(transaction), guide_style=_GUIDES)
    drawing.add_all(root, None)
    return root


def head(transaction: Transaction) -> Text:
    """What it is, when it began and how long it took."""
    documents = transaction.documents
    text = Text.assemble((harmless(transaction.identifier, _LONGEST), "bold"))
    if documents:
        length = milliseconds(documents[-1].at - documents[0].at)
        lines, services = counted(len(documents), "line"), counted(len(transaction.services), "service")
        text.append(f"  {shown.at(documents[0].at)} UTC  {length}  {lines}, {services}")
    errors = sum(one.errors for one in transaction.invocations)
    if errors:
        text.append(f", {counted(errors, 'error')}", _FAILED)
    return text


def milliseconds(length: timedelta) -> str:
    """A length in ms, with its thousands; never rounded up."""
    return f"{length // timedelta(milliseconds=1):,} ms"


@dataclass(frozen=True, slots=True)
class _Line:
    """A log line. Its message is broken where the row ends, and goes on below where it began."""

    head: Text
    message: Text

    def __rich_console__(self, output: Console, options: ConsoleOptions) -> RenderResult:
        room = options.max_width - self.head.cell_len
        if room < _ROOM:
            yield self.head + self.message
            return
        head = self.head
        for row in self.message.wrap(output, room, overflow="fold") or (Text(),):
            yield head + row
            head = Text(" " * self.head.cell_len)


class _Drawing:
    """One tree on its way; first: the time from which offsets count."""

    def __init__(self, transaction: Transaction, first: datetime, *, full: bool) -> None:
        self._transaction = transaction
        self._first = first
        self._full = full
        self._children: dict[int | None, list[int]] = {}
        # When an invocation and all that it called were over. Who called stands before what was called.
        self._ends = [one.ended for one in transaction.invocations]
        for place in reversed(range(len(self._ends))):
            parent = transaction.invocations[place].parent
            self._children.setdefault(parent, []).append(place)
            if parent is not None:
                self._ends[parent] = max(self._ends[parent], self._ends[place])
        for places in self._children.values():
            places.reverse()

    def add_all(self, node: Tree, parent: int | None) -> None:
        """Add the invocations that nobody is known to have called, one after the other."""
        ended: datetime | None = None
        for place in self._children.get(parent, []):
            one = self._transaction.invocations[place]
            _add_gap(node, ended, one.began)
            self._add(node, place)
            ended = max(filter(None, (ended, self._ends[place])))

    def _add(self, node: Tree, place: int) -> None:
        """Add an invocation: its lines, and in their midst what it called."""
        one = self._transaction.invocations[place]
        branch = node.add(self._head(one))
        children = [(self._transaction.invocations[child].began, 1, child) for child in self._children.get(place, [])]
        lines = [(document.at, 0, number) for number, document in enumerate(one.documents)]
        # Of one millisecond the line comes first: it may tell of the call.
        ended = one.began
        for at, is_call, number in sorted((*lines, *children), key=lambda step: step[:2]):
            if is_call:
                _add_gap(branch, ended, at)
                self._add(branch, number)
                ended = max(ended, self._ends[number])
                continue
            document = one.documents[number]
            _add_gap(branch, ended, at)
            ended = max(ended, at)
            if self._is_worth(document):
                self._add_line(branch, document)

    def _add_line(self, branch: Tree, document: Document) -> None:
        head = Text.assemble((f"{self._offset(document.at):>{_OFFSET}}  ", "dim"), shown.level(document), "  ")
        leaf = branch.add(_Line(head, shown.message(document, full=self._full)))
        for extra in shown.stack_of(document) if self._full else ():
            leaf.add(extra)

    def _is_worth(self, document: Document) -> bool:
        return self._full or document.kind != PLATFORM or document.action not in _IN_HEAD

    def _offset(self, at: datetime) -> str:
        return f"{(at - self._first) // timedelta(milliseconds=1):+,} ms"

    def _head(self, one: Invocation) -> Text:
        failed = one.errors or one.status not in {None, "success"}
        name = harmless(one.service or one.log_group or "-", _LONGEST)
        text = Text.assemble((name, _FAILED if failed else "bold cyan"))
        text.append(f"  {self._offset(one.began)}", "dim")
        text.append(f"  {length_of(one)}")
        if one.is_cold:
            cold = "cold start" if one.init_ms is None else f"cold start {one.init_ms:,.0f} ms"
            text.append(f"  {cold}", "blue")
        used, size = one.memory_mb
        if used is not None and size is not None:
            text.append(f"  {used:,.0f} of {size:,.0f} MB", "dim")
        if one.attempt > 1:
            text.append(f"  attempt {one.attempt}", "yellow")
        if one.status not in {None, "success"}:
            text.append(f"  {harmless(one.status, 40)}", _FAILED)
        text.append(f"  {harmless(_who(one), _LONGEST)}", "dim")
        return text


def _who(one: Invocation) -> str:
    """What tells it from others of the same service."""
    if one.request_id:
        return f"{one.function} {one.request_id}" if one.function not in {"", one.service} else one.request_id
    return f"{one.log_group} {one.log_stream}"


def length_of(one: Invocation) -> str:
    """How long it took; where no REPORT line tells it, how far its lines reach."""
    if one.duration_ms is not None:
        return f"{one.duration_ms:,.0f} ms"
    return f"lines over {milliseconds(one.ended - one.documents[0].at)}"


def _add_gap(node: Tree, ended: datetime | None, at: datetime) -> None:
    if ended is not None and at - ended >= GAP:
        node.add(Text(f"{'⋮':^{_OFFSET}}  {milliseconds(at - ended)} without a line", "yellow"))


def record(transaction: Transaction) -> dict[str, Any]:
    """A transaction for machines."""
    documents = transaction.documents
    first = documents[0].at if documents else None
    return {
        "identifier": transaction.identifier,
        "correlationIds": list(transaction.correlation_ids),
        "requestIds": list(transaction.request_ids),
        "traceIds": list(transaction.trace_ids),
        "began": iso(documents[0].at) if documents else None,
        "ended": iso(documents[-1].at) if documents else None,
        "services": list(transaction.services),
        "total": transaction.total,
        "shown": len(documents),
        "others": transaction.others,
        "partial": transaction.partial or None,
        "invocations": [_invocation(one, first or one.began) for one in transaction.invocations],
    }


def _invocation(one: Invocation, first: datetime) -> dict[str, Any]:
    used, size = one.memory_mb
    return {
        "service": one.service or None,
        "function": one.function or None,
        "requestId": one.request_id,
        "attempt": one.attempt,
        "calledBy": one.parent,
        "logGroup": one.log_group or None,
        "logStream": one.log_stream or None,
        "began": iso(one.began),
        "ended": iso(one.ended),
        "durationMs": one.duration_ms,
        "coldStart": one.is_cold,
        "initMs": one.init_ms,
        "memoryUsedMb": used,
        "memoryMb": size,
        "status": one.status,
        "errors": one.errors,
        "lines": [
            {"offsetMs": (line.at - first) // timedelta(milliseconds=1), **shown.brief(line)} for line in one.documents
        ],
    }
