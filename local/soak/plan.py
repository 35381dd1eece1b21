"""What a soak does, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

from local.errors import LocalError

STEADY, BURST, DRAIN, SLOW, THROTTLED, RECOVERY, AGAIN = PHASES = (
    "steady",
    "burst",
    "after the burst",
    "slow",
    "throttled",
    "recovery",
    "steady again",
)
LEAST_MINUTES = 5.0
BURST_FACTOR = 100  # of the steady rate


@dataclass(frozen=True, slots=True)
class Plan:
    """Seconds of each phase, and the traffic, which is sent twice: directly, and through the stream."""

    steady: float
    burst: float
    slow: float
    throttled: float
    again: float
    lines: int = 10  # of a batch
    period: float = 2.0  # seconds between two batches
    sample: float = 5.0  # seconds between two looks at the processes
    delay: float = 15.0  # seconds that Elasticsearch is late with each bulk request when it is slow
    timeout: int | None = None  # seconds of the shipper, where not as deployed
    patience: float = 600.0  # seconds until everything must be found at the end
    timed: bool = True  # whether what depends on the clock is judged

    @property
    def rate(self) -> float:
        """Lines a second in steady traffic, both ways together."""
        return 2 * self.lines / self.period


def of_minutes(minutes: float) -> Plan:
    """The plan for about so many minutes; the slow phases stay longer than the shipper's 60 s. Raises LocalError."""
    if not minutes >= LEAST_MINUTES:  # also what is not a number
        problem = f"A soak of {minutes:g} minutes is too short to tell anything of memory"
        raise LocalError(problem, f"Give it at least {LEAST_MINUTES:g}: make soak MINUTES={LEAST_MINUTES:g}")
    whole = minutes * 60
    slow, throttled = max(75.0, whole * 0.08), max(30.0, whole * 0.04)
    burst = 10.0 if whole < 1_800 else 30.0
    left = whole - slow - throttled - burst
    return Plan(
        steady=left * 0.45,
        burst=burst,
        slow=slow,
        throttled=throttled,
        again=left * 0.45,
        sample=2.0 if whole < 1_800 else 5.0,
    )
