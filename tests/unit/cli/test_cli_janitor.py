"""What `watchpost janitor` prints: what may go and why, what is kept in numbers, nothing that commands a terminal."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from janitor.result import Entry, Result
from rich.console import Console
from watchpost_cli import janitor_table
from watchpost_cli.errors import CliError
from watchpost_cli.main import main

EVIL = "\x1b[31m\u202ename"


def _entry(action: str, number: int | None = 1, kind: str = "version", **fields: Any) -> Entry:
    filled = {"name": "orders", "reason": "because", "bytes": 2_000_000, **fields}
    return Entry(kind, filled["name"], number, action, filled["reason"], filled.get("why", ""), filled["bytes"])


def _printed(result: Result, *, every: bool = False) -> str:
    output = io.StringIO()
    janitor_table.show(Console(file=output, width=200), result, "the parameter p", every=every)
    return output.getvalue()


def test_a_report_names_what_would_go_and_counts_what_is_kept() -> None:
    kept = [_entry("kept", number, why="newest", reason="one of the newest 5") for number in (4, 5)]
    result = Result("report", [*kept, _entry("delete", 1), _entry("delete", None, "logGroup", name="/aws/lambda/x")])

    shown = _printed(result)

    assert "function version  delete  orders" in shown
    assert "/aws/lambda/x" in shown
    assert "one of the newest 5" not in shown
    assert "Kept, function versions by reason: 2 newest." in shown
    assert shown.splitlines()[-1] == ("To delete: 1 function version (2.0 MB of code), 0 layer versions, 1 log group.")


def test_all_names_what_is_kept_too() -> None:
    assert "one of the newest 5" in _printed(
        Result("report", [_entry("kept", reason="one of the newest 5")]), every=True
    )


def test_a_deletion_tells_what_was_not_done() -> None:
    actions = ("deleted", "refused", "failed", "later", "gone", "delete")
    result = Result("delete", [_entry(action, number) for number, action in enumerate(actions)], ["a problem"])
    result.stopped = "the time is over"

    shown = _printed(result)

    assert shown.splitlines()[-1] == (
        "Deleted: 1 function version (2.0 MB of code), 0 layer versions, 0 log groups; 1 left to the next run; "
        "1 not deleted, as AWS needs it; 2 failed; 1 reported only."
    )
    assert "a problem" in shown
    assert "the time is over" in shown


def test_text_of_aws_does_nothing_to_the_terminal() -> None:
    result = Result("delete", [_entry("failed", name=EVIL, reason=EVIL)], [EVIL])
    result.stopped = EVIL

    shown = _printed(result)

    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert shown.count("\\x1b[31m") == 4


@given(st.integers(0, 10**15))
def test_a_size_is_short(number: int) -> None:
    assert len(janitor_table.size(number)) <= 12


@pytest.mark.parametrize(
    ("number", "shown"), [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (999_999, "1000.0 kB"), (10**9, "1.0 GB")]
)
def test_sizes(number: int, shown: str) -> None:
    assert janitor_table.size(number) == shown


@pytest.mark.parametrize("arguments", [["--apply", "--json"], ["--yes"], ["--apply"]])
def test_nothing_is_deleted_that_nobody_agreed_to(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))  # no terminal

    assert main(["janitor", *arguments]) == CliError("").code
    assert "--yes" in capsys.readouterr().err
