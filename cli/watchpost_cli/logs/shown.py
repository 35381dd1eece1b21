"""Log lines as people and machines read them. What is in a line is data: it steers no terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text
from watchpost.times import iso

from watchpost_cli.errors import CliError
from watchpost_cli.terminal import harmless

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import Console
    from watchpost.search.documents import Document

SHORT = 500  # characters of a message, unless it is asked for in full
_LONGEST_NAME = 80  # characters of a service's name or an id
_LONGEST_CELL = 2_000  # characters of a field that was asked for
STYLES = {"trace": "dim", "debug": "dim", "warn": "yellow", "error": "bold red", "fatal": "bold white on red"}


def at(time: datetime) -> str:
    """A time to the millisecond, in UTC."""
    return iso(time).replace("T", " ").removesuffix("Z")


def level(document: Document) -> Text:
    """A level in five columns; only levels that are ours have a colour."""
    found = document.level or ""
    return Text(f"{harmless(found, 5).upper():5}", STYLES.get(found, ""))


def message(document: Document, *, full: bool = False) -> Text:
    """What a line says, with the error that it tells of where the message does not name it."""
    text = document.message.rstrip("\r\n")
    parts = [part for part in (document.error_type, document.error_message) if part]
    if any(part not in text for part in parts):
        text = f"{text} · {': '.join(parts)}"
    return Text(harmless(text, 0 if full else SHORT), STYLES.get(document.level or "", ""))


def identifier(document: Document) -> str:
    """What to follow from here: the correlation id, else the request id, else the trace id."""
    return document.correlation_id or document.request_id or document.trace_id or ""


def line(document: Document, *, full: bool = False) -> Text:
    """One line: time, level, service, message, and what to follow."""
    text = Text.assemble((at(document.at), "dim"), "  ", level(document), "  ")
    text.append(f"{harmless(document.service or '-', _LONGEST_NAME)}  ", "cyan")
    text.append_text(message(document, full=full))
    if found := identifier(document):
        text.append(f"  [{harmless(found, _LONGEST_NAME)}]", "dim")
    return text


def stack_of(document: Document) -> list[Text]:
    """The lines of a stack trace, where there is one that the message does not have."""
    trace = document.text("error", "stack_trace") or ""
    return [] if trace in document.message else [Text(f"    {harmless(one)}", "dim") for one in trace.splitlines()]


def fields_of(text: str) -> tuple[str, ...]:
    """The names of `--fields a,b`. Raises CliError."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if text and not names:
        raise CliError(f"--fields {text} names no field. Write names with commas, such as service.name,app.order.id.")
    return names


def value(document: Document, name: str) -> Any:
    """The value of a field by its dotted name, None where there is none."""
    return document.get(*name.split("."))


def table(output: Console, documents: Sequence[Document], fields: Sequence[str]) -> None:
    """Print chosen fields of lines, a row each."""
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold underline")
    for name in fields:
        shown.add_column(Text(harmless(name, _LONGEST_NAME)), overflow="fold")
    for one in documents:
        found = [value(one, name) for name in fields]
        shown.add_row(*(Text("" if cell is None else harmless(_text(cell), _LONGEST_CELL)) for cell in found))
    output.print(shown, soft_wrap=False)


def _text(found: Any) -> str:
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def record(document: Document, fields: Sequence[str] = ()) -> dict[str, Any]:
    """A line for machines: what it says by short names, and the whole document; or the fields that were asked for."""
    if fields:
        return {"at": iso(document.at), **{name: value(document, name) for name in fields}}
    return {**brief(document), "document": dict(document.source)}


def brief(document: Document) -> dict[str, Any]:
    """What a line says, by short names. What it does not say is null."""
    return {
        "at": iso(document.at),
        "service": document.service or None,
        "level": document.level,
        "kind": document.kind,
        "action": document.action,
        "message": document.message,
        "errorType": document.error_type,
        "errorMessage": document.error_message,
        "requestId": document.request_id,
        "correlationId": document.correlation_id,
        "traceId": document.trace_id,
        "logGroup": document.log_group or None,
        "logStream": document.log_stream or None,
        "id": document.id,
        "index": document.index,
    }
