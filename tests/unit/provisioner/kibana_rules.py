"""Says what is wrong with saved objects: everything that Kibana would import without a word and then show wrongly."""

from __future__ import annotations

import importlib.resources
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from watchpost.search import kql, kql_ast

from tests.unit.provisioner import kibana_keys as keys
from tests.unit.provisioner.kibana_lens import check_lens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_FOLDER = importlib.resources.files("dashboards") / "elasticsearch"
_STREAMS = ("logs-watchpost.app", "logs-watchpost.platform", "metrics-watchpost.line")


def mapping(stream: str) -> dict[str, str]:
    """Every field of a data stream and its type, read from the index templates."""
    index = json.loads((_FOLDER / "index" / f"{stream}.json").read_text())
    found: dict[str, str] = {}
    for name in index["composed_of"]:
        component = json.loads((_FOLDER / "component" / f"{name}.json").read_text())
        found.update(_leaves(component["template"]["mappings"]["properties"], ""))
    return found


def _leaves(properties: dict[str, Any], above: str) -> Iterator[tuple[str, str]]:
    for name, one in properties.items():
        if "type" in one and one["type"] != "object":
            yield above + name, one["type"]
        yield from _leaves(one.get("properties", {}), f"{above}{name}.")
        yield from _leaves(one.get("fields", {}), f"{above}{name}.")


MAPPINGS = {stream: mapping(stream) for stream in _STREAMS}


class Problems(list[str]):
    """What is wrong, in the order in which it was found."""

    def unless(self, condition: bool, problem: str) -> None:
        if not condition:
            self.append(problem)

    def keys(self, where: str, found: Any, allowed: set[str]) -> None:
        unknown = sorted(set(found) - allowed)
        self.unless(not unknown, f"{where}: no real export has {', '.join(unknown)}")


def check(objects: Sequence[dict[str, Any]], prefix: str) -> Problems:
    """Everything that is wrong with the objects of one stack. prefix: of their ids."""
    problems = Problems()
    there = {(one["type"], one["id"]): one for one in objects}
    problems.unless(len(there) == len(objects), "an id is there twice")
    for one in objects:
        where = f"{one['type']} {one['id'].removeprefix(prefix)}"
        problems.unless(one["id"].startswith(prefix), f"{where}: the id does not say whose it is")
        problems.keys(where, one, keys.TOP)
        problems.keys(f"{where}: attributes", one["attributes"], keys.ATTRIBUTES[one["type"]])
        stamps = (one.get("coreMigrationVersion"), one.get("typeMigrationVersion"))
        problems.unless(stamps == ("8.8.0", keys.STAMPS[one["type"]]), f"{where}: stamps {stamps}")
        for reference in one["references"]:
            key = (reference["type"], reference["id"])
            problems.unless(key in there, f"{where}: nothing is {reference['type']} {reference['id']}")
        names = Counter(reference["name"] for reference in one["references"])
        problems.unless(max(names.values(), default=1) == 1, f"{where}: a reference's name is there twice")
        used = _used(one, where, there, problems)
        problems.unless(used == set(names), f"{where}: references {sorted(set(names) ^ used)} are not used, or missing")
    return problems


def _used(one: dict[str, Any], where: str, there: dict[tuple[str, str], Any], problems: Problems) -> set[str]:
    """Checks the inside; returns the names of the references that it uses."""
    attributes = one["attributes"]
    if one["type"] == "index-pattern":
        problems.unless(bool(streams_of(attributes["title"])), f"{where}: no data stream is like {attributes['title']}")
        return set()
    source = _decoded(attributes["kibanaSavedObjectMeta"].get("searchSourceJSON"), where, problems)
    problems.keys(f"{where}: search source", source, keys.SEARCH_SOURCE)
    targets = {reference["name"]: there.get((reference["type"], reference["id"])) for reference in one["references"]}
    if one["type"] == "search":
        fields = fields_of(targets.get(source.get("indexRefName")))
        check_query(source["query"]["query"], fields, where, problems)
        for name in attributes["columns"]:
            problems.unless(name in fields, f"{where}: no document has the column {name}")
        for name, direction in attributes["sort"]:
            sortable = fields.get(name) not in (None, "text", "flattened")
            problems.unless(sortable and direction in ("asc", "desc"), f"{where}: cannot sort by {name} {direction}")
        return {source["indexRefName"]}
    check_query(source["query"]["query"], {**MAPPINGS[_STREAMS[0]], **MAPPINGS[_STREAMS[1]]}, where, problems)
    problems.keys(f"{where}: options", _decoded(attributes["optionsJSON"], where, problems), keys.OPTIONS)
    panels = _decoded(attributes["panelsJSON"], where, problems)
    _check_grid(panels, where, problems)
    return {name for panel in panels for name in _check_panel(panel, where, targets, problems)}


