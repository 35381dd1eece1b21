"""What `watchpost parse` prints: for people, and for machines."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.text import Text

from watchpost_cli.terminal import harmless

if TYPE_CHECKING:
    from typing import TextIO

    from rich.console import Console

    from watchpost_cli.conversion import Shown

KINDS = {"app": "application", "platform": "platform", "line": "metric"}
MAX_VALUE = 160  # characters of a value that are shown to people
MAX_REFUSALS = 20  # invalid metric lines that are named
_STYLES = {"fatal": "bold red", "error": "red", "warn": "yellow", "info": "green"}
# What is shown of a document beside its message, and where it stands in it.
_FIELDS = (
    ("service", ("service", "name")),
    ("request", ("faas", "execution")),
    ("trace", ("trace", "id")),
    ("action", ("event", "action")),
    ("outcome", ("event", "outcome")),
    ("error", ("error", "type")),
    ("error message", ("error", "message")),
    ("lambda", ("aws", "lambda")),
    ("labels", ("labels",)),
    ("correlation", ("correlation",)),
    ("app", ("app",)),
    ("tags", ("tags",)),
)
_WIDTH = max(len(name) for name, _ in _FIELDS)


@dataclass(slots=True)
class Summary:
    """What all log events of a file became."""

    kinds: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    refusals: list[tuple[int, str]] = field(default_factory=list)  # line and reason of invalid metric lines
    metrics: list[dict[str, Any]] = field(default_factory=list)  # entries of PutMetricData

    def add(self, shown: Shown) -> None:
        """Count one log event."""
        self.kinds[KINDS.get(shown.kind, shown.kind)] += 1
        self.formats[" > ".join(shown.reasons)] += 1
        if shown.left_out_by is not None:
            self.left_out[shown.left_out_by] += 1
        if shown.metric_refusal is not None:
            self.refusals.append((shown.number, shown.metric_refusal))


class Machine:
    """One JSON object a line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def event(self, shown: Shown) -> None:
        """Print a log event."""
        self._print(
            {
                "line": shown.number,
                "kind": KINDS.get(shown.kind, shown.kind),
                "reasons": shown.reasons,
                "leftOutBy": shown.left_out_by,
                "metricRefusal": shown.metric_refusal,
                "document": shown.document,
            }
        )

    def summary(self, summary: Summary) -> None:
        """Print the end."""
        self._print(
            {
                "summary": {
                    "kinds": dict(summary.kinds),
                    "formats": dict(summary.formats),
                    "leftOut": dict(summary.left_out),
                    "metricRefusals": [{"line": line, "reason": reason} for line, reason in summary.refusals],
                    "metrics": summary.metrics,
                }
            }
        )

    def _print(self, record: dict[str, Any]) -> None:
        # ASCII, so that no terminal and no encoding of the shell has a say in it.
        self._stream.write(json.dumps(record, ensure_ascii=True) + "\n")


class People:
    """A compact, aligned form."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def event(self, shown: Shown) -> None:
        """Print a log event: the reason, then what the document says."""
        document = shown.document or {}
        level = str(_at(document, ("log", "level")) or "")
        head = Text(f"{shown.number:>6}  ")
        head.append(f"{harmless(level, 8) or '-':<8}", _STYLES.get(level, ""))
        head.append(f"{KINDS.get(shown.kind, shown.kind):<13}", "bold")
        head.append(harmless(" > ".join(shown.reasons), 200), "cyan")
        self._console.print(head)
        if shown.left_out_by is not None:
            self._field("left out", f"by {shown.left_out_by}")
            return
        self._field("message", document.get("message", ""))
        metric = document.get("metric")
        if isinstance(metric, dict):
            self._field("metric", f"{metric.get('name')} = {metric.get('value')} {metric.get('unit', '')}".rstrip())
        for name, path in _FIELDS:
            value = _at(document, path)
            if value not in (None, "", {}, []):
                self._field(name, value)

    def summary(self, summary: Summary) -> None:
        """Print counts by kind and format, what is left out, metrics and invalid metric lines."""
        total = sum(summary.kinds.values())
        kinds = ", ".join(f"{number} {kind}" for kind, number in summary.kinds.most_common())
        self._console.print(Text(f"\n{total} log events: {kinds}" if total else "There are no log events.", "bold"))
        for form, number in summary.formats.most_common():
            self._console.print(Text(f"{number:>6}  {harmless(form, 200)}"))
        self._list("left out", [f"{number:>6}  {harmless(rule)}" for rule, number in summary.left_out.most_common()])
        self._list("metrics", list(map(_metric, summary.metrics)))
        invalid = [f"{line:>6}  {harmless(reason, MAX_VALUE)}" for line, reason in summary.refusals[:MAX_REFUSALS]]
        if len(summary.refusals) > MAX_REFUSALS:
            invalid.append(f"        and {len(summary.refusals) - MAX_REFUSALS} more")
        self._list("metric lines that yield no metric", invalid)

    def _list(self, title: str, rows: list[str]) -> None:
        if rows:
            self._console.print(Text(f"{title}:", "bold"))
            for row in rows:
                self._console.print(Text(row))

    def _field(self, name: str, value: Any) -> None:
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        line = Text(f"        {name:<{_WIDTH}}  ", "dim")
        line.append(harmless(shown, MAX_VALUE), "not dim")
        self._console.print(line)


def _at(document: dict[str, Any], path: tuple[str, ...]) -> Any:
    """The value at a path, None where there is none."""
    value: Any = document
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _metric(entry: dict[str, Any]) -> str:
    """One entry of PutMetricData on one line."""
    dimensions = ", ".join(f"{item['Name']}={item['Value']}" for item in entry["Dimensions"])
    samples = int(sum(entry["Counts"]))
    total = sum(value * count for value, count in zip(entry["Values"], entry["Counts"], strict=True))
    values = f"{total:g}" if samples == 1 else f"{samples} values, sum {total:g}"
    return harmless(f"        {entry['MetricName']} [{dimensions}] {values} {entry.get('Unit', '')}".rstrip(), 300)
