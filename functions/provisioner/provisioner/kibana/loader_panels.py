"""Checks panels: what each one shows, and that they stand on the grid without overlapping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast, get_args

from provisioner.kibana import loader_columns, loader_texts
from provisioner.kibana.definitions import GRID, Chart, Panel

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from provisioner.kibana.formulas import Formula
    from provisioner.nodes import Node

MOST = 60
TALLEST = 100  # rows
CHARTS: tuple[str, ...] = get_args(Chart)
FIELDS = {"title", "text", "search", "chart", "view", "query", "columns"}


@dataclass(frozen=True, slots=True)
class Context:
    """What panels may refer to. known: the fields of each view and their types."""

    known: Mapping[str, Mapping[str, str]]
    searches: Collection[str]
    formulas: Mapping[str, Formula]


def panels(node: Node, context: Context, allowed: Collection[str]) -> tuple[Panel, ...]:
    """The panels of a dashboard. allowed: placeholders of texts. Raises DefinitionError."""
    found: list[Panel] = []
    nodes = node.items(1)
    if len(nodes) > MOST:
        raise node.wrong(f"at most {MOST} panels", f"{len(nodes)} panels")
    for one in nodes:
        panel = _panel(one, context, allowed)
        for other in found:
            if _overlap(panel.place, other.place):
                expected = f"a place that no other panel has, but {list(other.place)} is {other.title or 'a text'}"
                raise one.child("at", list(panel.place)).wrong(expected)
        found.append(panel)
    return tuple(found)


def _panel(node: Node, context: Context, allowed: Collection[str]) -> Panel:
    parts = node.object({"at"}, FIELDS)
    kinds = [name for name in ("text", "search", "chart") if parts[name].given]
    if len(kinds) != 1:
        raise node.wrong("exactly one of text, search and chart", " and ".join(kinds) or "none of them")
    place = _place(parts["at"])
    title = parts["title"].string() if parts["title"].given or kinds != ["text"] else ""
    if kinds != ["chart"]:
        for name in ("view", "query", "columns"):
            if parts[name].given:
                raise parts[name].wrong(f"no {name}, which only a chart has")
    if kinds == ["text"]:
        return Panel(title, place, text=loader_texts.markdown(parts["text"], allowed))
    if kinds == ["search"]:
        return Panel(title, place, search=parts["search"].choice(tuple(sorted(context.searches))))
    chart = cast("Chart", parts["chart"].choice(CHARTS))
    view = parts["view"].choice(tuple(sorted(context.known)))
    known = context.known[view]
    return Panel(
        title,
        place,
        chart=chart,
        view=view,
        query=loader_texts.query(parts["query"], known, ()) if parts["query"].given else "",
        columns=loader_columns.columns(parts["columns"], chart, known, context.formulas),
    )


def _place(node: Node) -> tuple[int, int, int, int]:
    numbers = node.items(4)
    if len(numbers) != 4:
        raise node.wrong("column, row, width and height")
    x, y = numbers[0].integer(0, GRID - 1), numbers[1].integer(0, 10_000)
    width, height = numbers[2].integer(1, GRID), numbers[3].integer(1, TALLEST)
    if x + width > GRID:
        raise node.wrong(f"a panel that ends at column {GRID}", f"one that ends at {x + width}")
    return x, y, width, height


def _overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return (
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    )
