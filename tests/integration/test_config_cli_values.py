"""`watchpost config get`, `list` and `set` handle services' values where the client for services reads them."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws
from watchpost_client import config

from tests.integration.config_shell import REGION, Shell
from tests.integration.doctor_world import one_session
from tests.integration.provisioning_cli_shell import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BELOW = "/watchpost/wp/services"
MOST = 8_192  # bytes (Parameter Store, advanced parameters)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv(config.STACK, "wp")
    monkeypatch.delenv(config.PREFIX, raising=False)
    config.forget()
    with mock_aws():
        session = one_session()
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
        made = Shell(tmp_path, monkeypatch, capsys)
        session.events.register("before-call", made.before)
        yield made
        session.events.unregister("before-call", made.before)
    config.forget()


def _put(path: str, value: str, kind: str = "String") -> int:
    """Store something, as anybody may do."""
    answer = boto3.client("ssm").put_parameter(Name=f"{BELOW}/{path}", Value=value, Type=kind, Overwrite=True)
    return answer["Version"]


def _stored(path: str) -> tuple[str, str, int]:
    found = boto3.client("ssm").get_parameter(Name=f"{BELOW}/{path}", WithDecryption=True)["Parameter"]
    return found["Type"], found["Value"], found["Version"]


def _piped(data: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data), encoding="latin-1")


@pytest.mark.parametrize(
    "path", ["timeout", "payments/timeout", "/payments/retry/attempts/", "/".join("abcdefghijkl"), "a" * 500]
)
@pytest.mark.parametrize("options", [[], ["--secure"]])
def test_what_was_set_is_what_services_read(shell: Shell, path: str, options: list[str]) -> None:
    code, out, _ = shell.run("set", *options, path, "größer: 3")

    assert code == 0
    assert "has version 1 now (new)" in out
    assert config.get(path) == "größer: 3"
    assert shell.run("get", path)[1] == "größer: 3\n"
    assert _stored(path.strip("/"))[0] == ("SecureString" if options else "String")


def test_a_secure_string_is_under_the_stacks_own_key_also_when_it_is_overwritten(shell: Shell) -> None:
    for options in (["--secure", "payments/key", "k"], ["--yes", "payments/key", "--", "-k"]):
        assert shell.run("set", *options)[0] == 0

        [described] = boto3.client("ssm").describe_parameters()["Parameters"]
        assert (described["Type"], described["KeyId"]) == ("SecureString", "alias/wp")
    assert _stored("payments/key") == ("SecureString", "-k", 2)


def test_nothing_that_is_no_secure_string_becomes_one(shell: Shell) -> None:
    _put("hosts", "a,b", "StringList")

    code, _, err = shell.run("set", "--secure", "--yes", "hosts", "c")

    assert (code, _stored("hosts")) == (2, ("StringList", "a,b", 1))
    assert "is a StringList" in err
    # and without --secure the type stays
    assert shell.run("set", "--yes", "hosts", "c,d")[0] == 0
    assert _stored("hosts") == ("StringList", "c,d", 2)


@pytest.mark.parametrize(
    ("data", "value"),
    [(b"s3cret\n", "s3cret"), (b"s3cret\r\n", "s3cret"), (b"a\n\n", "a\n"), (b" \xc3\xa4", " ä"), (b"a\r", "a\r")],
)
def test_a_value_of_standard_input_loses_its_last_line_break_only(shell: Shell, data: bytes, value: str) -> None:
    code, out, err = shell.run("set", "--secure", "key", "-", stdin=_piped(data))

    assert (code, _stored("key")) == (0, ("SecureString", value, 1))
    assert "s3cret" not in out + err


@pytest.mark.parametrize(("answer", "code"), [("yes\n", 0), ("no\n", 1), ("", 1)])
def test_only_yes_overwrites_a_value_and_both_versions_are_told(shell: Shell, answer: str, code: int) -> None:
    _put("timeout", "1")

    ended, out, err = shell.run("set", "timeout", "2", stdin=Terminal(answer))

    assert (ended, _stored("timeout")) == (code, ("String", "1", 1) if code else ("String", "2", 2))
    assert "has version 1 (String)" in out
    assert "Overwrite it? yes/no" in err
    assert ("has version 2 now (version 1 before)" in out) is (code == 0)


@pytest.mark.parametrize("arguments", [["timeout", "-"], ["--json", "timeout", "2"]])
def test_nothing_is_overwritten_where_nobody_can_be_asked(shell: Shell, arguments: list[str]) -> None:
    _put("timeout", "1")

    code, out, err = shell.run("set", *arguments, stdin=_piped(b"2"))

    assert (code, out, _stored("timeout")) == (2, "", ("String", "1", 1))
    assert "--yes" in err


def test_json_tells_both_versions(shell: Shell) -> None:
    first, second = (shell.json("set", "--yes", "a/b", value)[1] for value in "12")

    record = {"stack": "wp", "path": "a/b", "parameter": f"{BELOW}/a/b", "type": "String"}
    assert first == {**record, "old_version": None, "version": 1}
    assert second == {**record, "old_version": 1, "version": 2}


def test_what_somebody_stored_while_we_asked_is_not_overwritten(shell: Shell) -> None:
    _put("timeout", "1")

    meanwhile = Terminal("yes\n", before=lambda: _put("timeout", "3") and None)
    code, _, err = shell.run("set", "timeout", "2", stdin=meanwhile)

    assert (code, _stored("timeout")) == (1, ("String", "3", 2))
    assert "has version 2 now, and version 1 was there before" in err


@pytest.mark.parametrize(("there", "expected", "told"), [(True, "2", "over version 2"), (False, "3", "somebody else")])
def test_of_two_at_the_same_moment_the_second_is_told_of_the_first(
    shell: Shell, there: bool, expected: str, told: str
) -> None:
    """Parameter Store has a conditional write for the first version only: of others it can be told."""
    if there:
        _put("timeout", "1")

    def between(**_: Any) -> None:
        if not theirs:
            theirs.append(0)  # what comes now is theirs, and has nobody in between
            theirs.append(_put("timeout", "3"))

    theirs: list[int] = []
    assert boto3.DEFAULT_SESSION
    boto3.DEFAULT_SESSION.events.register("before-call.ssm.PutParameter", between)
    code, _, err = shell.run("set", "--yes", "timeout", "2")
    boto3.DEFAULT_SESSION.events.unregister("before-call.ssm.PutParameter", between)

    assert (code, _stored("timeout")[1]) == (1, expected)
    assert told in err


@pytest.mark.parametrize(("value", "code"), [("ä" * (MOST // 2), 0), ("ä" * (MOST // 2) + "a", 2), ("a", 0), ("", 2)])
@pytest.mark.parametrize("piped", [True, False])
def test_what_services_could_not_read_is_refused_before_anything_is_written(
    shell: Shell, value: str, code: int, piped: bool
) -> None:
    given = _piped(f"{value}\r\n".encode() if value else b"\n")

    ended, _, err = shell.run("set", "timeout", "-" if piped else value, stdin=given)

    assert ended == code
    assert shell.writes == ([] if code else ["PutParameter"])
    assert ("ää" in err, bool(err)) == (False, code == 2)


@pytest.mark.parametrize("data", [b"\xff", "ä".encode() * MOST])
def test_what_is_no_text_or_has_no_end_is_refused(shell: Shell, data: bytes) -> None:
    code, _, err = shell.run("set", "key", "-", stdin=_piped(data))

    assert (code, shell.writes) == (2, [])
    assert ("UTF-8" in err) is (data == b"\xff")


@pytest.mark.parametrize("path", ["", "/", "a b", "a//b", "a@b", "ä", "..\n", "a" * 501, "/".join("abcdefghijklm")])
@pytest.mark.parametrize("part", ["get", "set", "list"])
def test_a_path_that_none_can_have_is_refused(shell: Shell, part: str, path: str) -> None:
    code, out, err = shell.run(part, path, *(["1"] if part == "set" else []))

    assert (code, out, shell.writes) == (2, "", [])
    assert "path" in err
    assert err.count("\n") == 1


def test_a_value_that_there_is_not_is_another_exit_code_than_trouble(shell: Shell) -> None:
    code, out, err = shell.run("get", "timeout")

    assert (code, out) == (1, "")
    assert f"There is no parameter {BELOW}/timeout" in err


def test_get_tells_machines_type_and_version(shell: Shell) -> None:
    _put("a/b", "1", "SecureString")

    code, record = shell.json("get", "a/b")

    assert code == 0
    assert record.pop("modified").endswith("Z")
    place = {"stack": "wp", "path": "a/b", "parameter": f"{BELOW}/a/b"}
    assert record == {**place, "type": "SecureString", "version": 1, "value": "1"}


@pytest.mark.parametrize(("terminal", "shown"), [(True, "\\x1b[31m\nb\n"), (False, "\x1b[31m\nb\n")])
def test_a_value_commands_no_terminal_and_is_whole_for_programs(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, terminal: bool, shown: str
) -> None:
    _put("a", "\x1b[31m\nb")
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)

    assert shell.run("get", "a")[1] == shown


def _fill() -> None:
    for number in range(12):  # more than the ten of a page
        _put(f"many/{number:02}", "v")
    _put("payments/key", "hidden-1", "SecureString")
    _put("payments/timeout", "\x1b[31m2.5")
    boto3.client("ssm").put_parameter(Name="/watchpost/other/services/payments/x", Value="1", Type="String")
    for name in (
        "watchpost/wp/services/payments/db",
        "watchpost/wp/services-x/a",
        "watchpost/other/services/payments/y",
    ):
        boto3.client("secretsmanager").create_secret(Name=name, SecretString="hidden-2")


def test_list_tells_parameters_and_secrets_of_the_stack_without_what_is_hidden(shell: Shell) -> None:
    assert shell.run("list") == (0, f"There is nothing below {BELOW}.\n", "")
    _fill()

    code, out, _ = shell.run("list")
    _, record = shell.json("list")

    assert code == 0
    assert "hidden" not in out + str(record)
    assert "\x1b" not in out
    assert [row["path"] for row in record["values"]] == [
        *(f"many/{number:02}" for number in range(12)),
        *("payments/db", "payments/key", "payments/timeout"),
    ]
    assert all(row["path"] in out and row["modified"].endswith("Z") for row in record["values"])


def test_list_of_a_path_has_what_is_below_it_and_shows_what_is_asked_for(shell: Shell) -> None:
    _fill()

    hidden, shown = [shell.json("list", *more, "payments")[1] for more in ([], ["--show"])]

    rows = [[row[key] for key in ("path", "type", "version", "value")] for row in shown["values"]]
    assert rows == [
        ["payments/db", "secret", None, None],
        ["payments/key", "SecureString", 1, "hidden-1"],
        ["payments/timeout", "String", 1, "\x1b[31m2.5"],
    ]
    assert [row["value"] for row in hidden["values"]] == [None, None, "\x1b[31m2.5"]
    assert (shown["below"], shown["unread"]) == (f"{BELOW}/payments", None)
    assert "hidden-1" in shell.run("list", "--show")[1]


def test_parameters_are_listed_where_secrets_may_not_be(shell: Shell) -> None:
    def refuse(**_: Any) -> Any:
        error = {"Error": {"Code": "AccessDeniedException", "Message": "you may not"}}
        return SimpleNamespace(status_code=403), {**error, "ResponseMetadata": {"HTTPStatusCode": 403}}

    _fill()
    assert boto3.DEFAULT_SESSION
    boto3.DEFAULT_SESSION.events.register_first("before-call.secretsmanager.ListSecrets", refuse)
    code, out, err = shell.run("list", "payments")
    record = shell.json("list", "payments")[1]
    boto3.DEFAULT_SESSION.events.unregister("before-call.secretsmanager.ListSecrets", refuse)

    assert code == 1
    assert "payments/timeout" in out
    assert "AccessDeniedException" in err
    assert "AccessDeniedException" in record["unread"]


def test_a_name_that_no_stack_has_is_refused(shell: Shell) -> None:
    code, _, err = shell.run("set", "--stack", "wp/services/x", "a", "1")

    assert (code, shell.writes) == (2, [])
    assert "no name of a stack" in err
