"""What is read from Elasticsearch: documents as the shipper made them, in a window of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

APP, PLATFORM, METRIC = "app", "platform", "line"  # as in names.data_stream
LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")  # least severe first
ERRORS = ("error", "fatal")
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time, by the lines' own time.

    start: inclusive. end: exclusive. Both with a time zone, kept in UTC. Raises ValueError for times without a zone,
    or an end that is before the start.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a window's times need a time zone")
        if self.end < self.start:
            raise ValueError(f"a window cannot end ({self.end}) before it starts ({self.start})")
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))


@dataclass(frozen=True, slots=True)
class Document:
    """One document.

    id, index: where it is. source: its fields. sort: its place among the others, for reading on behind it.
    What a document does not say, or says in a way that it must not, is None.
    """

    id: str
    index: str
    source: Mapping[str, Any]
    sort: tuple[Any, ...] = ()

    @property
    def at(self) -> datetime:
        """The line's own time, in UTC, to the millisecond."""
        return time_of(self.text("@timestamp")) or _NEVER

    @property
    def ingested(self) -> datetime | None:
        """When the shipper handled the line."""
        return time_of(self.text("event", "ingested"))

    @property
    def kind(self) -> str:
        """`app`, `platform` or `line` (a metric line)."""
        dataset = self.text("data_stream", "dataset") or self.text("event", "dataset") or ""
        return dataset.rpartition(".")[2] or APP

    @property
    def message(self) -> str:
        """What a person reads."""
        return self.text("message") or ""

    @property
    def service(self) -> str:
        """Name of the service, "" where there is none."""
        return self.text("service", "name") or ""

    @property
    def level(self) -> str | None:
        """One of LEVELS."""
        return self.text("log", "level")

    @property
    def request_id(self) -> str | None:
        """Of the invocation that wrote the line."""
        return self.text("faas", "execution")

    @property
    def correlation_id(self) -> str | None:
        """What all lines of a transaction share, whichever service wrote them."""
        return self.text("correlation", "id")

    @property
    def trace_id(self) -> str | None:
        """Of X-Ray or W3C."""
        return self.text("trace", "id")

    @property
    def log_group(self) -> str:
        """Name of the log group, "" where there is none."""
        return self.text("aws", "cloudwatch", "log_group") or ""

    @property
    def log_stream(self) -> str:
        """Name of the log stream, "" where there is none."""
        return self.text("aws", "cloudwatch", "log_stream") or ""

    @property
    def function(self) -> str:
        """Name of the Lambda function, "" where it is none."""
        return self.text("faas", "name") or ""

    @property
    def error_type(self) -> str | None:
        """Such as `ValueError`."""
        return self.text("error", "type")

    @property
    def error_message(self) -> str | None:
        """What the error says, without its type."""
        return self.text("error", "message")

    @property
    def action(self) -> str | None:
        """What a platform line tells: `start`, `report`, `timeout` …"""
        return self.text("event", "action")

    def get(self, *path: str) -> Any:
        """The value of a field, None where there is none; path: its name at the dots.

        A flattened field may have its keys with dots or nested: both are found.
        """
        value: Any = self.source
        for number, name in enumerate(path):
            if not isinstance(value, dict):
                return None
            dotted = ".".join(path[number:])
            if name not in value and dotted in value:
                return value[dotted]
            value = value.get(name)
        return value

    def text(self, *path: str) -> str | None:
        """The value of a field as text; numbers and truths are written as JSON has them."""
        value = self.get(*path)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return str(value)
        return value if isinstance(value, str) and value else None

    def number(self, *path: str) -> float | None:
        """The value of a field as a number."""
        value = self.get(*path)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


@dataclass(frozen=True, slots=True)
class Page:
    """Documents that were found.

    total: how many there are in the window. after: for reading on, None at the end. partial: why the answer is not
    all of what there is (shards that failed, time that was up), "" when it is.
    """

    documents: tuple[Document, ...] = ()
    total: int = 0
    after: tuple[Any, ...] | None = None
    partial: str = ""


def time_of(text: str | None) -> datetime | None:
    """A time as Elasticsearch has it, in UTC; None for what is none."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def at_least(level: str) -> tuple[str, ...]:
    """This level and those above. Raises ValueError for what is no level."""
    if level not in LEVELS:
        raise ValueError(f"{level!r} is no level, expected one of {', '.join(LEVELS)}")
    return LEVELS[LEVELS.index(level) :]
