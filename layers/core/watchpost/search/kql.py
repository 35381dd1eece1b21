"""Kibana Query Language: what people type to search, as a query of Elasticsearch. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from watchpost.search import kql_dsl, kql_parser, kql_words

if TYPE_CHECKING:
    from watchpost.search.kql_ast import Query

# What needs no quotes; `null`, `true` and `false` alone are no texts in KQL.
_PLAIN_NAME = re.compile(r"(?!(?:null|true|false)\Z)[A-Za-z0-9_@.-]+")
_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "\t": "\\t", "\r": "\\r", "\n": "\\n"})


def parse(text: str) -> Query:
    """Read a query: `field: value`, "phrases", `*`, `>= > < <=`, `and or not`, parentheses, `field: (a or b)`.

    What is taken here is taken by Kibana too. The grammar is that of @kbn/es-query, with limits: kql_parser.LONGEST
    characters and kql_parser.DEEPEST parentheses inside each other. Raises QueryError.
    """
    return kql_parser.parse(text)


def to_elasticsearch(query: str | Query, *, time_zone: str | None = None) -> dict[str, Any]:
    """The query in Elasticsearch's query DSL, as Kibana would send it; blank text matches everything.

    Words without a field are looked for in `message` and `error.message` only, where Kibana searches all fields (which
    is `*: words`). time_zone: of dates that have none, as `Europe/Berlin` or `+01:00`; UTC when not given.
    Raises QueryError.
    """
    return kql_dsl.translated(parse(query) if isinstance(query, str) else query, time_zone)


def for_kibana(text: str) -> str:
    """The query, so that Kibana finds with it what `to_elasticsearch` finds.

    Words without a field, which Kibana would look for in all fields, get `message` and `error.message` written to them.
    Raises QueryError.
    """
    return kql_words.written_out(parse(text))


def quoted(value: str) -> str:
    """A value as a literal that stands for exactly it, whatever is in it."""
    return f'"{value.translate(_ESCAPED)}"'


def field_equals(field: str, value: str) -> str:
    """A query for the documents whose field has exactly the value; in text fields, the words in this order.

    field: a plain name such as `service.name`; any other is quoted too.
    """
    name = field if _PLAIN_NAME.fullmatch(field) else quoted(field)
    return f"{name}: {quoted(value)}"
