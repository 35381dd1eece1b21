"""The command line as a whole: its help, what it imports, how the stack is found, and the page about it."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost_cli import common, completion, main
from watchpost_cli.checks.table import CHECKS
from watchpost_cli.errors import CliError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from watchpost_cli.checks.model import Check

PAGE = (Path(__file__).parents[3] / "docs/command-line.md").read_text()
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def _parsers(parser: argparse.ArgumentParser, name: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command and part of one, by what is typed."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, inner in action.choices.items():
                full = f"{name} {word}".strip()
                yield full, inner
                yield from _parsers(inner, full)


PARSERS = dict(_parsers(main.parser()))
SECTIONS = dict(re.findall(r"^##+ (.+?)\n(.*?)(?=^##+ |\Z)", PAGE, re.MULTILINE | re.DOTALL))
COMMON = SECTIONS["What all commands have in common"]
LEAVES = [name for name, parser in PARSERS.items() if not dict(_parsers(parser))]


def _names(action: argparse.Action) -> list[str]:
    return [one for one in action.option_strings if one != "-h"] or [str(action.metavar or action.dest)]


def test_the_page_and_the_table_have_the_same_commands() -> None:
    listed = re.findall(r"^\| \[`watchpost (\w+)`\]\(#(\w+)\)", PAGE, re.MULTILINE)

    assert [name for name, _ in listed] == list(main.COMMANDS)
    assert all(name == anchor for name, anchor in listed)


@pytest.mark.parametrize("name", PARSERS)
def test_the_page_tells_every_option_of_a_command(name: str) -> None:
    options = {one for action in PARSERS[name]._actions for one in _names(action)}
    own = options - {"--help", "--json", "--stack", "check|push|pull|diff"}

    assert all(f"`{one}" in SECTIONS[name] for one in own), own
    assert all(f"`{one}" in COMMON for one in options & {"--json", "--stack"})
    # and none that there is not
    told = set(re.findall(r"`(--[a-z-]+)", "\n".join(re.findall(r"^\| `--.*$", SECTIONS[name], re.MULTILINE))))
    assert told <= options


@pytest.mark.parametrize("name", LEAVES)
def test_the_page_and_the_help_tell_the_same_exit_codes(name: str) -> None:
    codes = re.search(r"exit codes:(.*?)(\n\n|\Z)", PARSERS[name].epilog or "", re.DOTALL)
    told = re.search(r"Exit codes: (.*?)(\n\n|\Z)", SECTIONS[name], re.DOTALL)

    assert codes
    assert told
    in_help = set(re.findall(r"(?:^|\s|, )([012])(?= [a-z-])", codes[1]))
    assert in_help == set(re.findall(r"(?:^|; )([012])(?= )", told[1].replace("\n", " ")))
    assert {"0", "2"} <= in_help


def test_the_page_tells_every_variable_that_any_help_names() -> None:
    helps = "".join(parser.format_help() for parser in PARSERS.values()) + main.parser().format_help()
    named = set(re.findall(r"\b(?:WATCHPOST|ELASTICSEARCH|KIBANA|AWS)_[A-Z_]*[A-Z]\b", helps))

    assert {"WATCHPOST_STACK", "KIBANA_API_KEY", "ELASTICSEARCH_CA"} <= named
    assert all(f"`{one}`" in SECTIONS["Environment variables"] for one in named), named


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_the_page_tells_what_each_check_needs_to_read(check: Check) -> None:
    [row] = re.findall(rf"^\| `{check.name}` \|.*$", SECTIONS["doctor"], re.MULTILINE)

    # The templates are asked for in the same way as the cluster's health, which the row before tells.
    told = row.replace("| the same,", "| secretsmanager:GetSecretValue,").replace("`", "")
    assert all(one.replace("`", "") in told for one in check.needs)


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_prints_json_and_takes_the_stack_the_same_way(name: str) -> None:
    actions = {one: action for action in PARSERS[name]._actions for one in action.option_strings}

    assert ("--json" in actions) is (name != "completion")
    assert ("--stack" in actions) is (name not in ("completion", "parse", "config check"))


@pytest.mark.parametrize(
    ("variable", "arguments", "expected"),
    [(None, [], "watchpost"), ("", [], "watchpost"), ("wp", [], "wp"), ("wp", ["--stack", "other"], "other")],
)
def test_the_stack_is_that_of_the_option_else_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, arguments: list[str], expected: str
) -> None:
    monkeypatch.delenv("WATCHPOST_STACK", raising=False)
    if variable is not None:
        monkeypatch.setenv("WATCHPOST_STACK", variable)

    for name in ("subscriptions", "plan", "apply", "replay", "doctor", "errors", "search", "tail"):
        assert main.parser(name).parse_args([name, *arguments]).stack == expected


def test_the_help_is_one_screen_in_groups(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main(["--help"])

    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert len(shown.splitlines()) <= 40
    for title, commands in main.GROUPS:
        assert f"\n{title}:\n" in shown
        assert all(
            re.search(rf"^  {name} +{re.escape(summary)}$", shown, re.MULTILINE) for name, _, summary in commands
        )


@pytest.mark.parametrize(
    ("arguments", "not_imported"),
    [
        (["--help"], ["boto3", "botocore", "elasticsearch", "shtab", "requests", "yaml"]),
        (["--version"], ["boto3", "botocore", "elasticsearch", "shtab", "requests", "yaml"]),
        (["parse", "--help"], ["boto3", "elasticsearch", "shtab", "requests", "notifier", "provisioner"]),
        (["config", "check", "--help"], ["elasticsearch", "shtab", "requests", "notifier", "provisioner", "shipper"]),
    ],
)
def test_a_command_does_not_wait_for_what_others_need(arguments: list[str], not_imported: list[str]) -> None:
    code = (
        "import sys, json, contextlib, io\n"
        "from watchpost_cli.main import main\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        f"    main({arguments!r})\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert set(not_imported) & set(json.loads(found.stdout)) == set()


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main(["--version"])

    assert ended.value.code == 0
    assert re.fullmatch(r"watchpost \d+\.\d+\.\d+\n", capsys.readouterr().out)


def _failing(error: BaseException) -> Callable[[argparse.Namespace], int]:
    def run(_: argparse.Namespace) -> int:
        raise error

    return run


def test_an_error_that_nobody_thought_of_is_one_line_without_what_it_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("WATCHPOST_DEBUG", raising=False)
    monkeypatch.setattr(completion, "run", _failing(ZeroDivisionError("hunter2")))

    assert main.main(["completion", "bash"]) == 2

    told = capsys.readouterr().err
    assert "ZeroDivisionError" in told
    assert "WATCHPOST_DEBUG=1" in told
    assert told.count("\n") == 1
    assert "hunter2" not in told


def test_an_error_that_nobody_thought_of_is_shown_in_full_to_who_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHPOST_DEBUG", "1")
    monkeypatch.setattr(completion, "run", _failing(ZeroDivisionError("why")))

    with pytest.raises(ZeroDivisionError, match="why"):
        main.main(["completion", "bash"])


def _shell(line: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Have a shell run a line in which `watchpost` is this version's, with nothing of this process's variables."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), **variables}
    script = f'watchpost() {{ "{sys.executable}" -m watchpost_cli "$@"; }}\n{line}'
    return subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, encoding="latin-1", check=False, env=environment
    )


@pytest.mark.parametrize("arguments", ["--help", "--version", "completion bash", "config check nothing.yaml --help"])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_output_that_cannot_be_written_is_one_line(arguments: str) -> None:
    ended = _shell(f"watchpost {arguments} > /dev/full")

    assert ended.returncode == 2
    assert ended.stderr == "watchpost: the output cannot be written: No space left on device.\n"


@pytest.mark.parametrize("arguments", ["--version", "completion bash"])
def test_who_closes_the_output_gets_the_exit_code_only(arguments: str) -> None:
    ended = _shell(f"watchpost {arguments} >&- <&-")

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_a_mistake_that_nobody_can_be_told_of_is_an_exit_code() -> None:
    assert _shell("watchpost replay --since yesterday 2>&-").returncode == 2


@pytest.mark.parametrize(
    "variables", [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "latin-1"}]
)
def test_what_the_shells_encoding_lacks_is_shown_as_an_escape(variables: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "lines.log").write_text("Größe 漢字\n", encoding="utf-8")

    ended = _shell(f"watchpost parse '{tmp_path}/lines.log'; watchpost replay --since 漢", **variables)

    assert ended.returncode == 2
    assert "\\u6f22\\u5b57" in ended.stdout
    assert "no time" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://u:s3cr3t@[::1", "[::1"),
        ("localhost:9200", "localhost:9200"),
        ("http://u:s3cr3t@host:port", "host:port"),
        ("https://", "https://"),
    ],
)
def test_an_address_of_elasticsearch_that_is_none_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str, shown: str
) -> None:
    monkeypatch.setenv("ELASTICSEARCH_URL", url)
    monkeypatch.setenv("ELASTICSEARCH_API_KEY", "key")

    assert main.main(["search", "--environment", "dev"]) == 2

    told = capsys.readouterr().err
    assert told == f"watchpost: ELASTICSEARCH_URL is no URL: {shown}. Write https://host:port.\n"


def test_a_time_that_is_none_ends_the_command_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["replay", "--since", "yesterday"]) == 2

    told = capsys.readouterr().err
    assert told.startswith("watchpost: 'yesterday' is no time.")
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("45s", timedelta(seconds=45)),
        ("15m", timedelta(minutes=15)),
        ("1h", timedelta(hours=1)),
        ("2d", timedelta(days=2)),
        ("1w", timedelta(weeks=1)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T08:00:30+01:00", datetime(2026, 11, 20, 7, 0, 30, tzinfo=UTC)),
        ("2026-11-20T08:00Z", datetime(2026, 11, 20, 8, tzinfo=UTC)),
    ],
)
def test_since_is_a_span_or_a_time_in_utc(text: str, expected: object) -> None:
    assert common.since(text) == expected


@given(st.text(max_size=30))
def test_since_takes_a_text_or_refuses_it_with_an_error_for_people(text: str) -> None:
    refused: CliError | None = None
    try:
        found = common.moment(text, NOW)
    except CliError as error:
        refused = error

    assert found.tzinfo is UTC if refused is None else "is no time" in str(refused)


def test_the_longest_span_is_taken_or_refused_and_never_breaks() -> None:
    assert common.moment("999999m", NOW) == NOW - timedelta(minutes=999_999)
    for text in ("999999d", "999999w", "1000000m"):
        with pytest.raises(CliError, match="is no time"):
            common.moment(text, NOW)
