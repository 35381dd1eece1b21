"""Words without a field in the Kibana Query Language, written out with the fields that they are looked for in. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from watchpost.search import kql_fields, kql_literals
from watchpost.search.kql_ast import And, Matches, Not, Or

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watchpost.search.kql_ast import Node, Query, Term

_BLANK = kql_literals.SPACE
# Operators, wherever something may stand beside them that makes them some, and what means more than itself.
_SPECIAL = re.compile(
    rf"(?P<code>[\t\r\n]|(?<![^{_BLANK}])(?:and|or)(?![^{_BLANK}])|not(?![^{_BLANK}]))"
    rf"|[{re.escape(kql_literals.SPECIAL)}]",
    re.IGNORECASE,
)


def written_out(query: Query) -> str:
    """The query's text, in which each word or phrase without a field has those of kql_fields.DEFAULT."""
    text = query.text
    for value in sorted(_alone(query.root), key=lambda one: one.position, reverse=True):
        read = kql_literals.quoted if value.quoted else kql_literals.unquoted
        _, end = read(text, value.position)
        literal = text[value.position : end] if value.quoted else _literal(value)
        fields = " or ".join(f"{field}: {literal}" for field in kql_fields.DEFAULT)
        text = f"{text[: value.position]}({fields}){text[end:]}"
    return text


def _alone(node: Node) -> Iterator[Term]:
    """The values without a field, but for those that everything matches."""
    match node:
        case Matches():
            if node.field is None and any(node.value.parts):
                yield node.value
        case Not():
            yield from _alone(node.node)
        case And() | Or():
            for one in node.nodes:
                yield from _alone(one)


def _literal(value: Term) -> str:
    """A value without quotes that is read as this one, whatever stands behind it."""
    return "*".join(_SPECIAL.sub(_escaped, part) for part in value.parts)


def _escaped(found: re.Match[str]) -> str:
    # By its code, as `\n` and what follows it could be read as `\not`.
    return f"\\u{ord(found[0][0]):04x}{found[0][1:]}" if found["code"] else f"\\{found[0]}"
