"""What `make soak` does, in a minute: the same code with small numbers, against the deployed stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.soak import report, run, world
from local.soak.plan import BURST, PHASES, SLOW, THROTTLED, Plan
from tests.acceptance.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.account import Account
    from local.soak.run import Outcome

# Of 24 s the shipper leaves 8 for storing dead letters, so what it begins in a slow time of 20 s cannot outlast that.
# Nothing that depends on the clock is judged here; descriptors are by test_shipper_endurance.py.
PLAN = Plan(steady=6, burst=3, slow=20, throttled=8, again=5, sample=0.5, timeout=24, patience=180, timed=False)


@pytest.fixture(scope="module")
def outcome(account: Account) -> Iterator[Outcome]:
    """A short soak of a stack of its own."""
    found = run.soak(account, PLAN)
    report.show(found.phases, found.promises)
    yield found
    Region(account, world.NAME, world.REGION).delete()


def test_no_promise_is_broken(outcome: Outcome) -> None:
    """Promise: nothing lost, nothing doubled, no timeout, no descriptor kept, and a replay brings what had to wait."""
    assert [promise for promise in outcome.promises if promise.kept is False] == []
    assert [phase.name for phase in outcome.phases] == list(PHASES)


def test_a_slow_and_a_busy_elasticsearch_end_in_dead_letters(outcome: Outcome) -> None:
    phases = {phase.name: phase for phase in outcome.phases}

    assert phases[SLOW].dead_letters + phases[THROTTLED].dead_letters > 0
    assert outcome.waiting == 0
    assert all(phase.found == phase.sent > 0 for phase in outcome.phases)


def test_a_burst_is_a_hundred_times_as_much(outcome: Outcome) -> None:
    burst = next(phase for phase in outcome.phases if phase.name == BURST)

    assert burst.sent > 10 * PLAN.lines * PLAN.burst
    assert burst.found == burst.sent
