"""300 log groups of all sorts in a region of their own, from the first sweep to the end of the stack."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from watchpost import names
from watchpost.ledger import Ledger

from tests.acceptance.helpers import eventually
from tests.acceptance.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.account import Account

NAME, REGION = "third", "eu-west-1"
GROUPS = 300
RULES: dict[str, Any] = {
    "services": [{"log_group": "/batch/*", "name": "nightly"}],
    "logs": {"exclude": ["/noise/*"], "retention_days": 30},
    "subscriptions": {
        "rules": [
            {"name": "databases", "match": {"prefix": "/aws/rds/"}, "exclude": True},
            {
                "name": "containers",
                "match": {"regex": "^/ecs/(?P<service>[^/]+)/"},
                "service": {"capture": "service"},
                "retention": {"days": 14, "overrule": True},
            },
            {"name": "quiet", "match": {"tags": {"shipping": "off"}}, "exclude": True},
        ]
    },
}


@dataclass(frozen=True)
class Group:
    """A log group and what is expected of it."""

    name: str
    tags: dict[str, str]
    retention: int | None
    foreign: tuple[str, ...]
    log_class: str
    state: str
    service: str = ""
    retention_then: int | None = None


def _group(number: int) -> Group:
    """One of ten sorts."""
    made: dict[int, tuple[str, dict[str, str], str, str]] = {
        0: (f"/aws/lambda/plain-{number}", {}, "covered", f"plain-{number}"),
        1: (f"/aws/lambda/tagged-{number}", {"service": "payments"}, "covered", "payments"),
        2: (f"/ecs/shop/task-{number}", {"service": "not-this"}, "covered", "shop"),
        3: (f"/aws/rds/db-{number}", {"service": "data"}, "skipped", ""),
        4: (f"/batch/job-{number}", {"Service": "not-this"}, "covered", "nightly"),
        5: (f"/custom/full-{number}", {}, "blocked", f"full-{number}"),
        6: (f"/custom/shared-{number}", {"Service": "audited"}, "covered", "audited"),
        7: (f"/custom/rare-{number}", {}, "skipped", ""),
        8: (f"/aws/lambda/other-{number}", {"watchpost:stack": "other"}, "skipped", ""),
        9: (f"/custom/off-{number}", {"shipping": "off"}, "skipped", ""),
    }
    sort = number % 10
    name, tags, state, service = made[sort]
    retention = (None, 365, 7)[number // 10 % 3]
    foreign = {5: ("audit", "siem"), 6: ("audit",)}.get(sort, ())
    then = 14 if sort == 2 else 30 if state == "covered" and retention is None else retention
    log_class = "INFREQUENT_ACCESS" if sort == 7 else "STANDARD"
    return Group(name, tags, retention, foreign, log_class, state, service, then)


ALL = [_group(number) for number in range(GROUPS)]
FEW = [_group(number) for number in range(GROUPS, GROUPS + 10)]  # one of each sort, for what needs no more

ECHO = "/aws/lambda/echo"  # of a function that a rule sends lines to


def _create(world: Region, group: Group) -> None:
    world.logs.create_log_group(logGroupName=group.name, tags=group.tags, logGroupClass=group.log_class)
    if group.retention:
        world.logs.put_retention_policy(logGroupName=group.name, retentionInDays=group.retention)
    for name in group.foreign:
        world.logs.put_subscription_filter(
            logGroupName=group.name, filterName=name, filterPattern="", destinationArn=world.foreign
        )


@pytest.fixture(scope="module")
def stack(account: Account) -> Iterator[Region]:
    """The deployed stack with its rules, before there are groups."""
    functions = account.client("lambda", REGION)
    Region(account, NAME, REGION).deploy()
    notifier = functions.get_function_configuration(FunctionName=f"{NAME}-notifier")
    world = Region(account, NAME, REGION, foreign=str(notifier["FunctionArn"]))
    world.configure(RULES)
    yield world
    world.delete()


@pytest.fixture
def few(stack: Region) -> Iterator[Region]:
    """The stack with one group of each sort, after one sweep: a sweep takes as long as it has groups to read."""
    for group in FEW:
        _create(stack, group)
    stack.sweep()
    yield stack
    stack.configure(RULES)
    pages = stack.logs.get_paginator("describe_log_groups").paginate()
    there = {item["logGroupName"] for page in pages for item in page["logGroups"]}
    for name in there & {ECHO, *(group.name for group in FEW)}:
        stack.logs.delete_log_group(logGroupName=name)


@pytest.fixture(scope="module")
def world(stack: Region) -> Region:
    """The stack with all groups, after one sweep."""
    for group in ALL:
        _create(stack, group)
    stack.sweep()
    return stack


def test_a_changed_configuration_takes_effect_with_the_next_sweep(few: Region) -> None:
    """Narrowing unsubscribes what fell out; a function that is sent what is shipped is not shipped itself."""
    # given a rule that excludes what was subscribed, and one that sends lines to a function that logs what it receives
    few.logs.create_log_group(logGroupName=ECHO)
    narrow = {"name": "tagged", "match": {"glob": "/aws/lambda/tagged-*"}, "exclude": True}
    echo = few.shipper.replace(f"{NAME}-shipper:{names.SHIPPER_ALIAS}", "echo")
    sent = {"name": "echoed", "match": {"prefix": "/echoed/"}, "destination": {"arn": echo}}
    few.configure({**RULES, "subscriptions": {"rules": [narrow, sent, *RULES["subscriptions"]["rules"]]}})

    # when the groups are swept
    answer = few.sweep()

    # then what fell out is unsubscribed, and nothing else
    kept, left = FEW[0].name, FEW[1].name
    assert answer["removed"] == 1
    assert (few.filters(left), bool(few.filters(kept))) == ({}, True)
    ledger = few.ledger()
    assert (ledger[left].state, ledger[left].rule) == ("skipped", "rule tagged")

    # and the function that would be sent its own lines is not subscribed
    assert few.filters(ECHO) == {}
    assert (ledger[ECHO].state, ledger[ECHO].rule) == ("skipped", "recursion guard")


def test_after_one_sweep_the_ledger_accounts_for_every_group(world: Region) -> None:
    ledger = world.ledger()

    assert {group.name: group.state for group in ALL} == {group.name: ledger[group.name].state for group in ALL}
    canary = {names.canary_log_group(NAME): names.CANARY_SERVICE}
    assert canary | {group.name: group.service for group in ALL if group.state == "covered"} == {
        name: entry.service for name, entry in ledger.items() if entry.state == "covered"
    }
    assert all(entry.since and entry.rule and entry.reason for entry in ledger.values())
    assert {ledger[group.name].held_by for group in ALL if group.state == "blocked"} == {("audit", "siem")}


def test_each_group_has_the_filter_of_its_service_and_every_foreign_one(world: Region) -> None:
    shipper = world.shipper
    for group in ALL:
        ours = {f"watchpost.service={group.service}": shipper} if group.state == "covered" else {}
        assert world.filters(group.name) == ours | dict.fromkeys(group.foreign, world.foreign), group


def test_retention_is_set_where_a_group_never_expired_or_a_rule_overrules(world: Region) -> None:
    pages = world.logs.get_paginator("describe_log_groups").paginate()
    kept = {item["logGroupName"]: item.get("retentionInDays") for page in pages for item in page["logGroups"]}

    assert {group.name: group.retention_then for group in ALL} == {group.name: kept[group.name] for group in ALL}


def test_the_command_shows_the_ledger_and_what_is_blocked(world: Region) -> None:
    shown = world.command("subscriptions", "--json")
    table = world.command("subscriptions")

    assert shown.returncode == table.returncode == 1, shown.stderr + table.stderr  # something is blocked
    assert {group.name for group in ALL} <= {item["logGroup"] for item in json.loads(shown.stdout)["groups"]}
    assert "/custom/full-5" in table.stdout
    assert "siem" in table.stdout


def test_a_dry_run_tells_each_groups_decision_and_the_rule_and_changes_nothing(world: Region) -> None:
    before = world.ledger()

    shown = world.command("subscriptions", "--plan")

    assert shown.returncode == 0, shown.stderr
    for told in ("databases", "containers", "quiet", "/aws/rds/db-3", "/ecs/shop/task-2"):
        assert told in shown.stdout
    assert world.ledger() == before


def test_a_new_group_is_subscribed_when_its_event_comes(world: Region) -> None:
    name = f"/aws/lambda/new-{uuid.uuid4().hex[:8]}"
    world.logs.create_log_group(logGroupName=name)

    world.announce(name)

    eventually(lambda: world.filters(name), "the subscription of a new group")
    assert list(world.filters(name)) == [f"watchpost.service={name.rsplit('/', 1)[-1]}"]
    entry = eventually(lambda: world.ledger().get(name), "the entry of a new group")
    assert (entry.state, entry.via) == ("covered", "filter")


def test_a_changed_tag_renames_the_filter(world: Region) -> None:
    name = f"/custom/{uuid.uuid4().hex[:8]}"
    world.logs.create_log_group(logGroupName=name, tags={"service": "before"})
    world.announce(name)
    eventually(lambda: list(world.filters(name)) == ["watchpost.service=before"], "the subscription")
    (found,) = world.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    arn = found["arn"].removesuffix(":*")
    world.logs.tag_resource(resourceArn=arn, tags={"service": "after"})

    detail = {"service": "logs", "resource-type": "log-group", "changed-tag-keys": ["service"]}
    world.send("Tag Change on Resource", {**detail, "tags": {"service": "after"}}, (arn,))

    eventually(lambda: list(world.filters(name)) == ["watchpost.service=after"], "the new name")


@pytest.mark.parametrize("component", names.COMPONENTS)
def test_iam_refuses_what_would_never_end_even_if_the_code_asked_for_it(world: Region, component: str) -> None:
    """The template's part of the guard: the role may not subscribe its own log groups, nor those of another stack."""
    logs = world.client_as("subscriber", "logs")
    other = next(group.name for group in ALL if "watchpost:stack" in group.tags)

    for group in (f"/aws/lambda/{NAME}-{component}", other):
        with pytest.raises(logs.exceptions.ClientError, match="AccessDenied"):
            logs.put_subscription_filter(
                logGroupName=group, filterName="watchpost.service=x", filterPattern="", destinationArn=world.shipper
            )
    assert world.ledger()[f"/aws/lambda/{NAME}-{component}"].state == "skipped"


