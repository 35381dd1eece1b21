"""`watchpost subscriptions --plan` reads account, ledger and configuration, changes nothing, and tells what would."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.logs_account.world import Refusal
from tests.integration.subscriptions_shell import EVIL, READS, SHIPPER, STREAM, Shell, covered, opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    with opened(monkeypatch, capsys) as made:
        yield made


def test_a_plan_tells_each_decision_and_change_and_changes_nothing(shell: Shell) -> None:
    # given a stack with a ledger, and an account that has changed since the last sweep
    shell.configure(
        json.dumps(
            {
                "subscriptions": {
                    "rules": [
                        {"name": "databases", "match": {"prefix": "/aws/rds/"}, "exclude": True},
                        {
                            "name": "containers",
                            "match": {"regex": "^/ecs/(?P<who>[^/]+)"},
                            "service": {"capture": "who"},
                        },
                    ]
                }
            }
        )
    )
    shell.world.function("orders", {"service": "till"})
    shell.world.group("/aws/lambda/orders", retention=30)
    shell.world.group("/aws/lambda/wp-shipper", {"watchpost:stack": "wp"})
    shell.world.group("/aws/rds/one", retention=30)
    shell.world.group("/ecs/checkout", retention=30)
    shell.world.group("/ecs/new")
    shell.ledger.put(
        [
            covered("/aws/lambda/orders", "orders"),
            covered("/aws/rds/one", "one"),
            covered("/ecs/checkout", "checkout"),
            covered("/gone", "gone"),
        ]
    )
    shell.ended()
    before = (shell.ledger.read(), shell.ledger.sweep())

    # when a plan is asked for
    code, out, err = shell.run("--plan")
    plan = shell.json("--plan")

    # then each group has its decision, what changes comes first, and nothing was changed
    assert (code, err) == (0, "")
    decided = {one["logGroup"]: (one["action"], one["service"], one["rule"]) for one in plan["groups"]}
    assert decided == {
        "/aws/rds/one": ("skip", None, "rule databases"),
        "/ecs/new": ("subscribe", "new", "rule containers"),
        "/aws/lambda/orders": ("subscribe", "till", "default"),
        "/ecs/checkout": ("subscribe", "checkout", "rule containers"),
        "/aws/lambda/wp-shipper": ("skip", None, "recursion guard"),
    }
    assert list(decided) == [one["logGroup"] for one in plan["groups"]]
    assert shell.changes() == {
        "/aws/rds/one": [("unsubscribe", "one", None)],
        "/ecs/new": [("subscribe", None, "new"), ("retention", None, 30)],
        "/aws/lambda/orders": [("rename", "orders", "till")],
    }
    assert plan["gone"] == ["/gone"]
    for part in (
        "unsubscribe",
        "rename orders -> till",
        "set retention 30 d",
        "1 log group of the ledger",
        "5 log groups",
    ):
        assert part in out
    assert (shell.ledger.read(), shell.ledger.sweep()) == before
    assert set(shell.world.requests) <= READS


def test_a_plan_goes_by_a_file_and_compares_filter_patterns_with_those_in_force(shell: Shell, tmp_path: Path) -> None:
    shell.world.group("/shop", retention=30)
    shell.world.group("/till", retention=90)
    shell.ledger.put([covered("/shop", "shop"), covered("/till", "till")])
    shell.ended()
    config = tmp_path / "watchpost.yaml"
    config.write_text(
        "subscriptions:\n  default: exclude\n  rules:\n"
        "    - {name: shop, match: {glob: /shop}, filter_pattern: '?ERROR'}\n"
    )

    assert shell.changes() == {}
    assert shell.changes("--config", str(config)) == {
        "/shop": [("pattern", "", "?ERROR")],
        "/till": [("unsubscribe", "till", None)],
    }


def test_a_mistake_in_a_file_is_told_with_its_path_and_ends_with_two(shell: Shell, tmp_path: Path) -> None:
    config = tmp_path / "watchpost.yaml"
    config.write_text("subscriptions: {default: perhaps}\n")
    shell.outputs.clear()  # it is told before anything is asked of the account

    code, out, err = shell.run("--plan", "--config", str(config))

    assert (code, out) == (2, "")
    assert "configuration.subscriptions.default" in err
    assert "watchpost.yaml" in err


def test_a_file_without_a_plan_is_refused(shell: Shell) -> None:
    code, out, err = shell.run("--config", "watchpost.yaml")

    assert (code, out) == (2, "")
    assert "add --plan" in err


def test_a_plan_goes_by_the_last_good_configuration_and_says_what_is_wrong_with_the_newest(shell: Shell) -> None:
    shell.world.group("/shop", retention=30)
    shell.configure('{"logs": {"exclude": ["/shop"]}}')
    shell.configure('{"logs": {"exclude": 7}}')

    plan = shell.json("--plan")

    assert [one["rule"] for one in plan["groups"]] == ["logs.exclude: /shop"]
    assert "configuration.logs.exclude" in plan["problems"][0]


def test_who_reads_the_stream_is_not_subscribed(shell: Shell) -> None:
    shell.parameters["Delivery"] = "kinesis"
    shell.world.mapping(STREAM, "wp-reader")
    shell.world.group("/aws/lambda/wp-reader", retention=30)
    shell.world.group("/shop", retention=30)
    shell.ledger.put([covered("/shop", "shop")])

    plan = shell.json("--plan")

    decided = {one["logGroup"]: (one["action"], one["rule"]) for one in plan["groups"]}
    assert decided == {"/aws/lambda/wp-reader": ("skip", "recursion guard"), "/shop": ("subscribe", "default")}
    assert shell.changes() == {"/shop": [("redirect", SHIPPER, STREAM)]}


def test_many_groups_are_read_page_by_page_with_progress_on_standard_error(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watchpost_cli.reading._TELL_EVERY", 50)
    for number in range(120):
        shell.world.group(f"/g/{number:03}", {"service": f"s{number}"}, retention=30)

    code, out, err = shell.run("--plan")

    assert code == 0
    assert "120 log groups: 120 to be covered" in out
    assert "s119" in out
    assert "50 log groups\n100 log groups\n" in err
    assert shell.world.requests["DescribeLogGroups"] == 3
    assert shell.world.requests["GetResources"] == 2


@pytest.mark.parametrize(("operation", "told"), [("DescribeLogGroups", "The log groups"), ("GetResources", "The tags")])
def test_a_refusal_of_aws_ends_with_two_and_one_sentence(shell: Shell, operation: str, told: str) -> None:
    def refuse(_: Any) -> None:
        raise Refusal("AccessDeniedException", f"you may not {EVIL}")

    shell.world.before(operation, refuse)

    code, out, err = shell.run("--plan")

    assert (code, out) == (2, "")
    assert err.startswith(f"watchpost: {told} cannot be read: ")
    assert "AccessDeniedException" in err
    assert err.count("\n") == 1
    assert "\x1b" not in err


def test_what_cannot_be_found_out_for_the_guard_is_told(shell: Shell) -> None:
    def refuse(_: Any) -> None:
        raise Refusal("AccessDeniedException", "no")

    shell.parameters["Delivery"] = "kinesis"
    shell.world.before("ListEventSourceMappings", refuse)

    assert "recursion guard does not know" in shell.json("--plan")["problems"][0]
