"""A configuration in a file: what is wrong with it and where, and how two of them differ."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from watchpost_cli import differences, document
from watchpost_cli.document import MistakeError
from watchpost_cli.errors import CliError
from watchpost_cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

TEXT = st.text(st.characters(codec="utf-8"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(TEXT, JSON, max_size=4)


def _mistake(text: str) -> MistakeError:
    with pytest.raises(MistakeError) as caught:
        document.parsed("w.yaml", text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "place", "path"),
    [
        ("logs:\n  platform: soe\n", (2, 13), "configuration.logs.platform"),
        ("logs:\n  count: true\n  unknown: 1\n", (3, 3), "configuration.logs.unknown"),
        ("logs: {platform: soe}", (1, 18), "configuration.logs.platform"),
        ('{"logs": {"count": 1}}', (1, 20), "configuration.logs.count"),
        ("services:\n  - log_group: a\n    name: b\n  - name: c\n", (4, 5), "configuration.services[1].log_group"),
        ("service_tags: [a, 5]", (1, 19), "configuration.service_tags[1]"),
        ("service_tags:\n  a: 1\n", (1, 1), "configuration.service_tags"),  # the name, not what begins below it
        ("alarms:\n  lambda: {}\n  lambda.x:\n    threshold: y\n", (4, 16), "configuration.alarms.lambda.x.threshold"),
        ("logs:\n  rules:\n  - name: n\n    match: {regex: '('}\n    drop: true", (4, 20),
         "configuration.logs.rules[0].match.regex"),
        ("x: &a {platform: soe}\nlogs: *a\n", (1, 1), "configuration.x"),
        ("[]", (1, 1), "configuration"),
    ],
)  # fmt: skip  # rows are easier to read
def test_a_mistake_is_told_with_its_place_and_its_path(text: str, place: tuple[int, int], path: str) -> None:
    mistake = _mistake(text)

    assert mistake.path == path
    assert mistake.place is not None
    assert (mistake.place.line, mistake.place.column) == place
    assert str(mistake).startswith(f"w.yaml:{place[0]}:{place[1]}: {path}: found ")


@pytest.mark.parametrize(
    ("text", "place", "found"),
    [
        ("logs: [", (1, 8), "text that is not YAML"),
        ("a: 1: 2", (1, 5), "text that is not YAML"),
        ("a: 1\nb: 2\na: 3", (3, 1), "the field a a second time"),
        ("logs: {a: 1, a: 2}", (1, 14), "the field a a second time"),
        ("on: 1", (1, 1), "the name on, which is no text"),
        ("2026-01-01: 1", (1, 1), "the name 2026-01-01, which is no text"),
        ("? [a]\n: 1", (1, 3), "the name a list or an object"),
        ("service_tags: [a, 2026-01-01]", (1, 19), "date 2026-01-01"),
        ("a: 2026-13-45", (1, 4), "month must be in"),
        ("a: !!python/name:os.system", (1, 4), "could not determine a constructor"),
        ("a: !!binary aGk=", (1, 4), "bytes"),
    ],
)
def test_what_yaml_would_take_silently_for_something_else_is_a_mistake(
    text: str, place: tuple[int, int], found: str
) -> None:
    mistake = _mistake(text)

    assert mistake.place is not None
    assert (mistake.place.line, mistake.place.column) == place
    assert found in mistake.found


@pytest.mark.parametrize("text", ["[" * 5_000, "a: &x [*x]", "a: \x00", "a: &x {b: *x}"])
def test_what_has_no_place_is_a_mistake_all_the_same(text: str) -> None:
    assert _mistake(text).place is None


@pytest.mark.parametrize("text", ["", "# nothing", "null", "{}", "---\n{}\n"])
def test_a_file_without_anything_is_a_document_of_defaults(text: str) -> None:
    assert document.parsed("w.yaml", text).compiled == "{}"


def test_what_is_taken_over_from_elsewhere_in_the_file_counts() -> None:
    text = "metrics: &m {report: true}\nlogs:\n  <<: {count: false}\n"

    assert json.loads(document.parsed("w.yaml", text).compiled) == {
        "metrics": {"report": True},
        "logs": {"count": False},
    }


@given(st.text())
def test_any_text_is_a_document_or_a_mistake(text: str) -> None:
    refused: CliError | None = None
    try:
        read = document.parsed("w.yaml", text)
    except CliError as error:
        refused = error

    assert isinstance(refused, MistakeError) or read.compiled.isascii()


@given(OBJECTS)
def test_what_is_written_as_yaml_is_read_back_the_same_and_commands_no_terminal(value: dict[str, Any]) -> None:
    for text in (differences.to_yaml(value), differences.to_yaml(value, in_order=True)):
        assert yaml.safe_load(text) == value
        assert all(line.isprintable() for line in text.split("\n"))


@given(OBJECTS, OBJECTS)
def test_two_documents_differ_where_and_only_where_their_fields_do(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    names = ("a", "b")
    same = json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)

    assert differences.changes(before, before) == []
    assert differences.lines(before, before, names) == []
    assert bool(differences.lines(before, after, names)) is not same
    if same:
        assert differences.changes(before, after) == []


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ({}, {"a": {"b": 1}}, [("a.b", "add", None, 1)]),
        ({"a": {}}, {"a": {"b": 1}}, [("a.b", "add", None, 1)]),
        ({"a": [1, 2]}, {"a": [1]}, [("a[1]", "remove", 2, None)]),
        ({"a": 1}, {"a": True}, [("a", "change", 1, True)]),
        ({"a": None}, {}, [("a", "remove", None, None)]),
        ({"a": []}, {}, [("a", "remove", [], None)]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 2, "b": 1}}, []),
    ],
)
def test_changes_are_told_by_field(before: Any, after: Any, changes: list[tuple[Any, ...]]) -> None:
    assert [tuple(one.values()) for one in differences.changes(before, after)] == changes


def _check(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, dict[str, Any]]:
    path = tmp_path / "w.yaml"
    path.write_text(text)
    code = main(["config", "check", str(path)])
    shown = capsys.readouterr().out
    assert main(["config", "check", "--json", str(path)]) == code
    return code, shown, json.loads(capsys.readouterr().out)


def test_a_file_that_is_right_is_told_with_where_it_would_be_stored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, shown, record = _check(tmp_path, "service_tags: [a]\nalarms: {lambda.duration: {threshold: 1}}", capsys)

    assert code == 0
    assert "w.yaml is right: 1 change of alarms. It is stored in the parameter" in shown
    assert record["valid"] is True
    assert (record["mistake"], record["warnings"], record["place"]) == (None, [], "parameter")


@pytest.mark.parametrize(("size", "place"), [(8_192, "parameter"), (8_193, "bucket")])
def test_both_sides_of_what_a_parameter_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], size: int, place: str
) -> None:
    code, shown, record = _check(tmp_path, f"service_tags: [{'a' * (size - 21)}]", capsys)

    assert code == 0
    assert (record["bytes"], record["place"]) == (size, place)
    assert ("in the stack's bucket" in shown) is (place == "bucket")


@pytest.mark.parametrize(
    "row",
    [
        ("alarms:\n  lambda.duraton:\n    threshold: 5", (2, 3), "configuration.alarms.lambda.duraton",
         "lambda.duration"),
        ("alarms:\n  overrides:\n    - {kind: lamda, enabled: false}", (3, 14),
         "configuration.alarms.overrides[0].kind", "lambda"),
        ("alarms:\n  overrides:\n    - {kind: sqs, alarm: oldst-message, enabled: false}", (3, 26),
         "configuration.alarms.overrides[0].alarm", "oldest-message"),
    ],
)  # fmt: skip  # rows are easier to read
def test_alarms_that_there_are_not_are_warned_of_as_the_provisioner_refuses_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], row: tuple[Any, ...]
) -> None:
    text, place, path, meant = row
    code, shown, record = _check(tmp_path, text, capsys)

    assert code == 1
    [warning] = record["warnings"]
    assert (warning["line"], warning["column"], warning["path"]) == (*place, path)
    assert record["valid"] is False
    assert f"Did you mean {meant}" in shown
    assert "The provisioner changes nothing" in shown


def test_a_mistake_ends_with_one_and_a_file_that_is_not_there_with_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, shown, record = _check(tmp_path, "logs: {platform: soe}", capsys)

    assert code == 1
    assert "w.yaml:1:18: configuration.logs.platform: found" in shown
    expected = {"line": 1, "column": 18, "path": "configuration.logs.platform", "found": '"soe"'}
    assert record["mistake"] == {**expected, "expected": "one of all, report, none"}
    assert main(["config", "check", str(tmp_path / "none.yaml")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_text_of_a_file_commands_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = _check(tmp_path, 'logs: {platform: "\\e[2J\\u202e"}', capsys)[1]

    assert all(line.isprintable() for line in shown.split("\n"))
