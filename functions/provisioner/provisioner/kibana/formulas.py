"""Lens formulas: a small part of their language, read into the columns that Kibana keeps for one.

Kibana stores a formula as written, each function in it as a column of its own, and the arithmetic between them as a
tree (exports of Kibana 8.10: operationType formula, its parts and math). A formula without them shows nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeAlias

FUNCTIONS = ("average", "count", "max", "min", "sum")
LONGEST = 500  # characters
_DEEPEST = 20

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_@][A-Za-z0-9_.@]*)|(?P<text>'[^']*')|(?P<sign>[-+*/(),=]))"
)
_OPERATORS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}


@dataclass(frozen=True, slots=True)
class Call:
    """A function over documents. field: "" of count. where: KQL, "" for all."""

    function: str
    field: str
    where: str


@dataclass(frozen=True, slots=True)
class Operation:
    """Two values and what is done with them. begin, end: where it stands in the formula's text."""

    name: str  # add, subtract, multiply or divide
    left: Tree
    right: Tree
    begin: int
    end: int


Tree: TypeAlias = "float | int | Call | Operation"


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula, read. calls: the functions in it, each once, in their order."""

    text: str
    tree: Tree
    calls: tuple[Call, ...]

    def math(self, ids: dict[Call, str]) -> Any:
        """The tree as Kibana stores it; ids: of the columns of the calls."""
        return _stored(self.tree, self.text, ids)


class FormulaError(ValueError):
    """A text that is no formula of this language."""


def parse(text: str) -> Formula:
    """Read numbers, `+ - * /`, parentheses, and `sum(field)` or `count(kql='…')`.

    Raises FormulaError.
    """
    if len(text) > LONGEST:
        raise FormulaError(f"more than {LONGEST} characters")
    return _Parser(text).whole()


def _stored(tree: Tree, text: str, ids: dict[Call, str]) -> Any:
    if isinstance(tree, Call):
        return ids[tree]
    if not isinstance(tree, Operation):
        return tree
    return {
        "type": "function",
        "name": tree.name,
        "args": [_stored(tree.left, text, ids), _stored(tree.right, text, ids)],
        "location": {"min": tree.begin, "max": tree.end},
        "text": text[tree.begin : tree.end],
    }


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0
        self._calls: dict[Call, None] = {}

    def whole(self) -> Formula:
        tree = self._sum(0)
        if self._at < len(self._tokens):
            raise FormulaError(f"{self._tokens[self._at][1]!r} where the formula should end")
        if not self._calls:
            raise FormulaError("no function of the documents, only numbers")
        return Formula(self._text, tree, tuple(self._calls))

    def _sum(self, depth: int) -> Tree:
        if depth > _DEEPEST:
            raise FormulaError(f"parentheses inside each other more than {_DEEPEST} times")
        return self._chain(depth, ("+", "-"))

    def _chain(self, depth: int, signs: tuple[str, ...]) -> Tree:
        begin = self._begin()
        tree = self._part(depth, signs)
        while self._next() in signs:
            name = _OPERATORS[self._take()]
            tree = Operation(name, tree, self._part(depth, signs), begin, self._tokens[self._at - 1][2])
        return tree

    def _part(self, depth: int, signs: tuple[str, ...]) -> Tree:
        return self._chain(depth, ("*", "/")) if "+" in signs else self._value(depth)

    def _value(self, depth: int) -> Tree:
        kind = self._kind()
        found = self._take()
        if kind == "number":
            return float(found) if "." in found else int(found)
        if kind == "name":
            return self._call(found)
        if found != "(":
            raise FormulaError(f"{found!r} where a value should be")
        tree = self._sum(depth + 1)
        self._expect(")")
        return tree

    def _call(self, function: str) -> Call:
        if function not in FUNCTIONS:
            raise FormulaError(f"the function {function}, which is none of {', '.join(FUNCTIONS)}")
        self._expect("(")
        field = where = ""
        if function != "count":
            if self._kind() != "name":
                raise FormulaError(f"{self._next()!r} where a field should be")
            field = self._take()
        if self._next() in (",", "kql"):
            if field:
                self._expect(",")
            self._expect("kql")
            self._expect("=")
            where = self._take()
            if not where.startswith("'"):
                raise FormulaError(f"{where!r} where KQL in single quotes should be")
        self._expect(")")
        call = Call(function, field, where[1:-1].strip())
        self._calls[call] = None
        return call

    def _next(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _kind(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    def _begin(self) -> int:
        return self._tokens[self._at][3] if self._at < len(self._tokens) else len(self._text)

    def _take(self) -> str:
        if self._at == len(self._tokens):
            raise FormulaError("an end where something should follow")
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _expect(self, token: str) -> None:
        found = self._take()
        if found != token:
            raise FormulaError(f"{found!r} where {token!r} should be")


def _tokens(text: str) -> list[tuple[str, str, int, int]]:
    """Kind, token, its end and its beginning."""
    found = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if not match:
            raise FormulaError(f"{text[at : at + 20]!r}")
        kind = str(match.lastgroup)
        found.append((kind, match[kind], match.end(), match.start(kind)))
        at = match.end()
    return found
