"""What an invocation of the subscriber works with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchpost.configuration import Configuration
    from watchpost.ledger import Ledger

    from subscriber.account import Account

SERVICE = "watchpost-subscriber"
# What AWS answers with or what keeps it from answering, as botocore raises it.
AWS_ERRORS = (BotoCoreError, ClientError)


class ReadConfiguration(Protocol):
    """Reads the configuration in force, and what is wrong with a newer one that is not; `fresh` asks AWS anew."""

    def __call__(self, *, fresh: bool) -> tuple[Configuration, str | None]: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Account, ledger and configuration are asked for when needed, so that a mistake in one still lets a custom
    resource be answered, and a deletion needs no configuration.
    """

    account: Callable[[Callable[[], float]], Account]  # handed the seconds that are left for its calls
    ledger: Callable[[], Ledger]
    configuration: ReadConfiguration
    remaining: Callable[[], float]  # seconds until Lambda ends the invocation
    clock: Callable[[], float]  # seconds since 1970
    sleep: Callable[[float], None]
    invoke: Callable[[dict[str, Any]], None]  # hands an event to another invocation of this function
    owner: str  # this invocation, as the sweep's lease knows it
    log_stream: str

    def stamp(self) -> str:
        """The time as the ledger has it: ISO 8601, UTC."""
        return datetime.fromtimestamp(self.clock(), UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    def within(self, seconds: float) -> Callable[[], float]:
        """What is left of so many seconds from now, and never more than what Lambda leaves."""
        end = self.clock() + seconds
        return lambda: min(self.remaining(), end - self.clock())


def said(error: Exception) -> str:
    """An error as one text for people. What AWS says in it is data."""
    return f"{type(error).__name__}: {error}"[:500]
