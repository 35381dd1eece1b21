"""Where widgets go: rows of 24 columns, filled from left to right, and as many dashboards as the limits ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioner.dashboard_model import Section, metrics_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from provisioner.dashboard_model import Widget

COLUMNS = 24
MAX_WIDGETS = 500  # of one dashboard (CloudWatch quotas)
MAX_METRICS = 2500  # of all graphs of one dashboard (likewise)
MAX_WIDGET_METRICS = 500  # of one graph (likewise)


def flow(sections: Iterable[Section]) -> list[dict[str, Any]]:
    """Give each widget its x and y: left to right, a new row where it does not fit, and where a section begins.

    Widgets have a width, at most 24, and a height.
    """
    placed = []
    y = 0
    for section in sections:
        x = row = 0
        for widget in section.widgets:
            if x + widget["width"] > COLUMNS:
                x, y, row = 0, y + row, 0
            placed.append({**widget, "x": x, "y": y})
            x += widget["width"]
            row = max(row, widget["height"])
        y += row
    return placed


def even(count: int, most: int = 4) -> list[int]:
    """Widths of so many widgets that all rows are full and nearly alike. most: in one row, a divisor of 24."""
    if count == 0:
        return []
    rows = -(-count // most)
    inside = [count // rows + (row < count % rows) for row in range(rows)]
    widths = []
    for number in inside:
        width, rest = divmod(COLUMNS, number)
        widths += [width + (index < rest) for index in range(number)]
    return widths


def pack(sections: Sequence[Section], reserved: int) -> list[list[Section]]:
    """Share sections out to as few dashboards as they need, in their order. There is always one.

    A section is cut only when it is too large for a whole dashboard. reserved: widgets that each dashboard has besides,
    without metrics. No widget may have more metrics than a dashboard.
    """
    parts: list[list[Section]] = [[]]
    room = MAX_WIDGETS - reserved
    widgets = metrics = 0
    for section in sections:
        for piece in _cut(section, room):
            if widgets + len(piece.widgets) > room or metrics + piece.metrics > MAX_METRICS:
                parts.append([])
                widgets = metrics = 0
            parts[-1].append(piece)
            widgets += len(piece.widgets)
            metrics += piece.metrics
    return parts


def _cut(section: Section, room: int) -> Iterator[Section]:
    piece: list[Widget] = []
    metrics = 0
    for widget in section.widgets:
        own = metrics_of(widget)
        if piece and (len(piece) == room or metrics + own > MAX_METRICS):
            yield Section(tuple(piece))
            piece, metrics = [], 0
        piece.append(widget)
        metrics += own
    if piece:
        yield Section(tuple(piece))
