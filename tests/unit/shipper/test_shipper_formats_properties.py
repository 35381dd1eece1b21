"""What holds for any line in the formats: no work without end, no over-interpretation, one vocabulary."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import re._constants as opcodes
import re._parser as parser
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shipper import formats
from shipper.formats import TABLE, explain, parse
from shipper.formats.fields import FIELDS
from shipper.levels import level_of, level_of_severity_number
from shipper.line import APP, KINDS, METRIC, Line

if TYPE_CHECKING:
    from decimal import Decimal

TEXT = st.text(alphabet=st.characters(exclude_categories=()), max_size=80)
STARTS = st.sampled_from(
    [
        "START RequestId: ",
        "END RequestId: ",
        "REPORT RequestId: a\t",
        "INIT_REPORT Init Duration: ",
        "RequestId: a Error: ",
        "2026-11-21T08:00:00.123Z\t",
        "2026-11-21T08:00:00.123Z\tINFO\t",
        "2026-11-21 08:00:00,123 - ",
        "2026-11-21 08:00:00 INFO ",
        "2026/11/21 08:00:00 ",
        "[INFO]\t",
        "[2026-11-21 08:00:00] ",
        "I, [2026-11-21T08:00:00 #8]  INFO -- ",
        "INFO:",
        "info: A[0]\n",
        "level=info msg=",
        "\x1b[31m",
        "panic: ",
        "E1121 08:00:00.1 1 ",
        "(",
        "",
    ]
)
LINES = st.builds(str.__add__, STARTS, TEXT)
LEVELS = {"trace", "debug", "info", "warn", "error", "fatal", None}
UNBOUNDED = 256 * 1024  # characters: the longest line of CloudWatch Logs


def patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Every regular expression of the formats."""
    found = []
    for module in pkgutil.iter_modules(formats.__path__):
        for name, value in vars(importlib.import_module(f"shipper.formats.{module.name}")).items():
            several = value if isinstance(value, tuple) else (value,)
            found += [(f"{module.name}.{name}", one) for one in several if isinstance(one, re.Pattern)]
    return found


def unbounded_repeats(parsed: Any, inside: bool = False) -> list[bool]:
    """For each repetition without an end: whether it stands inside a repetition itself."""
    found = []
    for opcode, argument in parsed:
        if opcode in (opcodes.MAX_REPEAT, opcodes.MIN_REPEAT):
            _, most, body = argument
            endless = most is opcodes.MAXREPEAT
            if endless:
                found.append(inside)
            found += unbounded_repeats(body, inside or most > 1)
        elif opcode is opcodes.SUBPATTERN:
            found += unbounded_repeats(argument[3], inside)
        elif opcode is opcodes.BRANCH:
            for branch in argument[1]:
                found += unbounded_repeats(branch, inside)
    return found


@pytest.mark.parametrize(("name", "pattern"), patterns())
def test_no_repetition_without_end_stands_inside_another(name: str, pattern: re.Pattern[str]) -> None:
    """Promise: no pattern can go back and forth over a line: a repetition in a repetition has a bound.

    The quoted value of logfmt is the exception: its parts begin with a backslash, which the repetition cannot match.
    """
    if name != "logfmt._PAIR":
        assert not any(unbounded_repeats(parser.parse(pattern.pattern, pattern.flags)))


