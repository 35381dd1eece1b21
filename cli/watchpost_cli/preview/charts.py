"""Graphs as SVG, drawn by matplotlib, in colours that the page chooses for light and dark."""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib import dates, ticker
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matplotlib.axes import Axes

    from watchpost_cli.preview.model import Graph, Line

COLOURS = 10  # of lines, before they begin again
FAR = 4  # times the height of the graph: thresholds beyond are not drawn

# Colours that stand for the page's, which knows two schemes.
_INK, _GRID, _WARNING, _CRITICAL, _DEPLOYMENT = "#000001", "#000002", "#000003", "#000004", "#000005"
_VARIABLES = {
    _INK: "--muted",
    _GRID: "--grid",
    _WARNING: "--warning",
    _CRITICAL: "--critical",
    _DEPLOYMENT: "--muted",
} | {f"#0001{number:02x}": f"--line{number}" for number in range(COLOURS)}
_OF_BODY = {"#d13212": _CRITICAL, "#ff9900": _WARNING}  # what our dashboards' thresholds have
_COLOUR = re.compile(r"#0000\d\d|#0001[0-9a-f]{2}")
_GROUP_ID = re.compile(r'(<g) id="[a-z0-9A-Z_.]*"')
_STYLE = re.compile(r"<style.*?</style>", re.DOTALL)  # within a page it would be about all of the page
_FONT = re.compile(r"font-family: [^;\"]*; ?")  # the page's own is meant
_RC: dict[Any, Any] = {"svg.fonttype": "none", "font.size": 10, "axes.linewidth": 0.8, "svg.hashsalt": "watchpost"}
_DATES: Any = dates  # without type information
_SHORT = {"Milliseconds": "ms", "Microseconds": "µs", "Seconds": "s", "Percent": "%", "Bytes": "B", "Count": "count"}


@dataclass(frozen=True, slots=True)
class Size:
    """In pixels of the page."""

    width: int
    height: int


def colour_of(index: int) -> str:
    """The CSS variable of a line's colour."""
    return f"--line{index % COLOURS}"


def unit_of(lines: Iterable[Line]) -> str:
    """What the axis says: the unit that all lines have in common, else nothing."""
    units = {line.unit for line in lines if line.points}
    unit = units.pop() if len(units) == 1 else ""
    return _SHORT.get(unit, "" if unit == "None" else unit)


def short(value: float) -> str:
    """A figure for people: 12,340 is 12.3k."""
    for limit, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{letter}"
    return f"{value:.3g}" if abs(value) >= 0.001 or value == 0 else f"{value:.1e}"


def chart(graph: Graph, properties: Mapping[str, Any], start: datetime, end: datetime, size: Size) -> str:
    """A graph over time. Between points that are further apart than its period there is a gap."""
    with mpl.rc_context(_RC):
        figure = Figure(figsize=(size.width / 72, size.height / 72), dpi=72, layout="constrained")
        axes = figure.add_subplot()
        for index, line in enumerate(graph.lines):
            _draw(axes, line, f"#0001{index % COLOURS:02x}", graph.period)
        # The start of a day can be before the first point, so the range is set and not found.
        axes.set_xlim(_number(start), _number(end))
        _limits(axes, graph.lines, properties.get("yAxis", {}).get("left", {}))
        _annotate(axes, properties.get("annotations", {}), start, end)
        _style(axes, unit_of(graph.lines))
        return _svg(figure, size)


def sparkline(line: Line, colour: int, start: datetime, end: datetime, size: Size) -> str:
    """The small line behind a figure, without axes."""
    with mpl.rc_context(_RC):
        figure = Figure(figsize=(size.width / 72, size.height / 72), dpi=72)
        axes = figure.add_axes((0, 0.05, 1, 0.9))
        axes.set_axis_off()
        axes.set_xlim(_number(start), _number(end))
        times = [_number(time) for time, _ in line.points]
        values = [value for _, value in line.points]
        drawn = f"#0001{colour % COLOURS:02x}"
        axes.plot(times, values, color=drawn, linewidth=1.5)
        axes.fill_between(times, values, color=drawn, alpha=0.15, linewidth=0)
        axes.set_ylim(bottom=min(0.0, *values), top=max(values) * 1.05 or 1)
        return _svg(figure, size)


