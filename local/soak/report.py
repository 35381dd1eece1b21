"""The table of a soak for people, and its figures for machines."""

from __future__ import annotations

import json
import os
import platform
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from local.soak import verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from local.soak.verdict import Phase, Promise

WIDTH = 110
_MARKS = {True: Text("✓", style="green"), False: Text("✗", style="bold red"), None: Text("-", style="dim")}
_LINES = ("seconds", "sent", "a second", "found", "lost", "doubled", "dead letters", "lag p50, s", "lag p99, s")
_PROCESSES = ("invocations", "longest, s", "timeouts", "warm", "RSS, MB", "growth", "files", "sockets")


def shown(value: float | None, form: str = ",.1f") -> str:
    """A figure, or a dash where there is none."""
    return "-" if value is None else format(value, form)


def lines_of(phase: Phase) -> list[str]:
    """What became of a phase's lines, as of _LINES."""
    return [
        f"{phase.seconds:.0f}",
        f"{phase.sent:,}",
        f"{phase.rate:,.0f}",
        f"{phase.found:,}",
        f"{phase.lost:,}",
        f"{phase.doubled:,}",
        f"{phase.dead_letters:,}",
        shown(phase.lag(50)),
        shown(phase.lag(99)),
    ]


def processes_of(phase: Phase) -> list[str]:
    """What its environments did and had, as of _PROCESSES; memory and the rest in its first and its second half."""
    ends = {
        name: " > ".join(shown(verdict.typical(part, name), ".0f") for part in verdict.halves(phase.warm()))
        for name in verdict.READINGS
    }
    return [
        f"{phase.invocations:,}",
        f"{phase.slowest:.1f}",
        f"{phase.timeouts}",
        f"{max((len(sample.environments) for sample in phase.samples), default=0)}",
        ends["rss_mb"],
        shown(verdict.growth(phase.warm()), "+.1%"),
        ends["descriptors"],
        ends["sockets"],
    ]


def show(phases: Sequence[Phase], promises: Sequence[Promise], console: Console | None = None) -> None:
    """Print the phases and what was promised."""
    console = console or Console(width=WIDTH, highlight=False)
    machine = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    console.print(Text(f"Soak of the deployed stack on {machine}", style="bold"))
    for what, headings, cells in (("lines", _LINES, lines_of), ("shipper", _PROCESSES, processes_of)):
        table = Table(box=None, header_style="dim", padding=(0, 1))
        table.add_column(what, no_wrap=True, min_width=15)
        for heading in headings:
            table.add_column(heading, justify="right", no_wrap=True)
        for phase in phases:
            table.add_row(phase.name, *cells(phase))
        console.print()
        console.print(table)
    console.print()
    told = Table(box=None, show_header=False, padding=(0, 1))
    for promise in promises:
        told.add_row(_MARKS[promise.kept], Text(promise.what), Text(promise.figures, style="dim"))
    console.print(told)


def figures(phases: Sequence[Phase], promises: Sequence[Promise], **more: Any) -> dict[str, Any]:
    """The same for machines."""
    return {
        **more,
        "machine": {"cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()},
        "kept": all(promise.kept is not False for promise in promises),
        "promises": [{"what": one.what, "kept": one.kept, "figures": one.figures} for one in promises],
        "phases": [verdict.as_dict(phase) for phase in phases],
    }


def write(path: Path, found: dict[str, Any]) -> None:
    """Write the figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=2) + "\n")
