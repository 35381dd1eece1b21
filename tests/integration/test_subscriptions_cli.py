"""`watchpost subscriptions` shows the ledger of the stack, and tells what is to be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest

from tests.integration.ledger_world import NAME
from tests.integration.subscriptions_shell import EVIL, SINCE, Shell, covered, entry, opened

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    with opened(monkeypatch, capsys) as made:
        yield made


def test_a_ledger_in_which_all_is_covered_ends_with_zero(shell: Shell) -> None:
    shell.ledger.put([covered("/shop", "shop"), entry("/rds", "skipped", rule="rule rds")])
    shell.ended()

    code, out, err = shell.run()

    assert (code, err) == (0, "")
    assert out.index("/rds") < out.index("/shop")
    for part in ("skipped", "rule rds", "covered", "2026-11-21 08:00", "The last sweep ended", "2 log groups"):
        assert part in out
    assert shell.world.requests.total() == 0


def test_a_blocked_group_ends_with_one_and_names_who_holds_the_places(shell: Shell) -> None:
    shell.ledger.put([covered("/shop", "shop"), entry("/till", "blocked", held_by=("splunk", "audit"), missed=2)])
    shell.ended(problems=("an account policy of somebody else exists",))

    code, out, _ = shell.run()

    assert code == 1
    assert out.index("/till") < out.index("/shop")
    assert "held by splunk, audit" in out
    assert "Problem: an account policy of somebody else exists" in out
    listed = shell.json("--state", "covered")
    assert [group["logGroup"] for group in listed["groups"]] == ["/shop"]
    assert listed["counts"]["blocked"] == 1
    assert listed["sweep"]["problems"] == ["an account policy of somebody else exists"]


def test_an_empty_ledger_ends_with_one_and_says_what_to_do(shell: Shell) -> None:
    code, out, _ = shell.run()

    assert code == 1
    assert "no sweep has ended yet" in out


def test_a_service_that_nothing_belongs_to_is_said(shell: Shell) -> None:
    shell.ledger.put([covered("/shop", "shop")])
    shell.ended()

    code, out, _ = shell.run("--service", "nobody")

    assert code == 0
    assert "No log group is in that state or of that service." in out
    assert "/shop" not in out


def test_nothing_of_aws_commands_the_terminal(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    # given names, services and reasons with escape sequences, an entry that cannot be read, and tags of that kind
    shell.ledger.put(
        [
            entry(f"/a{EVIL}", "blocked", service=EVIL, rule=EVIL, reason=EVIL, held_by=(EVIL,)),
            entry(f"/b{EVIL}", "failed", reason=EVIL),
        ]
    )
    shell.ended(problems=(EVIL,), running=True, cursor=f"/a{EVIL}")
    shell.world.group("/shop", {"service": f"shop{EVIL}"})
    boto3.client("dynamodb").put_item(
        TableName=NAME, Item={"log_group": {"S": f"/c{EVIL}"}, "state": {"S": EVIL}, "since": {"S": SINCE}}
    )

    for arguments in ((), ("--plan",), ("--json",), ("--plan", "--json")):
        _, out, err = shell.run(*arguments)

        for character in ("\x1b", "\u202e"):
            assert character not in out
            assert character not in err
        assert "\\x1b[31m" in out or "\\u001b[31m" in out


@pytest.mark.parametrize(
    ("missing", "arguments"), [("LedgerTable", ()), ("LedgerTable", ("--plan",)), ("ConfigParameter", ("--plan",))]
)
def test_a_stack_of_an_older_version_is_told(shell: Shell, missing: str, arguments: tuple[str, ...]) -> None:
    del shell.outputs[missing]

    code, out, err = shell.run(*arguments)

    assert (code, out) == (2, "")
    assert f"has no output {missing}" in err


def test_a_ledger_that_is_not_there_is_told(shell: Shell) -> None:
    shell.outputs["LedgerTable"] = "none"

    code, out, err = shell.run()

    assert (code, out) == (2, "")
    assert "The ledger none cannot be read: " in err
