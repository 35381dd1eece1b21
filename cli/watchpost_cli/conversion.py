"""What the shipper makes of one line after the other. The only module of the command that knows the pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shipper import bulk, formats
from shipper.convert import Conversion
from shipper.counts import Counts
from shipper.decode import Payload
from shipper.line import INVALID_METRIC
from shipper.metrics import Gathered
from watchpost.settings import Settings

if TYPE_CHECKING:
    from watchpost.configuration import Configuration

# What a document says of the account. A file says nothing of it.
ACCOUNT = "000000000000"
REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Shown:
    """What becomes of one log event."""

    number: int  # of its first line in the file, from 1
    message: str
    reasons: list[str]  # why it was taken for what it is, from the outermost format to the innermost
    kind: str  # "app", "platform" or "line" (metric lines)
    document: dict[str, Any] | None  # None when it is left out
    left_out_by: str | None  # the setting or rule that leaves it out
    metric_refusal: str | None  # why a metric line yields no metric


@dataclass(slots=True)
class Converter:
    """The pipeline for the lines of one file, as if they came from one log stream in one payload."""

    log_group: str
    log_stream: str
    service: str
    configuration: Configuration
    now_ms: int  # milliseconds since 1970: the time of every line
    _conversion: Conversion = field(init=False)
    _gathered: Gathered = field(init=False)
    _lines: list[Any] = field(default_factory=list)
    _values: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._conversion = Conversion(self._payload(0, ""), _settings(), self.configuration, self.now_ms)
        self._gathered = Gathered(self._conversion.source.service, self.now_ms, self.configuration.max_dimension_sets)

    def left_out(self) -> str | None:
        """The setting that leaves the whole log group out, or None."""
        counts = Counts()
        return next(iter(counts.filtered_by), "") if self._conversion.is_left_out(counts) else None

    def show(self, number: int, message: str) -> Shown:
        """Convert one log event; number: of its first line in the file."""
        line, reasons = formats.explain(message)
        counts = Counts()
        self._conversion.payload = self._payload(number, message)
        document = None
        for chunk in self._conversion.chunks(counts):
            self._lines += chunk.lines
            self._values += chunk.values.values()
            for item in chunk.documents.items:
                _, document = bulk.parts_of(item)
        refusal = None
        if document is not None and INVALID_METRIC in document.get("tags", ()):
            refusal = str(document.get("error", {}).get("message", ""))
        return Shown(number, message, reasons, line.kind, document, next(iter(counts.filtered_by), None), refusal)

    def metrics(self) -> list[dict[str, Any]]:
        """What all lines add to CloudWatch's metrics, as entries of PutMetricData."""
        self._gathered.add(self._lines, self._values)
        self._lines, self._values = [], []
        return list(self._gathered.entries())

    def _payload(self, number: int, message: str) -> Payload:
        names = (f"watchpost.service={self.service}",) if self.service else ()
        return Payload(ACCOUNT, self.log_group, self.log_stream, names, [f"{number}"], [self.now_ms], [message], {})


def _settings() -> Settings:
    """Those of a stack that is not there."""
    values = dict.fromkeys(Settings.__slots__, "none")
    return Settings(**values | {"stack": "watchpost", "environment": "dev", "aws_region": REGION})