def _number(time: datetime) -> float:
    return float(_DATES.date2num(time))


def _draw(axes: Axes, line: Line, colour: str, period: int) -> None:
    times: list[float] = []
    values: list[float] = []
    alone: list[tuple[float, float]] = []
    gap = timedelta(seconds=period * 1.5)
    points = line.points
    for index, (time, value) in enumerate(points):
        if index and time - points[index - 1][0] > gap:
            times.append(_number(points[index - 1][0]))
            values.append(math.nan)
        times.append(_number(time))
        values.append(value)
        before = index == 0 or time - points[index - 1][0] > gap
        after = index == len(points) - 1 or points[index + 1][0] - time > gap
        if before and after:
            alone.append((_number(time), value))
    axes.plot(times, values, color=colour, linewidth=1.4, solid_joinstyle="round")
    if alone:
        # A point without neighbours is no line, and would not be seen.
        axes.plot(*zip(*alone, strict=True), color=colour, marker="o", markersize=3.5, linewidth=0)


def _limits(axes: Axes, lines: Sequence[Line], axis: Mapping[str, Any]) -> None:
    """The range of values: that of the widget where it says one, else that of the points."""
    values = [value for line in lines for _, value in line.points]
    low = float(axis.get("min", min(values, default=0.0)))
    high = float(axis.get("max", max(values, default=0.0)))
    if high == low:
        high = low + (abs(low) or 1.0)
    room = high - low
    axes.set_ylim(low - room * 0.015, high + room * 0.12)  # a line at the edge would be half hidden


def _annotate(axes: Axes, annotations: Mapping[str, Any], start: datetime, end: datetime) -> None:
    low, high = axes.get_ylim()
    for mark in annotations.get("horizontal", ()):
        colour = _OF_BODY.get(str(mark.get("color")), _CRITICAL)
        value = float(mark["value"])
        if value - low > (high - low) * FAR:
            continue  # it would flatten the lines; the legend tells its value
        top = axes.get_ylim()[1]
        axes.set_ylim(low, max(top, value + (value - low) * 0.12))
        axes.axhline(value, color=colour, linewidth=1.1, linestyle=(0, (5, 3)))
    marks = [(datetime.fromisoformat(str(mark["value"])), mark) for mark in annotations.get("vertical", ())]
    for time, _ in (pair for pair in marks if start <= pair[0] <= end):
        axes.axvline(_number(time), color=_DEPLOYMENT, linewidth=1.1, linestyle=(0, (2, 2)))


def _style(axes: Axes, unit: str) -> None:
    locator = _DATES.AutoDateLocator(minticks=3, maxticks=6)
    axes.xaxis.set_major_locator(locator)
    formatter = _DATES.ConciseDateFormatter(locator, show_offset=False)
    # Days and months are only written where one begins.
    formatter.formats = ["%Y", "%b", "%d %b", "%H:%M", "%H:%M", "%S"]
    formatter.zero_formats = ["", "%Y", "%b", "%d %b", "%H:%M", "%H:%M"]
    axes.xaxis.set_major_formatter(formatter)
    axes.yaxis.set_major_locator(ticker.MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10], integer=unit == "count"))
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: short(value)))
    axes.grid(visible=True, color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_INK, length=0, pad=4)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(_GRID)
    if unit:
        axes.set_ylabel(unit, color=_INK)


def _svg(figure: Figure, size: Size) -> str:
    figure.patch.set_visible(False)
    for axes in figure.axes:
        axes.patch.set_visible(False)
    out = io.StringIO()
    nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
    figure.savefig(out, format="svg", metadata=nothing)
    text = out.getvalue()
    # What stands before <svg> is for files of their own, and ids must be unique in the page.
    text = _FONT.sub("", _STYLE.sub("", _GROUP_ID.sub(r"\1", text[text.index("<svg") :])))
    head, _, rest = text.partition(">")
    head = f'<svg viewBox="0 0 {size.width} {size.height}" width="{size.width}" height="{size.height}" role="img"'
    return _COLOUR.sub(lambda match: f"var({_VARIABLES[match[0]]})", f"{head}>{rest}")
