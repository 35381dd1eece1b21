"""The template gives the replay function what its code counts on, and no more."""

from __future__ import annotations

import re

from replay.bucket import CLAIMS, REJECTED
from replay.clock import RESERVE
from replay.invoke import SHIPPER_TIMEOUT
from replay.records import LAMBDA_PREFIX
from replay.request import WORKED_ON
from replay.verdict import FIRST_WAIT
from watchpost.dead_letters import PREFIX

from tests.unit.template import resource


def _timeout(name: str) -> int:
    found = re.search(r"^      Timeout: (\d+)$", resource(name), re.MULTILINE)
    assert found
    return int(found[1])


def test_the_replay_waits_for_the_shipper_as_long_as_it_may_run() -> None:
    assert _timeout("ShipperFunction") == SHIPPER_TIMEOUT


def test_a_run_has_time_for_more_than_its_reserve_and_ends_before_the_next_one_begins() -> None:
    schedule = re.search(r"rate\((\d+) minutes\)", resource("ReplayFunction"))
    assert schedule
    assert 2 * RESERVE < _timeout("ReplayFunction") < int(schedule[1]) * 60
    assert int(schedule[1]) * 60 == FIRST_WAIT.total_seconds()


def test_the_role_reaches_the_prefixes_that_the_code_works_on_and_no_others() -> None:
    allowed = set(re.findall(r"\$\{DeadLetterBucket\.Arn\}/(\S*)\*", resource("ReplayRole")))

    assert allowed == {PREFIX, LAMBDA_PREFIX, REJECTED, CLAIMS}
    assert set(WORKED_ON) == {PREFIX, LAMBDA_PREFIX, REJECTED}


def test_a_failed_run_becomes_no_dead_letter() -> None:
    assert "MaximumRetryAttempts: 0" in resource("ReplayFunction")
    assert "OnFailure" not in resource("ReplayFunction")
