"""How much of a context fits into what is sent: what is sent stays below every limit that it is below without it.

Many limits have two figures: the one that AWS raised, and the one that older queues, topics, streams and targets still
have. The service knows which one is in force where it sends to; here nobody asks AWS, so neither is ever passed.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watchpost_client import clean, guard, wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Pairs = list[tuple[str, str]]

LEFT_OUT = "watchpost-context-left-out"  # metric, by carrier and reason
ATTRIBUTES, SIZE = "attributes", "size"  # reasons

KIB, MIB = 1_024, 1_048_576


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message as it is sent without a context, and what a context would add."""

    size: int  # bytes, as AWS counts them
    gains: Sequence[int] = ()  # bytes that the first one, two, three … names of the context add


def shares(parcels: Sequence[Parcel], each: Sequence[int], total: Sequence[int] = ()) -> list[int]:
    """How many names of the context each message of one call takes, the more important ones first.

    each, total: the limits of a message and of all together, in bytes and rising; none is passed that is not passed
    without the context. Where not all have room for all, every message has its id before another one has more.
    """
    own = [bisect_right(parcel.gains, _room(parcel.size, each)) for parcel in parcels]
    if not total:
        return own
    left = _room(sum(parcel.size for parcel in parcels), total)
    for most in range(max(own, default=0), 0, -1):
        taken = [min(number, most) for number in own]
        if sum(map(_gain, parcels, taken)) <= left:
            return taken
    taken = []
    for parcel, number in zip(parcels, own, strict=True):
        fits = number > 0 and parcel.gains[0] <= left
        left -= parcel.gains[0] if fits else 0
        taken.append(int(fits))
    return taken


def _gain(parcel: Parcel, number: int) -> int:
    return parcel.gains[number - 1] if number else 0


def _room(size: int, limits: Sequence[int]) -> int:
    """Bytes up to the next limit; -1 behind the last one: such a message is refused, whatever is added."""
    return next((limit - size for limit in limits if size <= limit), -1)


def missing(pairs: Mapping[str, str], there: Mapping[str, object]) -> Pairs:
    """What of a context may be added to the names that are there already.

    there: their values by name in lower case. Under another id nothing: it is another transaction's. A trace is not
    mixed with another one, which X-Ray or OpenTelemetry may have put there.
    """
    if wire.ID in there and clean.identifier(there[wire.ID]) != pairs[wire.ID]:
        return []
    traced = wire.PARENT in there or wire.STATE in there
    return [
        (name, value)
        for name, value in pairs.items()
        if name not in there and not (traced and name in (wire.PARENT, wire.STATE))
    ]


def rising(sizes: Iterable[int]) -> list[int]:
    """The sums of the first one, two, three … sizes."""
    sums: list[int] = []
    for size in sizes:
        sums.append(size + (sums[-1] if sums else 0))
    return sums


def length(value: object) -> int:
    """Bytes that a text or bytes have when they are sent; 0 for everything else, which botocore refuses."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
    return len(value) if isinstance(value, bytes | bytearray) else 0


def left_out(carrier: str, reason: str) -> None:
    """Say that something of a context had no room, once in the life of the process for each carrier and reason."""
    guard.tell_once(
        f"{LEFT_OUT}:{carrier}:{reason}",
        f"watchpost_client: a context did not fit into what is sent to {carrier} ({reason}), "
        "and the less important of its names were left out",
        f"{LEFT_OUT}|#carrier:{carrier},reason:{reason}",
    )
