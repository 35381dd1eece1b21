"""What was promised, and whether it held. Pure: figures in, sentences out."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.soak.plan import AGAIN, BURST, BURST_FACTOR, SLOW, STEADY, THROTTLED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from local.soak.watch import Sample

WARM_UP = 0.2  # of a phase: its first samples are not looked at
FLAT = 0.05  # of its memory that an environment may grow in a steady phase
STEP = 0.05  # of the most memory that it had before, that it may have more at the end
LAG_RATIO, LAG_GRACE = 2.0, 2.0  # the lag at the end: so many times that of the beginning, and so many seconds
FEWEST = 5  # samples of an environment that a slope is worked out of


@dataclass(frozen=True, slots=True)
class Phase:
    """What one phase came to."""

    name: str
    began: float  # seconds since the soak began
    seconds: float
    sent: int  # lines
    found: int
    lost: int
    doubled: int  # documents too many
    dead_letters: int  # that were stored; all of them are replayed in the end
    timeouts: int
    invocations: int
    slowest: float  # seconds of an invocation
    samples: tuple[Sample, ...] = ()

    def lag(self, percent: int) -> float | None:
        """Percentile of the age of the newest line that was found, in seconds."""
        return percentile([one.lag for one in self.samples if one.lag is not None], percent)

    def warm(self) -> tuple[Sample, ...]:
        """The samples after the warm-up."""
        from_here = self.began + self.seconds * WARM_UP
        return tuple(one for one in self.samples if one.at >= from_here)

    @property
    def rate(self) -> float:
        """Lines a second."""
        return self.sent / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise; `kept` is None where it was not judged."""

    what: str
    kept: bool | None
    figures: str


def percentile(values: Sequence[float], percent: int) -> float | None:
    """The smallest value that so many percent do not exceed; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Slope of the straight line through points with the least squares; 0 where they have no width."""
    if len({x for x, _ in points}) < 2:
        return 0.0
    return float(statistics.linear_regression([x for x, _ in points], [y for _, y in points]).slope)


def growth(samples: Sequence[Sample]) -> float | None:
    """How much the worst environment grows from the first sample to the last, as a part of its memory.

    By the slope of a straight line and not by two values, as single values go up and down. Environments that began
    after the first sample are not looked at: they still grow to what they need. None when there are too few samples.
    """
    tracks: dict[int, list[tuple[float, float]]] = {}
    for sample in samples:
        for process in sample.environments.keys() & samples[0].environments.keys():
            reading = sample.environments[process]
            tracks.setdefault(process, []).append((sample.at, reading.rss_mb))
    grown = [
        slope(points) * (points[-1][0] - points[0][0]) / statistics.fmean(rss for _, rss in points)
        for points in tracks.values()
        if len(points) >= FEWEST
    ]
    return max(grown, default=None)


def most(samples: Sequence[Sample], name: str) -> float | None:
    """The most that an environment has of `rss_mb`, `descriptors` or `sockets`."""
    values = [getattr(reading, name) for sample in samples for reading in sample.environments.values()]
    return max(values, default=None)


def typical(samples: Sequence[Sample], name: str) -> float | None:
    """The median of the same."""
    values = [getattr(reading, name) for sample in samples for reading in sample.environments.values()]
    return statistics.median(values) if values else None


def held(samples: Sequence[Sample]) -> int | None:
    """Descriptors that the worst environment has at every single time: a leak is never closed, what is in use is."""
    least: dict[int, int] = {}
    for sample in samples:
        for process, reading in sample.environments.items():
            least[process] = min(reading.descriptors, least.get(process, reading.descriptors))
    return max(least.values(), default=None)


