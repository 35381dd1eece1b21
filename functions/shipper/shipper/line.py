"""What the formats make of one log line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

_T = TypeVar("_T")

APP = "app"  # application lines
PLATFORM = "platform"  # lines of the Lambda platform
METRIC = "line"  # metric lines
KINDS = (APP, PLATFORM, METRIC)

INVALID_METRIC = "metric-line-invalid"


@dataclass(slots=True)
class Metric:
    """What a metric line says."""

    name: str
    value: float
    type: str | None = None  # as the line has it, such as "latency"
    unit: str | None = None  # a CloudWatch unit
    namespace: str | None = None  # as the line has it; CloudWatch's namespace is the stack's
    time_ms: int | None = None  # milliseconds since 1970; None when the line has no time of its own


class _Rare(Generic[_T]):
    """What few lines say. It is kept in a dictionary of its own, so that nobody need ask most lines for it."""

    def __init__(self, unsaid: _T) -> None:
        self._unsaid = unsaid

    def __set_name__(self, _: type, name: str) -> None:
        self._name = name

    def __get__(self, line: Line, _: type | None = None) -> _T:
        said: _T = self._unsaid if line.rare is None else line.rare.get(self._name, self._unsaid)
        return said

    def __set__(self, line: Line, value: _T) -> None:
        if line.rare is None:
            line.rare = {}
        line.rare[self._name] = value


class Line:
    """One log line, understood as far as possible. What the line does not say is None.

    Most lines say little. What they do not say is the class's, and there is no __init__: making one costs less than
    half of a dataclass. Whoever makes one gives it its message.
    """

    message: str  # what a person reads
    kind: str = APP  # one of KINDS
    level: str | None = None
    service: str | None = None
    service_version: str | None = None
    service_environment: str | None = None
    request_id: str | None = None
    cold_start: bool | None = None
    trace_id: str | None = None
    correlation: dict[str, Any] | None = None
    app: dict[str, Any] | None = None  # everything else of a JSON line
    action: str | None = None  # event.action of a platform line
    outcome: str | None = None  # event.outcome of a platform line: success or failure
    rare: dict[str, Any] | None = None  # by the names below
    error = _Rare[dict[str, str] | None](None)  # type, message, stack_trace
    labels = _Rare[dict[str, Any] | None](None)  # tags of a metric line, static labels of the configuration
    typed = _Rare[dict[str, Any] | None](None)  # fields that are lifted out of `app`, as they stand in a document
    metric = _Rare[Metric | None](None)
    platform = _Rare[dict[str, Any] | None](None)  # aws.lambda of a platform line
    tags = _Rare[Sequence[str]](())  # how the line was treated

    @classmethod
    def of(cls, message: str, **said: Any) -> Line:
        """A line with its message and what else it says, by the names above."""
        line = cls()
        line.message = message
        for name, value in said.items():
            setattr(line, name, value)
        return line

    def __repr__(self) -> str:
        return f"Line({dict(self.parts())!r})"

    def parts(self) -> Iterator[tuple[str, Any]]:
        """All that the line says, by the names above."""
        for name, value in vars(self).items():
            if name != "rare":
                yield name, value
        yield from (self.rare or {}).items()

    def tag(self, tag: str) -> None:
        """Say how the line was treated, once."""
        if tag not in self.tags:
            self.tags = [*self.tags, tag]

    def add_error(self, **parts: str | None) -> None:
        """Add what is known about an error; what was known before stays."""
        self.error = {name: value for name, value in parts.items() if value} | (self.error or {})

    def invalidate_metric(self, reason: str) -> None:
        """A metric line that yields no metric keeps its document, with the reason.

        The line's own error message, when it has one, stays in front of the reason.
        """
        self.kind = METRIC
        self.metric = None
        self.tag(INVALID_METRIC)
        own = (self.error or {}).get("message")
        reason = f"metric line: {reason}"
        self.error = (self.error or {}) | {"message": f"{own}; {reason}" if own else reason}


def usable_id(value: Any) -> str | None:
    """A request id, or None for what runtimes write when there is none."""
    if type(value) is not str:
        return None
    value = value.strip()
    return value if value and value not in _NO_ID and len(value) <= 256 else None


_NO_ID = frozenset({"undefined", "null", "None", "N/A"})
