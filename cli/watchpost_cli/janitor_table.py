"""What `watchpost janitor` prints for people. Names and reasons come from AWS: nothing in them is interpreted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from janitor.removing import DELETE, DELETED, FAILED, GONE, REFUSED
from janitor.result import KEPT, KINDS, LATER, LAYER_VERSION, LOG_GROUP, REPORT_MODE, VERSION
from rich.table import Table
from rich.text import Text

from watchpost_cli.terminal import counted, harmless

if TYPE_CHECKING:
    from collections.abc import Sequence

    from janitor.result import Entry, Result
    from rich.console import Console

LONGEST = 600  # characters of a cell
_WORDS = {VERSION: "function version", LAYER_VERSION: "layer version", LOG_GROUP: "log group"}
_STYLES = {DELETE: "yellow", DELETED: "green", REFUSED: "yellow", FAILED: "red", LATER: "dim", GONE: "dim", KEPT: "dim"}
_ORDER = (FAILED, REFUSED, DELETED, DELETE, LATER, GONE, KEPT)
_UNITS = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))


def show(output: Console, result: Result, source: str, *, every: bool) -> None:
    """Print a result. every: name also what is kept, else count it by reason."""
    _table(output, sorted((one for one in result.entries if every or one.action != KEPT), key=_place))
    for problem in [*result.problems, *([result.stopped] if result.stopped else [])]:
        output.print(Text(harmless(problem, LONGEST), "red"))
    for kind, reasons in result.kept().items():
        if reasons:
            told = ", ".join(f"{number:,} {why}" for why, number in sorted(reasons.items(), key=lambda one: -one[1]))
            output.print(Text(f"Kept, {_WORDS[kind]}s by reason: {told}."))
    output.print(Text(harmless(f"By {source}.")))
    output.print(Text(_line(result), "bold"))


def _place(one: Entry) -> tuple[int, int, str, int]:
    return KINDS.index(one.kind), _ORDER.index(one.action), one.name, one.number or 0


def _table(output: Console, entries: Sequence[Entry]) -> None:
    if not entries:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold underline")
    for title in ("what", "action"):
        table.add_column(title, no_wrap=True)
    table.add_column("name", overflow="fold")
    table.add_column("version", no_wrap=True, justify="right")
    table.add_column("size", no_wrap=True, justify="right")
    table.add_column("reason", overflow="fold")
    for one in entries:
        table.add_row(
            Text(_WORDS[one.kind]),
            Text(one.action, _STYLES[one.action]),
            Text(harmless(one.name, LONGEST)),
            Text("" if one.number is None else str(one.number)),
            Text(size(one.bytes) if one.bytes else ""),
            Text(harmless(one.reason, LONGEST)),
        )
    output.print(table, soft_wrap=False)
    output.print()


def size(number: int) -> str:
    """So many bytes, for people."""
    unit = next(((amount, name) for amount, name in _UNITS if number >= amount), None)
    return f"{number / unit[0]:.1f} {unit[1]}" if unit else f"{number} B"


def _line(result: Result) -> str:
    """The last line: all in numbers."""
    action = DELETE if result.mode == REPORT_MODE else DELETED
    parts = [counted(result.count(kind, action), _WORDS[kind]) for kind in KINDS]
    verb = "To delete" if result.mode == REPORT_MODE else "Deleted"
    code = sum(one.bytes for one in result.entries if one.action == action and one.kind == VERSION)
    freed = f" ({size(code)} of code)" if code else ""
    others = {
        "left to the next run": sum(result.count(kind, LATER) for kind in KINDS),
        "not deleted, as AWS needs it": sum(result.count(kind, REFUSED) for kind in KINDS),
        "failed": result.errors,
    }
    if result.mode != REPORT_MODE:
        others["reported only"] = sum(result.count(kind, DELETE) for kind in KINDS)
    told = "".join(f"; {number:,} {words}" for words, number in others.items() if number)
    return f"{verb}: {parts[0]}{freed}, {parts[1]}, {parts[2]}{told}."
