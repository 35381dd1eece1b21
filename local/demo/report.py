"""How the demonstration is shown. Whatever comes from a log line is printed as text, never as markup or escapes."""

from __future__ import annotations

import re
import statistics
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from local.demo.evidence import written_at

if TYPE_CHECKING:
    from pathlib import Path

    from local.demo.evidence import Lines, MetricSum

WIDTH = 110  # where there is no terminal to ask
console = Console(width=None if Console().is_terminal else WIDTH, highlight=False, record=True)
LEVEL_STYLES = {"error": "red", "fatal": "red", "warn": "yellow"}


def plain(value: object) -> Text:
    """A value from outside as text: tabs become spaces, other control characters visible, and nothing is markup."""
    return Text("".join(char if char.isprintable() else "␤" for char in str(value).replace("\t", "  ")))


def shortened(text: str, length: int) -> str:
    """A text cut to a length, with an ellipsis where something was cut."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def mark(ok: bool) -> Text:
    """A tick or a cross."""
    return Text("✓", style="green") if ok else Text("✗", style="bold red")


def heading(number: int, text: str) -> None:
    """A numbered heading."""
    console.print()
    console.print(Text(f"{number}  {text}", style="bold"))


def note(text: str) -> None:
    """A remark."""
    console.print(Text(f"   {text}", style="dim"))


def table(*columns: str, right: tuple[int, ...] = ()) -> Table:
    """A table with named columns; those in `right` are aligned right."""
    made = Table(box=None, pad_edge=True, padding=(0, 2), header_style="dim")
    for index, column in enumerate(columns):
        made.add_column(column, justify="right" if index in right else "left", overflow="fold")
    return made


def show_lines(counted: dict[str, Lines]) -> None:
    """Lines written against documents found, by service."""
    rows = table(
        "service", "lines written", "START/END, not kept", "documents expected", "found", "", right=(1, 2, 3, 4)
    )
    for service, lines in counted.items():
        expected, found = lines.expected.total(), lines.found.total()
        equal = lines.expected == lines.found
        rows.add_row(service, str(lines.written), str(lines.filtered), str(expected), str(found), mark(equal))
    console.print(rows)


def show_metrics(sums: list[MetricSum]) -> None:
    """Metric lines against CloudWatch."""
    rows = table("service", "metric", "lines", "sum of lines", "samples", "sum in CloudWatch", "", right=(2, 3, 4, 5))
    for item in sums:
        numbers = (
            f"{item.samples:.0f}",
            f"{item.expected_sum:,.1f}",
            f"{item.found_samples:.0f}",
            f"{item.found_sum:,.1f}",
        )
        rows.add_row(plain(item.service), plain(item.name), *numbers, mark(item.equal))
    console.print(rows)


def show_transaction(documents: list[dict[str, Any]]) -> None:
    """The documents of one request, in order."""
    rows = table("time", "service", "level", "message")
    for document in documents:
        level = str(document.get("log", {}).get("level", ""))
        rows.add_row(
            plain(written_at(document)[0][11:23].replace(",", ".")),
            plain(document.get("service", {}).get("name", "")),
            Text(level, style=LEVEL_STYLES.get(level, "")),
            plain(shortened(str(document.get("message", "")), 60)),
        )
    console.print(rows)


def show_alarms(alarms: list[dict[str, Any]], dashboards: list[str]) -> None:
    """How many alarms each service has, which of them ring, and the dashboards."""
    services: dict[str, list[dict[str, Any]]] = {}
    for alarm in alarms:
        services.setdefault(alarm["AlarmName"].split("/")[1], []).append(alarm)
    rows = table("service", "alarms", "in ALARM", "dashboard", right=(1,))
    for service, own in sorted(services.items()):
        ringing = [alarm["AlarmName"] for alarm in own if alarm["StateValue"] == "ALARM"]
        board = next((name for name in dashboards if name.endswith(service)), "none")
        style = "bold red" if ringing else ""
        rows.add_row(plain(service), str(len(own)), Text(", ".join(ringing) or "-", style=style), plain(board))
    console.print(rows)


def show_notification(message: dict[str, Any]) -> None:
    """The message that the webhook received."""
    text = "\n".join(plain(line).plain for line in str(message.get("text", "")).splitlines())
    console.print(Panel(Text(text), title="received by the webhook", title_align="left", border_style="red"))


def show_cost(spent: dict[str, list[int]], lines: int) -> None:
    """Invocations and milliseconds, by function. spent: the billed milliseconds of each invocation."""
    rows = table("function", "invocations", "billed ms", "median", "slowest", right=(1, 2, 3, 4))
    for function, billed in spent.items():
        numbers = (
            (f"{sum(billed)}", f"{statistics.median(billed):.0f}", f"{max(billed)}") if billed else ("-", "-", "-")
        )
        rows.add_row(function, str(len(billed)), *numbers)
    console.print(rows)
    note(f"{lines / max(len(spent['shipper']), 1):.1f} lines in each of the shipper's invocations.")
    note("The slowest are cold starts: here each starts a process on a machine that all functions share.")


def save_picture(file: Path) -> None:
    """Save what was shown so far as an SVG picture."""
    svg = console.export_svg(title="make demo", clear=False)
    # The picture needs nothing from elsewhere: without this it names a font on somebody's server.
    file.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL))


def conclude(problems: list[str], seconds: float) -> None:
    """Whether all was well, in one line, or what was not."""
    console.print()
    if not problems:
        console.print(Text(f"✓ Every line arrived, every count is equal ({seconds:.0f} s).", style="bold green"))
        return
    for problem in problems:
        console.print(Text("✗ ", style="bold red") + plain(problem))
    console.print(Text(f"The demonstration failed: {len(problems)} of its promises did not hold.", style="bold red"))
