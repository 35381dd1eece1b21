"""Groups of errors for people: a table for each service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from watchpost_cli.logs import shown
from watchpost_cli.terminal import counted, harmless

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from rich.console import Console
    from watchpost.search.documents import Window
    from watchpost.search.groups import ErrorGroup, Errors

    from watchpost_cli.logs.deployments import Service

_LONGEST = 300  # characters of a message
_LONGEST_NAME = 120
_NARROW = 90  # columns below which a table would leave no room for what the error says


def show(
    output: Console, services: Iterable[tuple[Service, Sequence[ErrorGroup]]], top: int, closing: Iterable[str]
) -> None:
    """Print services with the groups that are to be shown, and what there is to say beside them."""
    for service, groups in services:
        output.print(_head(service))
        if service.problem:
            output.print(Text(f"  {harmless(service.problem, 600)}", "yellow"))
        if output.width < _NARROW:
            for group in groups[:top]:
                output.print(Padding(_block(service, group), (0, 0, 0, 2), expand=False), soft_wrap=False)
        else:
            output.print(_table(service, groups[:top]), soft_wrap=False)
        if len(groups) > top:
            output.print(Text(f"  {counted(len(groups) - top, 'more kind', 'more kinds')} of errors; --top shows more"))
        output.print()
    for sentence in closing:
        output.print(Text(sentence, "dim"))


def _head(service: Service) -> Text:
    text = Text.assemble((harmless(service.name or "-", _LONGEST_NAME), "bold cyan"))
    text.append(f"  {counted(service.count, 'error')}")
    if service.deployed:
        when, function = service.deployed
        text.append(f"  deployed {_second(when)} UTC ({harmless(function, _LONGEST_NAME)})", "dim")
    return text


def _table(service: Service, groups: Iterable[ErrorGroup]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold underline")
    table.add_column("", no_wrap=True)
    table.add_column("count", justify="right", no_wrap=True)
    table.add_column("first (UTC)", no_wrap=True)
    table.add_column("last (UTC)", no_wrap=True)
    table.add_column("error, and what to follow", overflow="fold")
    for group in groups:
        numbers = (Text(f"{group.count:,}"), Text(_second(group.first)), Text(_second(group.last)))
        table.add_row(_mark(service, group), *numbers, _error(group))
    return table


def _block(service: Service, group: ErrorGroup) -> Text:
    """A group where a table has no room: what its row tells, below each other."""
    text = _mark(service, group)
    if text.plain:
        text.append("  ")
    text.append(f"{counted(group.count, 'time')}", "bold")
    last = f"{group.last:%H:%M:%S}" if group.first.date() == group.last.date() else _second(group.last)
    text.append(f", {_second(group.first)}{f' to {last}' if group.last > group.first else ''} UTC\n", "dim")
    text.append_text(_error(group))
    return text


def _mark(service: Service, group: ErrorGroup) -> Text:
    return Text.assemble(("NEW", "bold white on red")) if service.is_new(group) else Text()


def _error(group: ErrorGroup) -> Text:
    text = Text()
    if group.type:
        text.append(f"{harmless(group.type, _LONGEST_NAME)}: ", "red")
    text.append(harmless(group.message, _LONGEST) or "(no message)")
    if identifier := shown.identifier(group.newest):
        text.append(f"\n[{harmless(identifier, _LONGEST_NAME)}]", "dim")
    return text


def _second(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def sentences(found: Errors, window: Window, where: str, link: str | None, *, is_empty: bool) -> list[str]:
    """What the tables do not tell."""
    span = f"from {shown.at(window.start)} to {shown.at(window.end)} UTC"
    told = [f"This is not all: {harmless(found.partial, 400)}."] if found.partial else []
    if not found.groups:
        told.append(f"No errors were found in {harmless(where, 200)} {span}.")
    elif is_empty:
        told.append(f"None of {counted(found.total, 'error')} {span} is marked as new.")
    elif found.read < found.total:
        told.append(f"Counts are of the newest {found.read:,} of {counted(found.total, 'error')} {span}.")
    else:
        told.append(f"{counted(found.total, 'error')} {span}.")
    return told + ([f"Kibana: {link}"] if link else [])
