"""What reconciling works with: calls of CloudWatch, paced, and whether they may write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from watchpost.calls import Calls

CLOUDWATCH = "cloudwatch"


@dataclass(frozen=True, slots=True)
class Work:
    """One run over what a stack has in CloudWatch."""

    stack: str
    client: Callable[[str], Any]  # a service's client by botocore's name, that makes one attempt
    calls: Calls
    apply: bool  # whether anything is written: else what would be is told only

    def call(self, operation: str, /, **parameters: Any) -> dict[str, Any]:
        """One call of CloudWatch, such as `put_metric_alarm`. Raises what watchpost.calls raises."""
        return self.calls(self.client(CLOUDWATCH), operation, **parameters)

    def write(self, operation: str, /, **parameters: Any) -> dict[str, Any]:
        """The same for a call that changes something; of a plan it is not made."""
        return self.call(operation, **parameters) if self.apply else {}

    def pages(self, operation: str, /, service: str = CLOUDWATCH, **parameters: Any) -> Iterator[dict[str, Any]]:
        """The pages of a listing. Raises what watchpost.calls raises, in the middle too."""
        return self.calls.pages(self.client(service), operation, **parameters)
