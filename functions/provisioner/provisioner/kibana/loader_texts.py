"""Checks texts of definitions: their placeholders, the fields they name, and KQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from watchpost.errors import QueryError
from watchpost.search import kql, kql_ast

from provisioner import placeholders
from provisioner.kibana import fields

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from provisioner.nodes import Node

STACK = ("namespace", "stack")
LONGEST = 200  # characters of a title
LONGEST_QUERY = 1000
LONGEST_MARKDOWN = 5000


@dataclass(frozen=True, slots=True)
class Allowed:
    """The placeholders that there are for a dashboard's title, its query, and the texts on it."""

    title: tuple[str, ...]
    query: tuple[str, ...]
    text: tuple[str, ...]


OVERVIEW = Allowed(STACK, (), (*STACK, "services"))
SERVICE = Allowed(
    (*STACK, "service"),
    ("service",),
    (*STACK, "service", "owner", "runbook", "cloudwatch", "overview", "errors", "correlation"),
)


def plain(node: Node, allowed: Collection[str]) -> str:
    """One line with placeholders. Raises DefinitionError."""
    return _placed(node, node.string(LONGEST), allowed)


def markdown(node: Node, allowed: Collection[str]) -> str:
    """Markdown with placeholders; its line breaks stay. Raises DefinitionError."""
    if not isinstance(node.value, str) or not 0 < len(node.value.strip()) <= LONGEST_MARKDOWN:
        raise node.wrong(f"a text of 1 to {LONGEST_MARKDOWN} characters")
    return _placed(node, node.value.strip(), allowed)


def field(node: Node, known: Mapping[str, str], types: Collection[str] | None) -> str:
    """The name of a field that documents have, of one of the types, or of any. Raises DefinitionError."""
    name = node.string(LONGEST)
    kind = known.get(name)
    if kind is None:
        raise node.wrong("a field of the data view's index templates")
    if types is not None and kind not in types:
        raise node.wrong("a field of type " + " or ".join(sorted(types)), f"{name} of type {kind}")
    return name


def query(node: Node, known: Mapping[str, str], allowed: Collection[str]) -> str:
    """KQL with placeholders; "" when it is blank. Raises DefinitionError, also for fields that no document has."""
    if not isinstance(node.value, str) or len(node.value) > LONGEST_QUERY:
        raise node.wrong(f"KQL of at most {LONGEST_QUERY} characters")
    text = _placed(node, " ".join(node.value.split()), allowed)
    check_query(node, placeholders.fill(text, dict.fromkeys(allowed, kql.quoted("any"))), known)
    return text


def check_query(node: Node, text: str, known: Mapping[str, str]) -> None:
    """Raises DefinitionError for KQL that is wrong or asks for a field that no document has."""
    try:
        parsed = kql.parse(text)
    except QueryError as error:
        raise node.wrong(f"KQL with {error.expected}", f"{error.found} at character {error.position + 1}") from None
    for name in _fields(parsed.root):
        if not name.wildcard and fields.type_of(name.text, known) is None:
            raise node.wrong("fields of the data view's index templates", f"the field {name.text}")


def _placed(node: Node, text: str, allowed: Collection[str]) -> str:
    expected = "placeholders that are " + ", ".join(sorted(allowed)) if allowed else "no placeholder"
    try:
        unknown = sorted(set(placeholders.names(text)) - set(allowed))
    except placeholders.PlaceholderError as error:
        raise node.wrong(expected, str(error)) from None
    if unknown:
        raise node.wrong(expected, "{" + unknown[0] + "}")
    return text


def _fields(root: kql_ast.Node) -> Iterator[kql_ast.Term]:
    if isinstance(root, kql_ast.And | kql_ast.Or):
        for one in root.nodes:
            yield from _fields(one)
    elif isinstance(root, kql_ast.Not):
        yield from _fields(root.node)
    elif isinstance(root, kql_ast.Matches | kql_ast.Compares) and root.field is not None:
        yield root.field
