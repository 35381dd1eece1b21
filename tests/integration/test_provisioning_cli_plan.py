"""`watchpost plan` runs the provisioner's code against the account, writes nothing, and tells what would change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3
import pytest
from watchpost import aws

from tests.integration.provisioning_cli_shell import FUNCTION, PARAMETER, Shell, opened
from tests.integration.services_account.account import make_ledger
from tests.unit.provisioner.world import PLAIN, named, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMPOSITE = "wp/orders/service/unhealthy"
LOGS = "wp/orders/logs/errors"
ADDED = "orders-api: duration > 27,000, error-rate > 5, errors >= 1, recursion > 0, throttles >= 1\n"


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Shell]:
    with opened(monkeypatch, capsys, tmp_path) as made:
        yield made


def test_a_plan_of_a_new_service_adds_everything_and_writes_nothing(shell: Shell) -> None:
    # given a service without alarms
    shell.world.function("orders-api")

    # when a plan is asked for, for people and for machines
    code, out, _ = shell.run("plan")
    told = shell.json("plan")

    # then it names everything that would be added, why others are not, and what it costs
    assert code == 1
    assert f"orders\n  + logs: errors >= 5\n  + {ADDED}" in out
    assert "part of another stack of Watchpost" in out
    assert f"By the parameter {PARAMETER}.\nPlan: " in out
    added = {change["name"] for change in told["changes"]}
    assert added >= named(*PLAIN) | {LOGS, COMPOSITE, "wp-orders"}
    assert {change["action"] for change in told["changes"]} == {"add"}
    assert told["counts"]["add"] == len(told["changes"])
    assert f"Plan: {len(added)} to add, 0 to change, 0 to delete; cost 0.00 USD -> " in out
    assert told["cost"]["after"] > told["cost"]["before"] == 0
    assert told["applied"] is False
    # and nothing was written
    assert shell.writes == []
    assert shell.world.alarms() == {}


def test_a_plan_tells_each_field_that_changes_and_what_is_deleted(shell: Shell) -> None:
    # given a service that was applied, and has changed since
    shell.world.function("orders-api")
    shell.world.function("orders-old")
    assert shell.run("apply", "--yes")[0] == 0
    lambda_ = shell.world.client("lambda")
    lambda_.update_function_configuration(FunctionName="orders-api", Timeout=10)
    lambda_.delete_function(FunctionName="orders-old")

    # when a plan is asked for
    code, out, _ = shell.run("plan")
    told = shell.json("plan")

    # then it names the field with both values, and all alarms that go
    assert code == 1
    assert "  ~ orders-api/duration  Threshold: 27,000 -> 9,000\n" in out
    assert "  - orders-old: duration, error-rate, errors, recursion, throttles\n" in out
    [what] = [change["what"] for change in told["changes"] if change["name"] == "wp/orders/orders-api/duration"]
    assert what == [{"field": "Threshold", "before": 27_000, "after": 9_000}]
    assert told["cost"]["after"] < told["cost"]["before"]
    assert shell.writes == []


def test_a_plan_goes_by_a_file_and_says_so(shell: Shell, tmp_path: Path) -> None:
    shell.world.function("orders-api")
    config = tmp_path / "watchpost.yaml"
    config.write_text("alarms: {lambda.throttles: {enabled: false}}\n")

    _, out, _ = shell.run("plan", "--config", str(config), "--all")

    assert ADDED.replace(", throttles >= 1", "") in out
    assert f"By the file {config}." in out
    assert "  orders/orders-api, throttles: excluded by watchpost.yaml" in out


def test_what_the_budget_leaves_out_and_tags_that_nobody_understands_are_named(shell: Shell, tmp_path: Path) -> None:
    # given a budget for fewer alarms than there would be, and a tag that is a mistake
    shell.world.function("orders-api", Tags={"service": "orders", "watchpost:duration": "soon"})
    config = tmp_path / "watchpost.yaml"
    config.write_text("alarms: {monthly_budget: 0.9}\n")

    code, out, _ = shell.run("plan", "--config", str(config))
    told = shell.json("plan", "--config", str(config))

    assert code == 1
    assert told["cost"]["after"] <= 0.9
    assert {one["reason"] for one in told["leftOut"]} == {"over the monthly budget of 0.9 USD"}
    left_out = out[out.index("Left out for the budget") : out.index("Warnings:")]
    assert all(f"  {one['name']}: over the monthly budget of 0.9 USD\n" in left_out for one in told["leftOut"])
    assert "watchpost:duration" in out[out.index("Warnings:") :]


def test_a_plan_reads_the_configuration_that_was_just_stored(shell: Shell) -> None:
    shell.world.function("orders-api")
    before = shell.changes()["add"]
    shell.configure({"alarms": {"lambda.throttles": {"enabled": False}}})

    assert set(before) - set(shell.changes()["add"]) == {"wp/orders/orders-api/throttles"}


@pytest.mark.parametrize("content", ["alarms: {lambda.nothing: {enabled: false}}", "alarms: {lambda.errors: {x: 1}}"])
def test_a_mistake_in_a_file_is_told_with_its_path_and_ends_with_two(
    shell: Shell, tmp_path: Path, content: str
) -> None:
    config = tmp_path / "watchpost.yaml"
    config.write_text(content)

    code, out, err = shell.run("plan", "--config", str(config))

    assert (code, out) == (2, "")
    assert str(config) in err
    assert "configuration.alarms.lambda." in err


def test_a_mistake_in_the_configuration_in_force_names_the_parameter(shell: Shell) -> None:
    shell.configure({"alarms": {"lambda.nothing": {"enabled": False}}})

    code, out, err = shell.run("plan")

    assert (code, out) == (2, "")
    assert PARAMETER in err
    assert "configuration.alarms.lambda.nothing" in err


def test_a_mistake_in_a_definition_names_file_and_path_and_leaves_all_alarms(shell: Shell) -> None:
    # given a service that was applied, and a definition that somebody broke
    shell.world.function("orders-api")
    shell.run("apply", "--yes")
    before = shell.world.alarms()
    assert shell.definitions
    file = shell.definitions / "services" / "lambda.yaml"
    file.write_text(file.read_text().replace("severity: critical", "severity: dreadful", 1))

    for command in (("plan",), ("apply", "--yes")):
        code, out, err = shell.run(*command)

        assert (code, out) == (2, "")
        assert "services/lambda.yaml" in err
        assert "severity" in err
        assert shell.writes == []
    assert shell.world.alarms().keys() == before.keys()


def test_a_folder_without_definitions_is_refused_before_anything_is_asked(shell: Shell, tmp_path: Path) -> None:
    shell.outputs.clear()
    shell.definitions = tmp_path

    code, out, err = shell.run("plan")

    assert (code, out) == (2, "")
    assert f"{tmp_path} has no folder services/" in err


def test_without_a_folder_the_definitions_of_the_installation_count(shell: Shell) -> None:
    # given a queue, of which the folder of the other tests knows nothing
    make_ledger(shell.world.account.settings.ledger_table)
    boto3.client("sqs").create_queue(QueueName="letters", tags={"service": "orders"})
    shell.definitions = None

    code, out, _ = shell.run("plan")

    assert code == 1
    assert "\norders\n  + letters: " in f"\n{out}"


def test_what_may_not_be_read_stays_and_is_told_and_ends_with_one(shell: Shell) -> None:
    # given a service that was applied, and a permission that was taken away
    shell.world.function("orders-api")
    shell.run("apply", "--yes")
    shell.refuse("lambda", "GetFunctionConcurrency")

    code, out, _ = shell.run("plan")

    # then nothing of it would be deleted, and the plan says why
    assert code == 1
    assert "AccessDeniedException" in out
    assert "Nothing to change: " in out
    assert shell.json("plan")["failed"][0]["name"] == "orders/lambda/orders-api"


def test_so_many_deletions_are_refused_unless_they_are_allowed(shell: Shell) -> None:
    # given two functions, that go, with all their alarms
    for name in ("one", "two", "three"):
        shell.world.function(name)
    shell.run("apply", "--yes")
    for name in ("one", "two"):
        shell.world.client("lambda").delete_function(FunctionName=name)

    _, refused, _ = shell.run("plan")
    _, allowed, _ = shell.run("plan", "--allow-mass-deletion")

    assert "add --allow-mass-deletion" in refused
    assert "  - one: " not in refused
    assert "  - one: duration, error-rate, errors, recursion, throttles\n" in allowed
    assert "add --allow-mass-deletion" not in allowed


def test_a_stack_without_a_provisioner_is_told(shell: Shell) -> None:
    shell.outputs.clear()

    code, out, err = shell.run("plan")

    assert (code, out) == (2, "")
    assert "has no output ProvisionerFunction" in err


def test_a_function_of_another_version_is_told_by_the_setting_that_it_lacks(shell: Shell) -> None:
    client = boto3.client("lambda")
    client.update_function_configuration(FunctionName=FUNCTION, Environment={"Variables": {"STACK": "wp"}})

    code, out, err = shell.run("plan")

    assert (code, out) == (2, "")
    assert "ENVIRONMENT" in err
    assert "another version" in err


def test_a_refusal_of_the_configuration_ends_with_two_and_one_sentence(shell: Shell) -> None:
    refuse(aws.ssm(), "GetParameter")

    code, out, err = shell.run("plan")

    assert (code, out) == (2, "")
    assert f"watchpost: the parameter {PARAMETER} cannot be read: " in err
    assert "Traceback" not in err


def test_text_from_tags_is_data(shell: Shell) -> None:
    shell.world.function("orders-api", service="[bold]orders")

    _, out, _ = shell.run("plan")

    assert out.startswith("[bold]orders\n  + logs: errors >= 5\n")


def test_a_preview_draws_all_dashboards_as_they_would_be(shell: Shell, tmp_path: Path) -> None:
    shell.world.function("orders-api")
    page = tmp_path / "dashboards.html"

    code, _, err = shell.run("plan", "--preview", str(page))

    assert code == 1, err
    assert "wp-orders" in page.read_text(encoding="utf-8")
    assert shell.writes == []


def test_a_preview_that_cannot_be_written_ends_with_two(shell: Shell, tmp_path: Path) -> None:
    shell.world.function("orders-api")

    code, _, err = shell.run("plan", "--preview", str(tmp_path / "none" / "x.html"))

    assert code == 2
    assert "cannot be written" in err


def test_the_json_is_ascii_whatever_the_account_has(shell: Shell) -> None:
    shell.world.function("orders-api", service="commandes-été")

    _, out, _ = shell.run("plan", "--json")

    assert out.isascii()
    assert "commandes-été/orders-api" in {one["resource"] for one in json.loads(out)["withoutAlarm"]}
