"""Reads `dashboards/kibana/*.yaml`. The first fault stops everything, so no object is touched by a wrong file.

Views, searches and dashboards are checked here, panels in loader_panels, their columns in loader_columns. Kibana checks
none of it: a panel with a field that does not exist is imported without a word and stays empty.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, cast

from provisioner import yaml_files
from provisioner.kibana import fields, formulas, loader_panels, loader_texts
from provisioner.kibana.definitions import Dashboard, DataView, Definitions, Search

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.resources.abc import Traversable

    from provisioner.kibana.formulas import Formula
    from provisioner.nodes import Node
    from provisioner.templates import Template

NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
SINCE = re.compile(r"now-[1-9][0-9]{0,2}[smhdw]")
MOST = 50  # views, searches, formulas or panels
LONGEST = 500  # characters of a description
DIRECTIONS = ("asc", "desc")


def load(directory: Traversable, templates: Sequence[Template]) -> Definitions:
    """Read and check every definition.

    directory: `dashboards/kibana`. templates: of `dashboards/elasticsearch`, whose fields the definitions may use.
    Raises DefinitionError for the first fault.
    """
    streams = fields.of_streams(templates)
    of_views = _document(directory, "views.yaml")
    views = {name: _view(node, streams) for name, node in _named(of_views)}
    known = {name: fields.of_view(view.streams, streams) for name, view in views.items()}
    parsed = {name: _formula(node) for name, node in _named(_document(directory, "formulas.yaml"), underscores=True)}
    searches = {name: _search(node, known) for name, node in _named(_document(directory, "searches.yaml"))}
    context = loader_panels.Context(known, frozenset(searches), parsed)
    overview = _dashboard(_document(directory, "overview.yaml"), context, loader_texts.OVERVIEW)
    for name in sorted(views.keys() - {panel.view for panel in overview.panels}):
        # What is there is found by what refers to it, and the overview is always there.
        raise of_views.child(name, None).wrong("a data view that a chart of the overview uses", f"the view {name}")
    return Definitions(
        views=views,
        searches=searches,
        overview=overview,
        service=_dashboard(_document(directory, "service.yaml"), context, loader_texts.SERVICE),
    )


def _document(directory: Traversable, name: str) -> Node:
    shown = f"kibana/{name}"
    return yaml_files.parse(shown, yaml_files.read(directory, name, shown))


def _named(top: Node, *, underscores: bool = False) -> list[tuple[str, Node]]:
    entries = top.entries(MOST)
    if not entries:
        raise top.wrong("an object with at least one field")
    for name, node in entries:
        if not NAME.fullmatch(name.replace("_", "-") if underscores else name):
            raise node.wrong("a name of at most 40 lower-case letters, digits and dashes", f"the name {name}"[:100])
    return entries


def _view(node: Node, streams: Mapping[str, Mapping[str, str]]) -> DataView:
    parts = node.object({"title", "pattern", "streams"})
    return DataView(
        loader_texts.plain(parts["title"], loader_texts.STACK),
        loader_texts.plain(parts["pattern"], loader_texts.STACK),
        tuple(item.choice(tuple(sorted(streams))) for item in parts["streams"].items(1)),
    )


def _formula(node: Node) -> Formula:
    try:
        return formulas.parse(node.string(formulas.LONGEST))
    except formulas.FormulaError as error:
        expected = f"numbers, + - * /, parentheses, and the functions {', '.join(formulas.FUNCTIONS)}"
        raise node.wrong(expected, str(error)) from None


def _search(node: Node, known: Mapping[str, Mapping[str, str]]) -> Search:
    parts = node.object({"title", "description", "view", "query", "columns", "sort"})
    view = parts["view"].choice(tuple(sorted(known)))
    columns = tuple(loader_texts.field(item, known[view], None) for item in parts["columns"].items(1))
    if len(parts["sort"].items(2)) != 2:
        raise parts["sort"].wrong("a field and a direction")
    by, direction = parts["sort"].items(2)
    return Search(
        title=loader_texts.plain(parts["title"], loader_texts.STACK),
        description=parts["description"].string(LONGEST),
        view=view,
        query=loader_texts.query(parts["query"], known[view], ()),
        columns=columns,
        sort=(
            loader_texts.field(by, known[view], fields.SORTED_BY),
            cast('Literal["asc", "desc"]', direction.choice(DIRECTIONS)),
        ),
    )


def _dashboard(top: Node, context: loader_panels.Context, allowed: loader_texts.Allowed) -> Dashboard:
    parts = top.object({"title", "description", "query", "since", "panels"})
    everywhere = {name: kind for of_view in context.known.values() for name, kind in of_view.items()}
    return Dashboard(
        title=loader_texts.plain(parts["title"], allowed.title),
        description=parts["description"].string(LONGEST),
        query=loader_texts.query(parts["query"], everywhere, allowed.query),
        since=parts["since"].matching(SINCE, "a time such as now-24h"),
        panels=loader_panels.panels(parts["panels"], context, allowed.text),
    )