@pytest.mark.parametrize(
    "start", ["", "2026-11-21 08:00:00 ", "[", "level=info msg=", "x\n    at ", "\x1b[", "REPORT RequestId: a "]
)
@pytest.mark.parametrize(
    "unit", [" ", '"', "[", "]", "\n", "a ", "\\", ": ", "\t", "a.", "\n\t", "{", " A", "=", "x=", ' x="', "at "]
)
def test_a_line_of_256_kb_of_anything_is_read(start: str, unit: str) -> None:
    line = start + unit * (UNBOUNDED // len(unit))

    assert parse(line).kind in KINDS


@given(LINES)
def test_any_line_is_understood_in_the_contracts_vocabulary(text: str) -> None:
    """Property: nothing raises, and what is said is said in the words of the data contract."""
    line = parse(text)

    assert line.kind in KINDS
    assert line.level in LEVELS
    assert line.outcome in ("success", "failure", None)
    assert line.request_id is None or line.request_id.strip()
    assert (line.kind == METRIC) == text_holds_a_metric(line)
    assert line.message in text or line.kind == APP


def text_holds_a_metric(line: Line) -> bool:
    return line.message.startswith("MONITORING|")


@given(
    duration=st.decimals(0, 10**8, places=2),
    whole=st.tuples(*[st.integers(0, 10**8)] * 3),
    request_id=st.uuids().map(str) | st.just("6bc9"),
)
def test_the_usual_report_says_what_any_report_says(
    duration: Decimal, whole: tuple[int, int, int], request_id: str
) -> None:
    """Property: the line that most invocations end with is read at once; with spaces for its tabs, field by field."""
    billed, size, used = whole
    usual = (
        f"REPORT RequestId: {request_id}\tDuration: {duration} ms\tBilled Duration: {billed} ms"
        f"\tMemory Size: {size} MB\tMax Memory Used: {used} MB\t"
    )

    at_once, by_fields = parse(usual), parse(usual.replace("\t", " "))

    assert dict(at_once.parts()) | {"message": ""} == dict(by_fields.parts()) | {"message": ""}
    assert at_once.platform == {
        "metrics": {
            "duration_ms": float(duration),
            "billed_duration_ms": billed,
            "memory_size_mb": size,
            "max_memory_used_mb": used,
        }
    }


@given(first=st.sampled_from("MNmE "))
def test_a_message_of_one_line_is_no_stack_trace_whatever_it_begins_with(first: str) -> None:
    for rest in ("ore Traceback (most recent call last): x", " a.rb:12:in `x': boom (KeyError)"):
        assert parse(json.dumps({"message": first + rest})).error is None


@given(LINES)
def test_asking_why_never_changes_the_line(text: str) -> None:
    explained, why = explain(text)

    assert vars(explained) == vars(parse(text))
    assert why


@given(
    st.dictionaries(
        st.sampled_from(sorted(FIELDS)) | TEXT, TEXT | st.integers() | st.floats() | st.lists(TEXT), max_size=8
    )
)
def test_a_json_line_is_the_same_whether_it_is_read_quickly_or_closely(fields: dict[str, Any]) -> None:
    """Property: the quick way, the close way and a second time with a known plan make one line."""
    text = json.dumps(fields)

    first, second, closely = parse(text), parse(text), explain(text)[0]

    assert vars(first) == vars(second) == vars(closely)


@given(
    st.dictionaries(
        TEXT.filter(lambda key: key not in FIELDS and key not in ("message", "msg", "type")), st.integers(0, 9)
    )
)
def test_fields_that_nobody_knows_are_kept_whole(fields: dict[str, int]) -> None:
    fields = {
        key: value for key, value in fields.items() if not key.lower().startswith("x-correlation-") and key.isascii()
    }

    assert "\0" in "".join(fields) or (parse(json.dumps(fields)).app or {}) == fields


def test_extracted_fields_are_kept_with_text_and_not_with_json() -> None:
    assert parse("2 123 eni-1", {"srcaddr": "10.0.0.5"}).app == {"srcaddr": "10.0.0.5"}
    assert parse('{"a": 1}', {"a": "1"}).app == {"a": 1}
    assert parse("x", {"k\0": "v"}).tags == ["truncated"]
    assert explain("x", {"k": "v"})[1] == ["text", "fields that CloudWatch extracted"]


def test_the_plans_of_json_lines_do_not_grow_without_end() -> None:
    from shipper.formats import structured  # noqa: PLC0415 - its cache is looked at, nothing else

    for number in range(structured._MAX_PLANS + 10):
        parse(json.dumps({f"key{number}": 1}))

    assert len(structured._PLANS) <= structured._MAX_PLANS


@pytest.mark.parametrize(
    ("number", "level"), [(0, None), (1, "trace"), (4, "trace"), (5, "debug"), (24, "fatal"), (25, None), (True, None)]
)
def test_the_numbers_of_opentelemetry_are_levels(number: Any, level: str | None) -> None:
    assert level_of_severity_number(number) == level


@pytest.mark.parametrize(
    ("word", "level"), [("INFO+2", "info"), ("ERROR2", "error"), ("WARN-1", "warn"), ("I", None), ("+", None)]
)
def test_levels_with_a_distance_belong_to_their_word(word: str, level: str | None) -> None:
    assert level_of(word) == level


def test_every_row_of_the_table_says_what_it_recognises() -> None:
    assert len({phrase for _, _, phrase in TABLE}) == len(TABLE)
