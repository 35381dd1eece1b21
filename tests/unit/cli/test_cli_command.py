"""The `watchpost` command: what it takes, what it prints, how it ends."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text
from watchpost_cli import replay
from watchpost_cli.common import moment
from watchpost_cli.errors import CliError
from watchpost_cli.main import main
from watchpost_cli.parse import events
from watchpost_cli.terminal import console, harmless

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("arguments", [[], ["replay"], ["parse"], ["subscriptions"]])
def test_each_help_tells_what_the_command_does(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--help"])

    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "usage: watchpost" in shown
    assert "replay" in shown or "log" in shown


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["replay", "--sinc"], ["parse"], ["subscriptions", "--stat"]])
def test_wrong_usage_ends_with_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert "usage: watchpost" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30m", NOW - timedelta(minutes=30)),
        ("2h", NOW - timedelta(hours=2)),
        ("7d", NOW - timedelta(days=7)),
        ("1w", NOW - timedelta(weeks=1)),
        ("45s", NOW - timedelta(seconds=45)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T08:00+01:00", datetime(2026, 11, 20, 7, tzinfo=UTC)),
    ],
)
def test_since_takes_a_span_or_a_time(text: str, expected: datetime) -> None:
    assert moment(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2y", "-2h", "٣h", "2026-13-01", "999999d"])
def test_since_refuses_the_rest_in_one_sentence(text: str) -> None:
    with pytest.raises(CliError, match="is no time"):
        moment(text, NOW)


@given(st.text())
def test_no_text_commands_the_terminal(text: str) -> None:
    assert harmless(text).isprintable()


def test_printable_text_is_shown_as_it_is_and_long_text_is_cut() -> None:
    assert harmless("Größe 漢字") == "Größe 漢字"
    assert harmless("\x1b[2J\u202eabc\ud800\n") == "\\x1b[2J\\u202eabc\\ud800\\n"
    assert harmless("abcdef", 6) == "abcdef"
    assert harmless("abcdefg", 6) == "abcde…"


def test_what_shows_nothing_is_shown_as_an_escape() -> None:
    for character in "\u3164\u2800\u115f\u1160\uffa0\U000e0100":
        assert harmless(f"a{character}b") == "a" + character.encode("unicode_escape").decode() + "b"


def test_marks_are_not_piled_up() -> None:
    mark = "\u0301"

    assert harmless("e" + 4 * mark) == "e" + 4 * mark
    assert harmless("e" + 5 * mark + "e" + 500 * mark) == 2 * ("e" + 4 * mark)


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "TTY_COMPATIBLE"])
def test_a_file_has_no_colours_whatever_the_shell_says(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "1")
    stream = io.StringIO()

    console(stream).print(Text("red", "red"))

    assert stream.getvalue() == "red\n"


@pytest.mark.parametrize(("value", "expected"), [("", "\x1b[31mred\x1b[0m\n"), ("1", "red\n"), ("0", "red\n")])
def test_a_terminal_has_colours_unless_no_color_says_anything(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: str
) -> None:
    monkeypatch.setenv("NO_COLOR", value)
    monkeypatch.setenv("TERM", "xterm")
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)

    console(stream).print(Text("red", "red"))

    assert stream.getvalue() == expected


def _answer(**values: Any) -> dict[str, Any]:
    return {"state": "finished", "rows": [], **values}


def test_a_session_adds_up_its_answers() -> None:
    session = replay.Session()
    row = {"kind": "document", "reason": "r"}
    session.add(_answer(rows=[row | {"delivered": 2}], objects=2, waiting=1))
    assert not session.is_all_delivered
    session.add(_answer(rows=[row | {"delivered": 1}], objects=1, waiting=0))

    assert session.is_all_delivered
    assert (session.objects, session.total("delivered")) == (3, 3)


@pytest.mark.parametrize(
    "values",
    [
        {"rows": [{"kind": "document", "reason": "r", "failed": 1}]},
        {"rows": [{"kind": "document", "reason": "r", "rejected": 1}]},
        {"rows": [{"kind": "document", "reason": "r", "left": 1}]},
        {"busy": 1},
        {"broken": 1},
        {"unreadable": 1},
        {"waiting": 1, "stopped": "Elasticsearch is away"},
    ],
)
def test_what_is_left_is_not_all_delivered(values: dict[str, Any]) -> None:
    session = replay.Session()
    session.add(_answer(**values))

    assert not session.is_all_delivered


def test_records_of_other_functions_are_named_and_are_not_left_letters() -> None:
    session = replay.Session()
    session.add(_answer(foreign={"s-subscriber": 2}))

    assert session.is_all_delivered
    assert any("s-subscriber (2)" in sentence for sentence in replay.sentences(session, dry_run=False))


def test_machines_get_what_a_session_did_by_the_names_that_are_promised() -> None:
    session = replay.Session()
    row = {"kind": "document", "reason": "r", "delivered": 2, "failed": 1}
    session.add(_answer(rows=[row], objects=2, waiting=1, stopped="away", foreign={"s-subscriber": 2}))

    assert session.as_json("wp", dry_run=False) == {
        "stack": "wp",
        "dryRun": False,
        "allDelivered": False,
        "stopped": "away",
        "objects": {"done": 2, "waiting": 1, "busy": 0, "broken": 0, "unreadable": 0},
        "counts": {"delivered": 2, "failed": 1, "rejected": 0, "left": 0},
        "rows": [{"kind": "document", "reason": "r", "delivered": 2, "failed": 1, "rejected": 0, "left": 0}],
        "otherFunctions": {"s-subscriber": 2},
    }
    assert replay.Session().as_json("wp", dry_run=True)["stopped"] is None


def test_each_line_is_an_event_and_empty_lines_are_none() -> None:
    assert list(events(["one\n", "\n", "  two\r\n", "three"], multiline=False)) == [
        (1, "one"),
        (3, "  two"),
        (4, "three"),
    ]


def test_lines_that_belong_together_can_be_put_together() -> None:
    lines = ["Oops\n", "  at a\n", "\tat b\n", "Caused by: c\n", "next\n", "\n", "  alone\n"]
    python = ["Traceback (most recent call last):\n", '  File "a.py"\n', "KeyError: 'x'\n", "next\n"]

    assert list(events(lines, multiline=True)) == [
        (1, "Oops\n  at a\n\tat b\nCaused by: c"),
        (5, "next"),
        (7, "  alone"),
    ]
    assert [number for number, _ in events(python, multiline=True)] == [1, 4]


LINES = [
    '{"level": "WARN", "message": "low on stock", "item": 7, "service": "checkout"}',
    "START RequestId: 8286a188-ba32-4475-8077-530cd35c09a9 Version: $LATEST",
    "MONITORING|10|Count|page-view|shop|page=home",
    "MONITORING|ten|Count|page-view|shop",
    "plain text \x1b[31mred",
]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text("\n".join(LINES) + "\n")
    return path


def test_parse_shows_the_reason_the_fields_and_the_counts_of_each_line(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["parse", str(log)]) == 0

    shown = capsys.readouterr().out
    assert "low on stock" in shown
    assert "checkout" in shown
    assert "page-view = 10" in shown
    assert "left out" in shown
    assert "5 log events" in shown
    assert "metric lines that yield no metric" in shown
    assert "\x1b" not in shown


def test_parse_gives_machines_one_object_a_line(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parse", "--json", "--service", "shop", str(log)]) == 0

    *shown, end = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["line"] for one in shown] == [1, 2, 3, 4, 5]
    assert shown[0]["document"]["message"] == "low on stock"
    assert shown[0]["reasons"]
    assert (shown[1]["document"], shown[1]["leftOutBy"]) == (None, "logs.platform")
    assert shown[2]["document"]["metric"]["value"] == 10
    assert shown[3]["metricRefusal"]
    # the request id of the START line, as in a payload
    assert shown[4]["document"]["faas"]["execution"] == "8286a188-ba32-4475-8077-530cd35c09a9"
    summary = end["summary"]
    assert summary["kinds"] == {"application": 2, "platform": 1, "metric": 2}
    assert [item["line"] for item in summary["metricRefusals"]] == [4]
    [page_view] = [metric for metric in summary["metrics"] if metric["MetricName"] == "page-view"]
    assert page_view["Values"] == [10]


def test_parse_reads_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"one\rtwo\nthree \xff\n")))

    assert main(["parse", "-"]) == 0

    assert "2 log events" in capsys.readouterr().out


def test_parse_goes_by_a_configuration(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "watchpost.yaml"
    config.write_text("logs:\n  platform: all\n  exclude: [/secret/*]\n")

    assert main(["parse", "--config", str(config), "--json", str(log)]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[1])["leftOutBy"] is None

    assert main(["parse", "--config", str(config), "--log-group", "/secret/x", str(log)]) == 2
    assert "logs.exclude: /secret/*" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["logs: [", "logs: {platform: some}", "logs: {unknown: 1}", "a: 2026-01-01"])
def test_parse_tells_what_is_wrong_with_a_configuration(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    config = tmp_path / "watchpost.yaml"
    config.write_text(content)

    assert main(["parse", "--config", str(config), str(log)]) == 2

    told = capsys.readouterr().err
    assert told.startswith("watchpost: ")
    assert "watchpost.yaml" in told
    assert "Traceback" not in told


def test_parse_tells_that_a_file_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parse", str(tmp_path / "none.log")]) == 2

    assert "cannot be read" in capsys.readouterr().err
