"""Regular expressions of the configuration: only those that take linear time on every text are accepted."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from watchpost.configuration import charsets, regexes


@pytest.mark.parametrize(
    "text",
    [
        "C-[0-9]{8}",
        "C-[0-9]+",
        "C-.*",
        r"(?i)order-[0-9]{1,20}\b",
        "^GET /health(?:/live)?$",
        "[0-9]{1,64}@[a-z]{1,63}",
        "(?:-[0-9]{4})+",
        "(?:ab?)+",
        "(?:x|y+)",
        "(?:a|b){1,20}c",
        "(?:[a-z]{1,5}-){1,5}b",
        "a{1,30}a{1,30}b",
        ".{1,1000}x",
        "(?<![0-9])[0-9]{4}(?![0-9])",
        "(?P<name>x)[^y]{2}",
        r"\d{1,10}-?\d{1,10}",
        "(?s:x.{1,10})y",
        "a?b?c?d",
        "(" * 20 + "a" + ")" * 20,
        "x" * regexes.LONGEST,
    ],
)
def test_an_expression_with_a_bound_is_accepted(text: str) -> None:
    assert regexes.refusal(text) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(a+)+$", "not the end"),
        ("(a*)*b", "not the end"),
        ("(?:a+)*x", "not the end"),
        ("(a|aa)+$", "not the end"),
        ("(a|a)*b", "not the end"),
        ("[0-9]+x", "not the end"),  # quadratic: from each digit to the last one
        (".*x", "not the end"),
        ("a+a+b", "not the end"),
        ("(?:a+b)+", "not the end"),
        ("(?:x+|y)z", "not the end"),
        ("(?=.*x)y", "not the end"),
        ("(?=x.*)y", "not the end"),
        ("(?!x+y)z", "not the end"),
        (r"C-[0-9]+\b", "not the end"),
        ("(?:a*)+", "not the end"),
        ("(?:a?){1,30}b", "the empty text"),
        ("(a|ab){1,30}c", "multiply"),
        ("(a{1,5}){1,5}b", "steps"),
        (".{1,99}.{1,99}x", "steps"),
        ("a{1,99}[a-z]{1,99}b", "steps"),
        ("(?i)a{1,99}A{1,99}b", "steps"),
        (".{1,1300}.x.{2}y", "steps"),
        ("a{1,4000000000}b", "steps"),
        (r"(a)\1", "groupref"),
        ("(?P<a>x)(?P=a)", "groupref"),
        ("(?P<a>x)?(?(a)b|c)", "groupref"),
        ("a++b", "possessive"),
        ("(?>a)b", "atomic"),
        ("a*", "nothing has to be matched"),
        ("a{0,3}", "nothing has to be matched"),
        ("^", "nothing has to be matched"),
        ("a|", "nothing has to be matched"),
        ("", "nothing has to be matched"),
        ("(", "a mistake"),
        ("[[a]b", "a mistake"),
        ("a{1,99999999999}", "a mistake"),
        ("(?<=a{1,3})b", "a mistake"),
        ("(?a)(?u)b", "a mistake"),
        ("x" * (regexes.LONGEST + 1), "501 characters"),
    ],
)
def test_an_expression_that_may_go_back_and_forth_is_refused_with_the_reason(text: str, reason: str) -> None:
    assert reason in (regexes.refusal(text) or "accepted")


PIECES = st.sampled_from(["a", "b", "[ab]", ".", "[^a]", "(?:a|b)", "(?:a|ab)", r"\w", "x"])
REPEATS = st.sampled_from(["", "?", "*", "+", "{2}", "{1,3}", "{0,9}", "+?", "{2,}"])
EXPRESSIONS = st.recursive(
    st.tuples(PIECES, REPEATS).map("".join),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map("".join)
        | st.tuples(inner, REPEATS).map(lambda parts: f"(?:{parts[0]}){parts[1]}")
        | st.tuples(inner, inner).map(lambda parts: f"(?:{parts[0]}|{parts[1]})")
    ),
    max_leaves=6,
)


class _Attempts:
    """Tries an expression at one place as a backtracking engine does, and counts the characters it looks at."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.steps = 0

    def run(self, items: list[object], at: int, then: object) -> bool:
        if not items:
            return bool(then(at))  # type: ignore[operator]  # a function of the place
        (operation, argument), rest = items[0], items[1:]  # type: ignore[misc]  # as the parser makes them
        name = str(operation)
        if name == "SUBPATTERN":
            return self.run(list(argument[3]) + rest, at, then)
        if name == "BRANCH":
            return any(self.run(list(branch) + rest, at, then) for branch in argument[1])
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            return self.repeat(argument, rest, at, then, 0)
        self.steps += 1
        if name == "AT":
            return at == (0 if str(argument) == "AT_BEGINNING" else len(self.text)) and self.run(rest, at, then)
        return at < len(self.text) and _of(operation, argument, self.text[at]) and self.run(rest, at + 1, then)

    def repeat(self, argument: tuple[int, int, object], rest: list[object], at: int, then: object, done: int) -> bool:
        least, most, body = argument

        def again(place: int) -> bool:
            return place > at and self.repeat(argument, rest, place, then, done + 1)

        if done < most and self.run(list(body), at, again):  # type: ignore[call-overload]  # a sequence of the parser
            return True
        return done >= least and self.run(rest, at, then)


def _of(operation: object, argument: object, character: str) -> bool:
    bits = charsets.of_item(operation, argument, 0)
    assert bits is not None
    return bool(bits >> ord(character) & 1)


