"""Queries in the Kibana Query Language: what is understood, and what is said of the rest."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost.errors import PermanentError, QueryError
from watchpost.search import kql, kql_parser
from watchpost.search.kql_ast import And, Compares, Matches, Node, Not, Or, Term


def shown(node: Node) -> str:
    """What was understood, without positions: fields and values in brackets, phrases in quotes."""
    match node:
        case Matches():
            return f"{_term(node.field)}={_term(node.value)}"
        case Compares():
            return f"{_term(node.field)} {node.operator} {_term(node.value)}"
        case Not():
            return f"-({shown(node.node)})"
        case And() | Or():
            return "(" + (" & " if isinstance(node, And) else " | ").join(map(shown, node.nodes)) + ")"
    return "all"


def _term(term: Term | None) -> str:
    if term is None:
        return "_"
    return f'"{term.text}"' if term.quoted else f"[{term.text}]"


def read(text: str) -> str:
    return shown(kql.parse(text).root)


def refused(text: str) -> QueryError:
    with pytest.raises(QueryError) as caught:
        kql.to_elasticsearch(text)
    return caught.value


# The first rows are those of Kibana's own tests of its parser.
@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("  ", "all"),
        ("foo", "_=[foo]"),
        ("  foo ", "_=[foo]"),
        ("foo bar", "_=[foo bar]"),
        ("foo and bar", "(_=[foo] & _=[bar])"),
        ("foo and\u00a0bar", "(_=[foo] & _=[bar])"),
        ("foo or bar", "(_=[foo] | _=[bar])"),
        ("foo and bar and baz", "(_=[foo] & _=[bar] & _=[baz])"),
        ("foo or bar or baz", "(_=[foo] | _=[bar] | _=[baz])"),
        ("not (foo or bar)", "-((_=[foo] | _=[bar]))"),
        ("foo or bar and baz or qux", "(_=[foo] | (_=[bar] & _=[baz]) | _=[qux])"),
        ("(foo or bar) and baz", "((_=[foo] | _=[bar]) & _=[baz])"),
        ("foo:bar", "[foo]=[bar]"),
        ("foo:bar baz", "[foo]=[bar baz]"),
        ('foo:"bar baz"', '[foo]="bar baz"'),
        ("foo:(bar or baz)", "([foo]=[bar] | [foo]=[baz])"),
        ("foo:((bar or baz) and not qux)", "(([foo]=[bar] | [foo]=[baz]) & -([foo]=[qux]))"),
        ("bytes > 1000 and bytes < 8000", "([bytes] gt [1000] & [bytes] lt [8000])"),
        ("bytes >= 1000 and bytes <= 8000", "([bytes] gte [1000] & [bytes] lte [8000])"),
        ("machine*:osx", "[machine*]=[osx]"),
        ("foo:ba*", "[foo]=[ba*]"),
        ("foo:*", "[foo]=[*]"),
        ("foo AND NOT bar Or baz", "((_=[foo] & -(_=[bar])) | _=[baz])"),
        ("foo\tand\r\nbar", "(_=[foo] & _=[bar])"),
        ("foo  and  bar", "(_=[foo] & _=[bar])"),
        (' foo : "bar" ', '[foo]="bar"'),
        ('\t"a"\u00a0:\r"b"\n', '"a"="b"'),
        ("(\nfoo\t)\u00a0", "_=[foo]"),
        ("foo:\u2003bar\u2003", "[foo]=[bar]"),
        ("( foo )", "_=[foo]"),
        ("foo:( bar )", "[foo]=[bar]"),
        ("foo:(not bar)", "-([foo]=[bar])"),
        ('"foo" : bar', '"foo"=[bar]'),
        ("foo>=5", "[foo] gte [5]"),
        ("foo > -5", "[foo] gt [-5]"),
        ("sand and orange", "(_=[sand] & _=[orange])"),
        ("nothing", "_=[nothing]"),
        ("and", "_=[and]"),
        ("foo or", "_=[foo or]"),
        ("https\\://a", "_=[https://a]"),
        ('foo:"*"', '[foo]="*"'),
        (r"foo:a\*b*", "[foo]=[a*b*]"),
        (r"\(\)\<\>\{\}\"\\", r'_=[()<>{}"\]'),
        (r"a\tb\nc\rd", "_=[a\tb\nc\rd]"),
        (r"caf\u00e9 \uD834\uDD1E", "_=[café 𝄞]"),
        (r"\uD834", "_=[\ufffd]"),
        (r"a \or b", "_=[a or b]"),
        (r"a \AND b", "_=[a AND b]"),
        (r"can\not connect", "_=[cannot connect]"),
        (r"a\nothing", "_=[a\nothing]"),
        (r'"a\"b\\c\d\u0041\n"', '_="a"b\\c\\dA\n"'),
        ('""', '_=""'),
        ('"true" or true', '(_="true" | _=[true])'),
        ("日本: ü", "[日本]=[ü]"),
    ],
)
def test_a_query_is_understood_as_kibana_understands_it(text: str, meant: str) -> None:
    assert read(text) == meant


def test_a_wildcard_and_an_escaped_star_are_told_apart() -> None:
    query = kql.parse(r"foo:a\*b*").root

    assert isinstance(query, Matches)
    assert query.value.parts == ("a*b", "")
    assert query.value.wildcard


@pytest.mark.parametrize(
    ("text", "position", "found", "expected"),
    [
        ("foo:", 4, "the end", "a value"),
        (":foo", 0, "':'", "a field or a value"),
        ("foo and (", 9, "the end", "a field or a value"),
        ("(foo", 4, "the end", "the ) for the ( at character 1"),
        ("a:(b or (c or d)", 16, "the end", "the ) for the ( at character 3"),
        ("foo)", 3, "')'", "has to be in quotes"),
        ("()", 1, "')'", "a field or a value"),
        ("a:b:c", 3, "':'", "has to be in quotes"),
        ('a:b "c"', 4, "'\"'", "has to be in quotes"),
        ('"a" b', 4, "'b'", "and, or, or the end"),
        ('"open', 0, "a quote that is never closed", "a closing"),
        ('"open\\"', 0, "a quote that is never closed", "a closing"),
        (r"a\qb", 1, "a backslash", "behind it"),
        ("a\\", 1, "a backslash", "behind it"),
        (r"\u00g0", 0, "a backslash", "behind it"),
        ("a: {b: c}", 3, "'{'", "no field of these documents is nested"),
        ("a > *", 4, "a wildcard", "to compare with"),
        ("a > (b)", 4, "'('", "a value"),
        ("a* > 5", 0, "a wildcard", "one field"),
        ("a: null", 3, "null", '"null" in quotes'),
        ("null", 0, "null", '"null" in quotes'),
        ("a > null", 4, "null", '"null" in quotes'),
        ('"": b', 0, "an empty name", "the name of a field"),
        ('"" > b', 0, "an empty name", "the name of a field"),
        ("cannot connect", 3, "a word that ends in not", "in quotes"),
        ("not not a", 4, "not", "a field or a value"),
        ("a: not b", 3, "not", "a value"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, position: int, found: str, expected: str) -> None:
    error = refused(text)

    assert (error.position, error.found, error.text) == (position, found, text)
    assert expected in error.expected
    assert str(error) == f"the query is wrong at character {position + 1}: found {found}, expected {error.expected}"
    assert isinstance(error, PermanentError)


def test_the_pointer_stands_below_the_mistake() -> None:
    assert refused("a:b:c").pointer == "a:b:c\n   ^"


def test_the_pointer_shows_what_is_around_the_mistake_and_nothing_that_moves_the_cursor() -> None:
    # given a mistake far behind the beginning, and a line break and an escape before it
    error = refused("x" * 100 + "\n\x1b[2J" + "y" * 10 + ": z:" + "w" * 100)

    above, below = error.pointer.split("\n")
    assert above[below.index("^")] == error.text[error.position] == ":"
    assert len(above) == 75
    assert above.isprintable()


def test_a_query_may_be_as_long_as_the_limit_and_no_longer() -> None:
    assert isinstance(kql.parse("a" * kql_parser.LONGEST).root, Matches)

    error = refused("a" * (kql_parser.LONGEST + 1))
    assert (error.found, error.expected) == ("4,001 characters", "4,000 at most")
    assert len(error.pointer) < 200


@pytest.mark.parametrize("field", ["", "a: "])
def test_parentheses_may_be_as_deep_as_the_limit_and_no_deeper(field: str) -> None:
    deepest = kql_parser.DEEPEST

    kql.parse(field + "(" * deepest + "x" + ")" * deepest)
    assert "at most 10 parentheses" in refused(field + "(" * (deepest + 1) + "x" + ")" * (deepest + 1)).expected


def test_parentheses_beside_each_other_do_not_count_as_deep() -> None:
    kql.parse(" and ".join(["(x)"] * (kql_parser.DEEPEST + 5)))


_TEXTS = st.text(
    alphabet=st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from('\\():<>"*{} \t\r\n\u00a0'))
)


@given(_TEXTS)
def test_a_quoted_value_is_read_as_exactly_itself(value: str) -> None:
    query = kql.parse(kql.quoted(value)).root

    assert query == Matches(None, Term((value,), quoted=True, position=0))


@given(_TEXTS.filter(bool), _TEXTS)
def test_a_field_and_its_value_are_read_as_exactly_themselves(field: str, value: str) -> None:
    query = kql.parse(kql.field_equals(field, value)).root

    assert isinstance(query, Matches)
    assert query.field is not None
    assert (query.field.parts, query.value.parts, query.value.quoted) == ((field,), (value,), True)


@given(_TEXTS.filter(bool), _TEXTS)
def test_such_a_query_keeps_its_meaning_between_others(field: str, value: str) -> None:
    equals = kql.field_equals(field, value)
    query = kql.parse(f"({equals} or x) and not {equals}").root

    assert isinstance(query, And)
    either, without = query.nodes
    assert isinstance(either, Or)
    assert isinstance(without, Not)
    assert [shown(node) for node in either.nodes] == [shown(without.node), "_=[x]"]
    assert isinstance(without.node, Matches)
    assert without.node.value.parts == (value,)


@pytest.mark.parametrize("field", ["service.name", "@timestamp", "aws.lambda.metrics.duration_ms", "app.x-id"])
def test_plain_names_of_fields_stay_readable(field: str) -> None:
    assert kql.field_equals(field, "a b") == f'{field}: "a b"'


@pytest.mark.parametrize("field", ["null", "true", "false", "a b", "", "*", "not", "ü"])
def test_other_names_of_fields_are_quoted_where_they_must_be(field: str) -> None:
    name = field if field == "not" else f'"{field}"'

    assert kql.field_equals(field, "x") == f'{name}: "x"'


def test_a_literal_is_one_line() -> None:
    assert kql.quoted("a\r\n\tb") == r'"a\r\n\tb"'


@given(st.one_of(_TEXTS, st.text(alphabet='ab:()"\\* <>=ornt', max_size=40)))
def test_any_text_is_understood_or_refused_with_a_place_in_it(text: str) -> None:
    refusal = None
    try:
        kql.to_elasticsearch(text)
    except QueryError as error:  # no other one
        refusal = error

    if refusal:
        assert 0 <= refusal.position <= len(text)
        assert len(refusal.pointer.split("\n")) == 2


# What an unquoted literal may not hold, apart from operators: Kibana escapes each of these (escapeKuery).
_PLAIN = st.from_regex(re.compile(r"[a-z0-9._/'!%+-]+( [a-z0-9._/'!%+-]+)*"), fullmatch=True).filter(
    lambda text: not re.search(r"(^| )(and|or) |not |^null $", f"{text} ")
)


@given(_PLAIN)
def test_words_without_quotes_are_read_as_themselves(text: str) -> None:
    assert read(f"a: {text}") == f"[a]=[{text}]"


_QUERIES = st.recursive(
    st.builds(
        Matches, st.none(), st.builds(lambda text: Term((text,), quoted=True, position=0), st.text("ab", min_size=1))
    ),
    lambda nodes: st.one_of(
        st.lists(nodes, min_size=2, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(nodes, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts))),
        nodes.map(Not),
    ),
    max_leaves=6,
)


def _typed(node: Node) -> str:
    """A query as somebody types it who puts parentheses around everything that is not one value."""
    match node:
        case Not():
            return f"(not {_typed(node.node)})"
        case And() | Or():
            return "(" + (" and " if isinstance(node, And) else " OR ").join(map(_typed, node.nodes)) + ")"
        case _:
            assert isinstance(node, Matches)
            return kql.quoted(node.value.text)


@given(_QUERIES)
def test_operators_and_parentheses_are_read_as_they_were_meant(node: Node) -> None:
    text = _typed(node)
    depth = max(text[:end].count("(") - text[:end].count(")") for end in range(len(text) + 1))
    if depth > kql_parser.DEEPEST:
        refused(text)
    else:
        assert shown(kql.parse(text).root) == shown(node)
