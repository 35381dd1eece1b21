"""What was found, what was promised, and the difference."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from tests.integration.faults.load import COUNTS, VALUES, Load
from tests.integration.faults.table import Row

if TYPE_CHECKING:
    from collections import Counter

    from tests.integration.faults.world import World


@dataclass
class Found:
    """What is there after a case."""

    messages: Counter[str]
    stored: dict[str, Fraction]  # sums of the values in the documents of metric lines, by name
    sums: dict[str, Fraction]  # sums in CloudWatch, by name
    samples: dict[str, int]


@dataclass(frozen=True)
class Bound:
    """How far the sums in CloudWatch may be from exact, by name of the metric."""

    lost: dict[str, Fraction] = field(default_factory=dict)
    doubled: dict[str, Fraction] = field(default_factory=dict)

    def around(self, expected: Fraction) -> str:
        """What the sum over all metrics may be, as text."""
        least = expected - sum(self.lost.values(), Fraction(0))
        most = expected + sum(self.doubled.values(), Fraction(0))
        return f"{float(expected):g}" if least == most else f"{float(least):g}..{float(most):g}"


EXACT = Bound()


def differences(load: Load, found: Found, bound: Bound) -> list[str]:
    """What is not as promised."""
    wrong = []
    missing, extra = load.messages - found.messages, found.messages - load.messages
    if missing:
        wrong.append(f"{missing.total()} documents are missing, such as {next(iter(missing))!r}")
    if extra:
        wrong.append(f"{extra.total()} documents are doubled or unknown, such as {next(iter(extra))!r}")
    for name in VALUES:
        expected = load.sums.get(name, Fraction(0))
        if found.stored.get(name, Fraction(0)) != expected:
            wrong.append(f"documents of {name} add up to {found.stored.get(name)}, expected {expected}")
    for name in sorted(set(load.sums) | set(found.sums)):
        expected, got = load.sums.get(name, Fraction(0)), found.sums.get(name, Fraction(0))
        least, most = expected - bound.lost.get(name, Fraction(0)), expected + bound.doubled.get(name, Fraction(0))
        if not least <= got <= most:
            wrong.append(f"sum of {name} is {float(got)}, expected {float(least)} to {float(most)}")
        # The counts of lines come as one value an invocation, so only lines with values have a number of their own.
        if name not in COUNTS and bound == EXACT and found.samples.get(name, 0) != load.samples[name]:
            wrong.append(f"{name} has {found.samples.get(name, 0)} samples, expected {load.samples[name]}")
    return wrong


@dataclass
class Judge:
    """Compares what is found with what is promised, and adds a row to the table."""

    rows: list[Row] = field(default_factory=list, repr=False)
    worlds: list[World] = field(default_factory=list, repr=False)

    def watch(self, world: World) -> World:
        """Have a world closed when the test ends."""
        self.worlds.append(world)
        return world

    def settle(self, fault: str, world: World, bound: Bound = EXACT) -> None:
        """Replay what is left, and demand that then all is there, once; bound: for the sums in CloudWatch."""
        refused = world.replay()
        found = world.found()
        functions = world.functions()
        wrong = differences(world.load, found, bound)
        wrong += [f"not replayed: {reason}" for reason in refused[:3]]
        wrong += [f"{len(world.aws.objects)} objects with dead letters are left"] if world.aws.objects else []
        wrong += [f"CloudWatch would refuse: {reason}" for reason in world.aws.cloudwatch.invalid[:3]]
        wrong += world.aws.unsigned[:3]
        wrong += ["given up by Lambda" for function in functions if function.undelivered]
        total, got = sum(world.load.sums.values(), Fraction(0)), sum(found.sums.values(), Fraction(0))
        self.rows.append(
            Row(
                fault,
                world.delivery,
                sum(function.retries for function in functions),
                world.letters,
                world.replayed,
                f"{found.messages.total()}/{world.load.messages.total()}",
                f"{float(got):g}/{bound.around(total)}",
                "WRONG" if wrong else "exact" if got == total else "within bound",
            )
        )
        failures = [failure for function in functions for failure in function.failures]
        assert not wrong, "\n".join([*wrong, *failures[:5]])
