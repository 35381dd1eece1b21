"""SECURITY.md: each measure is proved by tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "SECURITY.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)))


def _tests_in(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("file", "test"), NAMED, ids=[test or file for file, test in NAMED])
def test_every_proof_is_a_test_that_exists(file: str, test: str) -> None:
    found = _tests_in(ROOT / file)

    assert test in found if test else any(name.startswith("test_") for name in found)


def test_every_threat_has_a_measure_and_a_proof() -> None:
    table = PAGE.partition("## Threats, measures, proofs")[2].partition("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in table.splitlines() if line.startswith("|")][2:]

    assert len(rows) > 15
    for row in rows:
        assert len(row) == 3, row[0]
        assert row[1].strip()
        assert "`tests/" in row[2], row[0]


@pytest.mark.parametrize(
    "part",
    ["Reporting", "Supported versions", "What is protected", "Who may try something", "What is not promised"],
)
def test_the_page_says_how_to_report_and_what_is_not_promised(part: str) -> None:
    assert PAGE.count(f"\n## {part}\n") == 1
