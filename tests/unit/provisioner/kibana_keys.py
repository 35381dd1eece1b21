"""The keys that saved objects have in real exports of Kibana 8.10, and the types that Lens's operations take.

Taken from public exports (dashboards of the integrations that Elastic publishes, and of others) and from the type
definitions of Lens's state. Kibana imports anything else without a word, and shows an empty or broken panel.
"""

from __future__ import annotations

TOP = {"type", "id", "attributes", "references", "coreMigrationVersion", "typeMigrationVersion"}
ATTRIBUTES = {
    "index-pattern": {"title", "name", "timeFieldName", "allowNoIndex", "runtimeFieldMap", "fieldAttrs"},
    "search": {
        *("title", "description", "columns", "sort", "grid", "hideChart", "hits", "version", "isTextBasedQuery"),
        *("timeRestore", "kibanaSavedObjectMeta", "usesAdHocDataView", "rowHeight"),
    },
    "dashboard": {
        *("title", "description", "kibanaSavedObjectMeta", "timeRestore", "timeFrom", "timeTo", "refreshInterval"),
        *("controlGroupInput", "panelsJSON", "optionsJSON", "hits", "version"),
    },
}
STAMPS = {"index-pattern": "8.0.0", "search": "8.0.0", "dashboard": "8.9.0"}
OPTIONS = {"hidePanelTitles", "syncColors", "syncCursor", "syncTooltips", "useMargins"}
SEARCH_SOURCE = {"filter", "query", "indexRefName", "highlightAll", "version"}
PANEL = {"embeddableConfig", "gridData", "panelIndex", "panelRefName", "title", "type", "version"}
GRID = {"x", "y", "w", "h", "i"}
CONFIG = {"attributes", "enhancements", "hidePanelTitles", "savedVis", "columns", "sort"}
SAVED_VIS = {"data", "description", "params", "title", "type", "uiState"}
MARKDOWN = {"fontSize", "markdown", "openLinksInNewTab"}
LENS = {"title", "description", "references", "state", "type", "visualizationType"}
STATE = {"adHocDataViews", "datasourceStates", "filters", "internalReferences", "query", "visualization"}
SOURCES = {"formBased", "indexpattern", "textBased"}
LAYER = {"columnOrder", "columns", "ignoreGlobalFilters", "incompleteColumns", "sampling"}
COLUMN = {
    *("customLabel", "dataType", "filter", "isBucketed", "label", "operationType", "params", "references", "scale"),
    "sourceField",
}
_TERMS = {
    *("exclude", "excludeIsRegex", "include", "includeIsRegex", "missingBucket", "orderBy", "orderDirection"),
    *("otherBucket", "parentFormat", "size"),
}
_METRIC = {"emptyAsNull", "format"}
PARAMS = {
    "terms": _TERMS,
    "date_histogram": {"dropPartials", "includeEmptyRows", "interval"},
    "count": _METRIC,
    "sum": _METRIC,
    "average": _METRIC,
    "median": _METRIC,
    "min": _METRIC,
    "max": _METRIC,
    "percentile": {"percentile", "format"},
    "formula": {"formula", "isFormulaBroken", "format"},
    "math": {"tinymathAst"},
}
_NUMBERS = {"long", "double"}
TYPES = {  # of fields, by operation
    "terms": {"keyword", "boolean", "ip", *_NUMBERS},
    "date_histogram": {"date"},
    "sum": _NUMBERS,
    "average": _NUMBERS,
    "median": _NUMBERS,
    "percentile": _NUMBERS,
    "min": {*_NUMBERS, "date"},
    "max": {*_NUMBERS, "date"},
}
DATA_TYPES = {
    "keyword": "string",
    "date": "date",
    "boolean": "boolean",
    "ip": "ip",
    "long": "number",
    "double": "number",
}
SCALES = {"terms": "ordinal", "date_histogram": "interval"}  # the others: ratio
VISUALIZATION = {
    "lnsMetric": {"layerId", "layerType", "metricAccessor", "breakdownByAccessor", "collapseFn"},
    "lnsDatatable": {"columns", "headerRowHeight", "layerId", "layerType", "paging", "rowHeight"},
    "lnsXY": {
        *("axisTitlesVisibilitySettings", "fittingFunction", "gridlinesVisibilitySettings", "labelsOrientation"),
        *("layers", "legend", "preferredSeriesType", "tickLabelsVisibilitySettings", "valueLabels"),
        *("yLeftExtent", "yRightExtent"),
    },
}
TABLE_COLUMN = {"columnId", "isTransposed", "alignment", "collapseFn", "summaryRow"}
GRAPH_LAYER = {
    *("accessors", "layerId", "layerType", "position", "seriesType", "showGridlines", "splitAccessor", "xAccessor"),
    *("yConfig", "collapseFn"),
}
SERIES = {"bar", "bar_stacked", "line", "area_stacked"}
