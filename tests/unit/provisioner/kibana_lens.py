"""Says what is wrong with the inside of a Lens panel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.provisioner import kibana_keys as keys

if TYPE_CHECKING:
    from tests.unit.provisioner.kibana_rules import Problems

_CALCULATED = ("formula", "math")
_ARITHMETIC = {"add", "subtract", "multiply", "divide"}


def check_lens(lens: dict[str, Any], views: dict[str, dict[str, str]], where: str, problems: Problems) -> None:
    """views: the fields of the data view of each layer, by the name of its reference."""
    state = lens["state"]
    problems.keys(f"{where}: lens", lens, keys.LENS)
    problems.keys(f"{where}: state", state, keys.STATE)
    problems.keys(f"{where}: sources", state["datasourceStates"], keys.SOURCES)
    layers = state["datasourceStates"]["formBased"]["layers"]
    for name, layer in layers.items():
        fields = views[f"indexpattern-datasource-layer-{name}"]
        _check_query(state["query"], fields, where, problems)
        problems.keys(f"{where}: layer", layer, keys.LAYER)
        ordered, columns = layer["columnOrder"], layer["columns"]
        problems.unless(sorted(ordered) == sorted(columns), f"{where}: columnOrder {ordered} of {sorted(columns)}")
        buckets = [columns[one]["isBucketed"] for one in ordered if one in columns]
        problems.unless(buckets == sorted(buckets, reverse=True), f"{where}: a metric before what splits it")
        for identifier, column in columns.items():
            _check_column(identifier, columns, fields, f"{where}: {column['label']}", problems)
    shown = _accessors(lens["visualizationType"], state["visualization"], where, problems)
    for name, layer in layers.items():
        _check_shown(layer["columns"], [one for of, one in shown if of == name], where, problems)
    problems.unless({of for of, _ in shown} == set(layers), f"{where}: not every layer is shown")


def _check_query(query: dict[str, str], fields: dict[str, str], where: str, problems: Problems) -> None:
    from tests.unit.provisioner.kibana_rules import check_query  # noqa: PLC0415  # which imports this module

    problems.unless(query["language"] == "kuery", f"{where}: a query in {query['language']}")
    check_query(query["query"], fields, where, problems)


def _check_column(
    identifier: str, columns: dict[str, Any], fields: dict[str, str], where: str, problems: Problems
) -> None:
    column = columns[identifier]
    kind, params = column["operationType"], column["params"]
    problems.keys(where, column, keys.COLUMN)
    if kind not in keys.PARAMS:
        problems.append(f"{where}: no operation is called {kind}")
        return
    problems.keys(f"{where}: params", params, keys.PARAMS[kind])
    problems.unless(column["scale"] == keys.SCALES.get(kind, "ratio"), f"{where}: scale {column['scale']}")
    problems.unless(column["isBucketed"] == (kind in keys.SCALES), f"{where}: isBucketed {column['isBucketed']}")
    if "filter" in column:
        _check_query(column["filter"], fields, where, problems)
    if kind in _CALCULATED:
        problems.unless("sourceField" not in column, f"{where}: a {kind} of a field")
        unknown = sorted(set(column["references"]) - columns.keys())
        problems.unless(not unknown, f"{where}: refers to {unknown}, which are no columns")
        if kind == "math":
            used = set(_leaves(params["tinymathAst"], where, problems))
            problems.unless(used == set(column["references"]), f"{where}: refers to other columns than it uses")
        return
    _check_field(column, fields, where, problems)
    if kind == "terms":
        _check_terms(params, columns, where, problems)


def _check_field(column: dict[str, Any], fields: dict[str, str], where: str, problems: Problems) -> None:
    kind, source = column["operationType"], column["sourceField"]
    if kind == "count":
        problems.unless(source == "___records___" and column["dataType"] == "number", f"{where}: counts {source}")
        return
    found = fields.get(source)
    if found is None:
        problems.append(f"{where}: no document has {source}")
        return
    problems.unless(found in keys.TYPES[kind], f"{where}: {kind} of {source}, which is {found}")
    problems.unless(column["dataType"] == keys.DATA_TYPES.get(found), f"{where}: dataType {column['dataType']}")


def _check_terms(params: dict[str, Any], columns: dict[str, Any], where: str, problems: Problems) -> None:
    order = params["orderBy"]
    problems.unless(0 < params["size"] <= 1000, f"{where}: {params['size']} values")
    problems.unless(params["otherBucket"] or not params["missingBucket"], f"{where}: missing values without others")
    if order["type"] == "column":
        by = columns.get(order["columnId"])
        plain = by is not None and not by["isBucketed"] and by["operationType"] not in _CALCULATED
        problems.unless(plain, f"{where}: cannot be ordered by {order['columnId']}")
    else:
        problems.unless(order["type"] == "alphabetical", f"{where}: ordered by {order['type']}")


def _leaves(tree: Any, where: str, problems: Problems) -> list[str]:
    if isinstance(tree, str):
        return [tree]
    if isinstance(tree, dict):
        problems.unless(tree["type"] == "function" and tree["name"] in _ARITHMETIC, f"{where}: {tree['name']} in math")
        return [leaf for one in tree["args"] for leaf in _leaves(one, where, problems)]
    return []


def _accessors(kind: str, shown: dict[str, Any], where: str, problems: Problems) -> list[tuple[str, str]]:
    """Which columns a visualization shows, as pairs of layer and column; checks its keys."""
    if kind not in keys.VISUALIZATION:
        problems.append(f"{where}: no visualization is called {kind}")
        return []
    problems.keys(f"{where}: {kind}", shown, keys.VISUALIZATION[kind])
    if kind == "lnsDatatable":
        for column in shown["columns"]:
            problems.keys(f"{where}: table", column, keys.TABLE_COLUMN)
        return [(shown["layerId"], column["columnId"]) for column in shown["columns"]]
    if kind == "lnsMetric":
        names = ("breakdownByAccessor", "metricAccessor")
        return [(shown["layerId"], shown[name]) for name in names if name in shown]
    found = []
    for layer in shown["layers"]:
        problems.keys(f"{where}: graph", layer, keys.GRAPH_LAYER)
        problems.unless(layer["seriesType"] in keys.SERIES, f"{where}: drawn as {layer['seriesType']}")
        configured = [one["forAccessor"] for one in layer["yConfig"]]
        problems.unless(set(configured) <= set(layer["accessors"]), f"{where}: yConfig of {configured}")
        names = [layer[name] for name in ("splitAccessor", "xAccessor") if name in layer]
        found += [(layer["layerId"], one) for one in [*names, *layer["accessors"]]]
    return found


def _check_shown(columns: dict[str, Any], shown: list[str], where: str, problems: Problems) -> None:
    parts = {reference for column in columns.values() for reference in column.get("references", ())}
    problems.unless(set(shown) <= columns.keys(), f"{where}: shows {sorted(set(shown) - columns.keys())}")
    unseen = sorted(columns.keys() - set(shown) - parts)
    problems.unless(not unseen, f"{where}: {unseen} is never shown")
    problems.unless(len(set(shown)) == len(shown), f"{where}: a column is shown twice")
    hidden = [columns[one]["label"] for one in shown if columns.get(one, {}).get("operationType") == "math"]
    problems.unless(not hidden, f"{where}: shows a part of a formula: {hidden}")