def test_an_alarm_rings_when_groups_are_overdue(world: Region) -> None:
    """The emulator does not read metrics from log lines, so the test publishes what a sweep's line says."""
    cloudwatch = world.account.client("cloudwatch", REGION)

    def publish(groups: int) -> None:
        datum = {"MetricName": "GroupsOverdue", "Value": groups, "Dimensions": [{"Name": "Stack", "Value": NAME}]}
        cloudwatch.put_metric_data(Namespace="Watchpost/Pipeline", MetricData=[datum])

    def state() -> str:
        name = f"{NAME}/watchpost/subscriber/groups-overdue"
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return str(alarm["StateValue"])

    publish(0)
    eventually(lambda: state() == "OK", "the first look")
    publish(3)
    eventually(lambda: state() == "ALARM", "the alarm")


def test_the_provisioner_may_read_the_ledger_and_not_write_it(world: Region) -> None:
    table = world.outputs["LedgerTable"]
    dynamodb = world.client_as("provisioner", "dynamodb")

    assert "/aws/lambda/plain-0" in Ledger(dynamodb, table).read()
    with pytest.raises(dynamodb.exceptions.ClientError, match="AccessDenied"):
        dynamodb.put_item(TableName=table, Item={"log_group": {"S": "/x"}})


def test_deleting_the_stack_leaves_none_of_our_filters_and_all_of_the_foreign_ones(world: Region) -> None:
    world.delete()

    for group in ALL:
        assert world.filters(group.name) == dict.fromkeys(group.foreign, world.foreign), group
    pages = world.logs.get_paginator("describe_log_groups").paginate()
    left = [item["logGroupName"] for page in pages for item in page["logGroups"]]
    assert [name for name in left if "watchpost.service=" in str(world.filters(name))] == []
