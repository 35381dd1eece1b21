"""The phases of a soak, one after the other, with traffic that never stops."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import requests

from local.errors import LocalError
from local.progress import step
from local.soak import plan as plans
from local.soak import verdict, world
from local.soak.relay import Relay
from local.soak.traffic import Sent, Traffic
from local.soak.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.account import Account
    from local.soak.plan import Plan
    from local.soak.verdict import Phase, Promise
    from local.soak.world import World

DRAIN_LEAST, DRAIN_MOST = 10.0, 300.0  # seconds after the burst, until its lines are found
_TICK = 0.5  # seconds between two looks whether something has happened


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a soak came to."""

    phases: list[Phase]
    promises: list[Promise]
    waiting: int  # objects with dead letters that are left
    connections: int  # to Elasticsearch, the most that were open at once

    @property
    def kept(self) -> bool:
        """Whether no promise is broken."""
        return all(promise.kept is not False for promise in self.promises)


@dataclass
class Soak:
    """A soak that goes on."""

    plan: Plan
    world: World
    relay: Relay
    watch: Watch
    sent: Sent = field(default_factory=Sent)
    times: list[tuple[str, float, float, int, int]] = field(default_factory=list)  # phase, from, to, and as wall clock
    traffic: Traffic = field(init=False)

    def __post_init__(self) -> None:
        self.traffic = Traffic(self.world.ways(), self.sent)

    def run(self) -> Outcome:
        """Go through all phases, and look what became of every line."""
        self.traffic.set(plans.STEADY, self.plan.lines, self.plan.period)
        with self.watch.running():
            with self.traffic.running():
                self._phases()
            with step("Waiting until every line is found"):
                self._until(self._all_is_found, self.plan.patience)
        with step("Looking what became of every line"):
            phases = self._judged()
        waiting = self.world.waiting()
        promises = verdict.promises(phases, waiting, timed=self.plan.timed)
        return Outcome(phases, promises, waiting, self.relay.most)

    def _phases(self) -> None:
        plan, relay = self.plan, self.relay
        with self._phase(plans.STEADY):
            self._wait(plan.steady)
        with self._phase(plans.BURST, times=plans.BURST_FACTOR):
            self._wait(plan.burst)
        target = self.sent.total
        with self._phase(plans.DRAIN):
            self._wait(min(DRAIN_LEAST, plan.steady))
            self._until(lambda: self.world.count() >= target, DRAIN_MOST)
        with self._phase(plans.SLOW):
            relay.delay = plan.delay
            self._wait(plan.slow)
        with self._phase(plans.THROTTLED):
            relay.delay, relay.busy = 0.0, True
            self._wait(plan.throttled)
        target = self.sent.total
        with self._phase(plans.RECOVERY):
            relay.busy = False
            self._until(lambda: self._replayed(target), plan.patience)
        with self._phase(plans.AGAIN):
            self._wait(plan.again)

    @contextlib.contextmanager
    def _phase(self, name: str, times: int = 1) -> Iterator[None]:
        self.traffic.set(name, self.plan.lines * times, self.plan.period)
        began, wall = self.watch.now(), _wall_ms()
        with step(name):
            yield
        self.times.append((name, began, self.watch.now(), wall, _wall_ms()))

    def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, _TICK))

    def _until(self, condition: Callable[[], bool], patience: float) -> None:
        """Wait for a condition. That it never holds is not told here: the lines that are missing are."""
        deadline = time.monotonic() + patience
        while not condition() and time.monotonic() < deadline:
            time.sleep(_TICK)

    def _replayed(self, target: int) -> bool:
        """Replay; whether nothing is left of it, and nothing of what was sent until then is missing."""
        if self.world.waiting():
            self.world.replay()
        return not self.world.waiting() and self.world.count() >= target

    def _all_is_found(self) -> bool:
        return self._replayed(self.sent.total)

    def _judged(self) -> list[Phase]:
        lines = self.sent.by_phase(self.world.found())
        phases = []
        for index, (name, began, ended, wall, _) in enumerate(self.times):
            # An invocation that began in a phase and ended in the next one is told in the next one.
            until = self.times[index + 1][3] if index + 1 < len(self.times) else _wall_ms() + 1_000
            told = self.world.told(wall, until - 1)
            sent, found, lost, doubled = lines.get(name, (0, 0, 0, 0))
            samples = tuple(one for one in self.watch.samples if began <= one.at < ended)
            phases.append(
                verdict.Phase(
                    name,
                    began,
                    ended - began,
                    sent,
                    found,
                    lost,
                    doubled,
                    told.counts["DeadLettered"],
                    told.timeouts,
                    len(told.durations),
                    max(told.durations, default=0.0),
                    samples,
                )
            )
        return phases


def soak(account: Account, plan: Plan) -> Outcome:
    """Deploy a stack of its own into an account and soak it. Raises LocalError."""
    relay = Relay(account.elasticsearch_url, account.elasticsearch_ca)
    with relay.listening() as url:
        with step("Deploying the stack that is soaked"):
            deployed = world.deployed(account, url, plan.timeout)
        watch = Watch(deployed.environments, lambda: _lag(deployed), plan.sample)
        try:
            return Soak(plan, deployed, relay, watch).run()
        except requests.RequestException as error:
            problem = f"A part of the account does not answer ({type(error).__name__})"
            raise LocalError(problem, f"Its output is in {account.state.run}") from error


def _lag(deployed: World) -> float | None:
    try:
        return deployed.lag()
    except requests.RequestException:  # one look that failed, on a machine that has much to do
        return None


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
