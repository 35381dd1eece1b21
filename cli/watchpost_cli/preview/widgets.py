"""What stands inside a widget: text, states of alarms, graphs, figures, and queries of logs."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

from watchpost_cli.preview.charts import Size, chart, colour_of, short, sparkline, unit_of
from watchpost_cli.preview.model import Graph
from watchpost_cli.preview.text import escaped, rendered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watchpost_cli.preview.model import Data, Place

COLUMN, ROW, GAP = 51, 46, 6  # pixels, as in style.py; a column at a width of 1,400
_STATES = {"ALARM": "in alarm", "OK": "OK", "INSUFFICIENT_DATA": "without enough data"}
_NOT_MADE = "not made yet"


def drawn(place: Place, widget: Mapping[str, Any], data: Data, start: datetime) -> str:
    """HTML of what is in a widget. start: of the time that its dashboard shows."""
    properties = widget["properties"]
    match widget["type"]:
        case "text":
            return rendered(str(properties.get("markdown", "")))
        case "alarm":
            return _alarms(properties, data)
        case "log":
            return _log(properties)
        case "metric":
            graph = data.graphs.get(place, Graph(trouble="it was not asked for"))
            draw = _figures if properties.get("view") == "singleValue" else _graph
            return draw(graph, widget, start, data.end)
        case other:
            return f'<p class="none">A widget of the type {escaped(other)} is not drawn here.</p>'


def _title(properties: Mapping[str, Any], more: str = "") -> str:
    return f"<h3>{escaped(properties.get('title', ''))}<small>{escaped(more)}</small></h3>"


def _alarms(properties: Mapping[str, Any], data: Data) -> str:
    states = {arn: data.states.get(arn, "") for arn in properties["alarms"]}
    order = ["ALARM", "INSUFFICIENT_DATA", "", "OK"]
    counts = Counter(states.values())
    told = ", ".join(f"{counts[state]} {_STATES.get(state, _NOT_MADE)}" for state in order if counts[state])
    # Stable: those of one state stay in the order of the widget.
    tiles = sorted(states, key=lambda arn: order.index(states[arn]) if states[arn] in order else len(order))
    items = "".join(_tile(arn, states[arn]) for arn in tiles)
    return f'{_title(properties, told)}<ul class="states">{items}</ul>'


def _tile(arn: str, state: str) -> str:
    name = arn.split(":alarm:", 1)[-1]
    above, _, own = name.rpartition("/")
    style = state.lower().replace("_", "-") if state in _STATES else "unknown"
    told = _STATES.get(state, _NOT_MADE)
    return (
        f'<li class="{style}" title="{escaped(name)}: {escaped(told)}">'
        f"<b>{escaped(own)}</b><span>{escaped(above)}</span><em>{escaped(told)}</em></li>"
    )


def _log(properties: Mapping[str, Any]) -> str:
    query = str(properties.get("query", ""))
    groups = query.count("SOURCE '")
    told = f"Logs Insights runs this over {groups} log group{'s' if groups != 1 else ''} when the dashboard is opened"
    return f"{_title(properties, told)}<pre>{escaped(query)}</pre>"


def _pixels(widget: Mapping[str, Any], taken: int) -> Size:
    """What is left of a widget for a drawing. taken: pixels of its height."""
    width = widget["width"] * (COLUMN + GAP) - GAP - 26
    height = widget["height"] * (ROW + GAP) - GAP - 20 - taken
    return Size(max(width, 80), max(height, 60))


def _period(seconds: int) -> str:
    for length, name in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds % length == 0:
            return name if seconds == length else f"{seconds // length} {name}s"
    return f"{seconds} seconds"


def _nothing(graph: Graph, start: datetime, end: datetime) -> str:
    if graph.trouble:
        return f'<p class="none trouble">CloudWatch gave no data: {escaped(graph.trouble)}</p>'
    hours = int((end - start).total_seconds() // 3600)
    return f'<p class="none">No data in these {hours} hours</p>'


def _graph(graph: Graph, widget: Mapping[str, Any], start: datetime, end: datetime) -> str:
    properties = widget["properties"]
    title = _title(properties, f"each {_period(graph.period)}")
    if not any(line.points for line in graph.lines):
        return title + _nothing(graph, start, end)
    items = [*_lines(graph), *_marks(properties.get("annotations", {}), start, end)]
    # About three names stand in a row of eight columns; a longer legend than three rows is scrolled.
    rows = min(3, -(-len(items) // max(1, widget["width"] // 4)))
    svg = chart(graph, properties, start, end, _pixels(widget, 32 + 19 * rows))
    return f'{title}<figure>{svg}</figure><ul class="legend">{"".join(items)}</ul>'


def _lines(graph: Graph) -> list[str]:
    unit = unit_of(graph.lines)
    items = []
    for index, line in enumerate(graph.lines):
        last = (
            f"{short(line.points[-1][1])}{f' {unit}' if unit not in ('', 'count') else ''}"
            if line.points
            else "no data"
        )
        swatch = f'<i style="background:var({colour_of(index)})"></i>'
        items.append(f'<li title="{escaped(line.label)}">{swatch}<span>{escaped(line.label)}</span><b>{last}</b></li>')
    return items


def _marks(annotations: Mapping[str, Any], start: datetime, end: datetime) -> list[str]:
    """The legend's entries for thresholds and for the last deployment within the time that is shown."""
    items = []
    for mark in annotations.get("horizontal", ()):
        style = "critical" if mark.get("color") == "#d13212" else "warning"
        name, value = escaped(mark.get("label", "")), short(float(mark["value"]))
        items.append(f'<li title="{name}"><i class="mark {style}"></i><span>{name}</span><b>{value}</b></li>')
    marks = [(datetime.fromisoformat(str(mark["value"])), mark) for mark in annotations.get("vertical", ())]
    seen = [(time, mark) for time, mark in marks if start <= time <= end]
    if seen:
        time, mark = seen[-1]
        name = escaped(mark.get("label", ""))
        more = f" and {len(seen) - 1} more" if len(seen) > 1 else ""
        items.append(f'<li title="{name}"><i class="mark"></i><span>{name}</span><b>{time:%H:%M}{more}</b></li>')
    return items


def _figures(graph: Graph, widget: Mapping[str, Any], start: datetime, end: datetime) -> str:
    """Each line as one figure, its last value, with a small line behind where the widget asks for it."""
    properties = widget["properties"]
    # Where nothing is drawn over time, the period says nothing about the figure.
    title = _title(properties, f"each {_period(graph.period)}" if properties.get("sparkline") else "")
    if not any(line.points for line in graph.lines):
        return title + _nothing(graph, start, end)
    room = _pixels(widget, 80)
    size = Size(room.width // max(1, len(graph.lines)), min(room.height, 60))
    items = []
    for index, line in enumerate(graph.lines):
        value = short(line.points[-1][1]) if line.points else "none"
        drawing = ""
        if properties.get("sparkline") and len(line.points) > 1:
            drawing = sparkline(line, index, start, end, size)
        items.append(f"<li><b>{value}</b><span>{escaped(line.label)}</span>{drawing}</li>")
    return f'{title}<ul class="figures">{"".join(items)}</ul>'
