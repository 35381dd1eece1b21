"""Tokens that lead to the next page, which nobody but the account can read, and which expire."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.integration.logs_account.state import invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.logs_account.clock import Clock
    from tests.integration.logs_account.state import Refusal


@dataclass
class Tokens:
    """The tokens of one kind. Each remembers the request that it belongs to and where that one had stopped."""

    clock: Clock
    lifetime: float  # seconds
    expired: Callable[[], Refusal] = lambda: invalid("The specified nextToken is invalid.")
    _given: dict[str, tuple[float, Any, str]] = field(default_factory=dict)

    def give(self, request: Any, after: str) -> str:
        """A token for what comes after a name."""
        token = f"token-{len(self._given)}"
        self._given[token] = (self.clock.now(), request, after)
        return token

    def take(self, token: Any, request: Any) -> str:
        """The name that a token stands for: "" for no token. Raises Refusal."""
        if token is None or token == "":
            return ""
        given, asked, after = self._given.get(token, (0.0, None, ""))
        if asked != request:
            raise invalid("The specified nextToken is invalid.")
        if self.clock.now() - given > self.lifetime:
            raise self.expired()
        return after
