"""The body of a service's dashboard: how it feels first, then each of its resources.

Positions are computed, so widgets never overlap and never leave the 24 columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from watchpost.settings import Settings

    from provisioner.definitions import WidgetDefinition

COLUMNS = 24
MAX_WIDGETS = 500  # of one dashboard (CloudWatch quotas)
MAX_METRICS = 2500  # of all graphs of one dashboard (CloudWatch quotas)
ALARMS_PER_WIDGET = 100  # of one alarm status widget (dashboard body structure)
HEAD_HEIGHT = 2
TITLE_HEIGHT = 1


@dataclass(frozen=True, slots=True)
class Block:
    """The graphs of one resource, below its title."""

    title: str  # empty for none
    namespace: str
    dimensions: tuple[tuple[str, str], ...]
    widgets: tuple[WidgetDefinition, ...]
    health: bool  # whether it belongs to the service as a whole, before all resources


def owner_mark(stack: str) -> str:
    """What in a text widget says that a dashboard is the stack's, as dashboards of old had no tags."""
    return f"`watchpost:stack={stack}`"


def is_owned(body: Any, stack: str) -> bool:
    """Whether a dashboard's decoded body carries the stack's mark."""
    widgets = body.get("widgets") if isinstance(body, dict) else None
    for widget in widgets if isinstance(widgets, list) else []:
        properties = widget.get("properties") if isinstance(widget, dict) else None
        markdown = properties.get("markdown") if isinstance(properties, dict) else None
        if isinstance(markdown, str) and owner_mark(stack) in markdown:
            return True
    return False


def body(service: str, alarms: Sequence[str], blocks: Iterable[Block], settings: Settings) -> dict[str, Any]:
    """The decoded body of PutDashboard.

    alarms: names, for the status at the top. Resources that do not fit into CloudWatch's limits are named in the
    text at the end.
    """
    ordered = sorted(blocks, key=lambda block: not block.health)
    widgets = [_head(service, settings), *_status(alarms, settings)]
    metrics = 0
    left_out: list[str] = []
    for block in ordered:
        placed = _widgets(block, settings)
        count = sum(len(widget.metrics) for widget in block.widgets)
        # One widget is kept for the text about what was left out.
        if left_out or len(widgets) + len(placed) >= MAX_WIDGETS or metrics + count > MAX_METRICS:
            left_out.append(block.title)
            continue
        widgets += placed
        metrics += count
    if left_out:
        widgets.append(_left_out(left_out))
    return {"widgets": layout(widgets)}


def layout(widgets: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give each widget its x and y: left to right, a new row where it does not fit.

    widgets: with width (at most 24) and height; one of 24 columns always has its own row.
    """
    placed = []
    x = y = row_height = 0
    for widget in widgets:
        if x + widget["width"] > COLUMNS:
            x, y, row_height = 0, y + row_height, 0
        placed.append({**widget, "x": x, "y": y})
        x += widget["width"]
        row_height = max(row_height, widget["height"])
    return placed


def _text(markdown: str, height: int) -> dict[str, Any]:
    return {"type": "text", "width": COLUMNS, "height": height, "properties": {"markdown": markdown}}


def _head(service: str, settings: Settings) -> dict[str, Any]:
    kept = f"Kept by {owner_mark(settings.stack)}: what is changed here by hand is put back."
    return _text(f"# {service}\n{kept}", HEAD_HEIGHT)


def _status(alarms: Sequence[str], settings: Settings) -> list[dict[str, Any]]:
    # The topics lie in the same partition, region and account as the alarms.
    partition, region, account = (settings.critical_topic.split(":")[index] for index in (1, 3, 4))
    arns = [f"arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}" for name in alarms]
    pages = [arns[start : start + ALARMS_PER_WIDGET] for start in range(0, len(arns), ALARMS_PER_WIDGET)]
    return [
        {
            "type": "alarm",
            "width": COLUMNS,
            "height": min(2 + len(page) // 4, 20),  # about four alarms stand in a row
            "properties": {
                "title": "Alarms" if len(pages) == 1 else f"Alarms {number} of {len(pages)}",
                "alarms": page,
            },
        }
        for number, page in enumerate(pages, start=1)
    ]


def _widgets(block: Block, settings: Settings) -> list[dict[str, Any]]:
    titled = [_text(f"## {block.title}", TITLE_HEIGHT)] if block.title else []
    return [*titled, *(_graph(block, widget, settings) for widget in block.widgets)]


def _graph(block: Block, widget: WidgetDefinition, settings: Settings) -> dict[str, Any]:
    dimensions = [part for pair in block.dimensions for part in pair]
    metrics = [
        [
            block.namespace,
            metric.name,
            *dimensions,
            {"stat": metric.statistic, **({"label": metric.label} if metric.label else {})},
        ]
        for metric in widget.metrics
    ]
    return {
        "type": "metric",
        "width": widget.width,
        "height": widget.height,
        "properties": {
            "title": widget.title,
            "region": settings.aws_region,
            "view": "timeSeries",
            "stacked": False,
            "period": widget.period,
            "metrics": metrics,
        },
    }


def _left_out(titles: Sequence[str]) -> dict[str, Any]:
    shown = ", ".join(titles[:50])
    more = f" and {len(titles) - 50} more" if len(titles) > 50 else ""
    return _text(f"Not shown, because a dashboard holds {MAX_WIDGETS} widgets: {shown}{more}", HEAD_HEIGHT)
