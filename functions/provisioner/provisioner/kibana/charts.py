"""How a Lens panel is drawn: the `visualization` of a number, a table or a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from provisioner.kibana.definitions import Panel

SERIES = {"bars": "bar", "stacked": "bar_stacked", "lines": "line", "area": "area_stacked"}
ROWS = 10  # on a page of a table


def visualization(panel: Panel, ids: dict[str, str], layer: str) -> dict[str, Any]:
    """The `visualization` of a chart. ids: of the columns, by label. layer: id."""
    if panel.chart == "number":
        return _number(panel, ids, layer)
    if panel.chart == "table":
        return _table(panel, ids, layer)
    return _graph(panel, ids, layer)


def _number(panel: Panel, ids: dict[str, str], layer: str) -> dict[str, Any]:
    drawn: dict[str, Any] = {"layerId": layer, "layerType": "data"}
    for column in panel.columns:
        if column.bucketed:
            drawn |= {"breakdownByAccessor": ids[column.label], "collapseFn": "sum"}
        else:
            drawn["metricAccessor"] = ids[column.label]
    return drawn


def _table(panel: Panel, ids: dict[str, str], layer: str) -> dict[str, Any]:
    columns = []
    for column in panel.columns:
        shown: dict[str, Any] = {"columnId": ids[column.label], "isTransposed": False}
        if column.collapse:
            shown["collapseFn"] = "sum"
        if column.total:
            shown["summaryRow"] = "sum"
        if not column.bucketed:
            shown["alignment"] = "right"
        columns.append(shown)
    return {
        "columns": columns,
        "layerId": layer,
        "layerType": "data",
        "paging": {"enabled": True, "size": ROWS},
        "rowHeight": "single",
        "headerRowHeight": "single",
    }


def _graph(panel: Panel, ids: dict[str, str], layer: str) -> dict[str, Any]:
    series = SERIES[str(panel.chart)]
    metrics = [column for column in panel.columns if not column.bucketed]
    drawn: dict[str, Any] = {
        "accessors": [ids[column.label] for column in metrics],
        "layerId": layer,
        "layerType": "data",
        "position": "top",
        "seriesType": series,
        "showGridlines": False,
        "yConfig": [
            {"forAccessor": ids[column.label], "axisMode": "right" if column.right else "left"} for column in metrics
        ],
    }
    for column in panel.columns:
        if column.calculation == "time":
            drawn["xAccessor"] = ids[column.label]
        elif column.bucketed:
            drawn["splitAccessor"] = ids[column.label]
            if column.collapse:
                drawn["collapseFn"] = "sum"
    sides = {"x": True, "yLeft": True, "yRight": True}
    return {
        "axisTitlesVisibilitySettings": {"x": False, "yLeft": False, "yRight": True},
        "fittingFunction": "None",
        "gridlinesVisibilitySettings": sides,
        "labelsOrientation": {"x": 0, "yLeft": 0, "yRight": 0},
        "layers": [drawn],
        "legend": {"isVisible": True, "position": "right"},
        "preferredSeriesType": series,
        "tickLabelsVisibilitySettings": sides,
        "valueLabels": "hide",
        "yLeftExtent": {"mode": "full"},
        "yRightExtent": {"mode": "full"},
    }
