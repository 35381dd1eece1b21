"""What the files in `dashboards/kibana/` say, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from provisioner.kibana.formulas import Formula

Chart = Literal["number", "table", "bars", "stacked", "lines", "area"]
Calculation = Literal["time", "terms", "count", "sum", "average", "median", "min", "max", "percentile", "formula"]
GRID = 48  # columns of a Kibana dashboard


@dataclass(frozen=True, slots=True)
class DataView:
    """Data streams that are looked at together. Texts may hold {stack} and {namespace}."""

    title: str
    pattern: str
    streams: tuple[str, ...]  # of dashboards/elasticsearch/index that the pattern covers


@dataclass(frozen=True, slots=True)
class Search:
    """A saved search."""

    title: str
    description: str
    view: str
    query: str  # KQL
    columns: tuple[str, ...]
    sort: tuple[str, Literal["asc", "desc"]]


@dataclass(frozen=True, slots=True)
class Column:
    """One dimension or metric of a Lens panel. Its label is its name in the file."""

    label: str
    calculation: Calculation
    field: str = ""  # "" for count and formula
    data_type: Literal["number", "string", "date", "boolean", "ip"] = "number"
    formula: Formula | None = None
    percentile: float = 0
    where: str = ""  # KQL: which documents a metric looks at
    top: int = 0  # of terms: how many
    by: str = ""  # of terms: the label of the metric that orders them, the largest first; "" for alphabetical
    collapse: bool = False  # of terms: rows are added up over it
    missing: bool = False  # of terms: documents without the field, and those beyond the top, have a row of their own
    total: bool = False  # in a table: the sum stands below
    right: bool = False  # in a graph: on the right axis
    format: str = ""  # percent; "" for a plain number
    decimals: int = 0

    @property
    def bucketed(self) -> bool:
        """Whether it splits the documents, rather than calculating something of them."""
        return self.calculation in ("time", "terms")


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel; of text, search and chart it has exactly one."""

    title: str
    place: tuple[int, int, int, int]  # x, y, width, height
    text: str = ""  # markdown
    search: str = ""  # name of a saved search
    chart: Chart | None = None
    view: str = ""  # of a chart
    query: str = ""  # KQL, of a chart
    columns: tuple[Column, ...] = ()


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The overview, or that of each service."""

    title: str
    description: str
    query: str  # KQL
    since: str  # beginning of the time that is shown at first, such as now-24h
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Definitions:
    """All of them. Views and searches by name, which is part of their id."""

    views: Mapping[str, DataView]
    searches: Mapping[str, Search]
    overview: Dashboard
    service: Dashboard