def _decoded(text: Any, where: str, problems: Problems) -> Any:
    if not isinstance(text, str):
        problems.append(f"{where}: {type(text).__name__} where a string with JSON should be")
        return text
    return json.loads(text)


def _check_grid(panels: list[dict[str, Any]], where: str, problems: Problems) -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in panels:
        grid, index = panel["gridData"], panel["panelIndex"]
        problems.keys(f"{where}: {index}: grid", grid, keys.GRID)
        problems.unless(grid["i"] == index, f"{where}: {index}: the grid calls it {grid['i']}")
        inside = min(grid["x"], grid["y"]) >= 0 and grid["w"] > 0 and grid["h"] > 0 and grid["x"] + grid["w"] <= 48
        problems.unless(inside, f"{where}: {index}: outside of the grid")
        for x in range(grid["x"], grid["x"] + grid["w"]):
            for y in range(grid["y"], grid["y"] + grid["h"]):
                if (x, y) in taken:
                    problems.append(f"{where}: {index}: overlaps {taken[x, y]}")
                    return
                taken[x, y] = index
    problems.unless(len({panel["panelIndex"] for panel in panels}) == len(panels), f"{where}: a panel is there twice")


def _check_panel(panel: dict[str, Any], where: str, targets: dict[str, Any], problems: Problems) -> Iterator[str]:
    index, config = panel["panelIndex"], panel["embeddableConfig"]
    where = f"{where}: {index}"
    problems.keys(where, panel, keys.PANEL)
    problems.keys(f"{where}: config", config, keys.CONFIG)
    if panel["type"] == "search":
        name = f"{index}:{panel['panelRefName']}"
        problems.unless(panel["panelRefName"] == f"panel_{index}", f"{where}: refers by {panel['panelRefName']}")
        problems.unless((targets.get(name) or {}).get("type") == "search", f"{where}: shows no saved search")
        yield name
    elif panel["type"] == "visualization":
        vis = config["savedVis"]
        problems.keys(f"{where}: text", vis, keys.SAVED_VIS)
        problems.keys(f"{where}: text", vis["params"], keys.MARKDOWN)
        problems.unless(bool(vis["params"]["markdown"].strip()), f"{where}: an empty text")
    elif panel["type"] == "lens":
        for name in config["attributes"]["state"]["datasourceStates"]["formBased"]["layers"]:
            yield f"{index}:indexpattern-datasource-layer-{name}"
        views = {name: targets.get(f"{index}:{name}") for name in _names(config["attributes"])}
        inner = {reference["name"]: reference["id"] for reference in config["attributes"]["references"]}
        outer = {name: (view or {}).get("id") for name, view in views.items()}
        problems.unless(inner == outer, f"{where}: refers to {inner} inside and to {outer} outside")
        check_lens(config["attributes"], {name: fields_of(view) for name, view in views.items()}, where, problems)
    else:
        problems.append(f"{where}: a panel of type {panel['type']}")


def _names(lens: dict[str, Any]) -> list[str]:
    return [
        f"indexpattern-datasource-layer-{name}" for name in lens["state"]["datasourceStates"]["formBased"]["layers"]
    ]


def streams_of(pattern: str) -> list[str]:
    """The data streams that an index pattern covers, without their namespace."""
    begin = pattern.rpartition("-")[0]
    return [name for name in _STREAMS if begin == name or (begin.endswith("*") and name.startswith(begin[:-1]))]


def fields_of(view: dict[str, Any] | None) -> dict[str, str]:
    """The fields that documents have in a data view."""
    streams = streams_of(view["attributes"]["title"]) if view and view["type"] == "index-pattern" else []
    return {name: kind for stream in streams for name, kind in MAPPINGS[stream].items()}


def check_query(text: str, fields: dict[str, str], where: str, problems: Problems) -> None:
    """KQL must be right, and name fields that documents have."""
    for name in _named(kql.parse(text).root):
        above = name.split(".")
        known = name in fields or any(fields.get(".".join(above[:end])) == "flattened" for end in range(len(above)))
        problems.unless(known, f"{where}: a query asks for {name}, which no document has")


def _named(root: kql_ast.Node) -> Iterator[str]:
    if isinstance(root, kql_ast.And | kql_ast.Or):
        for one in root.nodes:
            yield from _named(one)
    elif isinstance(root, kql_ast.Not):
        yield from _named(root.node)
    elif isinstance(root, kql_ast.Matches | kql_ast.Compares) and root.field:
        yield root.field.text
