"""`watchpost doctor` finds each joint that is broken, names it and says what to do; what it may not see it skips."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from watchpost_cli.checks.table import CHECKS

from tests.integration.doctor_account import Account, one_account, opened
from tests.integration.doctor_table import BROKEN, GONE, REFUSED
from tests.integration.doctor_world import LOGIN, REGION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.doctor_world import World

NAMES = [check.name for check in CHECKS]


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with one_account() as made:
        yield made


@pytest.fixture
def world(account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[World]:
    with opened(account, monkeypatch, capsys) as made:
        yield made


def test_a_stack_in_which_all_is_well_has_nothing_to_do(world: World) -> None:
    code, found = world.all()

    assert code == 0
    assert list(found) == NAMES
    assert {name: one["status"] for name, one in found.items()} == dict.fromkeys(NAMES, "ok")
    assert all(finding["todo"] is None for one in found.values() for finding in one["findings"])
    assert found["canary"]["findings"][0]["seen"].startswith("its line arrived after 2.1 s, ")


@pytest.mark.parametrize("row", BROKEN, ids=[row[0] for row in BROKEN])
def test_what_is_broken_is_found_and_named_with_what_to_do(world: World, row: tuple[Any, ...]) -> None:
    _, act, check, status, seen, todo = row
    act(world)

    found = world.check(check)

    bad = [one for one in found["findings"] if one["status"] == status and seen in one["seen"]]
    assert found["status"] == status
    assert bad, found
    assert todo in bad[0]["todo"]
    assert world.code == 1


def test_every_check_has_a_joint_in_the_table_that_is_broken() -> None:
    assert {row[2] for row in BROKEN} == set(NAMES)


def test_the_broken_one_is_found_among_all_others(world: World) -> None:
    # given Elasticsearch away
    world.parameters["ElasticsearchUrl"] = "http://127.0.0.1:1"

    code, found = world.all()

    # then the checks that hang on it say so, and all others are as they were
    assert code == 1
    assert {name for name, one in found.items() if one["status"] == "failed"} == {"elasticsearch", "templates"}
    assert found["clock"]["status"] == "ok"


def test_no_secret_is_in_what_is_shown(world: World) -> None:
    """Logins, addresses of receivers and what stands in a broken secret stay where they are."""
    world.secret("NotificationSecret", {"receivers": [GONE]})
    first = world.run("--json")[1]
    world.secret("ElasticsearchSecret", "hunter2-is-no-json")
    second = world.run()[1]

    assert "secret-place" not in first + second
    assert "hunter2" not in first + second
    assert LOGIN["password"] not in first


@pytest.mark.parametrize(("operation", "check", "permission"), REFUSED)
def test_what_may_not_be_looked_at_is_skipped_with_the_permission_that_is_missing(
    world: World, operation: str, check: str, permission: str
) -> None:
    world.refused.add(operation)

    found = world.check(check)

    skipped = [one for one in found["findings"] if one["permission"]]
    assert skipped
    assert all(one["status"] == "skipped" for one in skipped)
    assert skipped[0]["permission"].startswith(permission)
    assert skipped[0]["permission"] in skipped[0]["todo"]
    assert found["status"] in ("ok", "skipped")


def test_a_permission_that_is_missing_fails_nothing_and_hides_no_other_check(world: World) -> None:
    world.refused |= {"GetSecretValue", "SimulatePrincipalPolicy", "ListObjectsV2"}

    code, found = world.all()

    assert code == 0
    skipped = {name for name, one in found.items() if one["status"] == "skipped"}
    assert skipped == {"secrets", "elasticsearch", "templates", "dead-letters"}
    assert {one["status"] for name, one in found.items() if name not in skipped} == {"ok"}


def test_where_the_stack_may_not_be_described_its_functions_say_where_things_are(world: World) -> None:
    world.refused.add("DescribeStacks")

    code, found = world.all()

    assert code == 0
    assert found["stack"]["status"] == "skipped"
    assert found["elasticsearch"]["status"] == found["subscriptions"]["status"] == found["kibana"]["status"] == "ok"


def test_who_may_see_nothing_at_all_is_told_that_it_could_not_be_done(world: World) -> None:
    world.refused |= {"DescribeStacks", "GetFunctionConfiguration"}

    found = world.check("elasticsearch")

    assert world.code == 2
    assert found["status"] == "skipped"
    assert "cloudformation:DescribeStacks" in found["findings"][0]["permission"]


def test_without_a_stack_one_check_fails_and_those_that_need_it_refer_to_it(world: World) -> None:
    world.status = ""

    code, found = world.all()

    assert code == 1
    assert found["stack"]["status"] == "failed"
    assert "See the check stack" in found["elasticsearch"]["findings"][0]["todo"]


def test_without_credentials_nothing_is_looked_at(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", boto3.Session(region_name=REGION))

    code, out, err = world.run()

    assert (code, out) == (2, "")
    assert "no AWS credentials" in err


def test_a_canary_that_is_switched_off_is_not_looked_at(world: World) -> None:
    world.parameters["Canary"] = "off"
    world.canary(ago=7 * 86_400)

    found = world.check("canary")

    assert found["status"] == "skipped"
    assert "Canary=on" in found["findings"][0]["todo"]


def test_where_the_stack_may_not_be_described_the_canarys_last_run_says_enough(world: World) -> None:
    world.refused.add("DescribeStacks")

    assert world.check("canary")["status"] == "ok"


def test_people_see_each_check_with_what_to_do_beneath(world: World) -> None:
    world.missing.add("logs-watchpost.app")

    code, out, _ = world.run()

    assert code == 1
    lines = out.splitlines()
    at = next(index for index, line in enumerate(lines) if "index/logs-watchpost.app is missing" in line)
    assert lines[at].startswith("✗ templates")
    assert lines[at + 1].strip().startswith("→ Have them installed")
    assert lines[-1] == "14 checks: 13 ok, 1 failed."
    assert "\x1b" not in out


def test_text_from_aws_commands_no_terminal(world: World) -> None:
    world.ledger()
    world.swept(problems=("\x1b[2J\u202eevil",))

    out = world.run("--only", "subscriptions")[1]

    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\\x1b[2J" in out


def test_the_names_of_the_fields_are_those_that_are_promised(world: World) -> None:
    code, out, _ = world.run("--json", "--only", "stack")

    record = json.loads(out)
    assert code == 0
    assert set(record) == {"stack", "counts", "checks"}
    assert record["counts"] == {"ok": 1, "warning": 0, "failed": 0, "skipped": 0}
    assert set(record["checks"][0]) == {"name", "status", "findings"}
    assert set(record["checks"][0]["findings"][0]) == {"status", "seen", "todo", "permission"}
