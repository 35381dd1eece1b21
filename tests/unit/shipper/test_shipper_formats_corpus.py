"""A corpus of lines as services write them, and the facts that their documents must state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from shipper.formats import explain, parse
from watchpost.configuration import Configuration, Logs

if TYPE_CHECKING:
    from conftest import Shipper

LINES = Path(__file__).parents[2] / "data" / "lines"
# What stands in the corpus for values that are long, or that depend on the shipper's time.
PLACEHOLDERS = {
    "<id>": "0f9c1f6e-2b7d-4c3a-9b51-7de0a4c81f23",
    "<trace>": "1-5759e988-bd862e3fe1be46a994272793",
    "<w3c>": "4bf92f3577b34da6a3ce929d0e0e4736",
    "<time>": "2026-11-21T08:00:00.123Z",
    "<now>": "1795248000",
}
KEYS = {"name", "line", "json", "extracted", "expect", "absent", "whole"}
MISSING = object()


def filled(value: Any) -> Any:
    """The value with every placeholder replaced."""
    if isinstance(value, str):
        for placeholder, content in PLACEHOLDERS.items():
            value = value.replace(placeholder, content)
        return value
    if isinstance(value, dict):
        return {filled(key): filled(item) for key, item in value.items()}
    return [filled(item) for item in value] if isinstance(value, list) else value


def entries() -> list[Any]:
    """Every entry of every file, with its line."""
    found = []
    for path in sorted(LINES.glob("*.yaml")):
        for entry in yaml.safe_load(path.read_text("utf-8")):
            assert set(entry) <= KEYS, f"{path.name}: {entry}"
            entry = filled(entry)  # noqa: PLW2901 - the entry itself is not needed
            line = entry["line"] if "line" in entry else json.dumps(entry["json"])
            found.append(pytest.param(line, entry, id=f"{path.stem}: {entry['name']}"))
    return found


def fact(document: Any, path: str) -> Any:
    """What a document says at a dotted path, or MISSING."""
    if path == "":
        return document
    if not isinstance(document, dict):
        return MISSING
    if path in document:
        return document[path]
    head, _, rest = path.partition(".")
    return fact(document[head], rest) if head in document and rest else MISSING


ENTRIES = entries()


def test_the_corpus_covers_every_format() -> None:
    """Promise: no file is left out by mistake, and no two entries share a name."""
    assert len(ENTRIES) >= 400
    assert len({entry.id for entry in ENTRIES}) == len(ENTRIES)


@pytest.mark.parametrize(("line", "entry"), ENTRIES)
def test_a_line_of_the_corpus_becomes_a_document_with_its_facts(
    shipper: Shipper, line: str, entry: dict[str, Any]
) -> None:
    """Given a line, when it is shipped, then its document states the facts, and not what must be absent."""
    if "extracted" in entry:
        document = {"app": parse(line, entry["extracted"]).app}
    else:
        document = shipper.document(line, configuration=Configuration(logs=Logs(platform="all")))
    expected = dict(entry.get("expect", {}))
    if entry.get("whole"):
        expected["message"] = line

    stated = {path: fact(document, path) for path in expected}

    assert stated == expected
    assert [path for path in entry.get("absent", []) if fact(document, path) is not MISSING] == []


@pytest.mark.parametrize(("line", "entry"), ENTRIES)
def test_an_explained_line_is_the_line_that_is_shipped(line: str, entry: dict[str, Any]) -> None:
    """Promise: asking why changes nothing, and there is always a reason."""
    explained, why = explain(line)

    assert vars(explained) == vars(parse(line))
    assert why
    assert all(why)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (
            '2026-11-21T08:00:00.123Z\tid\tINFO\t{"function_request_id":"x","message":"y"}',
            ["Node.js prefix: time, request id, level", "JSON object", "Powertools logger"],
        ),
        ("START RequestId: 6bc9 Version: 1", ["Lambda platform: START"]),
        ("hello", ["text"]),
        ("[INFO]\tMONITORING|1|Count|n|s", ["Python prefix: level, time, request id", "metric line"]),
        ("Traceback (most recent call last):\nKeyError: 'x'", ["text", "stack trace"]),
    ],
)
def test_an_explanation_goes_from_the_outermost_to_the_innermost(line: str, why: list[str]) -> None:
    assert explain(line)[1] == why
