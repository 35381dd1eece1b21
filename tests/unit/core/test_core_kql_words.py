"""Words without a field are written out for Kibana, which would look for them in all fields, and mean the same."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from watchpost.errors import QueryError
from watchpost.search import kql
from watchpost.search.kql_ast import And, Compares, Everything, Matches, Node, Not, Or, Term

# Words that are, or become, operators by what stands beside them; escapes; wildcards; phrases; parentheses; fields.
_WORDS = ("order", "cannot", r"\u000aot", "or", "and", "not", "Oracle", r"\or", r"\not", r"\and", r"\u006eot", r"\t")
_OTHERS = (r"\u0020", r"\\", "b*", "*", r"\*x", r"\(", '"x or y"', '"not \\" z"', "*: d", "n >= 3", "(e)", "\u00a0")
_PIECES = st.sampled_from([*_WORDS, *_OTHERS, "a: b", "a: (b or c)"])


def without_places(node: Node, *, written: bool = False) -> object:
    """What a query means, without positions. written: with the fields that words without one are looked for in."""
    match node:
        case Matches(None, value) if written and any(value.parts):
            return ("or", *(("is", ((name,), False), _term(value)) for name in ("message", "error.message")))
        case Matches():
            return "is", _term(node.field), _term(node.value)
        case Compares():
            return node.operator, _term(node.field), _term(node.value)
        case Not():
            return "not", without_places(node.node, written=written)
        case And() | Or():
            return type(node).__name__.lower(), *(without_places(one, written=written) for one in node.nodes)
        case Everything():
            return "all"


def _term(term: Term | None) -> object:
    return term and (term.parts, term.quoted)


@pytest.mark.parametrize(
    ("typed", "in_kibana"),
    [
        ("timeout", "(message: timeout or error.message: timeout)"),
        ('"card refused"', '(message: "card refused" or error.message: "card refused")'),
        ("not time* and app.a: 1", "not (message: time* or error.message: time*) and app.a: 1"),
        ("a or (b and c: d)", "(message: a or error.message: a) or ((message: b or error.message: b) and c: d)"),
        ("cannot", r"(message: can\u006eot or error.message: can\u006eot)"),
        (r"a \or b", r"(message: a \u006fr b or error.message: a \u006fr b)"),
        (r"\not b \not", r"(message: \u006eot b \u000aot or error.message: \u006eot b \u000aot)"),
        ("a: (b or c)", "a: (b or c)"),
        ("*: words", "*: words"),
        ("*", "*"),
        (" ", " "),
    ],
)
def test_words_without_a_field_get_those_that_they_are_looked_for_in(typed: str, in_kibana: str) -> None:
    assert kql.for_kibana(typed) == in_kibana


@given(st.lists(_PIECES, min_size=1, max_size=6).map(" ".join), st.sampled_from(["{}", "({} )", "{} or z", "not {}"]))
def test_what_is_written_out_is_read_as_what_was_typed(pieces: str, form: str) -> None:
    typed = form.format(pieces)
    try:
        meant = kql.parse(typed)
    except QueryError:
        assume(False)

    assert without_places(kql.parse(kql.for_kibana(typed)).root) == without_places(meant.root, written=True)


def test_a_wrong_query_is_refused() -> None:
    with pytest.raises(QueryError):
        kql.for_kibana("(a or b")