def promises(phases: Sequence[Phase], waiting: int, *, timed: bool) -> list[Promise]:
    """What holds. waiting: objects in the dead-letter bucket in the end.

    timed: whether lag, memory and descriptors are judged; a minute shows nothing of them.
    """
    by_name = {phase.name: phase for phase in phases}
    sent, lost = sum(one.sent for one in phases), sum(one.lost for one in phases)
    doubled, timeouts = sum(one.doubled for one in phases), sum(one.timeouts for one in phases)
    slow = [by_name[name] for name in (SLOW, THROTTLED) if name in by_name]
    letters = sum(one.dead_letters for one in slow)
    burst, steady, again = by_name[BURST], by_name[STEADY], by_name[AGAIN]
    return [
        Promise("nothing is lost", lost == 0 and sent > 0, f"{lost:,} of {sent:,} lines"),
        Promise("nothing is doubled", doubled == 0, f"{doubled:,} documents too many"),
        Promise("no invocation times out", timeouts == 0, _timeouts(timeouts, phases)),
        Promise("back-pressure ends in dead letters", letters > 0, f"{letters:,} letters while Elasticsearch was slow"),
        Promise("a replay empties the bucket", waiting == 0, f"{waiting:,} objects are left"),
        Promise(f"a burst of {BURST_FACTOR} times arrives", burst.found == burst.sent > 0, _burst(burst, steady)),
        _memory("memory is flat at the beginning", steady, timed=timed),
        _memory("memory is flat at the end", again, timed=timed),
        _high_water(phases, again, timed=timed),
        _descriptors(steady, again, timed=timed),
        _lag(steady, again, timed=timed),
    ]


def _timeouts(timeouts: int, phases: Sequence[Phase]) -> str:
    slowest = max(phases, key=lambda phase: phase.slowest)
    invocations = sum(phase.invocations for phase in phases)
    return f"{timeouts} of {invocations:,}; the longest took {slowest.slowest:.1f} s with its start"


def _burst(burst: Phase, steady: Phase) -> str:
    times = burst.rate / steady.rate if steady.rate else 0.0
    return f"{burst.found:,} of {burst.sent:,} lines; {times:.0f} times the steady rate"


def _memory(what: str, phase: Phase, *, timed: bool) -> Promise:
    grown = growth(phase.warm())
    if grown is None:
        return Promise(what, None, "too few samples")
    kept = grown <= FLAT if timed else None
    return Promise(what, kept, f"{grown:+.1%} in the phase, {FLAT:.0%} are allowed")


def _high_water(phases: Sequence[Phase], again: Phase, *, timed: bool) -> Promise:
    what = "memory at the end is what it was before"
    before = [one for phase in phases if phase is not again for one in phase.samples]
    highest, last = most(before, "rss_mb"), most(again.warm(), "rss_mb")
    if highest is None or last is None:
        return Promise(what, None, "too few samples")
    kept = last <= highest * (1 + STEP) if timed else None
    return Promise(what, kept, f"{last:.0f} MB at most, {highest:.0f} MB before")


def _descriptors(steady: Phase, again: Phase, *, timed: bool) -> Promise:
    what = "no more descriptors at the end"
    first, last = held(halves(steady.warm())[1]), held(halves(again.warm())[1])
    if first is None or last is None:
        return Promise(what, None, "too few samples")
    return Promise(what, last <= first if timed else None, f"{last} are kept, {first} after the warm-up")


def _lag(steady: Phase, again: Phase, *, timed: bool) -> Promise:
    what = "the lag comes back to what it was"
    first, last = steady.lag(50), again.lag(50)
    if first is None or last is None:
        return Promise(what, None, "too few samples")
    kept = last <= first * LAG_RATIO + LAG_GRACE if timed else None
    return Promise(what, kept, f"{last:.1f} s at the median, {first:.1f} s at the beginning")


def as_dict(phase: Phase) -> dict[str, Any]:
    """A phase for machines."""
    fields: Mapping[str, Any] = {name: getattr(phase, name) for name in Phase.__slots__ if name != "samples"}
    ends = {name: [typical(part, name) for part in halves(phase.warm())] for name in READINGS}
    lags = {f"lag_p{percent}": phase.lag(percent) for percent in (50, 99)}
    return {**fields, **lags, "lines_per_s": phase.rate, "growth": growth(phase.warm()), **ends}


READINGS = ("rss_mb", "descriptors", "sockets")


def halves(samples: Sequence[Sample]) -> tuple[Sequence[Sample], Sequence[Sample]]:
    """The first and the second half, for a beginning and an end that single values do not shake."""
    middle = len(samples) // 2
    return samples[:middle], samples[middle:]
