"""What Kibana asks Elasticsearch for to draw a Lens panel, and what the panel then shows.

Buckets in the order of columnOrder, metrics inside of the last one, filters of metrics as filter aggregations, formulas
calculated afterwards, collapsed columns added up: as Lens's operations translate themselves.
"""

from __future__ import annotations

import json
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from watchpost.search import kql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watchpost.elasticsearch import Cluster

Row = dict[str, Any]
_AGGREGATIONS = {"average": "avg", "sum": "sum", "min": "min", "max": "max"}
_MATH = {"add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv}
HOUR = "1h"


@dataclass
class Shown:
    """A dashboard as it is imported, and where its documents are."""

    cluster: Cluster
    objects: dict[str, dict[str, Any]]  # by id
    dashboard: dict[str, Any]

    def panels(self) -> dict[str, dict[str, Any]]:
        """The Lens panels by their title."""
        panels = json.loads(self.dashboard["attributes"]["panelsJSON"])
        return {panel["title"]: panel for panel in panels if panel["type"] == "lens"}

    def rows(self, title: str) -> list[Row]:
        """What a panel shows: a value for each label of its columns."""
        panel = self.panels()[title]
        state = panel["embeddableConfig"]["attributes"]["state"]
        [layer] = state["datasourceStates"]["formBased"]["layers"].values()
        answer = self._search(panel, state, layer)
        rows = list(
            _rows(layer, _order(layer), answer.get("aggregations", {}), {"doc_count": answer["hits"]["total"]["value"]})
        )
        for row in rows:
            _calculate(layer, row)
        return [_labelled(layer, row) for row in _collapsed(layer, state["visualization"], rows)]

    def _search(self, panel: dict[str, Any], state: dict[str, Any], layer: dict[str, Any]) -> dict[str, Any]:
        [reference] = panel["embeddableConfig"]["attributes"]["references"]
        pattern = self.objects[reference["id"]]["attributes"]["title"]
        of_dashboard = json.loads(self.dashboard["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
        queries = [kql.to_elasticsearch(one["query"]["query"]) for one in (of_dashboard, state)]
        body = {
            "size": 0,
            "track_total_hits": True,
            "query": {"bool": {"filter": queries}},
            "aggs": _nested(layer, _order(layer)),
        }
        answer = self.cluster.request("POST", f"/{pattern}/_search", body)
        assert answer["_shards"]["failed"] == 0
        return dict(answer)


def _order(layer: dict[str, Any]) -> list[str]:
    return [one for one in layer["columnOrder"] if layer["columns"][one]["isBucketed"]]


def _nested(layer: dict[str, Any], buckets: list[str]) -> dict[str, Any]:
    metrics = {name: body for name, column in layer["columns"].items() if (body := _metric(column)) is not None}
    if not buckets:
        return metrics
    column = layer["columns"][buckets[0]]
    return {buckets[0]: {**_bucket(layer, column), "aggs": {**_nested(layer, buckets[1:]), **_ordering(layer, column)}}}


def _bucket(layer: dict[str, Any], column: dict[str, Any]) -> dict[str, Any]:
    params = column["params"]
    if column["operationType"] == "date_histogram":
        assert params["interval"] == "auto"
        return {"date_histogram": {"field": column["sourceField"], "fixed_interval": HOUR, "min_doc_count": 1}}
    assert column["operationType"] == "terms"
    terms = {"field": column["sourceField"], "size": params["size"]}
    if params["missingBucket"]:
        terms["missing"] = "(missing value)"
    by = params["orderBy"]
    if by["type"] == "alphabetical":
        return {"terms": terms | {"order": {"_key": params["orderDirection"]}}}
    metric = layer["columns"][by["columnId"]]
    path = "_count" if metric["operationType"] == "count" and "filter" not in metric else _path(by["columnId"], metric)
    return {"terms": terms | {"order": {path: params["orderDirection"]}}}


def _path(identifier: str, metric: dict[str, Any]) -> str:
    assert "filter" not in metric
    if metric["operationType"] in ("percentile", "median"):
        return f"{identifier}[{float(metric['params'].get('percentile', 50)):.1f}]"
    return identifier


def _ordering(layer: dict[str, Any], column: dict[str, Any]) -> dict[str, Any]:
    """The metric that orders a bucket has to be inside of it, wherever else it is."""
    by = column["params"].get("orderBy", {}).get("columnId")
    body = _metric(layer["columns"][by]) if by else None
    return {by: body} if by and body is not None else {}


def _metric(column: dict[str, Any]) -> dict[str, Any] | None:
    kind = column["operationType"]
    if column["isBucketed"] or kind in ("formula", "math"):
        return None
    if kind == "count":
        body = None
    elif kind in ("percentile", "median"):
        percent = float(column["params"].get("percentile", 50))
        body = {"percentiles": {"field": column["sourceField"], "percents": [percent]}}
    else:
        body = {_AGGREGATIONS[kind]: {"field": column["sourceField"]}}
    if "filter" not in column:
        return body
    inner = {"aggs": {"value": body}} if body else {}
    return {"filter": kql.to_elasticsearch(column["filter"]["query"]), **inner}


def _rows(layer: dict[str, Any], buckets: list[str], found: dict[str, Any], whole: dict[str, Any]) -> Iterator[Row]:
    if not buckets:
        yield {
            name: _value(column, found.get(name), whole)
            for name, column in layer["columns"].items()
            if not column["isBucketed"] and column["operationType"] not in ("formula", "math")
        }
        return
    for bucket in found[buckets[0]]["buckets"]:
        for row in _rows(layer, buckets[1:], bucket, bucket):
            yield {buckets[0]: bucket.get("key_as_string", bucket["key"]), **row}


def _value(column: dict[str, Any], found: Any, whole: dict[str, Any]) -> Any:
    if column["operationType"] == "count":
        return found["doc_count"] if found else whole["doc_count"]
    found = found.get("value", found) if "filter" in column else found
    if column["operationType"] in ("percentile", "median"):
        [value] = found["values"].values()
        return value
    return found.get("value_as_string", found["value"])


def _calculate(layer: dict[str, Any], row: Row) -> None:
    for name, column in layer["columns"].items():
        if column["operationType"] == "math":
            row[name] = _math(column["params"]["tinymathAst"], row)
    for name, column in layer["columns"].items():
        if column["operationType"] == "formula":
            [reference] = column["references"]
            row[name] = row[reference]


def _math(tree: Any, row: Row) -> Any:
    if isinstance(tree, str):
        return row[tree]
    if not isinstance(tree, dict):
        return tree
    left, right = (_math(one, row) for one in tree["args"])
    return None if left is None or right is None else _MATH[tree["name"]](left, right)


def _collapsed(layer: dict[str, Any], drawn: dict[str, Any], rows: list[Row]) -> list[Row]:
    gone = {one["columnId"] for one in drawn.get("columns", ()) if "collapseFn" in one}
    gone |= {drawn["breakdownByAccessor"]} if "collapseFn" in drawn else set()
    gone |= {one["splitAccessor"] for one in drawn.get("layers", ()) if "collapseFn" in one}
    if not gone:
        return rows
    kept = [name for name in _order(layer) if name not in gone]
    merged: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = tuple(row[name] for name in kept)
        into = merged.setdefault(key, {name: row[name] for name in kept})
        for name, value in row.items():
            if name not in kept and name not in gone:
                into[name] = into.get(name, 0) + (value or 0)
    return list(merged.values())


def _labelled(layer: dict[str, Any], row: Row) -> Row:
    parts = {part for column in layer["columns"].values() for part in column.get("references", ())}
    return {layer["columns"][name]["label"]: value for name, value in row.items() if name not in parts}
