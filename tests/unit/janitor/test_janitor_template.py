"""The template gives the janitor what its code counts on, and nothing that deletes until somebody says so."""

from __future__ import annotations

import re

from janitor.removing import SWITCH
from watchpost.calls import Calls
from watchpost.names import OWNER_TAG

from tests.unit.template import TEMPLATE, number, resource


def test_the_role_may_delete_nothing_by_itself() -> None:
    role = resource("JanitorRole")

    assert "Action:" in role
    assert not re.search(
        r":(Delete|Remove|Put|Update|Create)", role.replace("logs:CreateLogStream", "").replace("logs:PutLogEvents", "")
    )


def test_what_may_delete_is_there_only_where_the_parameter_says_so_and_by_default_it_does_not() -> None:
    assert f'  {SWITCH}:\n    Type: String\n    Default: "no"' in TEMPLATE
    assert f'JanitorMayDelete: !Equals [!Ref {SWITCH}, "yes"]' in TEMPLATE
    policy = resource("JanitorDeletionPolicy")
    assert "Condition: JanitorMayDelete" in policy
    deleting = re.findall(r"(?:lambda|logs):Delete(?:Function|LayerVersion|LogGroup)\b", TEMPLATE)
    assert sorted(deleting) == sorted(re.findall(r"(?:lambda|logs):Delete\w+", policy))


def test_log_groups_of_any_watchpost_are_never_deleted() -> None:
    [denied] = re.findall(r"Sid: NeverThoseOfWatchpost\n(.*)", resource("JanitorDeletionPolicy"), re.DOTALL)

    assert "Effect: Deny" in denied
    assert re.search(rf'"Null":\s+aws:ResourceTag/{OWNER_TAG}: "false"', denied)


def test_a_run_has_most_of_a_quarter_of_an_hour_once_a_day_and_is_not_made_again_when_it_fails() -> None:
    assert number("JanitorFunction", "Timeout") == 900
    assert "Schedule: rate(1 day)" in resource("JanitorFunction")
    assert "MaximumRetryAttempts: 0" in resource("JanitorFunction")
    assert Calls(lambda: 0.0, lambda _: None, lambda: 0.0)._reserve < 60
