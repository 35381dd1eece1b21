"""The provisioner over a large account: `python -m benchmarks.provisioner`.

An account of 1,000 services with 10,000 resources, and one of half the size, are simulated at AWS's documented rate
limits, in virtual time: a request takes 0.03 s, an invocation has 900 s, and the next one begins at once. The first run
goes on until nothing is left to do; the second one finds everything as it should be.
"""

from __future__ import annotations

import logging
import multiprocessing
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.deadline import NO_TIME
from provisioner.healths import CHILDLESS
from rich.console import Console
from rich.table import Table

from benchmarks.around import peak_kilobytes
from tests.integration.cloudwatch_account.account import INVOCATION, CloudAccount

if TYPE_CHECKING:
    from collections.abc import Sequence

SERVICES = 1_000
FUNCTIONS, QUEUES = 4, 2  # of each service, besides a topic, a table, a rule and a state machine: ten resources
MOST_INVOCATIONS = 200


@dataclass(frozen=True)
class Measured:
    """One run, over all its invocations."""

    services: int
    name: str
    alarms: int  # in the account, composite alarms among them
    calls: Counter[str]
    throttled: int
    retried: int
    writes: int
    seconds: float  # virtual
    invocations: int
    real: float  # seconds
    peak_mb: float  # the most memory of the process so far, the simulated account in it


def filled(services: int) -> CloudAccount:
    """An account with so many services of ten resources each."""
    account = CloudAccount()
    for number in range(services):
        service = f"service-{number:04}"
        for each in range(FUNCTIONS):
            account.services.function(f"{service}-function-{each}", service)
        for queue in ("work", "work-dead")[:QUEUES]:
            account.services.queue(f"{service}-{queue}", service)
        account.services.topic(f"{service}-topic", service)
        account.services.table(f"{service}-table", service)
        account.services.rule(f"{service}-rule", service)
        account.services.machine(f"{service}-machine", service)
    return account


def measured(account: CloudAccount, services: int, name: str) -> Measured:
    """Run the provisioner until nothing is left to do. Fails when something is refused, or never gets done."""
    started, began, before = time.perf_counter(), account.clock.now(), len(account.calls)
    writes = 0
    while len(account.calls) - before < MOST_INVOCATIONS:
        result = account.run()
        writes += len(account.writes)
        left = [failure for failure in result.failures() if failure["name"] != "elasticsearch"]
        if any(not failure["reason"].endswith((NO_TIME, CHILDLESS)) for failure in left):
            raise RuntimeError(f"not done: {left[:3]}")
        if not left:
            break
    else:
        raise RuntimeError("the run does not come to an end")
    invocations = account.calls[before:]
    stats = [(operation, one) for calls in invocations for operation, one in calls.stats.items()]
    calls: Counter[str] = Counter()
    for operation, one in stats:
        calls[operation] += one.calls
    return Measured(
        services=services,
        name=name,
        alarms=len(account.alarms.stored),
        calls=calls,
        throttled=sum(one.throttled for _, one in stats),
        retried=sum(one.retried for _, one in stats),
        writes=writes,
        seconds=account.clock.now() - began,
        invocations=len(invocations),
        real=time.perf_counter() - started,
        peak_mb=peak_kilobytes() / 1024,
    )


def both(services: int) -> list[Measured]:
    """The first run over an account, and the second one."""
    logging.disable(logging.CRITICAL)
    account = filled(services)
    return [measured(account, services, "first"), measured(account, services, "second")]


def show(found: Sequence[Measured], console: Console) -> None:
    """Print the runs, and the calls of each by operation."""
    runs = Table(
        title=f"Provisioner in invocations of {INVOCATION:,.0f} s at AWS's documented rate limits",
        caption="Seconds are virtual. Memory is the process's, with the simulated account in it.",
    )
    for heading in ("Services", "Resources", "Run", "Alarms", "Calls", "Throttled", "Retried", "Writes"):
        runs.add_column(heading, justify="right")
    for heading in ("Seconds", "Invo-\ncations", "Peak\nMB", "Real s"):
        runs.add_column(heading, justify="right")
    for one in found:
        counts = (one.alarms, one.calls.total(), one.throttled, one.retried, one.writes)
        runs.add_row(
            f"{one.services:,}",
            f"{one.services * 10:,}",
            one.name,
            *(f"{number:,}" for number in counts),
            f"{one.seconds:,.0f}",
            str(one.invocations),
            f"{one.peak_mb:,.0f}",
            f"{one.real:,.1f}",
        )
    console.print(runs)
    operations = Table(title="Calls by operation")
    operations.add_column("Operation")
    for one in found:
        operations.add_column(f"{one.services:,}\n{one.name}", justify="right")
    for operation in sorted({name for one in found for name in one.calls}):
        operations.add_row(operation, *(f"{one.calls[operation]:,}" for one in found))
    console.print(operations)


def main() -> None:
    """Measure each size in a process of its own, and show the figures."""
    started = time.perf_counter()
    sizes = (SERVICES // 2, SERVICES)
    with multiprocessing.get_context("spawn").Pool(len(sizes), maxtasksperchild=1) as pool:
        found = [one for pair in pool.map(both, sizes, chunksize=1) for one in pair]
    console = Console(width=120)
    show(found, console)
    firsts = [one.calls.total() for one in found if one.name == "first"]
    seconds = [one for one in found if one.name == "second"]
    console.print(
        f"calls of the first run of twice the size: {firsts[1] / firsts[0]:.2f} times as many; "
        f"writes of the second runs: {sum(one.writes for one in seconds)}; "
        f"measured in {time.perf_counter() - started:.0f} s"
    )
    if any(one.writes for one in seconds):
        raise SystemExit("a second run has written something")


if __name__ == "__main__":
    main()
