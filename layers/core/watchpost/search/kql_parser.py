"""Reading the Kibana Query Language. Pure; the grammar is that of @kbn/es-query."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from watchpost.errors import QueryError
from watchpost.search import kql_literals
from watchpost.search.kql_ast import And, Compares, Everything, Matches, Not, Or, Query

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchpost.search.kql_ast import Node, Operator, Term

LONGEST = 4_000  # characters: what nobody types, and fewer clauses than Elasticsearch allows in one query
# Pairs of parentheses inside each other. One costs two levels of a query, of which Elasticsearch allows 30
# (indices.query.bool.max_nested_depth); the rest is for what callers wrap around it.
DEEPEST = 10

_BLANKS = re.compile(rf"[{kql_literals.SPACE}]*")
_AND = re.compile(rf"[{kql_literals.SPACE}]+and[{kql_literals.SPACE}]+", re.IGNORECASE)
_OR = re.compile(rf"[{kql_literals.SPACE}]+or[{kql_literals.SPACE}]+", re.IGNORECASE)
_NOT = re.compile(rf"not[{kql_literals.SPACE}]+", re.IGNORECASE)
_COMPARISON = re.compile(r"[<>]=?")
_OPERATORS = {"<=": "lte", ">=": "gte", "<": "lt", ">": "gt"}


def parse(text: str) -> Query:
    """Read a query. Raises QueryError."""
    if len(text) > LONGEST:
        raise QueryError(text, LONGEST, f"{len(text):,} characters", f"{LONGEST:,} at most")
    return Query(text, _Parser(text).query())


class _Parser:
    """A text and how far it is read. Each method reads one rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._depth = 0

    def query(self) -> Node:
        self._skip(_BLANKS)
        if self._position == len(self._text):
            return Everything()
        node = self._either(self._clause)
        self._skip(_BLANKS)
        if self._position < len(self._text):
            raise self._error(f"and, or, or the end; what holds any of {kql_literals.SPECIAL} has to be in quotes")
        return node

    def _either(self, one: Callable[[], Node]) -> Node:
        """What `or` joins; `and` binds closer."""
        nodes = [self._both(one)]
        while self._skip(_OR):
            nodes.append(self._both(one))
        return nodes[0] if len(nodes) == 1 else Or(tuple(nodes))

    def _both(self, one: Callable[[], Node]) -> Node:
        nodes = [self._negated(one)]
        while self._skip(_AND):
            nodes.append(self._negated(one))
        return nodes[0] if len(nodes) == 1 else And(tuple(nodes))

    def _negated(self, one: Callable[[], Node]) -> Node:
        return Not(one()) if self._skip(_NOT) else one()

    def _clause(self) -> Node:
        if self._at("("):
            return self._group(self._clause)
        term = self._term("a field or a value")
        behind = self._position
        self._skip(_BLANKS)
        if match := _COMPARISON.match(self._text, self._position):
            self._named(term)
            self._position = match.end()
            return Compares(term, cast("Operator", _OPERATORS[match[0]]), self._bound())
        if self._at(":"):
            self._named(term)
            self._position += 1
            self._skip(_BLANKS)
            return self._values(term)
        self._position = behind
        return Matches(None, self._worded(term))

    def _values(self, field: Term) -> Node:
        """What follows `field:`, or one of the values in its parentheses."""
        if self._at("("):
            return self._group(lambda: self._values(field))
        if self._at("{"):
            raise self._error("a value: no field of these documents is nested")
        return Matches(field, self._worded(self._term("a value")))

    def _group(self, one: Callable[[], Node]) -> Node:
        opened = self._position
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error(f"at most {DEEPEST} parentheses inside each other")
        self._position += 1
        self._skip(_BLANKS)
        node = self._either(one)
        self._skip(_BLANKS)
        if not self._at(")"):
            raise self._error(f"and, or, or the ) for the ( at character {opened + 1}")
        self._position += 1
        self._depth -= 1
        return node

    def _bound(self) -> Term:
        self._skip(_BLANKS)
        term = self._worded(self._term("a value"))
        if term.wildcard:
            raise QueryError(self._text, term.position, "a wildcard", "the number, date or text to compare with")
        return term

    def _term(self, expected: str) -> Term:
        if self._at('"'):
            term, self._position = kql_literals.quoted(self._text, self._position)
            return term
        found, self._position = kql_literals.unquoted(self._text, self._position)
        if found is None:
            raise self._error(expected)
        return found

    def _worded(self, value: Term) -> Term:
        if value.text == "null" and not value.quoted:
            raise QueryError(self._text, value.position, "null", '"null" in quotes for the word, not field: * for none')
        return value

    def _named(self, field: Term) -> None:
        if not any(field.parts) and not field.wildcard:
            raise QueryError(self._text, field.position, "an empty name", "the name of a field")

    def _at(self, character: str) -> bool:
        return self._text.startswith(character, self._position)

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        match = pattern.match(self._text, self._position)
        if match:
            self._position = match.end()
        return match is not None

    def _error(self, expected: str) -> QueryError:
        """What is wrong here."""
        if _NOT.match(self._text, self._position):
            found = "not"
            if self._position and self._text[self._position - 1].isalnum():
                found = "a word that ends in not"
                expected = "the text in quotes, as Kibana takes this `not` for the operator"
        elif self._position >= len(self._text):
            found = "the end"
        else:
            found = repr(self._text[self._position])
        return QueryError(self._text, self._position, found, expected)