@settings(max_examples=500)
@given(EXPRESSIONS, st.text("abx", max_size=24))
def test_no_attempt_of_an_accepted_expression_takes_more_steps_than_computed(expression: str, text: str) -> None:
    """Counted by an engine that goes back like Python's, from each place of the text."""
    if regexes.refusal(expression) is not None:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = list(regexes.parser.parse(expression))
    for at in range(len(text)):
        attempts = _Attempts(text)
        found = attempts.run(parsed, at, lambda _place: True)

        endless = 2 * len(text) if any(sign in expression for sign in ("*", "+", ",}")) else 0
        assert attempts.steps <= regexes.most_steps(expression) + endless
        assert found == (re.compile(expression).match(text, at) is not None)


NAME = 512  # characters of the longest name of a log group


@pytest.mark.parametrize(
    "text",
    [
        "^/ecs/(?P<service>[^/]+)/",
        "/(?P<env>[a-z]+)/(?P<service>[a-z-]+)$",
        "([^/]+)/([^/]+)$",
        "[a-z0-9-]+-(dev|prod)$",
        r"^/aws/(lambda|ecs)/(?P<service>[\w-]+?)(-(dev|prod))?$",
        "^/aws/(?:[^/]+/)*(?P<service>[^/]+)$",
        "^/aws/.*/.*/.*",
        ".*-(dev|prod)-.*",
        "^(?!/aws/lambda/)",
        "^(?!.*test).*$",
        "a.*b",
        "(?i)LAMBDA",
        ".*",
        "a*",
        "(" * 20 + "a" + ")" * 20,
    ],
)
def test_on_names_ordinary_expressions_are_accepted(text: str) -> None:
    assert regexes.refusal_on_bounded(text, NAME) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(a+)+$", "multiply"),
        ("(a|a)*b", "multiply"),
        ("(a|aa)+$", "multiply"),
        ("(x+x+)+y", "multiply"),
        ("^(([a-z])+.)+[A-Z]([a-z])+$", "multiply"),
        ("(a*)*b", "the empty text"),
        ("(?:a?){1,30}b", "the empty text"),
        (".*a.*b", "steps"),
        (r"^\w+\w+\w+$", "steps"),
        ("([a-z]+-)+prod", "steps"),
        (r"(a)\1", "groupref"),
        ("a++b", "possessive"),
        ("(?>a)b", "atomic"),
        ("(?<=a+)b", "a mistake"),
        ("(", "a mistake"),
        ("(" * 500 + "a" + ")" * 500, "deeply"),
    ],
)
def test_on_names_an_expression_whose_repeats_multiply_is_refused_with_the_reason(text: str, reason: str) -> None:
    assert reason in (regexes.refusal_on_bounded(text, NAME) or "accepted")


def test_the_most_steps_on_a_name_and_one_more() -> None:
    """The steps of an expression that begins anywhere are those of one attempt, as often as there are places."""
    places = NAME + 1
    most = regexes.MOST_STEPS_ON_BOUNDED // places

    assert regexes.most_steps_on_bounded("x" * 7, NAME) == 7 * places
    assert regexes.refusal_on_bounded("x" * most, NAME) is None
    assert "steps" in (regexes.refusal_on_bounded("x" * (most + 1), NAME) or "accepted")


@settings(max_examples=500, deadline=None)  # an accepted expression may take millions of steps
@given(st.sampled_from(["", "^"]), EXPRESSIONS, st.sampled_from(["", "$"]), st.text("abx", max_size=10))
@example("", "a*b", "", "aaaa")  # what is repeated is tried once more than it matches
def test_no_search_in_a_bounded_text_takes_more_steps_than_computed(
    start: str, inner: str, end: str, text: str
) -> None:
    """Counted by an engine that goes back like Python's, from each place of the text until it is found."""
    expression, longest = start + inner + end, max(len(text), 1)
    if regexes.refusal_on_bounded(expression, longest) is not None:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = list(regexes.parser.parse(expression))
    attempts = _Attempts(text)
    found = any(attempts.run(parsed, at, lambda _place: True) for at in range(len(text) + 1))

    assert attempts.steps <= regexes.most_steps_on_bounded(expression, longest)
    assert found == (re.search(expression, text) is not None)


@given(EXPRESSIONS | st.text(max_size=20))
def test_every_text_is_accepted_as_an_expression_or_refused_with_a_reason(text: str) -> None:
    for reason in (regexes.refusal(text), regexes.refusal_on_bounded(text, NAME)):
        assert reason is None or reason
        if reason is None:
            re.compile(text)


@pytest.mark.parametrize(
    ("expression", "literal"),
    [
        ("C-[0-9]{8}", "C-"),
        ("[0-9]{3}CUST[0-9]{8}ID", "CUST"),
        ("(?i)cust", ""),
        ("[ab]c?d{2}", ""),
        ("12345", ""),  # JSON may spell a number in another way
        ("a/bc", "bc"),  # and a slash
    ],
)
def test_the_text_that_is_in_every_match(expression: str, literal: str) -> None:
    assert regexes.literal_of(expression) == literal


@pytest.mark.parametrize(
    ("expression", "anchored"),
    [("^a", True), (r"\Aa", True), ("(?m)^a", False), ("a^", False), ("^a|b", False), ("a", False)],
)
def test_whether_an_expression_can_match_at_the_beginning_only(expression: str, anchored: bool) -> None:
    assert regexes.is_anchored(expression) is anchored
