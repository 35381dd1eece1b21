"""`watchpost apply` shows the plan, asks, does it, and does nothing the second time."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from tests.integration.provisioning_cli_shell import Shell, Terminal, opened
from tests.unit.provisioner.world import PLAIN, named

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADDED = "orders-api: duration > 27,000, error-rate > 5, errors >= 1, recursion > 0, throttles >= 1\n"


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Shell]:
    with opened(monkeypatch, capsys, tmp_path) as made:
        made.world.function("orders-api")
        yield made


def test_the_first_apply_adds_everything_and_the_second_says_that_nothing_is_to_do(shell: Shell) -> None:
    # given a service without alarms
    # when it is applied twice
    code, out, _ = shell.run("apply", "--yes")
    first = list(shell.writes)
    again, second, _ = shell.run("apply", "--yes")

    # then the first shows the plan and what was done
    assert code == 0
    assert f"  + {ADDED}" in out
    assert out.index("Plan: ") < out.index("Applied: ")
    assert shell.world.alarms().keys() >= named(*PLAIN)
    assert "wp-orders" in shell.world.dashboards()
    assert first
    # and the second writes nothing and says so
    assert again == 0
    assert shell.writes == []
    assert "Nothing to change: " in second
    assert "Applied" not in second
    assert shell.run("plan")[0] == 0


def test_what_was_planned_is_what_is_done(shell: Shell) -> None:
    planned = shell.json("plan")["changes"]
    done = shell.json("apply", "--yes")

    assert done["changes"] == planned
    assert done["applied"] is True
    assert shell.json("apply", "--yes")["changes"] == []


@pytest.mark.parametrize("answer", ["yes\n", " YES \n"])
def test_it_is_done_when_somebody_says_yes(shell: Shell, answer: str) -> None:
    code, out, err = shell.run("apply", stdin=Terminal(answer))

    assert code == 0
    assert "Apply? yes/no" in err
    assert "Applied: " in out
    assert shell.writes


@pytest.mark.parametrize("answer", ["no\n", "\n", "", "y\n"])
def test_nothing_is_done_when_somebody_says_anything_else(shell: Shell, answer: str) -> None:
    code, out, err = shell.run("apply", stdin=Terminal(answer))

    assert code == 1
    assert "Plan: " in out
    assert "Nothing was changed." in err
    assert shell.writes == []


def test_nobody_is_asked_when_there_is_nothing_to_do(shell: Shell) -> None:
    shell.run("apply", "--yes")

    code, _, err = shell.run("apply", stdin=Terminal("no\n"))

    assert code == 0
    assert "Apply?" not in err


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_without_a_terminal_it_is_refused_unless_it_is_told_yes(shell: Shell, arguments: tuple[str, ...]) -> None:
    shell.outputs.clear()  # before anything is asked of the account

    code, out, err = shell.run("apply", *arguments, stdin=io.StringIO("yes\n"))

    assert (code, out) == (2, "")
    assert "add --yes" in err
    assert shell.writes == []


def test_what_changed_between_the_plan_and_the_answer_is_done_and_told(shell: Shell) -> None:
    terminal = Terminal("yes\n", before=lambda: shell.world.function("orders-new"))

    code, out, _ = shell.run("apply", stdin=terminal)

    assert code == 0
    beside = out[out.index("The account changed since the plan") :]
    assert f"  + {ADDED.replace('orders-api', 'orders-new')}" in beside
    assert "orders-api" not in beside


def test_one_that_fails_does_not_stop_the_others_and_is_named(shell: Shell) -> None:
    shell.refuse("cloudwatch", "PutMetricAlarm", lambda text: "throttles" in text)

    code, out, _ = shell.run("apply", "--yes")

    assert code == 1
    result = out[out.index("Not done") :]
    assert "wp/orders/orders-api/throttles: AccessDeniedException" in result
    assert ", 1 not done" in result
    assert named("errors", "duration") <= shell.world.alarms().keys()


def test_what_the_function_would_take_back_is_told(shell: Shell, tmp_path: Path) -> None:
    config = tmp_path / "watchpost.yaml"
    config.write_text("alarms: {lambda.throttles: {enabled: false}}\n")

    _, _, err = shell.run("apply", "--yes", "--config", str(config))

    assert "its next run changes everything back" in err
    assert "wp/orders/orders-api/throttles" not in shell.world.alarms()


def test_mass_deletions_need_the_option(shell: Shell) -> None:
    for name in ("one", "two"):
        shell.world.function(name)
    shell.run("apply", "--yes")
    for name in ("one", "two"):
        shell.world.client("lambda").delete_function(FunctionName=name)

    refused, _, _ = shell.run("apply", "--yes")
    kept = set(shell.world.alarms())
    allowed, _, _ = shell.run("apply", "--yes", "--allow-mass-deletion")

    assert (refused, allowed) == (1, 0)
    assert kept >= named(*PLAIN, function="one")
    assert not set(shell.world.alarms()) & named(*PLAIN, function="one")


def test_progress_is_told_on_standard_error(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watchpost_cli.progress.EVERY_CHANGES", 2)

    _, out, err = shell.run("apply", "--yes")

    assert "2 of " in err
    assert " changes\n" in err
    assert "2 of " not in out
