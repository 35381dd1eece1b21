"""Writes a chart of a definition the way Kibana 8.10 exports a Lens panel that is kept inside of its dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioner.kibana.charts import visualization

if TYPE_CHECKING:
    from provisioner.kibana.definitions import Column, Panel
    from provisioner.kibana.formulas import Call

LAYER = "layer"
REFERENCE = f"indexpattern-datasource-layer-{LAYER}"
RECORDS = "___records___"  # Lens's name for the documents themselves


def attributes(panel: Panel, data_view: str) -> dict[str, Any]:
    """The `attributes` of a Lens panel. data_view: id."""
    ids = {column.label: f"column{number}" for number, column in enumerate(panel.columns)}
    return {
        "title": panel.title,
        "description": "",
        "type": "lens",
        "visualizationType": {"number": "lnsMetric", "table": "lnsDatatable"}.get(str(panel.chart), "lnsXY"),
        "references": [{"type": "index-pattern", "id": data_view, "name": REFERENCE}],
        "state": {
            "adHocDataViews": {},
            "datasourceStates": {
                "formBased": {"layers": {LAYER: _layer(panel, ids)}},
                "indexpattern": {"layers": {}},
                "textBased": {"layers": {}},
            },
            "filters": [],
            "internalReferences": [],
            "query": {"language": "kuery", "query": panel.query},
            "visualization": visualization(panel, ids, LAYER),
        },
    }


def _layer(panel: Panel, ids: dict[str, str]) -> dict[str, Any]:
    written: dict[str, Any] = {}
    parts: dict[str, Any] = {}  # columns that only formulas use stand after all others
    for column in panel.columns:
        own = ids[column.label]
        written[own] = _written(column, ids)
        if column.formula:
            of_formula = _parts(column, own)
            written[own]["references"] = [list(of_formula)[-1]]
            parts.update(of_formula)
    # The documents are split by the first column first. In a graph that is not time: else the largest values would be
    # other ones at each moment. What is calculated comes after that.
    graph = panel.chart not in ("number", "table")
    ordered = sorted(panel.columns, key=lambda one: (not one.bucketed, graph and one.calculation == "time"))
    return {
        "columnOrder": [*(ids[one.label] for one in ordered), *parts],
        "columns": {**written, **parts},
        "ignoreGlobalFilters": False,
        "incompleteColumns": {},
        "sampling": 1,
    }


def _written(column: Column, ids: dict[str, str]) -> dict[str, Any]:
    base = {"label": column.label, "customLabel": True, "dataType": column.data_type, "isBucketed": column.bucketed}
    if column.calculation == "time":
        params: dict[str, Any] = {"interval": "auto", "includeEmptyRows": True, "dropPartials": False}
        kind, scale = "date_histogram", "interval"
    elif column.calculation == "terms":
        params, kind, scale = _terms(column, ids), "terms", "ordinal"
    elif column.formula:
        params = {"formula": column.formula.text, "isFormulaBroken": False, **_format(column)}
        return {**base, "operationType": "formula", "params": params, "references": [], "scale": "ratio"}
    else:
        params, kind, scale = _metric_params(column), column.calculation, "ratio"
        if column.where:
            base["filter"] = {"language": "kuery", "query": column.where}
    return {
        **base,
        "operationType": kind,
        "params": params,
        "scale": scale,
        "sourceField": RECORDS if column.calculation == "count" else column.field,
    }


def _terms(column: Column, ids: dict[str, str]) -> dict[str, Any]:
    by = {"type": "column", "columnId": ids[column.by]} if column.by else {"type": "alphabetical", "fallback": False}
    return {
        "size": column.top,
        "orderBy": by,
        "orderDirection": "desc" if column.by else "asc",
        "otherBucket": column.missing,  # Lens knows rows for missing values only together with one for the others
        "missingBucket": column.missing,
        "parentFormat": {"id": "terms"},
        "include": [],
        "exclude": [],
        "includeIsRegex": False,
        "excludeIsRegex": False,
    }


def _metric_params(column: Column) -> dict[str, Any]:
    shown = _format(column)
    if column.calculation == "percentile":
        return {"percentile": column.percentile, **shown}
    # Of no documents there is nothing, rather than 0; but none of them is a count.
    return {"emptyAsNull": column.calculation != "count", **shown}


def _format(column: Column) -> dict[str, Any]:
    if column.data_type != "number":
        return {}
    return {"format": {"id": column.format or "number", "params": {"decimals": column.decimals}}}


def _parts(column: Column, own: str) -> dict[str, Any]:
    """The columns of a formula's functions, and last that of its arithmetic."""
    formula = column.formula
    if formula is None:
        raise ValueError("not a formula")
    ids = {call: f"{own}X{number}" for number, call in enumerate(formula.calls)}
    base = {"label": f"Part of {column.label}", "customLabel": True, "dataType": "number", "isBucketed": False}
    parts = {ids[call]: {**base, **_part(call)} for call in formula.calls}
    parts[f"{own}X{len(ids)}"] = {
        **base,
        "operationType": "math",
        "params": {"tinymathAst": formula.math(ids)},
        "references": list(ids.values()),
        "scale": "ratio",
    }
    return parts


def _part(call: Call) -> dict[str, Any]:
    part: dict[str, Any] = {
        "operationType": call.function,
        "params": {"emptyAsNull": False},
        "scale": "ratio",
        "sourceField": call.field or RECORDS,
    }
    if call.where:
        part["filter"] = {"language": "kuery", "query": call.where}
    return part
