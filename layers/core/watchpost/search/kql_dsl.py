"""A query in the Kibana Query Language as Elasticsearch's query DSL. Pure.

As @kbn/es-query translates it for a data view (`is`, `range`, `exists`), for the fields of our index templates. Where
Elasticsearch would refuse the query, it is refused here, with the place.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from watchpost.errors import QueryError
from watchpost.search import kql_fields
from watchpost.search.kql_ast import And, Compares, Everything, Matches, Not

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watchpost.search.kql_ast import Node, Query, Term

# Elasticsearch reference, query_string: reserved characters. Those of a wildcard query are \ * ? only.
_RESERVED = re.compile(r'[+\-=&|><!(){}\[\]^"~*?:\\/]')
_RESERVED_IN_WILDCARD = re.compile(r"[\\*?]")
_OPERATORS = re.compile(r"(?<!\S)(?:AND|OR|NOT)(?!\S)")  # of query_string, in capitals only
_EPOCH = re.compile(r"\d+")


def translated(query: Query, time_zone: str | None) -> dict[str, Any]:
    """The query DSL. time_zone: of dates that have none; None for UTC. Raises QueryError."""
    return _Translation(query.text, time_zone).of(query.root)


class _Translation:
    """One query on its way; text: as it was typed, for errors."""

    def __init__(self, text: str, time_zone: str | None) -> None:
        self._text = text
        self._time_zone = time_zone

    def of(self, node: Node) -> dict[str, Any]:
        match node:
            case Everything():
                return {"match_all": {}}
            case Not():
                return {"bool": {"must_not": [self.of(node.node)]}}
            case And():
                return {"bool": self._all(node.nodes)}
            case Compares():
                return self._compared(node)
            case Matches():
                return self._matched(node)
        return {"bool": {"should": [self.of(part) for part in node.nodes], "minimum_should_match": 1}}

    def _all(self, nodes: Sequence[Node]) -> dict[str, Any]:
        """Negated parts join the others in one `bool`, which saves a level for each."""
        wanted = [self.of(node) for node in nodes if not isinstance(node, Not)]
        unwanted = [self.of(node.node) for node in nodes if isinstance(node, Not)]
        return ({"filter": wanted} if wanted else {}) | ({"must_not": unwanted} if unwanted else {})

    def _compared(self, node: Compares) -> dict[str, Any]:
        field, name = node.field, node.field.text
        if field.wildcard:
            raise self._error(field, "a wildcard", "the name of one field before a comparison")
        kind = kql_fields.kind(name)
        if kind == "flattened":
            # Elasticsearch compares there only between two bounds, and only as text: 10 would come before 9.
            expected = f"a value: `{kql_fields.root(name)}` cannot be compared, only what is lifted from it (logs.lift)"
            raise self._error(field, "a comparison", expected)
        self._check(kind, node.value)
        if kind == "ip" and "/" in node.value.text:
            raise self._error(node.value, "a network", "an address to compare with, or : for what is in the network")
        zone = self._zone(node.value.text) if kind == "date" else {}
        return {"range": {name: {node.operator: node.value.text} | zone}}

    def _matched(self, node: Matches) -> dict[str, Any]:
        field, value = node.field, node.value
        if value.anything and (field is None or field.anything):
            return {"match_all": {}}
        if field is None:
            return _in_many(kql_fields.DEFAULT, value)
        if field.wildcard:
            return self._in_pattern(field, value)
        if value.wildcard:
            return {"exists": {"field": field.text}} if value.anything else self._like(field, value)
        kind = kql_fields.kind(field.text)
        self._check(kind, value)
        if kind == "date":
            # A day or a minute is the whole of it, which `match` would not know.
            return {"range": {field.text: {"gte": value.text, "lte": value.text} | self._zone(value.text)}}
        return _equal(field.text, value)

    def _in_pattern(self, field: Term, value: Term) -> dict[str, Any]:
        root = kql_fields.root(field.parts[0]) if "." in field.parts[0] else None
        if root is None:
            return {"exists": {"field": field.text}} if value.anything else _in_many((field.text,), value)
        if field.parts != (f"{root}.", ""):
            raise self._error(field, "a wildcard", f"{root}.* or a whole name: names below `{root}` are not listed")
        if value.anything:
            return {"exists": {"field": root}}
        # A flattened field by its own name is searched through all names below it.
        return {"wildcard": {root: {"value": _wildcard(value)}}} if value.wildcard else _equal(root, value)

    def _like(self, field: Term, value: Term) -> dict[str, Any]:
        name = field.text
        kind = kql_fields.kind(name)
        if expected := kql_fields.EXPECTED.get(kind):
            raise self._error(value, "a wildcard", expected)
        if kind == "text" or (kind == "flattened" and name != kql_fields.root(name)):
            # Below a flattened field Elasticsearch has wildcards in this form only, which takes words one by one.
            return {"query_string": {"fields": [name], "query": _query_string(value)}}
        return {"wildcard": {name: {"value": _wildcard(value)}}}

    def _check(self, kind: kql_fields.Kind, value: Term) -> None:
        if not kql_fields.fits(kind, value.text):
            raise self._error(value, repr(value.text[:50]), kql_fields.EXPECTED[kind])

    def _zone(self, value: str) -> dict[str, str]:
        """What says in which time zone the date is; milliseconds since 1970 are in none."""
        return {"time_zone": self._time_zone} if self._time_zone and not _EPOCH.fullmatch(value) else {}

    def _error(self, term: Term, found: str, expected: str) -> QueryError:
        return QueryError(self._text, term.position, found, expected)


def _equal(field: str, value: Term) -> dict[str, Any]:
    """`match` is a term's equality for everything but text."""
    return {"match_phrase" if value.quoted else "match": {field: value.text}}


def _in_many(fields: Sequence[str], value: Term) -> dict[str, Any]:
    if value.wildcard:
        return {"query_string": {"fields": list(fields), "query": _query_string(value), "lenient": True}}
    kind = "phrase" if value.quoted else "best_fields"
    return {"multi_match": {"fields": list(fields), "query": value.text, "type": kind, "lenient": True}}


def _query_string(value: Term) -> str:
    escaped = "*".join(_RESERVED.sub(r"\\\g<0>", part) for part in value.parts)
    return _OPERATORS.sub(r"\\\g<0>", escaped)


def _wildcard(value: Term) -> str:
    return "*".join(_RESERVED_IN_WILDCARD.sub(r"\\\g<0>", part) for part in value.parts)
