"""Tells on standard error how far a run of the provisioner is, by the calls that its clients make."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from watchpost_cli.terminal import console, counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# How often it is told where standard error is no terminal: at so many calls that read, or that change something.
EVERY_CALLS, EVERY_CHANGES = 1_000, 100
# What a run writes, and the parameter that names several things at once (CloudWatch API).
_WRITES = {
    "PutMetricAlarm": "",
    "PutCompositeAlarm": "",
    "PutDashboard": "",
    "DeleteAlarms": "AlarmNames",
    "DeleteDashboards": "DashboardNames",
}


def _nothing() -> None:
    """Nobody is told."""


@dataclass(slots=True)
class Count:
    """What clients were asked for, tried again or not."""

    calls: int = 0  # all
    changes: int = 0  # alarms and dashboards that were put or deleted
    told: Callable[[], None] = _nothing  # after each call

    def watch(self, client: Any) -> Any:
        """Count the calls of a client of botocore. Returns the client."""
        client.meta.events.register("provide-client-params", self._made)
        return client

    def _made(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        self.calls += 1
        if model.name in _WRITES:
            self.changes += len(params.get(_WRITES[model.name], ("one",)))
        self.told()


@contextmanager
def shown(count: Count, total: int | None = None) -> Iterator[None]:
    """Tell progress until the end of the block. total: changes that are expected; None for a run that only reads."""
    errors = console(sys.stderr)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    before, last = (count.calls, count.changes), (0, 0)
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task("reading the account …", total=None)

        def tell() -> None:
            nonlocal last
            now = count.calls - before[0], count.changes - before[1]
            text = said(*now, total)
            progress.update(task, description=text)
            step = (now[0] // EVERY_CALLS, now[1] // EVERY_CHANGES)
            if not errors.is_terminal and step != last:
                last = step
                errors.print(Text(text))

        count.told = tell
        try:
            yield
        finally:
            count.told = _nothing


def said(calls: int, changes: int, total: int | None) -> str:
    """How far it is. total: changes that are expected, None where none are to be made."""
    if not total or not changes:
        return f"reading the account: {counted(calls, 'call')}"
    # What is tried again is counted again.
    return f"{min(changes, total):,} of {counted(total, 'change')}"
