"""Checks the columns of a chart: fields and their types, what orders them, and whether the chart can show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from provisioner.kibana import fields, loader_texts
from provisioner.kibana.definitions import Calculation, Chart, Column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provisioner.kibana.formulas import Formula
    from provisioner.nodes import Node

MOST = 20
LARGEST_TOP = 1000  # values that Lens lets people choose
MAX_DECIMALS = 10
FORMATS = ("percent",)
_OF_TERMS = {"top", "by", "collapse", "missing"}
_OF_METRICS = {"where", "format", "decimals", "total", "axis"}
_BY_FIELD = ("sum", "average", "median", "min", "max")
_KINDS = ("time", "terms", "count", *_BY_FIELD, "percentile", "formula")


def columns(node: Node, chart: Chart, known: Mapping[str, str], formulas: Mapping[str, Formula]) -> tuple[Column, ...]:
    """The columns of a chart in the file's order. known: fields and their types. Raises DefinitionError."""
    by_name = dict(node.entries(MOST))
    if not by_name:
        raise node.wrong("an object with at least one column")
    # `entries` sorts; the file's order is that of the table.
    found = [_column(name, by_name[name], known, formulas) for name in node.value]
    _check_orders(node, found)
    _check_chart(node, chart, found)
    return tuple(found)


def _column(label: str, node: Node, known: Mapping[str, str], formulas: Mapping[str, Formula]) -> Column:
    parts = node.object(set(), {*_KINDS, "of", *_OF_TERMS, *_OF_METRICS})
    kinds = [name for name in _KINDS if parts[name].given]
    if len(kinds) != 1:
        raise node.wrong("exactly one of " + ", ".join(_KINDS), " and ".join(kinds) or "none of them")
    kind = cast("Calculation", kinds[0])
    allowed = {"time": set[str](), "terms": _OF_TERMS, "percentile": {"of", *_OF_METRICS}}.get(kind, _OF_METRICS)
    for name in sorted(parts.keys() - allowed - {kind}):
        if parts[name].given:
            raise parts[name].wrong(f"no {name} for {kind}")
    if kind == "terms":
        return _terms(label, parts, known)
    if kind == "formula":
        return _formula(label, parts, known, formulas)
    if kind == "count":
        parts["count"].choice(("all",))
        return _metric(label, parts, known, kind=kind)
    source = parts["of" if kind == "percentile" else kind]
    return _metric(label, parts, known, kind=kind, field=loader_texts.field(source, known, fields.TAKEN[kind]))


def _terms(label: str, parts: Mapping[str, Node], known: Mapping[str, str]) -> Column:
    field = loader_texts.field(parts["terms"], known, fields.TAKEN["terms"])
    return Column(
        label,
        "terms",
        field,
        _data_type(known[field]),
        top=parts["top"].integer(1, LARGEST_TOP),
        by=parts["by"].string() if parts["by"].given else "",
        collapse=parts["collapse"].boolean(),
        missing=parts["missing"].boolean(),
    )


def _formula(
    label: str, parts: Mapping[str, Node], known: Mapping[str, str], formulas: Mapping[str, Formula]
) -> Column:
    formula = formulas[parts["formula"].choice(tuple(sorted(formulas)))]
    for call in formula.calls:
        if call.field:
            taken = fields.TAKEN[call.function]
            loader_texts.field(parts["formula"].child(call.function, call.field), known, taken)
        if call.where:
            loader_texts.check_query(parts["formula"], call.where, known)
    if parts["where"].given:
        raise parts["where"].wrong("no where, which stands inside of a formula as kql='…'")
    return _metric(label, parts, known, kind="formula", formula=formula)


def _metric(  # noqa: PLR0913  # what a column says, and what it may refer to
    label: str,
    parts: Mapping[str, Node],
    known: Mapping[str, str],
    *,
    kind: Calculation,
    field: str = "",
    formula: Formula | None = None,
) -> Column:
    return Column(
        label,
        kind,
        field,
        _data_type(known[field]) if field else "number",
        formula=formula,
        percentile=parts["percentile"].number(0, 99.99) if kind == "percentile" else 0,
        where=loader_texts.query(parts["where"], known, ()) if parts["where"].given else "",
        total=parts["total"].boolean(),
        right=parts["axis"].choice(("right",)) == "right" if parts["axis"].given else False,
        format=parts["format"].choice(FORMATS) if parts["format"].given else "",
        decimals=parts["decimals"].integer(0, MAX_DECIMALS) if parts["decimals"].given else 0,
    )


def _data_type(kind: str) -> Literal["number", "string", "date", "boolean", "ip"]:
    return cast('Literal["number", "string", "date", "boolean", "ip"]', fields.DATA_TYPES[kind])


def _check_orders(node: Node, found: Sequence[Column]) -> None:
    # Lens orders by what Elasticsearch can order by: a formula is calculated afterwards.
    orders = [one.label for one in found if not one.bucketed and one.calculation != "formula"]
    for one in found:
        if one.by and one.by not in orders:
            expected = "one of " + ", ".join(orders) if orders else "no order: only formulas are there"
            raise node.child(one.label).child("by", one.by).wrong(expected)


def _check_chart(node: Node, chart: Chart, found: Sequence[Column]) -> None:
    times = sum(one.calculation == "time" for one in found)
    terms = [one for one in found if one.calculation == "terms"]
    metrics = [one for one in found if not one.bucketed]
    if not metrics:
        raise node.wrong("at least one column that calculates something", "none")
    if chart == "number" and (len(metrics) > 1 or times or any(not one.collapse for one in terms)):
        raise node.wrong("one metric, and terms that are collapsed, for a number", f"{len(found)} columns")
    if chart not in ("number", "table"):
        if times != 1 or len(terms) > 1:
            raise node.wrong("one time and at most one terms for a graph", f"{times} time and {len(terms)} terms")
        if terms and len(metrics) > 1:
            raise node.wrong("one metric where a graph is split by terms", f"{len(metrics)} metrics")
    for one in metrics:
        if one.total and chart != "table":
            raise node.child(one.label).child("total", one.total).wrong("no total, which only a table has")
        if one.right and chart in ("number", "table"):
            raise node.child(one.label).child("axis", "right").wrong("no axis, which only a graph has")
