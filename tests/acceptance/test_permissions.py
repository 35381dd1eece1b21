"""No role may do more than it needs: what each is granted was needed by what its function did, or by AWS for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from watchpost import names

from local import emulator
from local.demo.receiver import receiving
from tests.acceptance import permissions, permissions_work
from tests.acceptance.permissions_work import SCENARIOS
from tests.acceptance.permissions_world import World, network, watched
from tests.acceptance.region import Region
from tests.integration.kibana_server.server import API_KEY, Kibana
from tests.unit.template import statements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.account import Account
    from tests.acceptance.permissions import Grant, Need

NAME, REGION = "least", "eu-north-1"


@pytest.fixture(scope="module")
def world(account: Account) -> Iterator[World]:
    """A stack with everything that parameters can add to roles, and something of all that it can watch."""
    kibana = Kibana("9.2")
    with receiving() as receiver:
        world = World(Region(account, NAME, REGION), receiver.url)
        try:
            role = watched(world)
            for group in ("/till/plain", "/chatty/one", "/own/one", "/fed/one", "/aws/lambda/till-worker"):
                world.stack.logs.create_log_group(logGroupName=group)
            secrets, url = world.client("secretsmanager"), urlsplit(account.elasticsearch_url)
            key = secrets.create_secret(Name="kibana", SecretString=json.dumps({"api_key": API_KEY}))["ARN"]
            world.stack.deploy(
                ElasticsearchUrl=f"{url.scheme}://{url.hostname}:{url.port}",
                KibanaUrl=kibana.url,
                KibanaSecret=key,
                Delivery="kinesis",
                SubscriptionScope="account",
                DestinationRoles=role,
                SourceAccounts="111122223333",
                Tracing="Active",
                JanitorDeletes="yes",
                **network(world),
            )
            login = json.dumps({"username": url.username, "password": url.password})
            secrets.put_secret_value(SecretId=world.stack.outputs["ElasticsearchSecret"], SecretString=login)
            permissions_work.read_earlier_configuration(world)
            world.configure(permissions_work.rules(world, role))
            yield world
        finally:
            kibana.close()
            world.stack.delete()


@pytest.fixture(scope="module")
def outcome(world: World) -> tuple[list[Grant], list[dict[str, Any]], list[Need]]:
    """What is granted, what was decided while every function did all it can, and what AWS needs."""
    grants, names = permissions.granted(world.stack), permissions.roles(world.stack)
    for scenario in SCENARIOS.values():
        scenario(world)
    needs = permissions.needed_by_aws(world.stack, permissions.decisions(world.stack, names))
    permissions_work.leave_in_parts(world)
    world.stack.delete()
    return grants, permissions.decisions(world.stack, names), needs


def test_every_function_is_invoked_by_what_is_of_this_account_only(world: World) -> None:
    """Of permissions that SAM makes as well. An ARN that holds the account says as much as SourceAccount."""
    functions = world.client("lambda")
    for component in names.COMPONENTS:
        function = world.stack.outputs[f"{component.capitalize()}Function"]
        policy = json.loads(functions.get_policy(FunctionName=function)["Policy"])
        assert policy["Statement"]
        for statement in policy["Statement"]:
            assert "Service" in statement["Principal"]
            source = statement["Condition"]["ArnLike"]["AWS:SourceArn"]
            assert source.split(":")[3:5] == [REGION, emulator.ACCOUNT]


def test_every_role_has_a_scenario(world: World) -> None:
    """Of streams there is none: CloudWatch Logs alone uses their roles, and the emulator feeds no streams."""
    assert set(permissions.roles(world.stack).values()) == {*SCENARIOS, "StreamRole", "DestinationRole"}


def test_what_no_stack_here_has_is_asked_for_by_the_documentation_of_aws(
    outcome: tuple[list[Grant], list[dict[str, Any]], list[Need]],
) -> None:
    grants, _, _ = outcome

    deployed = {(grant.role, grant.sid) for grant in grants}
    shared = {grant.sid for grant in grants}  # what is granted by a policy of several roles
    allowed = {(owner, one["Sid"]) for owner, one in statements() if one["Effect"] == "Allow"}
    missing = {(owner, sid) for owner, sid in allowed - deployed if owner.endswith("Role") or sid not in shared}
    assert missing == set(permissions.DOCUMENTED)


def test_no_permission_is_superfluous(outcome: tuple[list[Grant], list[dict[str, Any]], list[Need]]) -> None:
    grants, noted, needs = outcome

    assert permissions.superfluous(grants, noted, needs) == []


def test_no_function_was_refused_anything(outcome: tuple[list[Grant], list[dict[str, Any]], list[Need]]) -> None:
    _, noted, _ = outcome

    assert [f"{note['role']} {note['action']} {note['resource']}" for note in noted if not note["allowed"]] == []
